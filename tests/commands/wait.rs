//! `imp-device wait`: rows in, those that are as they should be out, and an exit code to branch on.

mod outages;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tests::wait::let_pass;
use tests::{Dir, Server, Sim, answer, kinds};

use super::diff;

/// Devices go online or offline.
fn act(sim: &Sim, what: &str, devices: &Value) {
    sim.control("POST", what, &json!({"devices": devices}).to_string());
}

/// An account with so many devices, all of them offline.
fn all_offline(devices: &str) -> (Sim, Dir, Vec<String>) {
    let sim = Sim::start(&["--devices", devices]);
    let ids = sim.field("id");
    act(&sim, "offline", &json!(ids));
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-device list > devices.ndjson").quiet();
    sim.reset();
    (sim, dir, ids)
}

#[test]
fn each_is_printed_when_it_is_so_and_enough_are_enough() {
    let (sim, dir, ids) = all_offline("10");
    let waiting = dir.spawn(
        "imp-device wait --online --at-least 80% --every 50ms --failed left.ndjson < devices.ndjson",
    );
    for (number, id) in (1..).zip(&ids[..7]) {
        act(&sim, "online", &json!([id]));
        waiting.wait_for("the device to be told", || waiting.stdout().lines().count() == number);
    }
    assert!(!waiting.has_ended());
    act(&sim, "online", &json!([ids[7]]));
    let ended = waiting.wait().ok();
    assert_eq!(ended.field("id"), ids[..8]);
    assert!(ended.records().iter().all(|device| device["device_online"] == true));
    assert_eq!(kinds(&dir.failed("left.ndjson")), [("not_met", 2)].into());
    ended.says("8 of 10 rows are as they should be, and 8 have to be");
}

#[test]
fn the_deadline_ends_with_a_code_of_its_own_and_what_is_left_is_input() {
    let (sim, dir, ids) = all_offline("4");
    act(&sim, "online", &json!([ids[1]]));
    let waited = dir.sh(
        "imp-device wait --online --timeout 1s --every 100ms --failed left.ndjson --report report.json \
         < devices.ndjson",
    );
    waited.says_all(&["the time is over: 1 of 4", "it is offline", "up to 9 minutes"]).code(6);
    let report = dir.report("report.json");
    assert_eq!((report.rows, report.failed, report.exit), (4, 3, 6));
    act(&sim, "online", &json!(ids));
    let again = dir.sh("imp-device wait --online --every 100ms -v < left.ndjson").ok();
    let again = again.says("3 rows: 3 met, 0 failed, ");
    assert_eq!(again.field("id").len(), 3);
}

#[test]
fn too_many_of_something_end_it_at_once() {
    let (_sim, dir, _) = all_offline("20");
    dir.sh("imp-device wait --online --fail-if 'unassigned>10%' --timeout 10m < devices.ndjson")
        .says("unassigned>10%: there are 20")
        .code(1);
}

#[test]
fn several_conditions_mean_all_and_any_means_one() {
    let (sim, dir, ids) = all_offline("3");
    let [bench] = sim.groups(["Bench"]);
    sim.put(&bench, &ids[..2]);
    act(&sim, "online", &json!([ids[1], ids[2]]));
    let wait = |words: &str| {
        let line =
            format!("imp-device wait {words} --timeout 300ms --every 100ms < devices.ndjson");
        dir.sh(&line).stdout().lines().count()
    };
    assert_eq!(wait("--online --in-group Bench"), 1);
    assert_eq!(wait("--online --in-group Bench --any"), 3);
    assert_eq!(wait("--offline"), 1);
    assert_eq!(wait("--where devicegroup_id= --online"), 1);
    assert_eq!(wait("--blessed"), 0);
    dir.sh(&format!("echo Bench | imp-device wait --in-group - --device {}", ids[0])).ok();
    dir.sh("imp-device wait < devices.ndjson").says("not said what is waited for").code(2);
    dir.sh("imp-device wait --online --where rssi < devices.ndjson").says("FIELD=VALUE").code(2);
}

#[test]
fn it_takes_the_way_of_fewer_requests() {
    let (sim, dir, ids) = all_offline("450");
    act(&sim, "online", &json!(ids));
    sim.reset();
    dir.sh("head -3 devices.ndjson | imp-device wait --online").quiet();
    let counts = sim.counts();
    assert!(counts.total <= 3 + 1, "{counts:?}");
    sim.reset();
    assert_eq!(dir.sh("imp-device wait --online < devices.ndjson").quiet().lines().len(), 450);
    let counts = sim.counts();
    // Five pages that overlap, one that tells that the list is less, and such as are asked for ahead.
    assert!(counts.total <= 20, "{counts:?}");
}

#[test]
fn devices_are_named_as_everywhere_and_may_appear_later() {
    let sim = Sim::start(&["--devices", "4"]);
    let dir = Dir::signed_in(&sim);
    let devices = sim.devices();
    let text = |number: usize, field: &str| devices[number][field].as_str().unwrap().to_owned();
    act(&sim, "online", &json!(sim.field("id")));
    dir.sh(&format!("imp-device update --device {} --name oven-1", text(0, "id"))).ok();
    for number in [1, 2] {
        dir.sh(&format!("imp-device update --device {} --name twin", text(number, "id"))).ok();
    }
    let mac = text(3, "mac_address").to_uppercase();
    dir.write("named.csv", format!("mac_address,station\n{mac},7\n"));
    let by_mac = dir.sh("imp-device wait --online --input named.csv").quiet().record();
    assert_eq!((&by_mac["id"], &by_mac["station"]), (&json!(text(3, "id")), &json!("7")));
    assert_eq!(dir.sh("imp-device wait --online oven-1").quiet().field("id"), [text(0, "id")]);
    dir.sh("imp-device wait --online twin").says("2 devices are called `twin`").code(1);
    // A device that is not there yet is waited for.
    let waiting = dir.spawn("imp-device wait --online --every 50ms late");
    sim.reset();
    waiting.wait_for("a look", || sim.counts().total > 2);
    dir.sh(&format!("imp-device update --device {} --name late", text(3, "id"))).ok();
    assert_eq!(waiting.wait().ok().field("id"), [text(3, "id")]);
    dir.sh("imp-device wait --online --timeout 200ms --every 100ms 0c:2a:69:ff:ff:01")
        .says("the account has no such device")
        .code(6);
}

#[test]
fn a_bad_row_fails_and_the_others_are_waited_for() {
    let (sim, dir, ids) = all_offline("2");
    act(&sim, "online", &json!(ids));
    let waited =
        dir.sh("sed '1a no JSON' devices.ndjson | imp-device wait --online --failed left.ndjson");
    let told: BTreeSet<String> = waited.stdout().lines().map(str::to_owned).collect();
    assert_eq!(told.len(), 2);
    waited.code(1);
    assert_eq!(kinds(&dir.failed("left.ndjson")), [("bad_input", 1)].into());
}

#[test]
fn ctrl_c_leaves_what_was_not_met() {
    let (sim, dir, ids) = all_offline("5");
    let waiting =
        dir.spawn("imp-device wait --online --every 50ms --failed left.ndjson -v < devices.ndjson");
    waiting.wait_for("a look", || sim.counts().total > 2);
    waiting.interrupt();
    waiting.wait().code(130).says(" 0 met, ");
    let left = dir.failed("left.ndjson");
    assert_eq!(kinds(&left), [("not_met", ids.len())].into());
    assert_eq!(left[0].error.detail.as_deref(), Some("it is offline"));
}

#[test]
fn what_holds_for_long_enough_is_so() {
    let (sim, dir, ids) = all_offline("1");
    act(&sim, "online", &json!(ids));
    let wait = "imp-device wait --online --every 100ms --stable";
    dir.sh(&format!("{wait} 1999ms --timeout 2s < devices.ndjson")).says("long enough").code(6);
    let never = dir.sh(&format!("{wait} 20m < devices.ndjson")).code(2);
    never.says("--stable is as long as --timeout");
    assert_eq!(dir.sh(&format!("{wait} 300ms < devices.ndjson")).ok().lines().len(), 1);
}

#[test]
fn the_deadline_counts_from_the_end_of_the_input() {
    let (sim, dir, ids) = all_offline("1");
    act(&sim, "online", &json!(ids));
    let mut waiting =
        dir.spawn_open("imp-device wait --online --every 100ms --stable 200ms --timeout 3s");
    // As a move of many devices before it in the pipeline: longer than the timeout.
    let_pass(Duration::from_secs(4));
    waiting.type_line(&ids[0]);
    waiting.close_stdin();
    assert_eq!(waiting.wait().ok().lines().len(), 1);
}

#[test]
fn what_is_printed_is_what_the_service_says_now() {
    let (sim, dir, ids) = all_offline("1");
    let [bench] = sim.groups(["Bench"]);
    sim.put(&bench, &ids);
    dir.sh("imp-device list | jq -c '. + {station: 7}' > assigned.ndjson").quiet();
    dir.sh("imp-device unassign < assigned.ndjson").ok();
    let told = dir.sh("imp-device wait --where devicegroup_id= < assigned.ndjson").quiet().record();
    assert_eq!((told.get("devicegroup_id"), &told["station"]), (None, &json!(7)));
}

#[test]
fn a_device_that_is_refused_fails_alone() {
    let (sim, dir, ids) = all_offline("250");
    sim.fault(&format!("GET /devices/{} 403", ids[0]));
    let waited = dir
        .sh("head -2 devices.ndjson | imp-device wait --offline --at-least 1 --failed left.ndjson");
    assert_eq!(waited.field("id"), [ids[1].clone()]);
    waited.code(1);
    assert_eq!(kinds(&dir.failed("left.ndjson")), [("refused", 1)].into());
}

#[test]
fn an_answer_that_makes_no_sense_is_one_look_and_not_the_end() {
    let known = "5000d8c46a56cfca";
    let asked_for = AtomicU64::new(0);
    let server = Server::start(move |asked| {
        let body = match asked {
            _ if asked.contains("/accounts/") => json!({"data": {"type": "account", "id": "me"}}),
            _ if !asked.contains(known) => Value::Null,
            _ if asked_for.fetch_add(1, Ordering::Relaxed) < 2 => json!({"data": 7}),
            _ => json!({"data": {"type": "device", "id": known,
                "attributes": {"device_online": true}}}),
        };
        answer(&body)
    });
    let dir = Dir::signed_in_at(&format!("{}/v5", server.origin()));
    let waited = dir.sh(&format!("imp-device wait --online --every 100ms {known}"));
    assert_eq!(waited.says("a record without an id").ok().field("id"), [known]);
}

#[test]
fn a_list_that_moves_too_much_is_one_look_and_not_the_end() {
    let (known, is_calm) = ("5000d8c46a56cfca", Arc::new(AtomicBool::new(false)));
    let server = diff::moving(known, &is_calm);
    let dir = Dir::signed_in_at(&format!("{}/v5", server.origin()));
    // A name is only in the list.
    let wait = "imp-device wait --online --at-least 1 --every 100ms --jobs 1";
    let waiting = dir.spawn(&format!("{wait} {known} oven-7"));
    waiting.wait_for("a look", || waiting.stderr().contains("while it was read"));
    is_calm.store(true, Ordering::Relaxed);
    assert_eq!(waiting.wait().ok().field("id"), [known]);
}

#[test]
fn a_row_that_was_told_is_told_once() {
    let (sim, dir, ids) = all_offline("3");
    dir.sh(&format!("imp-device update --device {} --name twin", ids[0])).ok();
    let waiting = dir.spawn(&format!(
        "imp-device wait --where name=twin --fail-if 'missing>5' --every 50ms --report report.json twin {}",
        ids[1]
    ));
    waiting.wait_for("the first", || waiting.stdout().lines().count() == 1);
    dir.sh(&format!("imp-device update --device {} --name twin", ids[2])).ok();
    sim.reset();
    waiting.wait_for("a look", || sim.counts().total > 4);
    dir.sh(&format!("imp-device update --device {} --name twin", ids[1])).ok();
    assert_eq!(waiting.wait().ok().lines().len(), 2);
    let report = dir.report("report.json");
    assert_eq!((report.rows, report.ok, report.failed), (2, 2, 0));
}

#[test]
fn what_cannot_be_met_ends_at_once() {
    let (_sim, dir, _) = all_offline("3");
    let wait = "imp-device wait --online --at-least 5";
    dir.sh(&format!("{wait} < devices.ndjson"))
        .says("--at-least asks for 5, and there are 3")
        .code(1);
    dir.sh(&format!("true | {wait}")).says("--at-least asks for 5, and there are 0").code(1);
    dir.sh(&format!("{wait} --timeout 18446744073709551615 oven-7")).says("ten years").code(2);
}

#[test]
fn the_verdict_is_that_of_all_rows_though_nobody_reads() {
    let (sim, dir, ids) = all_offline("600");
    act(&sim, "online", &json!(ids[..300]));
    let wait = "imp-device wait --online --timeout 2s --every 200ms --failed left.ndjson";
    for reader in ["head -1", "true"] {
        let line = format!("({wait} < devices.ndjson; echo $? > code) | {reader}");
        dir.sh(&line).ok();
        assert_eq!(dir.read("code"), "6\n", "{reader}");
        assert_eq!(kinds(&dir.failed("left.ndjson")), [("not_met", 300)].into(), "{reader}");
    }
}

#[test]
fn a_field_that_no_device_has_is_refused() {
    let (sim, dir, _) = all_offline("1");
    let wait = |wanted: &str| {
        let run = dir.sh(&format!("imp-device wait --where {wanted} < devices.ndjson"));
        run.code(2).no_stdout()
    };
    wait("device_onlin=").says("did you mean `device_online`?");
    wait("nosuch=1").says("no record has `nosuch`");
    wait("devicegroup_name=Bench").says("the record of a device has no `devicegroup_name`");
    assert_eq!(sim.counts().total, 0);
    dir.sh("imp-device wait --where devicegroup_type= < devices.ndjson").ok();
}

#[test]
fn rows_count_also_those_that_name_the_same_device() {
    let (sim, dir, ids) = all_offline("2");
    act(&sim, "online", &json!([ids[0]]));
    let wait = "imp-device wait --online --at-least 50% --timeout 1s -v";
    let run = dir.sh(&format!("{wait} {0} {0} {1}", ids[0], ids[1])).code(0);
    run.says("2 of 3 rows are as they should be, and 2 have to be");
}

#[test]
fn rows_are_kept_when_nothing_can_be_written() {
    let (sim, dir, ids) = all_offline("3");
    act(&sim, "online", &json!([ids[1]]));
    dir.sh("imp-device wait --online --failed left.ndjson < devices.ndjson > /dev/full").code(2);
    // It may show before both are looked at.
    let failed = dir.failed("left.ndjson");
    let left = kinds(&failed);
    let of = |kind: &str| left.get(kind).copied().unwrap_or_default();
    assert_eq!(of("not_met") + of("not_attempted"), 2, "{left:?}");
}

#[test]
fn what_is_lacking_is_said() {
    let (sim, dir, ids) = all_offline("2");
    let [bench, _other] = sim.groups(["Bench", "Other"]);
    sim.put(&bench, &ids[..1]);
    let wait = |words: &str| {
        dir.sh(&format!("imp-device wait {words} --timeout 100ms < devices.ndjson")).code(6)
    };
    wait("--in-group Other").says_all(&["in another device group", "in no device group"]);
    wait("--where rssi=9").says("its `rssi` is not `9`");
    wait("--blessed").says("in no production or pre-production group");
}
