//! Rollouts that were undone or taken back: nothing goes on from where they were, and their counts say so.

use serde_json::Value;

use super::{Fleet, await_way_back, events};

/// What `list` says of the last run: rows done, taken back, failed and open.
fn counts(fleet: &Fleet) -> [u64; 4] {
    let run = last(fleet);
    ["done", "taken_back", "failed", "open"].map(|name| run[name].as_u64().expect("a number"))
}

fn last(fleet: &Fleet) -> Value {
    let is_rollout = |run: &Value| run["command"].to_string().contains("imp-device rollout");
    let runs = fleet.dir.sh("imp-change list").ok().records();
    runs.into_iter().rfind(is_rollout).expect("a run")
}

#[test]
fn one_that_was_undone_does_not_go_on() {
    let fleet = Fleet::new();
    fleet.rollout("--order input --waves 10,100% --gate 'test -e go'").code(6);
    let run = last(&fleet)["run"].as_str().expect("a name").to_owned();
    let undone = fleet.dir.sh(&format!("imp-change undo -q {run}")).ok();
    undone.says(&format!("run {run} is undone, and cannot be resumed any more"));
    fleet.are_back("undone");
    fleet.dir.sh("imp-change list --interrupted").no_stdout().ok();
    assert_eq!(last(&fleet)["state"], "forgotten");
    fleet.dir.write("go", "");
    for words in ["", "--failed-too", "-- --gate true"] {
        let resumed = fleet.dir.sh(&format!("imp-change resume {run} {words}")).code(2);
        resumed.says(&format!("run {run} was undone, and does not go on")).no_stdout();
    }
    fleet.are_back("it was not resumed");
}

#[test]
fn one_whose_undo_was_interrupted_waits_for_that() {
    let fleet = Fleet::new();
    fleet.rollout("--order input --waves 10,100% --gate false").code(6);
    let run = last(&fleet)["run"].as_str().expect("a name").to_owned();
    fleet.sim.fault("POST /devicegroups/*/relationships/devices delay=1h");
    let running = fleet.dir.spawn(&format!("exec imp-change undo -q {run}"));
    running.wait_for("the undo", || fleet.sim.faults_applied() != [0]);
    running.insist("KILL");
    fleet.sim.no_faults();
    let resumed = fleet.dir.sh(&format!("imp-change resume {run} -- --gate true")).code(2);
    resumed.says("is being undone, and that was interrupted").no_stdout();
    fleet.dir.sh("imp-change resume last").ok();
    fleet.are_back("the undo was resumed");
    fleet.dir.sh("imp-change list --interrupted").no_stdout().ok();
}

#[test]
fn other_runs_that_were_undone_are_not_resumed_in_the_night_either() {
    let fleet = Fleet::new();
    fleet.sim.fault("POST /devicegroups/*/relationships/devices 401 after=1");
    let assign = "imp-device assign --dg B --batch 20 --jobs 1 --input devices.ndjson --failed f";
    let run = fleet.dir.sh(assign);
    assert_ne!(run.exit_code(), Some(0), "{run}");
    fleet.sim.no_faults();
    assert_eq!(fleet.dir.sh("imp-change list --interrupted").ok().records().len(), 1, "{run}");
    fleet.dir.sh("imp-change undo -q last").ok();
    fleet.are_back("undone");
    fleet.dir.sh("imp-change list --interrupted").no_stdout().ok();
}

#[test]
fn one_that_went_back_is_not_tried_again() {
    let fleet = Fleet::new();
    fleet.rollout("--waves 10,100% --back --gate false").code(6);
    let told = "it was taken back, and nothing is left of it: to try again, begin a new rollout";
    let run = fleet.dir.sh("imp-change resume last").code(1).says(told).no_stdout();
    assert!(!run.stderr().contains("--failed-too"), "{run}");
    fleet.dir.sh("imp-change resume last --failed-too").code(2).says(told).no_stdout();
    assert_eq!((counts(&fleet), fleet.touched()), ([10, 10, 90, 0], 10));
}

#[test]
fn what_was_perhaps_done_and_went_back_was_not_done() {
    let fleet = Fleet::new();
    fleet.sim.fault("POST /devicegroups/*/relationships/devices delay=1h");
    let running = fleet.dir.spawn(&format!("exec {}", Fleet::line("--waves 10,100% --back")));
    running.wait_for("the devices", || fleet.arrived() == 10);
    running.interrupt();
    await_way_back(&fleet.dir);
    running.insist("INT").code(130);
    fleet.sim.no_faults();
    fleet.dir.sh("imp-change resume last").code(6);
    fleet.are_back("it was resumed");
    let [done, taken_back, failed, open] = counts(&fleet);
    assert!(taken_back <= done, "{done} {taken_back}");
    assert_eq!((done + failed, open), (100, 0));
}

#[test]
fn one_that_was_killed_before_its_rows_were_read_has_nothing_open() {
    let fleet = Fleet::new();
    fleet.rollout("--waves 10,100% --gate false").code(6);
    let run = last(&fleet)["run"].as_str().expect("a name").to_owned();
    let journal = format!("../home/state/imp-tools/changes/{run}.ndjson");
    fleet.dir.sh(&format!("sed -i '/\"type\":\"read\"/,$d' {journal}")).quiet();
    assert_eq!(last(&fleet)["rows"], 100);
    assert_eq!(counts(&fleet)[3], 0);
    fleet.dir.sh("imp-change resume last").code(2).says("before its input was read");
}

#[test]
fn what_the_waves_are_cannot_be_changed_where_it_goes_on() {
    let fleet = Fleet::new();
    fleet.rollout("--waves 10,100% --gate 'test -e go'").code(6);
    fleet.dir.write("go", "");
    for words in ["--waves 50,100%", "--order=input", "--input f", "-d x", "--to C"] {
        let run = fleet.dir.sh(&format!("imp-change resume last -- {words}")).code(2);
        run.says("cannot be added to run").no_stdout();
    }
    let run = fleet.dir.sh("imp-change resume last -- --soak 0s").ok();
    assert_eq!(events(&run).last().expect("an event"), "done null 100");
}
