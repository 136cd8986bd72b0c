//! The way back of `imp-device rollout`, and what is left of it to undo; and what is protected where it goes on.

use serde_json::json;
use tests::kinds;

use super::{Fleet, events, wait_for_event};

#[test]
fn a_device_that_was_perhaps_moved_goes_back() {
    for (accident, back) in [("cut=after", 1), ("cut=before", 0)] {
        let fleet = Fleet::new();
        fleet.sim.fault(&format!("POST /devicegroups/*/relationships/devices {accident} times=1"));
        // It is looked for before it is written, and again when no answer comes.
        fleet.sim.fault("GET /devices/* 403 after=1 times=1");
        let words = "--order input --waves 1,100% --back --gate true --failed left.ndjson";
        let run = fleet.rollout(words).code(6);
        let left = fleet.dir.failed("left.ndjson");
        assert_eq!(
            kinds(&left),
            [("not_met", 99), ("unknown_outcome", 1)].into(),
            "{accident}{run}"
        );
        fleet.are_back(&format!("{accident}{run}"));
        let told = run.records().pop().expect("an event");
        assert_eq!((&told["event"], &told["moved"]), (&json!("back"), &json!(back)), "{run}");
    }
}

#[test]
fn nothing_is_left_to_undo_of_what_has_gone_back() {
    let fleet = Fleet::new();
    fleet.rollout("--waves 10,100% --back --gate false").code(6);
    let before = fleet.sim.restarts();
    fleet.dir.sh("imp-change undo -q last").ok();
    assert_eq!(fleet.sim.restarts(), before, "no device was moved");
    fleet.are_back("undone");
}

#[test]
fn what_is_protected_since_is_left_alone_where_it_goes_on() {
    let fleet = Fleet::new();
    fleet.rollout("--order input --waves 10,100% --gate 'test -e go'").code(6);
    fleet.dir.write("go", "");
    let run = fleet.dir.sh("IMP_PROTECT=C imp-change resume last -- --failed left.ndjson");
    run.code(1);
    assert_eq!(kinds(&fleet.dir.failed("left.ndjson")), [("protected", 40)].into());
    assert_eq!(fleet.arrived(), 60);
}

#[test]
fn a_group_that_was_renamed_is_the_one_that_it_was() {
    let fleet = Fleet::new();
    fleet.rollout("--order input --waves 10,100% --gate 'test -e go'").code(6);
    fleet.dir.sh("IMP_JOURNAL=off imp-dg update --dg B --name Old").quiet();
    fleet.dir.sh("IMP_JOURNAL=off imp-dg update --dg C --name B").quiet();
    fleet.dir.write("go", "");
    fleet.dir.sh("imp-change resume last").ok();
    assert_eq!(fleet.arrived(), 100);
}

#[test]
fn what_somebody_has_moved_or_deleted_since_is_left_where_it_is_and_told() {
    let fleet = Fleet::new();
    let gate = "jq -r .id > ids; export IMP_JOURNAL=off; \
        sed -n 1p ids | imp-device delete -q --force; sed -n 2p ids | imp-device unassign; \
        sed -n 3p ids | imp-device assign --dg C; false";
    let words = "--order input --waves 10,100% --back --failed left.ndjson";
    let run = fleet.rollout(&format!("{words} --gate '{gate}'")).code(6);
    let run = run.says("where they were before: 7 devices; 3 devices not taken back");
    let left = fleet.dir.failed("left.ndjson");
    assert_eq!(kinds(&left), [("drifted", 2), ("not_found", 1), ("not_met", 90)].into(), "{run}");
    let members = fleet.groups.each_ref().map(|group| fleet.sim.members(group).len());
    assert_eq!(members, [57, 0, 41], "{run}");
}

#[test]
fn a_group_that_is_gone_by_then_ends_it() {
    let fleet = Fleet::new();
    fleet.dir.write("pause", "");
    let words = "--waves 10,100% --back --pause-file pause --failed left.ndjson";
    let running = fleet.dir.spawn(&format!("exec {}", Fleet::line(words)));
    wait_for_event(&running, "paused");
    fleet.dir.sh("IMP_JOURNAL=off imp-dg delete -q B; rm pause").ok();
    let run = running.wait().code(6).says("none of the wave's devices could be moved");
    assert_eq!(events(&run).last().expect("an event"), "gate_failed 1 10", "{run}");
    assert_eq!(
        kinds(&fleet.dir.failed("left.ndjson")),
        [("not_found", 10), ("not_met", 90)].into()
    );
    fleet.are_back("none was touched");
}

#[test]
fn where_all_were_there_nothing_goes_back() {
    let fleet = Fleet::new();
    fleet.dir.sh("imp-device list --dg A > devices.ndjson").quiet();
    let line = "imp-device rollout --to A --waves 10,100% --back --input devices.ndjson";
    let run = fleet.dir.sh(&format!("{line} --gate 'wc -l > size; false'")).code(6);
    assert_eq!(events(&run).last().expect("an event"), "gate_failed 1 10", "{run}");
    assert_eq!(fleet.dir.read("size").trim(), "10");
    let run = fleet.dir.sh(&format!("{line} --gate true")).ok();
    assert_eq!(run.records().pop().expect("an event")["moved"], 0, "{run}");
    assert_eq!(fleet.touched(), 0);
}
