//! `imp-device rollout` after a kill: a wave that has begun goes on, whatever keeps the next one from beginning.

use std::collections::BTreeSet;

use super::{Fleet, events, wait_for_event};

/// A part of the day that is not now.
const HOURS: &str = "$(date -d '-2 hours' +%H:%M)-$(date -d '-1 hour' +%H:%M)";

#[test]
fn a_wave_that_was_moved_is_judged_in_whatever_hours() {
    let fleet = Fleet::new();
    let words = "--waves 10,100% --soak 1h --gate true --back";
    let running = fleet.dir.spawn(&format!("exec {}", Fleet::line(words)));
    wait_for_event(&running, "wave_moved");
    running.insist("KILL");
    let resume = format!("exec imp-change resume last -- --soak 0s --between {HOURS}");
    let running = fleet.dir.spawn(&resume);
    wait_for_event(&running, "waiting");
    running.interrupt();
    let run = running.wait().code(130);
    let wanted = [
        "wave_begun 1 10",
        "wave_moved 1 10",
        "gate_passed 1 10",
        "waiting 2 90",
        "interrupted 2 90",
        "back null 100",
    ];
    assert_eq!(events(&run), wanted, "{run}");
    fleet.are_back("after Ctrl-C");
}

#[test]
fn a_wave_that_was_under_way_is_judged_in_spite_of_the_file() {
    let fleet = Fleet::new();
    fleet.sim.fault("POST /devicegroups/*/relationships/devices delay=1h");
    let words = "--waves 10,100% --gate true --pause-file pause";
    let running = fleet.dir.spawn(&format!("exec {}", Fleet::line(words)));
    running.wait_for("the devices", || fleet.arrived() == 10);
    running.insist("KILL");
    fleet.sim.no_faults();
    fleet.dir.write("pause", "");
    let running = fleet.dir.spawn("exec imp-change resume last");
    wait_for_event(&running, "paused");
    assert_eq!(fleet.arrived(), 10);
    fleet.dir.sh("rm pause").quiet();
    let run = running.wait().ok();
    let wanted = ["wave_begun 1 10", "wave_moved 1 10", "gate_passed 1 10", "paused 2 90"];
    assert_eq!(events(&run)[..4], wanted, "{run}");
    assert_eq!((fleet.arrived(), fleet.sim.restarts()), (100, 100));
}

#[test]
fn a_gate_is_given_a_device_once_however_rows_name_it() {
    let fleet = Fleet::new();
    let others = "jq -c '{mac_address}' devices.ndjson";
    fleet.dir.sh(&format!("(cat devices.ndjson; {others}) > d && mv d devices.ndjson")).quiet();
    let gate = "--gate 'jq -r .id > seen; test -e go'";
    fleet.rollout(&format!("--order input --waves 10,100% {gate}")).code(6);
    let first = fleet.dir.read("seen");
    assert_eq!(first.lines().collect::<BTreeSet<_>>().len(), 10, "{first}");
    let gate = "--gate 'test -e again || jq -r .id > again; true'";
    fleet.dir.sh(&format!("imp-change resume last -- {gate}")).ok();
    assert_eq!(fleet.dir.read("again"), first, "as before");
}
