//! The same thing twice, and records that are about something else than the verb: nothing is done twice, and
//! no group gets the name of a device.

use serde_json::{Value, json};
use tests::{Dir, Run, Sim, told};

fn account() -> (Sim, Dir, Vec<String>) {
    let sim = Sim::start(&["--devices", "20", "--production", "5"]);
    let [group] = sim.groups(["A"]);
    let ids: Vec<String> = sim.field("id").drain(..10).collect();
    sim.put(&group, &ids);
    let dir = Dir::signed_in(&sim);
    (sim, dir, ids)
}

fn group(sim: &Sim, name: &str) -> Value {
    sim.all("devicegroups").into_iter().find(|group| group["name"] == name).expect("the group")
}

#[test]
fn a_device_twice_is_worked_on_once() {
    let (sim, dir, ids) = account();
    let three = format!("{0}\n{0}\n{0}\n", ids[0]);
    let run = dir.sh_with("imp-device restart", three.clone()).quiet();
    assert_eq!(run.field("outcome"), ["restarted", "unchanged", "unchanged"]);
    assert_eq!(sim.restarts(), 1);
    let run = dir.sh_with("imp-device update --name Left", three).quiet();
    assert_eq!(run.field("outcome"), ["updated", "unchanged", "unchanged"]);
    let free = &sim.field("id")[15];
    let twice = format!("{free}\n{free}\n");
    let run = dir.sh_with("imp-device remove --confirmed", twice).quiet();
    assert_eq!(run.field("outcome"), ["removed", "unchanged"]);
}

/// `same_as` of the records, `-` where there is none.
fn same_as(run: &Run) -> Vec<String> {
    let of = |record: &Value| record["same_as"].as_str().unwrap_or("-").to_owned();
    run.records().iter().map(of).collect()
}

#[test]
fn a_repeated_row_says_which_it_repeats() {
    let (sim, dir, _) = account();
    let before = ["webhooks", "deployments"].map(|list| sim.all(list).len());
    let free = sim.field("id")[10..13].to_vec();
    dir.write("free.csv", format!("id\n{0}\n{1}\n{0}\n{0}\n", free[0], free[1]));
    dir.write("groups.csv", "dg\nA\nA\n");
    dir.write("new.csv", "name\nN\nN\n");
    dir.write("empty", "");
    for (script, outcome, first) in [
        ("imp-device assign --dg A --input free.csv", "assigned", "free.csv:2"),
        ("imp-device unassign --input free.csv", "unassigned", "free.csv:2"),
        ("imp-product create --input new.csv", "created", "new.csv:2"),
        ("imp-dg create -p N --input new.csv", "created", "new.csv:2"),
        ("imp-hook create -u http://a/ -e blinkup --input groups.csv", "created", "groups.csv:2"),
        ("imp-build deploy -x empty -y empty --input groups.csv", "created", "groups.csv:2"),
        ("imp-dg restart --input groups.csv", "restarted", "groups.csv:2"),
        ("imp-dg delete -q -g N -g N", "deleted", "--dg"),
        ("imp-product delete -q -p N -p N", "deleted", "--product"),
    ] {
        let run = dir.sh(script).quiet();
        let ends = |texts: &[String]| [texts[0].clone(), texts[texts.len() - 1].clone()];
        assert_eq!(ends(&same_as(&run)), ["-", first], "{script}");
        assert_eq!(ends(&run.field("outcome")), [outcome, "unchanged"], "{script}");
    }
    let made = ["webhooks", "deployments"].map(|list| sim.all(list).len());
    assert_eq!(made, before.map(|number| number + 1));
    // Rows that are in hand together are compared with --stream, too.
    let run = dir.sh("imp-device assign --dg A --stream --input free.csv").quiet();
    assert_eq!(same_as(&run), ["-", "-", "free.csv:2", "free.csv:2"]);
    // Fed back, the mark of the earlier run is gone.
    let twice = "imp-device unassign --input free.csv | imp-device assign --dg A";
    assert_eq!(same_as(&dir.sh(twice).quiet()), ["-", "-", "stdin:1", "stdin:1"]);
}

#[test]
fn what_is_created_twice_with_other_values_is_a_conflict() {
    let (_sim, dir, _) = account();
    dir.write("hooks.csv", "dg,mime\nA,json\nA,urlencoded\n");
    dir.write("products.csv", "name,descr\nN,one\nN,two\n");
    dir.write("groups.csv", "name,type\nG,development\nG,production\n");
    dir.write("empty", "");
    dir.write("builds.csv", "dg,descr\nA,one\nA,two\n");
    for (script, file) in [
        ("imp-hook create -u https://a.example/ -e blinkup", "hooks"),
        ("imp-product create", "products"),
        ("imp-dg create -p N", "groups"),
        ("imp-build deploy -x empty -y empty", "builds"),
    ] {
        let script = format!("{script} --jobs 1 --input {file}.csv --failed failed");
        let run = dir.sh(&script).code(1).outcomes("created", 1);
        run.says(&format!("same thing: {file}.csv:2: "));
        assert_eq!(
            told(&dir.failed("failed")),
            [(&*format!("{file}.csv:3"), "conflict")],
            "{script}"
        );
    }
    // Other calls of the same group are other webhooks.
    dir.write("hooks.csv", "dg,url\nA,https://a.example/\nA,https://b.example/\n");
    dir.sh("imp-hook create -e deployment --input hooks.csv").quiet().outcomes("created", 2);
}

#[test]
fn a_device_is_the_same_by_any_of_its_identifiers() {
    let (sim, dir, ids) = account();
    let devices = sim.devices();
    let [device, other] = [&ids[3], &ids[4]]
        .map(|id| devices.iter().find(|device| device["id"] == id.as_str()).expect("it is there"));
    let names = ["name", "mac_address", "agent_id", "id"];
    let names = names.map(|name| device[name].as_str().expect("text"));
    let mac = other["mac_address"].as_str().expect("text");
    let rows = format!("{}\n{mac}\n", names.join("\n"));
    sim.reset();
    let run = dir.sh_with("imp-device restart --jobs 1", rows.clone()).quiet();
    assert_eq!(same_as(&run), ["-", "stdin:1", "stdin:1", "stdin:1", "-"]);
    assert_eq!(sim.restarts(), 2);
    let run = dir.sh_with("imp-device remove -qf", rows).quiet();
    let (again, removed) = ("unchanged", "removed");
    assert_eq!(run.field("outcome"), [removed, again, again, again, removed]);
    assert_eq!(sim.field("id").len(), 23);
}

#[test]
fn a_build_is_the_same_by_its_tag_and_a_tag_means_what_it_meant_at_the_beginning() {
    let (sim, dir, _) = account();
    dir.write("empty", "");
    let deploy = "imp-build deploy -g A -x empty -y empty --tag";
    let ids: Vec<String> = ["one", "two", "two", "min"]
        .iter()
        .map(|tag| dir.sh(&format!("{deploy} {tag}")).quiet().field("id").remove(0))
        .collect();
    dir.sh(&format!("imp-dg update -g A -m {}", ids[3])).quiet();
    sim.reset();
    let run = dir.sh(&format!("imp-build delete -q -b one -b {}", ids[0])).quiet();
    assert_eq!(run.field("outcome"), ["deleted", "unchanged"]);
    // Of two builds with this tag one goes by its id; the tag does not mean the other one then.
    let script = format!("imp-build delete -q --jobs 1 -b {} -b two --failed failed", ids[1]);
    let run = dir.sh(&script).code(1).outcomes("deleted", 1);
    assert_eq!(told(&dir.failed("failed")), [("--build", "ambiguous")], "{run}");
    assert_eq!(sim.counts().writes, 2);
}

#[test]
fn devices_that_share_a_name_are_not_the_same() {
    let (sim, dir, ids) = account();
    let [one, other, third] = [&ids[0], &ids[1], &ids[2]];
    dir.sh(&format!("imp-device update -n spare -d {one} -d {other}")).quiet();
    let devices = sim.devices();
    let mac = devices.iter().find(|device| device["id"] == third.as_str());
    let mac = mac.and_then(|device| device["mac_address"].as_str()).expect("an address");
    // They are looked up, because the first row names its device in another way.
    let rows = format!("{mac}\n{one}\n{other}\n");
    let run = dir.sh_with("imp-device restart --jobs 1", rows.clone()).quiet();
    assert_eq!(run.field("outcome"), ["restarted"; 3]);
    let run = dir.sh_with("imp-device remove -qf", rows).quiet();
    assert_eq!(run.field("outcome"), ["removed"; 3]);
    // A name in one row does not make the others be looked up.
    dir.write("rows", format!("Nobody\n{}\n{}\n", ids[3], ids[4]));
    sim.reset();
    dir.sh("imp-device restart --input rows").code(1);
    assert_eq!(sim.counts().kind("GET /devices/{id}"), 0);
    assert_eq!(sim.restarts(), 2);
}

#[test]
fn two_wishes_for_one_device_are_not_left_to_chance() {
    let (sim, dir, ids) = account();
    let rows: String = (0..40).map(|row| format!("{},n{row}\n", ids[0])).collect();
    dir.write("names.csv", format!("id,name\n{rows}"));
    let update = "imp-device update --jobs 16 --input names.csv --failed failed";
    let run = dir.sh(update).code(1).outcomes("updated", 1);
    let failed = dir.failed("failed");
    assert!(failed.iter().all(|row| row.error.kind == "conflict"));
    assert_eq!((failed.len(), sim.counts().writes), (39, 1));
    let device = sim.devices().into_iter().find(|device| device["id"] == ids[0].as_str());
    assert_eq!(device.expect("it is there")["name"], run.records()[0]["name"]);
}

#[test]
fn devices_lead_to_their_group_once() {
    let (sim, dir, ids) = account();
    let run = dir.sh("imp-device list --dg A | imp-dg restart").quiet();
    assert_eq!((sim.counts().writes, sim.restarts()), (1, 10));
    let records = run.records();
    let done = records.iter().filter(|record| record["outcome"] == "restarted").count();
    assert_eq!((records.len(), done), (10, 1));
    for record in &records {
        assert_eq!(record["type"], "development_devicegroup");
        assert!(record.get("mac_address").is_none() && record.get("name").is_none(), "{record}");
    }
    sim.reset();
    let run = dir.sh("imp-device list --dg A | imp-dg update --descr moved").quiet();
    assert_eq!(sim.counts().writes, 1);
    assert_eq!(run.records()[0]["name"], "A");
    let a = group(&sim, "A");
    assert_eq!(a["description"], "moved");
    // And a group to its product.
    dir.sh("imp-dg list --product Ovens | imp-product update --descr hot").quiet();
    let products = sim.all("products");
    let ovens = products.iter().find(|product| product["id"] == a["product_id"]);
    let ovens = ovens.expect("the product keeps its name");
    assert_eq!((&ovens["name"], &ovens["description"]), (&json!("Ovens"), &json!("hot")));
    assert_eq!(sim.members(a["id"].as_str().expect("an id")).len(), ids.len());
}

#[test]
fn a_record_of_another_kind_is_no_pattern_for_a_new_thing() {
    let (sim, dir, _) = account();
    for script in [
        "imp-device list --limit 2 | imp-product create --failed failed",
        "imp-dg list --limit 2 | imp-product create --failed failed",
        "imp-device list --limit 2 | imp-dg create --product Ovens --failed failed",
    ] {
        dir.sh(script).code(1).no_stdout();
        let failed = dir.failed("failed");
        assert_eq!(told(&failed), [("stdin:1", "wrong_type"), ("stdin:2", "wrong_type")]);
    }
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn a_flag_is_not_undone_by_what_a_listed_group_has_now() {
    let (_sim, dir, _) = account();
    let list = "imp-dg list --dg-type production";
    let run = dir.sh(&format!("{list} | imp-dg update --load-code-after-blessing false")).quiet();
    assert_eq!(run.field("outcome"), ["updated"]);
    let info = || dir.sh("imp-dg info --dg SimProduction").records().remove(0);
    assert_eq!(info()["load_code_after_blessing"], false);
    // A row of the person's own beats the flag.
    dir.write("rows.csv", "dg,load_code_after_blessing\nSimProduction,true\n");
    dir.sh("imp-dg update --load-code-after-blessing false --input rows.csv").quiet();
    assert_eq!(info()["load_code_after_blessing"], true);
}

#[test]
fn a_dry_run_looks_up_what_the_real_run_would_meet() {
    let (sim, dir, ids) = account();
    let blessed = dir.sh("imp-device list --dg SimProduction --limit 1").field("id").remove(0);
    dir.write("rows", format!("0c:2a:69:ff:ff:ff\n{}\n", ids[0]));
    for verb in ["restart", "update --name x"] {
        dir.sh(&format!("imp-device {verb} --dry-run --input rows --failed failed")).code(1);
        assert_eq!(told(&dir.failed("failed")), [("rows:1", "not_found")], "{verb}");
    }
    let remove = "imp-device remove --confirmed --failed failed";
    dir.sh(&format!("{remove} --dry-run --input rows")).code(1).no_stdout();
    assert_eq!(told(&dir.failed("failed")), [("rows:1", "not_found"), ("rows:2", "conflict")]);
    dir.sh(&format!("{remove} --dry-run --force --device {}", ids[0])).ok();
    dir.sh(&format!("{remove} --dry-run --force --device {blessed}",)).code(1);
    assert_eq!(told(&dir.failed("failed")), [("--device", "refused")]);
    dir.sh(&format!("imp-auth key delete -q --dry-run --lk {}", "0".repeat(16))).code(1);
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn a_production_device_among_those_to_remove_ends_nothing() {
    let options = ["--devices", "8", "--production", "2", "--variant", "unbless-key-status=401"];
    let sim = Sim::start(&options);
    let dir = Dir::signed_in(&sim);
    let all = "imp-device list | imp-device remove --force --confirmed --failed failed";
    dir.sh(all).code(1).outcomes("removed", 8);
    let failed = dir.failed("failed");
    assert_eq!(failed.len(), 2);
    assert!(failed.iter().all(|row| row.error.kind == "refused"), "{failed:?}");
}

#[test]
fn a_row_says_for_itself_whether_its_restart_is_conditional() {
    let (sim, dir, ids) = account();
    dir.write("rows.csv", format!("id,conditional\n{},true\n{},\n", ids[0], ids[1]));
    dir.sh("imp-device restart --jobs 1 --input rows.csv").quiet();
    let paths: Vec<String> = sim.writes().into_iter().map(|asked| asked.path).collect();
    let of = |id: &str, action: &str| format!("/devices/{id}/{action}");
    assert_eq!(paths, [of(&ids[0], "conditional_restart"), of(&ids[1], "restart")]);
    dir.write("wrong.csv", format!("id,conditional\n{},perhaps\n", ids[0]));
    dir.sh("imp-device restart --input wrong.csv").code(1).says("should be true or false");
}
