//! `imp-device watch`: what changes with devices, each change once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tests::wait::timed;
use tests::{Dir, Server, Sim, answer, kinds};

use super::diff;

/// Devices go online or offline.
fn act(sim: &Sim, what: &str, devices: &[String]) {
    sim.control("POST", what, &json!({"devices": devices}).to_string());
}

/// An account with so many devices, all of them online, of which a watch knows how they are.
fn known(devices: &str) -> (Sim, Dir, Vec<String>) {
    let sim = Sim::start(&["--devices", devices]);
    let ids = sim.field("id");
    act(&sim, "online", &ids);
    let dir = Dir::signed_in(&sim);
    dir.sh(ONCE).no_stdout().says(&format!("devices: {devices};")).ok();
    sim.reset();
    (sim, dir, ids)
}

/// As from a crontab.
const ONCE: &str = "imp-device watch --all --state fleet.state --once";

/// The changes that were printed, each as its device and the word for it.
fn words(records: &[Value]) -> BTreeSet<(String, String)> {
    let text = |record: &Value, field: &str| record[field].as_str().expect("a text").to_owned();
    records.iter().map(|record| (text(record, "id"), text(record, "change"))).collect()
}

#[test]
fn other_rows_are_another_watch_and_what_is_not_there_is_a_failed_row() {
    let (_sim, dir, ids) = known("3");
    let once = "imp-device watch --state rows.state --once";
    let [one, other] = [&ids[0], &ids[1]];
    let kept = "--failed left.ndjson --report report.json";
    for devices in [format!("{one} {other} nobody"), format!("{other} nobody {one}")] {
        let run = dir.sh(&format!("{once} {kept} {devices}")).no_stdout().code(1);
        run.says("There is no device `nobody`");
        assert_eq!(kinds(&dir.failed("left.ndjson")), [("not_found", 1)].into());
        let report = dir.report("report.json");
        assert_eq!((report.rows, report.ok, report.failed), (3, 2, 1));
    }
    dir.sh(&format!("{once} {one}")).no_stdout().says("name another file").code(2);
}

#[test]
fn what_has_changed_since_the_last_time_is_told_once() {
    let (sim, dir, ids) = known("8");
    let [bench] = sim.groups(["Bench"]);
    sim.put(&bench, &ids[..2]);
    act(&sim, "offline", &ids[1..3]);
    dir.sh(&format!("imp-device update --device {} --name oven-3", ids[3])).ok();
    assert_eq!(sim.api("DELETE", &format!("/devices/{}", ids[4]), &Value::Null).status, 204);
    let new = sim.add_devices(1)[0]["id"].as_str().expect("an id").to_owned();
    let told = dir.sh(ONCE).quiet().records();
    let expected = [
        (0, "assigned"),
        (1, "assigned"),
        (1, "offline"),
        (2, "offline"),
        (3, "renamed"),
        (4, "gone"),
    ];
    let mut expected: BTreeSet<(String, String)> =
        expected.iter().map(|(number, word)| (ids[*number].clone(), (*word).to_owned())).collect();
    expected.insert((new.clone(), "appeared".to_owned()));
    assert_eq!((words(&told), told.len()), (expected, 7));
    let of = |id: &str, word: &str| {
        told.iter().find(|record| record["id"] == *id && record["change"] == word).expect("it")
    };
    assert_eq!(of(&ids[1], "offline")["before"], json!({"device_online": true}));
    assert_eq!(of(&ids[1], "offline")["after"], json!({"device_online": false}));
    assert_eq!(of(&ids[0], "assigned")["before"], json!({"devicegroup_id": null}));
    assert_eq!(of(&ids[0], "assigned")["after"]["devicegroup_id"], json!(bench));
    assert_eq!(of(&ids[3], "renamed")["after"], json!({"name": "oven-3"}));
    assert_eq!(
        (&of(&ids[4], "gone")["after"], &of(&new, "appeared")["before"]),
        (&json!(null), &json!(null))
    );
    dir.sh(ONCE).quiet().no_stdout();
    // There and back between two looks is no change.
    act(&sim, "offline", &ids[..1]);
    act(&sim, "online", &ids[..1]);
    dir.sh(ONCE).quiet().no_stdout();
    // It is a row for other verbs.
    act(&sim, "offline", &ids[..1]);
    dir.sh(&format!("{ONCE} | imp-device info | jq -c .id")).ok();
}

#[test]
fn it_goes_on_until_it_is_interrupted_or_nobody_reads() {
    let (sim, dir, ids) = known("4");
    let watching = dir.spawn("imp-device watch --dg Bench --every 50ms");
    watching.wait().says("Bench").code(1);
    sim.groups(["Bench"]);
    let watching = dir.spawn("imp-device watch --all --every 50ms");
    watching.wait_for("the first look", || watching.stderr().contains("devices: 4;"));
    act(&sim, "offline", &ids[..1]);
    watching.wait_for("a change", || watching.stdout().lines().count() == 1);
    act(&sim, "online", &ids[..1]);
    watching.wait_for("another", || watching.stdout().lines().count() == 2);
    watching.interrupt();
    let told = watching.wait().code(130).records();
    assert_eq!(
        told.iter().map(|it| it["change"].clone()).collect::<Vec<_>>(),
        ["offline", "online"]
    );
    assert!(told[0]["seen_at"].as_str() <= told[1]["since"].as_str());
    // The reader goes after the first change.
    let watching = dir.spawn("imp-device watch --all --every 1h | true");
    watching.wait().code(0);
}

#[test]
fn rows_and_groups_are_watched_too() {
    let (sim, dir, ids) = known("250");
    let [bench] = sim.groups(["Bench"]);
    sim.put(&bench, &ids[..3]);
    let mac = sim.devices()[7]["mac_address"].as_str().expect("a MAC address").to_uppercase();
    dir.write(
        "few.csv",
        format!("mac_address,station\n{mac},1\n{},2\nno MAC,3\n", sim.field("mac_address")[8]),
    );
    let rows = "imp-device watch --input few.csv --state few.state --once --failed left.ndjson";
    let group = "imp-device watch --dg Bench --state bench.state --once";
    sim.reset();
    dir.sh(rows).says("devices: 2;").code(1);
    assert_eq!(kinds(&dir.failed("left.ndjson")), [("bad_input", 1)].into());
    let counts = sim.counts();
    assert_eq!(counts.kind("GET /devices/{id}"), 2, "{counts:?}");
    dir.sh(group).says("devices: 3;").ok();
    act(&sim, "offline", &ids[1..10]);
    sim.put(&bench, &ids[100..101]);
    let words = |line: &str| words(&dir.sh(line).records());
    let told = |number: usize, word: &str| (ids[number].clone(), word.to_owned());
    assert_eq!(words(rows), [told(7, "offline"), told(8, "offline")].into());
    assert_eq!(
        words(group),
        [told(1, "offline"), told(2, "offline"), told(100, "appeared")].into()
    );
    dir.sh("imp-device watch --all --dg Bench").code(2);
    dir.sh("imp-device watch --all few.csv").says("either by rows or with --all").code(2);
    dir.sh("imp-device watch --once --all").says("--state").code(2);
    dir.sh("imp-device watch < /dev/null").code(2);
}

#[test]
fn a_state_is_good_for_what_it_is_of() {
    let (sim, dir, _) = known("3");
    dir.sh("imp-device watch --product Nothing --state fleet.state --once").code(1);
    dir.sh("head -1 fleet.state | jq -r .scope").ok();
    dir.sh("imp-device list -z minimal | imp-device watch --state fleet.state --once")
        .says("is the state of a watch of all devices")
        .code(2);
    dir.write("other", "not ours\n");
    dir.sh("imp-device watch --all --once --state other").says("no state of").code(2);
    assert_eq!(dir.read("other"), "not ours\n");
    // One that was cut between two lines would have devices appear.
    dir.sh("head -3 fleet.state > cut").ok();
    dir.sh("imp-device watch --all --once --state cut").no_stdout().says("damaged").code(2);
    dir.sh("imp-device watch --all --once --state nowhere/state").says("nowhere").code(2);
    sim.reset();
    let watching = dir.spawn("imp-device watch --all --state fleet.state --every 1h");
    // It has the lock before it looks, and who tried to take it would perhaps be faster.
    watching.wait_for("a look", || sim.counts().kind("GET /devices") > 0);
    dir.sh(ONCE).says("another run has it open").code(2);
    watching.interrupt();
    watching.wait().code(130);
    dir.sh(ONCE).quiet();
}

#[test]
fn what_a_kill_left_unprinted_comes_later_marked_where_that_cannot_be_known() {
    let (sim, dir, ids) = known("40");
    act(&sim, "offline", &ids);
    // Nobody takes what is printed.
    let stopped = "imp-device watch --all --state fleet.state --once > /dev/full";
    dir.sh(stopped).says("cannot write to stdout").code(2);
    let told = dir.sh(ONCE).ok().records();
    assert!(told.len() == 40 && told.iter().all(|record| record["repeat"] == true));
    dir.sh(ONCE).quiet().no_stdout();
}

#[test]
fn a_look_takes_no_more_than_its_share() {
    let (sim, dir, _) = known("1000");
    let look = format!("{ONCE} --share 25%");
    let (time, _) = timed(|| dir.sh(&look).quiet());
    let counts = sim.counts();
    // A page of a hundred each, which begin on the one before, and two questions for production devices.
    assert!((10..=22).contains(&counts.total), "{counts:?}");
    assert!(counts.most_in_any_second <= 14, "{counts:?}");
    assert!(time > Duration::from_millis(900), "{time:?}");
    // Of a smaller limit it is less.
    let sim = Sim::start(&["--devices", "1000", "--rate-limit", "20"]);
    let dir = Dir::signed_in(&sim);
    sim.reset();
    dir.sh(&look).ok();
    let most = sim.counts().most_in_any_second;
    assert!((1..=9).contains(&most), "{most}");
    dir.sh("imp-device watch --all --share 0%").says("write it as 25%").code(2);
}

#[test]
fn a_service_that_is_away_for_a_while_is_waited_for() {
    let (sim, dir, ids) = known("4");
    let watching =
        dir.spawn("imp-device watch --all --state fleet.state --every 100ms --patience 0");
    sim.reset();
    watching.wait_for("a look", || sim.counts().total > 2);
    sim.fault("GET /devices 503");
    watching.wait_for("a failure", || watching.stderr().contains("the next look is in 100ms"));
    act(&sim, "offline", &ids[..1]);
    sim.no_faults();
    watching.wait_for("the change", || watching.stdout().lines().count() == 1);
    watching.interrupt();
    watching.wait().code(130);
    sim.fault("GET /devices 503");
    dir.sh(&format!("{ONCE} --patience 0")).code(4);
}

#[test]
fn a_list_that_moves_too_much_invents_nothing() {
    let is_calm = Arc::new(AtomicBool::new(false));
    let server = diff::moving("5000d8c46a56cfca", &is_calm);
    let dir = Dir::signed_in_at(&format!("{}/v5", server.origin()));
    let once = format!("{ONCE} --jobs 1 --share 100%");
    dir.sh(&once).no_stdout().says("it is no beginning").code(1);
    is_calm.store(true, Ordering::Relaxed);
    dir.sh(&once).no_stdout().says("devices: 1;").ok();
    is_calm.store(false, Ordering::Relaxed);
    let run = dir.sh(&once).says("taken to be as it was").code(1);
    let told = run.records();
    assert!(!told.is_empty());
    assert!(told.iter().all(|it| it["change"] == "appeared" && it["incomplete"] == true), "{run}");
    is_calm.store(true, Ordering::Relaxed);
    let gone = dir.sh(&once).ok().records();
    assert!(gone.len() == told.len() && gone.iter().all(|it| it["change"] == "gone"));
}

const GROUPS: [&str; 2] =
    ["10000000-0000-0000-0000-000000000001", "10000000-0000-0000-0000-000000000002"];
const MOVED: &str = "5000d8c46a56cfca";

/// A service with two groups and one device, which is in that group of this number, or gone. While it moves it goes to
/// the first group as soon as that one's list has been read.
fn two_lists(place: &Arc<AtomicUsize>, is_moving: &Arc<AtomicBool>) -> Server {
    let (place, is_moving) = (place.clone(), is_moving.clone());
    Server::start(move |asked| {
        let now = GROUPS.get(place.load(Ordering::Relaxed));
        let device = now.map(|group| {
            let group = json!({"type": "development_devicegroup", "id": group});
            json!({"type": "device", "id": MOVED, "attributes": {"device_online": true},
                "relationships": {"devicegroup": group}})
        });
        let is_list = asked.contains("/devices?");
        let body = match asked {
            _ if asked.contains("/accounts/") => json!({"data": {"type": "account", "id": "me"}}),
            _ if asked.contains("/devicegroups/") => {
                let id = GROUPS.iter().find(|id| asked.contains(**id));
                json!({"data": {"type": "development_devicegroup", "id": id, "attributes": {}}})
            }
            _ if is_list && now.is_some_and(|group| asked.contains(group)) => {
                json!({"data": [device]})
            }
            _ if asked.contains(MOVED) => device.map_or(Value::Null, |it| json!({"data": it})),
            _ => json!({"data": []}),
        };
        if is_moving.load(Ordering::Relaxed) && is_list && asked.contains(GROUPS[0]) {
            place.store(0, Ordering::Relaxed);
        }
        answer(&body)
    })
}

#[test]
fn a_device_that_moves_between_two_lists_while_they_are_read_is_not_gone() {
    let (place, is_moving) = (Arc::new(AtomicUsize::new(1)), Arc::default());
    let server = two_lists(&place, &is_moving);
    let dir = Dir::signed_in_at(&format!("{}/v5", server.origin()));
    let [one, other] = GROUPS;
    let once = format!("imp-device watch --dg {one} --dg {other} --state s --once --share 100%");
    dir.sh(&once).no_stdout().says("devices: 1;").ok();
    is_moving.store(true, Ordering::Relaxed);
    let told = dir.sh(&once).quiet().records();
    assert_eq!(words(&told), [(MOVED.to_owned(), "assigned".to_owned())].into());
    is_moving.store(false, Ordering::Relaxed);
    place.store(2, Ordering::Relaxed);
    let told = dir.sh(&once).quiet().records();
    assert_eq!(words(&told), [(MOVED.to_owned(), "gone".to_owned())].into());
}
