//! The verbs of imp-product and imp-device that change one thing a row.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{Dir, Sim, kinds, told};

fn account(options: &[&str]) -> (Sim, Dir) {
    let sim = Sim::start(options);
    let dir = Dir::signed_in(&sim);
    (sim, dir)
}

#[test]
fn a_product_from_its_creation_to_its_end() {
    let (sim, dir) = account(&[]);
    let made = dir.sh("imp-product create --name Ovens --descr 'All of them'").quiet().record();
    assert_eq!((&made["name"], &made["description"]), (&json!("Ovens"), &json!("All of them")));
    assert_eq!((&made["type"], &made["outcome"]), (&json!("product"), &json!("created")));
    assert!(made["created_at"].is_string() && made["owner_id"].is_string());
    let id = made["id"].as_str().expect("an id");
    // A second one of that name is refused, in the service's own words.
    let run = dir.sh("imp-product create -n Ovens --failed failed").code(1).no_stdout();
    run.says("Products must have unique names");
    let failed = dir.failed("failed").remove(0);
    assert_eq!((failed.error.kind.as_str(), failed.error.status), ("conflict", Some(409)));
    // By id, by name, by owner and name.
    for product in [id, "Ovens", "{me}{Ovens}", "{simuser}{Ovens}", "{simuser@example.com}{Ovens}"]
    {
        let run = dir.sh(&format!("imp-product info --product '{product}'")).quiet();
        assert_eq!(run.record()["id"], *id, "{product}");
    }
    let run = dir.sh("imp-product update -p Ovens --name Stoves").quiet();
    assert_eq!(
        (&run.record()["name"], &run.record()["outcome"]),
        (&json!("Stoves"), &json!("updated"))
    );
    let run = dir.sh("imp-product update -p Stoves -s ''").quiet();
    assert_eq!(run.record()["description"], "");
    let run = dir.sh("imp-product delete -p Stoves").code(2).no_stdout().says("--confirmed");
    assert_eq!(sim.all("products").len(), 2, "{run}");
    dir.sh("imp-product delete -p Stoves -q").quiet().outcomes("deleted", 1);
    dir.sh("imp-product info -p Stoves").code(1);
    assert!(sim.all("products").iter().all(|product| product["name"] != "Stoves"));
}

#[test]
fn products_of_rows_and_of_others() {
    let (_sim, dir) = account(&[]);
    dir.sh("imp-product create -n Z").quiet();
    dir.write("products.csv", "name,descr\nA,first\nB,\nC,third\nZ,again\n");
    let run = dir.sh("imp-product create -s all --input products.csv --failed failed").code(1);
    assert_eq!(run.field("name"), ["A", "B", "C"]);
    assert_eq!(run.field("description"), ["first", "all", "third"]);
    assert_eq!(told(&dir.failed("failed")), [("products.csv:5", "conflict")]);
    let run = dir.sh("imp-product list").quiet();
    assert_eq!(run.field("name").len(), 5, "the partner's is in it");
    let mine = dir.sh("imp-product list --owner me").quiet();
    // Rows are worked on several at once, so who came first is not known.
    assert_eq!(
        mine.field("name").into_iter().collect::<BTreeSet<_>>(),
        ["A", "B", "C", "Z"].map(str::to_owned).into()
    );
    let theirs = dir.sh("imp-product list --owner partner@example.com").quiet();
    assert_eq!(theirs.field("name"), ["PartnerProduct"]);
    dir.sh("imp-product list --owner nobody").code(1).says("nobody");
    // In rows of update the column name is the new name.
    dir.write("names.csv", "product,name\nA,Alpha\nB,Beta\n");
    let run = dir.sh("imp-product update --input names.csv").quiet();
    assert_eq!(run.field("name"), ["Alpha", "Beta"]);
    let run = dir.sh("imp-product create --name D --owner partner").quiet();
    assert_ne!(run.record()["owner_id"], mine.records()[0]["owner_id"]);
    let run = dir.sh("imp-product create --name E --dry-run").ok();
    assert_eq!((&run.record()["dry_run"], &run.record()["name"]), (&json!(true), &json!("E")));
    dir.sh("imp-product info -p E").code(1);
}

#[test]
fn devices_are_renamed_by_whatever_names_them() {
    let (sim, dir) = account(&["--devices", "30"]);
    let [a] = sim.groups(["A"]);
    sim.put(&a, &sim.field("id"));
    let device = sim.devices()[3].clone();
    let field = |name: &str| device[name].as_str().expect("text").to_owned();
    let ways = [
        field("id"),
        field("mac_address"),
        field("mac_address").replace(':', "").to_uppercase(),
        field("agent_id"),
        "sensor-000003".to_owned(),
    ];
    for (number, way) in ways.iter().enumerate() {
        let new = if number == 3 { "sensor-000003".into() } else { format!("name {number}") };
        let run = dir.sh(&format!("imp-device update -d '{way}' --name '{new}'")).quiet();
        assert_eq!(run.record()["name"], new, "{way}");
        assert_eq!(sim.devices()[3]["name"], new, "{way}");
    }
    let run = dir.sh(&format!("imp-device update -d {} --name ''", ways[0])).quiet();
    assert_eq!(run.record()["name"], Value::Null);
    // A file of names, as a person keeps it.
    dir.write("names.csv", format!("MAC Address;Name\n{};Küche\n0c:2a:69:ff:ff:ff;x\n", ways[1]));
    let run = dir.sh("imp-device update --input names.csv --failed failed").code(1);
    assert_eq!(run.field("name"), ["Küche"]);
    assert_eq!(told(&dir.failed("failed")), [("names.csv:3", "not_found")]);
    dir.sh(&format!("imp-device update -d {}", ways[0])).code(2).says("--name");
}

#[test]
fn a_restart_is_never_sent_twice() {
    let (sim, dir) = account(&["--devices", "40"]);
    let [a] = sim.groups(["A"]);
    let ids = sim.field("id");
    sim.put(&a, &ids[..30]);
    for accident in ["cut=after", "503 effect=yes", "500 body=html effect=yes", "cut=before"] {
        sim.reset();
        sim.no_faults();
        sim.fault(&format!("POST /devices/*/restart {accident} every=3"));
        let run = dir.sh("imp-device list --dg A | imp-device restart --failed failed").code(1);
        assert_eq!(run.records().len(), 20, "{accident}");
        let failed = dir.failed("failed");
        assert_eq!(kinds(&failed), [("unknown_outcome", 10)].into(), "{accident}{run}");
        assert!(sim.events().values().all(|events| events.restarted <= 1), "{accident}");
        assert_eq!(sim.counts().kind("POST /devices/{id}/restart"), 30, "{accident}");
    }
    sim.no_faults();
    sim.reset();
    // Of a group likewise.
    sim.fault("POST /devicegroups/*/restart cut=after");
    dir.sh("imp-dg restart -g A --failed failed").code(1);
    assert_eq!(
        (dir.failed("failed")[0].error.kind.as_str(), sim.restarts()),
        ("unknown_outcome", 30)
    );
    // Unassigned devices cannot be restarted.
    dir.sh(&format!("imp-device restart -d {} --failed failed", ids[35])).code(1);
    assert_eq!(dir.failed("failed").len(), 1);
    dir.sh("imp-device restart -d sensor-000001 --conditional --read-back").quiet();
    assert_eq!(sim.counts().kind("POST /devices/{id}/conditional_restart"), 1);
}

#[test]
fn what_creates_is_not_repeated_unless_it_was_not_executed() {
    let (sim, dir) = account(&[]);
    sim.fault("POST /products cut=after times=1");
    dir.sh("imp-product create -n One --failed failed").code(1).no_stdout();
    let failed = dir.failed("failed").remove(0);
    assert_eq!((failed.error.kind.as_str(), failed.error.attempts), ("unknown_outcome", 1));
    assert_eq!(sim.counts().kind("POST /products"), 1);
    // What failed is input again, as it stands: this time the service says that it was done.
    dir.sh("imp-product create --input failed").code(1).says("Duplicate Resource");
    sim.reset();
    // A 429 was certainly not executed.
    sim.fault("POST /products 429 times=2");
    dir.sh("imp-product create -n Two").quiet();
    assert_eq!(sim.counts().kind("POST /products"), 3);
}

#[test]
fn devices_are_removed_with_consent() {
    let (sim, dir) = account(&["--devices", "40", "--production", "3"]);
    let [a] = sim.groups(["A"]);
    let ids = sim.field("id");
    sim.put(&a, &ids[..5]);
    dir.write_column("devices.csv", "id", &ids[..10]);
    let run = dir.sh("imp-device remove --input devices.csv").code(2).no_stdout();
    run.says_all(&["--confirmed", "nothing was done"]);
    assert_eq!(sim.counts().writes, 0);
    // Five are in a group, and the service would refuse them.
    dir.sh("imp-device remove --input devices.csv --dry-run").code(1).outcomes("removed", 5);
    assert_eq!(sim.counts().writes, 0);
    let run = dir.sh("imp-device remove -q --input devices.csv --failed failed").code(1);
    run.outcomes("removed", 5);
    assert_eq!((dir.failed("failed").len(), sim.devices().len()), (5, 38));
    dir.sh("imp-device remove -q --force < failed").quiet().outcomes("removed", 5);
    let left = sim.field("id");
    assert_eq!((left.len(), left.contains(&ids[0])), (33, false));
    let run = dir.sh("imp-device list --dg SimProduction | imp-device remove -q").code(1);
    run.no_stdout();
    // An answer that got lost: a 404 to the second try means that it is done.
    sim.fault("DELETE /devices/* cut=after every=2");
    dir.sh("imp-device list --unassigned | imp-device remove -q").quiet().outcomes("removed", 30);
    assert_eq!(sim.devices().len(), 3);
}

#[test]
fn on_a_terminal_deleting_asks_and_names_what_goes() {
    let (sim, dir) = account(&["--devices", "30"]);
    let script = "imp-device list --limit 25 | imp-device remove > out";
    let run = dir.sh_on_terminal(script, "n\n").code(2);
    let shown = run.stdout();
    assert!(shown.contains("25 devices") && shown.contains("15 more"), "{run}");
    assert!(shown.contains("simuser") && shown.contains(&sim.entry.endpoint), "{run}");
    assert_eq!((sim.devices().len(), dir.read("out")), (30, String::new()));
    dir.sh_on_terminal(script, "yes\n").ok();
    assert_eq!((sim.devices().len(), dir.read_lines("out").len()), (5, 25));
}
