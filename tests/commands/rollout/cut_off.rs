//! Rollouts that are cut off where they end: by a second signal, by a full disk, by a token that ends early.

use serde_json::Value;
use tests::kinds;

use super::undone::counts;
use super::{Fleet, await_way_back, events, wait_for_event};

/// A gate that says that it is there, takes no notice of Ctrl-C and ends when it is told by a file.
const STUBBORN: &str = "trap \"\" INT TERM; touch asked; until test -e go; do sleep 0.02; done";

#[test]
fn a_second_signal_while_the_gate_is_ended_leaves_the_way_back_to_the_next_run() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let fleet = Fleet::new();
        fleet.dir.write("left.ndjson", "{\"id\":\"of an earlier run\"}\n");
        let words = format!("--waves 10,100% --back --failed left.ndjson --gate '{STUBBORN}'");
        let running = fleet.dir.spawn(&format!("exec {}", Fleet::line(&words)));
        running.wait_for("the gate", || fleet.dir.path().join("asked").exists());
        match signal {
            "INT" => running.interrupt(),
            _ => running.terminate(),
        }
        let said = "still to be taken back to where they were before: 10 devices";
        running.wait_for("what is said", || running.stderr().contains(said));
        wait_for_event(&running, "interrupted");
        let run = running.insist(signal).code(code);
        assert_eq!(events(&run)[1..], ["wave_moved 1 10", "interrupted 1 10"], "{run}");
        assert_eq!(fleet.dir.read("left.ndjson"), "", "it is that of this run");
        fleet.dir.write("go", "");
        let resumed = fleet.dir.sh("imp-change resume last").code(6);
        assert_eq!(events(&resumed), ["back null 100"], "{resumed}");
        fleet.are_back(signal);
        assert_eq!(fleet.touched(), 10);
    }
}

#[test]
fn the_first_signal_turns_back_what_waits_for_an_answer() {
    let fleet = Fleet::new();
    fleet.sim.fault("POST /devicegroups/*/relationships/devices delay=1h");
    let running = fleet.dir.spawn(&format!("exec {}", Fleet::line("--waves 10,100% --back")));
    running.wait_for("the devices", || fleet.arrived() == 10);
    running.interrupt();
    await_way_back(&fleet.dir);
    let said = "the answer to what was sent is still awaited";
    running.wait_for("what is said", || running.stderr().contains(said));
    running.insist("INT").code(130);
    fleet.sim.no_faults();
    let run = fleet.dir.sh("imp-change resume last").code(6);
    assert_eq!(events(&run), ["back null 100"], "{run}");
    fleet.are_back("after two signals");
    assert_eq!(fleet.touched(), 10);
    // What was perhaps done is no row done, and so none that was taken back.
    assert_eq!(counts(&fleet), [0, 0, 100, 0]);
}

#[test]
fn the_first_signal_turns_back_where_a_judgment_hangs() {
    let fleet = Fleet::new();
    let words = "--waves 10,100% --soak 1s --back --max-unavailable 5";
    let running = fleet.dir.spawn(&format!("exec {}", Fleet::line(words)));
    wait_for_event(&running, "wave_moved");
    fleet.sim.fault("GET /devices delay=1h");
    let before = fleet.sim.counts().total;
    running.wait_for("the list", || fleet.sim.counts().total > before);
    running.interrupt();
    await_way_back(&fleet.dir);
    running.insist("INT").code(130);
    fleet.sim.no_faults();
    fleet.dir.sh("imp-change resume last").code(6);
    fleet.are_back("after two signals");
}

#[test]
fn a_signal_that_comes_before_anything_was_sent_leaves_all_to_the_next_run() {
    let fleet = Fleet::new();
    fleet.sim.fault("GET /devices 503");
    let words = "--waves 10,100% --back --failed left.ndjson";
    let running = fleet.dir.spawn(&format!("exec {}", Fleet::line(words)));
    running.wait_for("the list", || fleet.sim.faults_applied()[0] > 0);
    running.interrupt();
    let run = running.wait().code(130);
    assert_eq!(kinds(&fleet.dir.failed("left.ndjson")), [("not_attempted", 100)].into(), "{run}");
    fleet.sim.no_faults();
    fleet.dir.sh("imp-change resume last").ok();
    assert_eq!(fleet.arrived(), 100);
}

#[test]
fn a_token_that_ends_before_it_was_said_to_is_renewed() {
    // Tokens that live for 40 minutes end after 2.4 seconds there.
    let fleet = Fleet::with(&["--speed", "1000", "--token-life", "40m"]);
    let run = fleet.rollout("--waves 10,20,30,40,50,60,70,100% --soak 1s --back").ok();
    assert_eq!(fleet.arrived(), 100, "{run}");
    assert!(fleet.sim.counts().renewals >= 2, "{run}");
}

#[test]
fn events_that_cannot_be_written_end_it_and_what_was_moved_goes_back() {
    let fleet = Fleet::new();
    let run = fleet.rollout("--waves 10,100% --failed left.ndjson > /dev/full").code(2);
    run.says_all(&[
        "cannot write to stdout",
        "stopped in wave 1 of 2: its events cannot be written",
    ]);
    assert_eq!(kinds(&fleet.dir.failed("left.ndjson")), [("not_attempted", 100)].into());
    let words = "--waves 10,100% --soak 1h --back";
    let running = fleet.dir.spawn(&format!("exec {}", Fleet::line(words)));
    wait_for_event(&running, "wave_moved");
    running.insist("KILL");
    assert_eq!(fleet.arrived(), 10);
    let run = fleet.dir.sh("imp-change resume last > /dev/full").code(2);
    run.says_all(&["cannot write to stdout", "where they were before: 10 devices"]);
    fleet.are_back("nobody could be told");
    assert_eq!(fleet.touched(), 10);
}

#[test]
fn what_stays_where_the_service_is_lost_is_told_wave_by_wave() {
    let fleet = Fleet::new();
    fleet.sim.fault("POST /devicegroups/*/relationships/devices cut=before after=1");
    let words = "--waves 20,40,100% --gate true --back --patience 1";
    let run = fleet.rollout(words).code(4);
    run.says("moved and not taken back: 20 devices whose waves passed");
    let fleet = Fleet::new();
    fleet
        .rollout("--waves 20,40,100% --gate 'test ! -e seen && touch seen'")
        .code(6)
        .says("moved and not taken back: 20 devices whose waves passed, 20 devices not judged");
}

#[test]
fn rows_are_those_of_the_input_and_what_went_back_is_told_as_such() {
    let fleet = Fleet::new();
    fleet.rollout("--waves 10,100% --gate false --back --report report.json").code(6);
    let report: Value = serde_json::from_str(&fleet.dir.read("report.json")).expect("JSON");
    let counts = ["rows", "ok", "unchanged", "taken_back", "failed"].map(|name| &report[name]);
    assert_eq!(counts, [100, 0, 10, 10, 90], "{report}");
    let run = fleet.dir.sh("imp-change list").ok().records().remove(0);
    assert_eq!([&run["rows"], &run["done"], &run["failed"]], [100, 10, 90], "{run}");
    // Where the service is lost on the way back they are what they are.
    fleet.sim.fault("POST /devicegroups/*/relationships/devices cut=before after=1");
    let words = "--waves 10,100% --gate false --back --patience 1 --report report.json";
    let run = fleet.rollout(words).says("devices moved and still to be taken back");
    assert!(!run.stderr().contains("not attempted"), "{run}");
    fleet.sim.no_faults();
    fleet.dir.sh("imp-change resume last").code(6);
    fleet.are_back("resumed");
}

#[test]
fn a_device_in_several_rows_is_one() {
    let fleet = Fleet::new();
    fleet.dir.sh("(cat devices.ndjson; head -n 50 devices.ndjson) > d && mv d devices.ndjson").ok();
    let gate = "--gate 'wc -l >> sizes' --report report.json";
    let run = fleet.rollout(&format!("--order input --waves 20,100% {gate}")).ok();
    let wanted = ["wave_begun 1 20", "wave_moved 1 20", "gate_passed 1 20", "wave_begun 2 80"];
    assert_eq!(events(&run)[..4], wanted);
    let sizes = fleet.dir.read("sizes");
    assert_eq!(sizes.split_whitespace().collect::<Vec<_>>(), ["20", "80"]);
    let report: Value = serde_json::from_str(&fleet.dir.read("report.json")).expect("JSON");
    assert_eq!([&report["ok"], &report["unchanged"]], [100, 50]);
    assert_eq!((fleet.arrived(), fleet.sim.restarts()), (100, 100));
}

#[test]
fn rows_of_one_device_are_one_where_it_goes_on() {
    let fleet = Fleet::new();
    fleet.dir.sh("(cat devices.ndjson; head -n 50 devices.ndjson) > d && mv d devices.ndjson").ok();
    let gate = "--gate 'wc -l >> sizes; test -e go'";
    fleet.rollout(&format!("--order input --waves 20,100% {gate}")).code(6);
    fleet.dir.write("go", "");
    let run = fleet.dir.sh("imp-change resume last").ok();
    assert_eq!(events(&run)[0], "wave_begun 1 20", "{run}");
    let sizes = fleet.dir.read("sizes");
    assert_eq!(sizes.split_whitespace().collect::<Vec<_>>(), ["20", "20", "80"]);
}

#[test]
fn waves_that_are_not_in_their_order_among_the_devices_move_none() {
    let fleet = Fleet::new();
    let run = fleet.rollout("--waves 50%,20 --failed left.ndjson").no_stdout().code(2);
    run.says("of 100 devices 20 ends at 20, and 50% before it at 50");
    assert_eq!(kinds(&fleet.dir.failed("left.ndjson")), [("not_attempted", 100)].into());
    assert_eq!(fleet.touched(), 0);
}

#[test]
fn where_nothing_was_moved_there_is_no_way_back() {
    let fleet = Fleet::new();
    fleet.dir.write("pause", "");
    let words = "--waves 10,100% --back --pause-file pause --failed left.ndjson";
    let running = fleet.dir.spawn(&format!("exec {}", Fleet::line(words)));
    wait_for_event(&running, "paused");
    running.interrupt();
    let run = running.wait().code(130).says("it was interrupted");
    assert_eq!(events(&run), ["paused 1 10", "interrupted 1 10"]);
    assert!(!run.stderr().contains("back"), "{run}");
    assert_eq!(kinds(&fleet.dir.failed("left.ndjson")), [("not_attempted", 100)].into());
    fleet.dir.sh("rm pause; imp-change resume last").ok();
    assert_eq!(fleet.arrived(), 100);
}
