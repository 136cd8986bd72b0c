//! `imp-device assign`: many devices into a group.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::{DEVELOPMENT, Dir, Sim, kinds, told};

const MEMBERS: &str = "POST /devicegroups/{id}/relationships/devices";

#[test]
fn fifteen_hundred_from_a_csv_three_wrong_then_corrected_then_again() {
    let sim = Sim::start(&["--devices", "2000"]);
    let [group] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    let mut macs: Vec<String> = sim.field("mac_address").drain(..1500).collect();
    let right: Vec<String> = [16, 700, 1499].iter().map(|row| macs[*row].clone()).collect();
    for (row, wrong) in [(16, "0c:2a:69:ff:ff:fe"), (700, "2.34E+15"), (1499, "0c:2a:69:ff:ff:ff")]
    {
        macs[row] = wrong.into();
    }
    dir.write_column("devices.csv", "MAC Address", &macs);
    let assign = "imp-device assign --dg A --failed failed.ndjson --report report.json";
    let run = dir.sh(&format!("{assign} --input devices.csv")).code(1).outcomes("assigned", 1497);
    run.says_all(&["devices.csv:18", "devices.csv:702", "devices.csv:1501"]);
    assert_eq!(sim.members(&group).len(), 1497);
    assert_eq!(sim.restarts(), 1497);
    let report = dir.report("report.json");
    assert_eq!((report.rows, report.ok, report.failed, report.exit), (1500, 1497, 3, 1));
    let failed = dir.failed("failed.ndjson");
    let kinds = [
        ("devices.csv:18", "not_found"),
        ("devices.csv:702", "bad_input"),
        ("devices.csv:1501", "not_found"),
    ];
    assert_eq!(told(&failed), kinds);

    // A person opens the file, corrects it and feeds it back in.
    let mut text = dir.read("failed.ndjson");
    for (row, right) in failed.iter().zip(&right) {
        text = text.replace(row.input["mac_address"].as_str().expect("a text"), right);
    }
    dir.write("corrected.ndjson", text);
    dir.sh(&format!("{assign} < corrected.ndjson")).quiet().outcomes("assigned", 3);
    assert_eq!(sim.members(&group).len(), 1500);
    assert_eq!(dir.read("failed.ndjson"), "", "it is emptied at the start");

    // The whole again: nothing moves, nothing restarts.
    sim.reset();
    dir.write_column("devices.csv", "mac_address", &sim.field("mac_address")[..1500]);
    dir.sh(&format!("{assign} --input devices.csv")).quiet().outcomes("unchanged", 1500);
    assert_eq!((sim.restarts(), sim.counts().writes), (0, 0));
}

#[test]
fn a_name_for_one_group_says_nothing_of_the_devices_for_another() {
    let sim = Sim::start(&["--devices", "300"]);
    let [a, b, all] = sim.groups(["A", "B", "All"]);
    // Agents exist only while a device is in a group.
    sim.put(&all, &sim.field("id"));
    let dir = Dir::signed_in(&sim);
    let mut rows: String =
        sim.field("agent_id")[..60].iter().map(|agent| format!("{agent},A\n")).collect();
    // Twelve characters that are no agent: they may be a name, so all devices are listed.
    rows.push_str("AAAAAAAAAAAA,B\n");
    dir.write("devices.csv", format!("agent_id,dg\n{rows}"));
    let run = dir.sh("imp-device assign --input devices.csv --failed failed").code(1);
    run.outcomes("assigned", 60);
    assert_eq!(told(&dir.failed("failed")), [("devices.csv:62", "not_found")]);
    assert_eq!((sim.members(&a).len(), sim.members(&b).len()), (60, 0));
}

#[test]
fn list_and_assign_move_a_whole_group_of_twenty_thousand() {
    let sim = Sim::start(&["--devices", "20000"]);
    let [a, b] = sim.groups(["A", "B"]);
    sim.put(&a, &sim.field("id"));
    let dir = Dir::signed_in(&sim);
    let run = dir.sh("imp-device list --dg A | imp-device assign --dg B | wc -l").quiet();
    assert_eq!(run.stdout().trim(), "20000");
    assert_eq!((sim.members(&a).len(), sim.members(&b).len()), (0, 20_000));
    assert_eq!(sim.restarts(), 20_000, "each is written once");
}

#[test]
fn offline_devices_move_by_list_jq_assign() {
    let sim = Sim::start(&["--devices", "500"]);
    let [a, b] = sim.groups(["A", "B"]);
    sim.put(&a, &sim.field("id")[..400]);
    let offline: BTreeSet<String> = sim.devices()[..400]
        .iter()
        .filter(|device| device["device_online"] == false)
        .map(|device| device["id"].as_str().expect("an id").to_owned())
        .collect();
    assert!(offline.len() > 20 && offline.len() < 380);
    let dir = Dir::signed_in(&sim);
    let script = "imp-device list --dg A | jq 'select(.device_online | not)' | imp-device assign --dg B | tee moved";
    let run = dir.sh(script).quiet().outcomes("assigned", offline.len());
    assert!(run.field("devicegroup_id").iter().all(|group| *group == b));
    assert_eq!(run.field("id").into_iter().collect::<BTreeSet<_>>(), offline);
    assert_eq!(sim.members(&b), offline);
    assert_eq!(sim.members(&a).len(), 400 - offline.len());
    // What was printed is input again, and is where it should be.
    dir.sh("imp-device assign --dg B < moved").quiet().outcomes("unchanged", offline.len());
}

#[test]
fn where_a_device_is_comes_from_the_service_and_not_from_an_old_record() {
    let sim = Sim::start(&["--devices", "30"]);
    let [a, b] = sim.groups(["A", "B"]);
    sim.put(&a, &sim.field("id"));
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-device list --dg A > old").quiet();
    sim.put(&b, &sim.field("id")[..10]);
    // By the old records all are in A already. Ten are not.
    let run = dir.sh("imp-device assign --dg A < old").quiet();
    let outcomes = run.field("outcome");
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "assigned").count(), 10);
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "unchanged").count(), 20);
    assert_eq!((sim.members(&a).len(), sim.restarts()), (30, 10));
}

#[test]
fn the_same_device_twice_in_other_spellings() {
    let sim = Sim::start(&["--devices", "3"]);
    let [a, _b] = sim.groups(["A", "B"]);
    let dir = Dir::signed_in(&sim);
    let devices = sim.devices();
    let text = |index: usize, name: &str| devices[index][name].as_str().expect("text").to_owned();
    let mac = text(0, "mac_address");
    dir.write("twice", format!("{mac}\n{}\n", mac.replace(':', "").to_uppercase()));
    let run = dir.sh("imp-device assign --dg A < twice").quiet();
    assert_eq!(run.field("outcome"), ["assigned", "unchanged"]);
    // Another target for the same device: the first row counts, the second fails.
    dir.write("two.csv", format!("id,dg\n{0},A\n{0},B\n{1},A\n", text(1, "id"), text(2, "id")));
    let run = dir.sh("imp-device assign --input two.csv --failed failed").code(1);
    assert_eq!(run.field("outcome"), ["assigned", "assigned"]);
    let failed = dir.failed("failed");
    assert_eq!(
        (failed[0].error.kind.as_str(), failed[0].source.as_str()),
        ("conflict", "two.csv:3")
    );
    assert_eq!((failed.len(), sim.members(&a).len(), sim.restarts()), (1, 3, 3));
}

#[test]
fn an_id_and_a_mac_address_of_one_device_are_one_device() {
    let sim = Sim::start(&["--devices", "3"]);
    let [a, b] = sim.groups(["A", "B"]);
    let dir = Dir::signed_in(&sim);
    let devices = sim.devices();
    let (id, mac) = (&devices[0]["id"], &devices[0]["mac_address"]);
    dir.write("both", format!("{}\n{}\n", id.as_str().expect("id"), mac.as_str().expect("mac")));
    let run = dir.sh("imp-device assign --dg A < both").quiet();
    assert_eq!(run.records().len(), 2);
    assert_eq!((sim.members(&a).len(), sim.restarts()), (1, 1), "restarted once");
    dir.write(
        "two.csv",
        format!("device,dg\n{},B\n{},A\n", id.as_str().expect("id"), mac.as_str().expect("mac")),
    );
    dir.sh("imp-device assign --input two.csv --failed failed").code(1);
    assert_eq!(dir.failed("failed")[0].error.kind, "conflict");
    assert_eq!((sim.members(&a).len(), sim.members(&b).len(), sim.restarts()), (0, 1, 2));
}

#[test]
fn each_row_to_the_group_that_it_names() {
    let sim = Sim::start(&["--devices", "300"]);
    let [a, b] = sim.groups(["A", "B"]);
    let other = sim.product("Fridges");
    let c = sim.group(&other, DEVELOPMENT, "A");
    let dir = Dir::signed_in(&sim);
    let ids = sim.field("id");
    let rows = ids.iter().enumerate().map(|(row, id)| {
        let group = ["A of Ovens", "B", "", "A of Fridges", "nowhere"][row % 5];
        let group = match group {
            "A of Ovens" => "{me}{Ovens}{A}",
            "A of Fridges" => "{Fridges}{A}",
            group => group,
        };
        format!("{id},{group}\n")
    });
    dir.write("devices.csv", format!("id,dg\n{}", rows.collect::<String>()));
    sim.reset();
    // Where the column is empty the flag counts.
    let run = dir.sh("imp-device assign --dg B --input devices.csv --failed failed").code(1);
    assert_eq!(run.records().len(), 240);
    assert_eq!([&a, &b, &c].map(|group| sim.members(group).len()), [60, 120, 60]);
    let failed = dir.failed("failed");
    assert_eq!(kinds(&failed), [("not_found", 60)].into());
    assert_eq!(sim.counts().kind(MEMBERS), 4, "120 devices for B, 60 for each of the others");
}

#[test]
fn refused_moves_fail_and_the_others_go_on() {
    let sim = Sim::start(&["--devices", "60", "--production", "20"]);
    let product = sim.product("Ovens");
    let a = sim.group(&product, DEVELOPMENT, "A");
    let dir = Dir::signed_in(&sim);
    sim.reset();
    // Production devices cannot be moved to a development group.
    let run = dir.sh("imp-device list | imp-device assign --dg A --failed failed").code(1);
    run.outcomes("assigned", 60);
    let failed = dir.failed("failed");
    assert_eq!((failed.len(), sim.members(&a).len()), (20, 60));
    assert!(failed.iter().all(|row| row.input["devicegroup_type"] == "production_devicegroup"));
    assert!(failed.iter().all(|row| ["refused", "conflict"].contains(&row.error.kind.as_str())));
    // Nor the other way round.
    let run = dir.sh("imp-device assign --dg SimProduction --device sensor-000000").code(1);
    run.no_stdout();
    assert_eq!(sim.restarts(), 60);
}

#[test]
fn devices_by_name_agent_id_and_what_is_ambiguous() {
    let sim = Sim::start(&["--devices", "60"]);
    let [a, b] = sim.groups(["A", "B"]);
    let ids = sim.field("id");
    sim.put(&a, &ids[..5]);
    let dir = Dir::signed_in(&sim);
    let agents: Vec<Value> = sim.devices()[..5].iter().map(|one| one["agent_id"].clone()).collect();
    let agents: Vec<&str> = agents.iter().map(|agent| agent.as_str().expect("an agent")).collect();
    dir.write("agents", agents.join("\n"));
    dir.sh("imp-device assign --dg B < agents").quiet().outcomes("assigned", 5);
    assert_eq!(sim.members(&b).len(), 5);
    // Names: one that two devices share, one that nobody has.
    dir.write_column("names.csv", "name", &["sensor-000010", "spare", "nobody"]);
    let run = dir.sh("imp-device assign --dg B --input names.csv --failed failed").code(1);
    assert_eq!(run.records().len(), 1);
    let kinds: Vec<_> = dir.failed("failed").into_iter().map(|row| row.error.kind).collect();
    assert_eq!(kinds, ["ambiguous", "not_found"]);
    assert_eq!(sim.members(&b).len(), 6);
}

#[test]
fn a_group_that_is_not_there_is_one_error() {
    let sim = Sim::start(&["--devices", "50"]);
    let dir = Dir::signed_in(&sim);
    let run = dir.sh("imp-device list | imp-device assign --dg nowhere").code(1).no_stdout();
    assert_eq!(run.stderr().matches("nowhere").count(), 1, "{run}");
}

#[test]
fn rows_of_a_run_that_could_not_begin_are_kept() {
    let sim = Sim::start(&["--devices", "3"]);
    let [group] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    dir.write_column("devices.csv", "mac_address", &sim.field("mac_address"));
    let assign = "imp-device assign --input devices.csv --failed failed.ndjson --report r.json";
    for (fault, group, code) in [("", "NoSuchGroup", 1), ("* /** 503", "A", 4)] {
        dir.write("failed.ndjson", "{\"id\":\"left by an earlier run\"}\n");
        if !fault.is_empty() {
            sim.fault(fault);
        }
        dir.sh(&format!("{assign} --dg {group} --patience 1s")).code(code).no_stdout();
        let failed = dir.failed("failed.ndjson");
        let kept = ["devices.csv:2", "devices.csv:3", "devices.csv:4"];
        assert_eq!(told(&failed), kept.map(|source| (source, "not_attempted")));
        let report = dir.report("r.json");
        assert_eq!((report.rows, report.failed, i32::from(report.exit)), (3, 3, code));
    }
    sim.no_faults();
    dir.sh("imp-device assign --dg A < failed.ndjson").quiet().outcomes("assigned", 3);
    assert_eq!(sim.members(&group).len(), 3);
}

#[test]
fn a_name_that_is_another_devices_mac_address_confuses_nobody() {
    let sim = Sim::start(&["--devices", "20"]);
    let [group] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    let (ids, macs) = (sim.field("id"), sim.field("mac_address"));
    dir.sh(&format!("imp-device update -d {} --name {}", ids[5], macs[3])).quiet();
    // Of several forms, so that all devices are looked through.
    let input = format!("{}\nsensor-000007\n", macs[3]);
    dir.sh_with("imp-device assign --dg A", input).quiet().outcomes("assigned", 2);
    assert_eq!(sim.members(&group), [ids[3].clone(), ids[7].clone()].into());
}

#[test]
fn a_name_as_long_as_an_agent_id_is_printed_as_a_name() {
    let sim = Sim::start(&["--devices", "250"]);
    let [a] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    let id = &sim.field("id")[3];
    dir.sh(&format!("imp-device update --device {id} --name kitchen_lamp")).quiet();
    for verb in ["assign --dg A", "assign --dg A", "restart", "unassign", "remove -q"] {
        let record = dir.sh(&format!("imp-device {verb} --device kitchen_lamp")).quiet().record();
        assert_eq!(record["name"], "kitchen_lamp", "{verb}");
        assert_eq!((&record["id"], record.get("agent_id")), (&Value::from(id.as_str()), None));
    }
    assert!(sim.members(&a).is_empty());
}
