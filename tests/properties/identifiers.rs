//! What a person may type for a thing: ids in capitals, and texts that are no id at all.

use serde_json::json;
use tests::{DEVELOPMENT, Dir, Sim};

#[test]
fn the_capitals_of_a_device_id_do_not_count() {
    let sim = Sim::start(&["--devices", "3"]);
    let [a, _] = sim.groups(["A", "B"]);
    let dir = Dir::signed_in(&sim);
    let id = &sim.field("id")[0];
    let loud = id.to_uppercase();
    assert_ne!(loud, *id);
    for (script, outcome) in [
        (format!("echo {loud} | imp-device info"), ""),
        (format!("imp-device info -d {loud}"), ""),
        (format!("echo {loud} | imp-device assign --dg A"), "assigned"),
        (format!("echo {loud} | imp-device assign --dg {}", a.to_uppercase()), "unchanged"),
        (format!("echo {loud} | imp-device restart"), "restarted"),
        (format!("echo {loud} | imp-device update --name Oven"), "updated"),
        (format!("echo {loud} | imp-device unassign"), "unassigned"),
    ] {
        let done = dir.sh(&script).quiet().record();
        assert_eq!(
            (&done["id"], done["outcome"].as_str().unwrap_or_default()),
            (&json!(id), outcome)
        );
    }
    let twice = format!("imp-device assign --dg B -d {loud} -d {id} --report report");
    assert_eq!(dir.sh(&twice).quiet().field("outcome"), ["assigned", "unchanged"]);
    assert_eq!(sim.counts().by_status.keys().collect::<Vec<_>>(), [&200, &204], "none is unknown");
}

#[test]
fn the_capitals_of_other_ids_do_not_count_and_those_of_names_do() {
    let sim = Sim::start(&[]);
    let product = sim.product("Ovens");
    let group = sim.group(&product, DEVELOPMENT, "A");
    let dir = Dir::signed_in(&sim);
    let (loud, loud_product) = (group.to_uppercase(), product.to_uppercase());
    dir.write("edited", json!({"type": DEVELOPMENT, "id": loud}).to_string());
    for script in [
        format!("echo {loud} | imp-dg info"),
        format!("imp-dg info -g {{{loud_product}}}{{{loud}}}"),
        format!("imp-dg list -p {loud_product}"),
        "imp-dg info --input edited".to_owned(),
        format!("imp-dg update -g {loud} --name B"),
        "imp-dg update --input edited --name C".to_owned(),
        "imp-dg delete --input edited -q".to_owned(),
    ] {
        assert_eq!(dir.sh(&script).quiet().record()["id"], json!(group), "{script}");
    }
    dir.sh(&format!("imp-product update -p {product} --name {loud}")).quiet();
    let found = dir.sh(&format!("imp-product info -p {loud}")).quiet().record();
    assert_eq!(found["id"], json!(product), "a name that looks like an id");
    dir.sh("imp-product update -p OVENS --name X").code(1).says("No product `OVENS`");
}

#[test]
fn an_endless_identifier_makes_no_endless_message() {
    let sim = Sim::start(&["--devices", "1"]);
    let dir = Dir::signed_in(&sim);
    dir.write("long", "x".repeat(100_000));
    for script in [
        "sed 's/.*/{\"name\":\"&\"}/' long | imp-device info",
        "imp-dg info -g \"$(cat long)\"",
        "imp-dg info -g \"{x}{y}{z}{$(cat long)}\"",
        "imp-device list | imp-device assign --dg \"$(cat long)\"",
    ] {
        let run = dir.sh(script);
        let said = run.stderr();
        assert!(run.exit_code() != Some(0) && said.contains("…`"), "{run}");
        assert!(said.len() < 1000, "{} bytes{run}", said.len());
    }
}
