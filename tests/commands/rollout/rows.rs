//! The rows of `imp-device rollout`: which of them name one device, and which waves they make.

use serde_json::Value;
use tests::kinds;

use super::{Fleet, events};

#[test]
fn a_device_that_rows_name_in_several_ways_is_one() {
    let fleet = Fleet::new();
    // A MAC address, an agent id and a name of each of the first nine.
    let others = "head -n 9 devices.ndjson | jq -c '{mac_address},{agent_id},{name}'";
    fleet.dir.sh(&format!("({others}; cat devices.ndjson) > d && mv d devices.ndjson")).quiet();
    let words = "--order input --waves 5,20%,100% --gate 'wc -l >> sizes' --report report.json";
    let plan = fleet.rollout(&format!("{words} --plan")).code(5);
    plan.says_all(&["wave 1 of 3: 5 devices", "wave 2 of 3: 15", "wave 3 of 3: 80"]);
    let run = fleet.rollout(words).ok();
    let moved = events(&run).into_iter().filter(|event| event.starts_with("wave_moved"));
    let wanted = ["wave_moved 1 5", "wave_moved 2 15", "wave_moved 3 80"];
    assert_eq!(moved.collect::<Vec<_>>(), wanted, "{run}");
    let sizes = fleet.dir.read("sizes");
    assert_eq!(sizes.split_whitespace().collect::<Vec<_>>(), ["5", "15", "80"]);
    let report: Value = serde_json::from_str(&fleet.dir.read("report.json")).expect("JSON");
    assert_eq!([&report["ok"], &report["unchanged"]], [100, 27]);
    assert_eq!((fleet.arrived(), fleet.sim.restarts()), (100, 100));
}

#[test]
fn a_device_cannot_be_looked_up_and_nothing_begins() {
    let fleet = Fleet::new();
    fleet.dir.sh("jq -c 'if input_line_number % 2 == 0 then {mac_address} else . end' devices.ndjson > d && mv d devices.ndjson").quiet();
    fleet.sim.fault("GET /devices 401");
    let run = fleet.rollout("--failed left.ndjson").no_stdout().code(3);
    assert_eq!(kinds(&fleet.dir.failed("left.ndjson")), [("not_attempted", 100)].into(), "{run}");
    fleet.sim.no_faults();
    fleet.dir.sh("imp-change list --interrupted").no_stdout().ok();
    assert_eq!(fleet.touched(), 0);
}

#[test]
fn a_wave_without_a_device_of_its_own_is_told() {
    let fleet = Fleet::new();
    let said = "--waves: left out, since they add no device to those before: 1% 10%";
    for words in ["--plan", ""] {
        let run = fleet.rollout(&format!("--waves 20,1%,10%,100% {words}"));
        assert_eq!(run.says(said).stderr().matches("left out").count(), 1);
    }
    assert_eq!(fleet.arrived(), 100);
}

#[test]
fn of_a_rollout_that_moved_nothing_nothing_goes_back() {
    let fleet = Fleet::new();
    fleet.dir.write("devices.ndjson", "{\"id\":\"nobody\"}\n{\"id\":\"none\"}\n");
    let run = fleet.rollout("--waves 1,100% --back --gate true --failed left.ndjson").code(6);
    let run = run.says("none of the wave's devices could be moved");
    assert_eq!(events(&run).last().expect("an event"), "gate_failed 1 1", "{run}");
    assert!(!run.stderr().contains("taken back"), "{run}");
    assert_eq!(kinds(&fleet.dir.failed("left.ndjson")), [("not_found", 1), ("not_met", 1)].into());
}
