//! Bulk moves whose answers are mixed, lost or wrong: the fate of every device is found out, and none
//! is written twice, because that would restart it twice.

use serde_json::json;
use tests::{Dir, Moved, Sim, kinds};

const POST: &str = "POST /devicegroups/*/relationships/devices";
const DELETE: &str = "DELETE /devicegroups/*/relationships/devices";
const MEMBERS: &str = "POST /devicegroups/{id}/relationships/devices";

/// What can become of one of three requests.
const ACCIDENTS: [&str; 12] = [
    "cut=before times=1",
    "cut=after times=1",
    "cut=after times=2",
    "cut=after after=1 every=2",
    "503 times=1",
    "503 effect=yes times=1",
    "500 body=html effect=yes after=1 times=2",
    "502 body=html times=3",
    "504 body=empty effect=yes times=1",
    "500 body=message times=2",
    "part=7 times=1",
    "part=9 409 after=1 times=1",
];

#[test]
fn after_an_accident_every_device_is_where_it_was_said_to_be() {
    for accident in ACCIDENTS {
        for errors in ["named", "anonymous"] {
            let variant = format!("batch-errors={errors}");
            let sim = Sim::start(&["--devices", "300", "--variant", &variant]);
            let [group] = sim.groups(["A"]);
            let dir = Dir::signed_in(&sim);
            let mut ids: Vec<String> = sim.field("id").drain(..280).collect();
            for (row, id) in ids.iter_mut().enumerate().filter(|(row, _)| row % 70 == 3) {
                *id = format!("40000c2a69ffff{row:02x}");
            }
            dir.write_column("devices.csv", "id", &ids);
            sim.fault(&format!("{POST} {accident}"));
            let run = dir.sh("imp-device assign --dg A --input devices.csv --failed failed");
            let run = run.code(1);
            let failed = dir.failed("failed");
            let case = format!("{accident}, {errors}");
            Moved { case: &case, sim: &sim, by: "id", given: &ids, run: &run, failed: &failed }
                .are_in(&group);
            let unknown = failed.iter().filter(|row| row.error.kind == "not_found").count();
            assert_eq!(unknown, 4, "{accident}, {errors}{run}");
            let by_rule = if accident.starts_with("part") && errors == "named" { 9 } else { 0 };
            assert!(failed.len() <= 4 + by_rule, "{accident}, {errors}: {}{run}", failed.len());
            assert!(sim.faults_applied()[0] > 0, "{accident} never happened");
        }
    }
}

#[test]
fn after_an_accident_on_the_way_out_too() {
    for accident in ACCIDENTS {
        let sim = Sim::start(&["--devices", "260", "--variant", "batch-errors=anonymous"]);
        let [a, b] = sim.groups(["A", "B"]);
        let dir = Dir::signed_in(&sim);
        let ids = sim.field("id");
        sim.put(&a, &ids[..130]);
        sim.put(&b, &ids[130..]);
        dir.write_column("devices.csv", "id", &ids);
        sim.fault(&format!("{DELETE} {accident}"));
        let run = dir.sh("imp-device unassign --input devices.csv --failed failed");
        let failed = dir.failed("failed");
        Moved { case: accident, sim: &sim, by: "id", given: &ids, run: &run, failed: &failed }
            .are_out();
        assert!(failed.is_empty(), "{accident}: {}{run}", failed.len());
        assert!(sim.faults_applied()[0] > 0, "{accident} never happened");
        run.ok();
    }
}

#[test]
fn after_an_accident_in_a_forced_deletion_no_device_is_written_twice() {
    for accident in ACCIDENTS {
        for errors in ["named", "anonymous"] {
            let variant = format!("batch-errors={errors}");
            let sim =
                Sim::start(&["--production", "130", "--devices", "60", "--variant", &variant]);
            let groups = sim.all("devicegroups");
            let shipped = groups.iter().find(|group| group["type"] == "production_devicegroup");
            let shipped = shipped.expect("--production makes one");
            let product = shipped["product_id"].as_str().expect("a product");
            let bench = sim.group(product, "development_devicegroup", "Bench");
            let production: Vec<String> = sim
                .devices()
                .iter()
                .filter(|device| device["devicegroup_id"] == shipped["id"])
                .map(|device| device["id"].as_str().expect("an id").to_owned())
                .collect();
            let free: Vec<String> =
                sim.field("id").into_iter().filter(|id| !production.contains(id)).collect();
            assert_eq!((production.len(), free.len()), (130, 60));
            sim.put(&bench, &free);
            let dir = Dir::signed_in(&sim);
            let key = sim.entry.unbond_key.clone();
            sim.fault(&format!("{DELETE} {accident}"));
            let delete = format!("imp-product delete -p {product} -q --force --unbond {key}");
            let case = format!("{accident}, {errors}");
            let run = dir.sh(&delete);
            run.ok().outcomes("deleted", 1);
            for (id, events) in sim.events_by("id") {
                assert_eq!(events.unassigned, 1, "{case}: {id}");
            }
            let left = sim.all("products");
            assert!(left.iter().all(|one| one["id"] != product), "{case}: {left:?}");
        }
    }
}

#[test]
fn a_look_back_that_fails_shows_nothing() {
    for (verb, rule) in [
        ("assign --dg A", format!("{POST} 503 effect=yes")),
        ("assign --dg A", format!("{POST} 503")),
        ("unassign", format!("{DELETE} 503 effect=yes")),
        ("unassign", format!("{DELETE} 503")),
    ] {
        let sim = Sim::start(&["--devices", "5"]);
        let [group] = sim.groups(["A"]);
        let dir = Dir::signed_in(&sim);
        let ids = &sim.field("id")[..1];
        if verb == "unassign" {
            sim.put(&group, ids);
        }
        sim.fault(&rule);
        // One device is looked up before it is written, and again when the answer is no good.
        sim.fault("GET /devices/* 403 after=1");
        let run =
            dir.sh_with(&format!("imp-device {verb} --failed failed"), ids[0].as_str()).code(1);
        let failed = dir.failed("failed");
        assert_eq!(failed[0].error.kind, "unknown_outcome", "{verb}, {rule}{run}");
        assert_eq!(sim.writes().len(), 1, "{verb}, {rule}: it was sent again{run}");
        let moved =
            Moved { case: &rule, sim: &sim, by: "id", given: ids, run: &run, failed: &failed };
        if verb == "unassign" { moved.are_out() } else { moved.are_in(&group) }
    }
}

#[test]
fn an_answer_that_is_late_is_not_waited_for_and_not_repeated_blindly() {
    let sim = Sim::start(&["--devices", "120"]);
    let [group] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    let ids = sim.field("id");
    dir.write_column("devices.csv", "id", &ids);
    // The first request takes effect; its answer comes after the client's patience with it.
    sim.fault(&format!("{POST} delay=1h times=1"));
    let assign = "imp-device assign --dg A --patience 8s --input devices.csv --failed failed";
    let run = dir.sh(assign).ok();
    Moved { case: "", sim: &sim, by: "id", given: &ids, run: &run, failed: &dir.failed("failed") }
        .are_in(&group);
    assert_eq!(sim.members(&group).len(), 120);
    assert_eq!(sim.faults_applied(), [1]);
}

#[test]
fn a_service_that_takes_fewer_devices_in_one_request() {
    for (cap, status) in [(50, 400), (30, 413), (7, 400), (1, 413)] {
        let variants = [format!("batch-cap={cap}"), format!("batch-cap-status={status}")];
        let options = ["--devices", "220", "--variant", &variants[0], "--variant", &variants[1]];
        let sim = Sim::start(&options);
        let [group] = sim.groups(["A"]);
        let dir = Dir::signed_in(&sim);
        let ids = sim.field("id");
        dir.write_column("devices.csv", "id", &ids);
        let run = dir.sh("imp-device assign --dg A --input devices.csv --failed failed").ok();
        Moved {
            case: "",
            sim: &sim,
            by: "id",
            given: &ids,
            run: &run,
            failed: &dir.failed("failed"),
        }
        .are_in(&group);
        assert_eq!(sim.members(&group).len(), 220);
        let refused = sim.counts().by_kind[MEMBERS].get(&status).copied().unwrap_or_default();
        assert!(
            (1..=8).contains(&refused),
            "cap {cap}: halved until it fits, not tried again: {refused}"
        );
    }
}

#[test]
fn errors_without_names_cost_few_requests() {
    let sim = Sim::start(&["--devices", "1000", "--variant", "batch-errors=anonymous"]);
    let [group] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    let mut macs = sim.field("mac_address");
    for batch in 0..10 {
        macs[batch * 100 + 31] = format!("0c:2a:69:ff:00:{batch:02x}");
    }
    dir.write_column("devices.csv", "mac_address", &macs);
    let run = dir.sh("imp-device assign --dg A --input devices.csv --failed failed").code(1);
    run.outcomes("assigned", 990);
    assert_eq!(dir.failed("failed").len(), 10);
    assert_eq!((sim.members(&group).len(), sim.restarts()), (990, 990));
    assert!(sim.counts().total <= 60, "{:?}", sim.counts());
}

#[test]
fn a_group_that_disappears_under_the_run() {
    let sim = Sim::start(&["--devices", "250"]);
    let [group, other] = sim.groups(["A", "B"]);
    let dir = Dir::signed_in(&sim);
    let ids = sim.field("id");
    let rows = ids.iter().map(|id| format!("{id},A\n")).collect::<String>();
    dir.write("devices.csv", format!("id,dg\n{rows}{},B\n", "0c:2a:69:ff:ff:ff"));
    // What a deleted group answers.
    sim.fault(&format!("POST /devicegroups/{group}/relationships/devices 404"));
    let run = dir.sh("imp-device assign --input devices.csv --failed failed").code(1).no_stdout();
    assert_eq!(dir.failed("failed").len(), 251);
    assert_eq!((sim.members(&group).len(), sim.members(&other).len()), (0, 0));
    assert!(sim.counts().writes < 20, "it is not tried device by device{run}");
}

#[test]
fn a_refusal_that_concerns_all() {
    // Where it may concern only some devices, each is tried by itself: a bad row never stops the others.
    for (status, kind, writes) in [(403, "refused", 5), (400, "refused", 500 + 16)] {
        let sim = Sim::start(&["--devices", "500"]);
        let [group] = sim.groups(["A"]);
        let dir = Dir::signed_in(&sim);
        dir.write_column("devices.csv", "id", &sim.field("id"));
        sim.fault(&format!("{POST} {status}"));
        let run = dir.sh("imp-device assign --dg A --input devices.csv --failed failed").code(1);
        let failed = dir.failed("failed");
        assert_eq!(kinds(&failed), [(kind, 500)].into(), "{run}");
        assert!(failed.iter().all(|row| row.error.status == Some(status)), "{run}");
        assert!(sim.counts().writes <= writes, "{}{run}", sim.counts().writes);
        assert!(sim.members(&group).is_empty());
    }
}

#[test]
fn a_device_that_was_found_not_to_have_moved_is_not_unknown() {
    let refuse = |accident: &str| {
        let sim = Sim::start(&["--devices", "1"]);
        let [group] = sim.groups(["A"]);
        let dir = Dir::signed_in(&sim);
        dir.write_column("devices.csv", "id", &sim.field("id"));
        sim.fault(&format!("{POST} {accident}"));
        let assign = "imp-device assign --dg A --input devices.csv --failed failed";
        dir.sh(assign).code(1).no_stdout().says("did not move");
        assert_eq!(dir.failed("failed")[0].error.kind, "unexpected", "{accident}");
        assert!(sim.members(&group).is_empty());
    };
    // At once, because each waits longer and longer before it tries again.
    std::thread::scope(|scope| {
        for accident in ["503", "cut=before", "502 body=html"] {
            scope.spawn(move || refuse(accident));
        }
    });
}

#[test]
fn one_refused_device_in_words_of_none_stops_nobody() {
    let sim = Sim::start(&["--devices", "400", "--variant", "batch-errors=anonymous"]);
    let product = sim.product("Ovens");
    let target = sim.group(&product, "production_devicegroup", "T");
    let dut = sim.group(&product, "dut_devicegroup", "D");
    let targets = json!({
        "production_target": {"type": "production_devicegroup", "id": target},
        "dut_target": {"type": "dut_devicegroup", "id": dut},
    });
    let fixtures = sim.group_with(&product, "factoryfixture_devicegroup", "F", targets);
    let dir = Dir::signed_in(&sim);
    // Devices of the type imp001 cannot be fixtures. The first row is one, then one in a hundred.
    let (old, new): (Vec<_>, Vec<_>) =
        sim.devices().into_iter().partition(|device| device["imp_type"] == "imp001");
    let id = |device: &serde_json::Value| device["id"].as_str().unwrap_or_default().to_owned();
    let mut ids: Vec<String> = new.iter().map(id).take(297).collect();
    for (place, device) in [0, 130, 131].into_iter().zip(&old) {
        ids.insert(place, id(device));
    }
    sim.reset();
    dir.write_column("devices.csv", "id", &ids);
    let run = dir.sh("imp-device assign --dg F --input devices.csv --failed failed").code(1);
    let failed = dir.failed("failed");
    let told: Vec<&str> = failed.iter().map(|row| row.source.as_str()).collect();
    assert_eq!(told, ["devices.csv:2", "devices.csv:132", "devices.csv:133"], "{run}");
    assert_eq!(sim.members(&fixtures).len(), 297);
    assert!(sim.counts().writes <= 30, "{}", sim.counts().writes);
}

#[test]
fn a_device_that_was_moved_and_cannot_be_read_back_is_told_so() {
    let sim = Sim::start(&["--devices", "5"]);
    let [group] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    let device = &sim.field("id")[0];
    sim.fault("GET /devices/* 404 after=1");
    let assign = "imp-device assign --dg A --read-back --failed failed";
    let run = dir.sh_with(assign, device.as_str()).code(1).no_stdout();
    run.says("It was assigned, but its state could not be read back");
    assert!(sim.members(&group).contains(device));
}

#[test]
fn a_refusal_of_the_size_is_no_try() {
    let sim = Sim::start(&["--devices", "100", "--variant", "batch-cap=1"]);
    let [group] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    dir.write_column("devices.csv", "id", &sim.field("id"));
    // The request is halved seven times; then something real goes wrong, once.
    sim.fault(&format!("{POST} 500 after=7 times=1"));
    dir.sh("imp-device assign --dg A --input devices.csv").ok().outcomes("assigned", 100);
    assert_eq!((sim.members(&group).len(), sim.faults_applied()), (100, vec![1]));
}

#[test]
fn names_that_could_not_be_looked_for_are_not_unknown() {
    let sim = Sim::start(&["--devices", "250"]);
    sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    let ids = sim.field("id");
    for (id, name) in [(&ids[3], "my_device_01"), (&ids[4], "my_device_02")] {
        dir.sh(&format!("imp-device update --device {id} --name {name}")).quiet();
    }
    let assign = "imp-device assign --dg A --failed failed";
    let names = "my_device_01\nmy_device_02\n";
    // The service goes away at the list that is read for the names; one look at the group comes before.
    sim.fault("GET /devices 503 after=2");
    dir.sh_with(&format!("{assign} --patience 2s"), names).code(4).no_stdout();
    let failed = dir.failed("failed");
    assert_eq!(kinds(&failed), [("unreachable", 1), ("not_attempted", 1)].into());
    sim.no_faults();
    sim.fault("GET /devices 403 after=2");
    dir.sh_with(assign, names).code(1).no_stdout();
    assert_eq!(kinds(&dir.failed("failed")), [("refused", 2)].into());
    sim.no_faults();
    dir.sh("imp-device assign --dg A --input failed").quiet().outcomes("assigned", 2);
}
