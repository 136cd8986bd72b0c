//! Rollouts of a build that are gone on with: each ends as if it had not been interrupted.

use super::{Line, events, wait_for_event};
use crate::commands::rollout::await_way_back;

/// The last event of a rollout that goes on.
fn resumed(line: &Line, words: &str) -> String {
    let run = line.dir.sh(&format!("imp-change resume last {words}")).ok();
    line.dir.sh("imp-change list --interrupted").no_stdout().ok();
    events(&run).pop().expect("an event")
}

#[test]
fn a_gate_that_fails_in_the_last_wave_is_asked_again() {
    let line = Line::new(&[]);
    line.dir.sh("imp-build rollout -b new --dg A --gate 'test -e go'").code(6);
    let left = line.dir.sh("imp-change list --interrupted").ok().records();
    assert_eq!((left.len(), &left[0]["open"]), (1, &0.into()));
    // What keeps the run from going on leaves it as it is.
    line.dir.sh("imp-change resume last -- --soak 1x").code(2);
    line.dir.write("go", "");
    assert_eq!(resumed(&line, ""), "done null - 10 10");
}

#[test]
fn a_restart_of_the_last_wave_that_a_signal_came_before_is_sent() {
    let line = Line::new(&[]);
    line.sim.fault("POST /devicegroups/*/restart delay=1h");
    let running = line.dir.spawn("exec imp-build rollout -b new --dg A --restart");
    running.wait_for("the build", || line.have_it()[0]);
    running.interrupt();
    line.sim.no_faults();
    running.wait().code(130);
    assert_eq!(resumed(&line, ""), "done null - 10 10");
    assert!(line.restarts()[0] >= 1);
}

#[test]
fn a_restart_of_the_last_wave_of_which_nothing_is_known_is_sent_again() {
    let line = Line::new(&[]);
    line.sim.fault("POST /devicegroups/*/restart cut=after times=1");
    let run = line.dir.sh("imp-build rollout -b new --dg A --restart").code(6);
    run.says("imp-change resume goes on");
    assert_eq!(resumed(&line, ""), "done null - 10 10");
    assert!(line.restarts()[0] >= 2, "it is not known of the first that it came");
}

#[test]
fn what_is_taken_back_after_a_kill_does_not_count_as_a_change() {
    let line = Line::new(&[]);
    let gate = "touch judged; until test -e go; do sleep 0.01; done; false";
    let script = format!("imp-build rollout -b new --dg A --max-changes 1 --back --gate '{gate}'");
    let running = line.dir.spawn(&format!("exec {script}"));
    running.wait_for("the gate", || line.dir.path().join("judged").exists());
    line.sim.fault("POST /deployments delay=1h");
    let before = line.sim.counts().total;
    line.dir.write("go", "");
    running.wait_for("the way back", || line.sim.counts().total >= before + 2);
    running.insist("KILL");
    line.sim.no_faults();
    let run = line.dir.sh("imp-change resume last").code(6);
    assert_eq!(events(&run).pop().expect("an event"), "back null - 10 10", "{run}");
    assert_eq!((line.have_it(), line.builds()), ([false; 3], [3, 1, 1]));
}

#[test]
fn a_group_that_had_the_build_is_a_wave_that_is_judged() {
    let line = Line::new(&[]);
    line.dir.sh("imp-build copy -b new -g B").quiet();
    let running =
        line.dir.spawn("exec imp-build rollout -b new --dg B,A --soak 1h --back --gate true");
    wait_for_event(&running, "wave_deployed");
    running.insist("KILL");
    assert_eq!(resumed(&line, "-- --soak 0s"), "done null - 30 10");
    assert_eq!(line.have_it(), [true, true, false]);
}

#[test]
fn a_build_that_lost_its_tag_is_the_one_that_it_was() {
    let line = Line::new(&[]);
    line.dir.sh("imp-build rollout -b new --dg A,B --gate 'test -e go'").code(6);
    line.dir.sh("IMP_JOURNAL=off imp-build update -b new --remove-tag new --tag other").quiet();
    line.dir.sh("IMP_JOURNAL=off imp-build deploy -g Lab -x old.nut -t new").quiet();
    line.dir.write("go", "");
    assert_eq!(resumed(&line, ""), "done null - 30 30");
    assert_eq!(line.have_it(), [true, true, false]);
}

#[test]
fn what_was_deployed_after_a_build_that_was_not_noted_stays() {
    let line = Line::new(&[]);
    line.dir.write("fix.nut", "server.log(\"hotfix\");\n");
    line.sim.fault("POST /deployments delay=1h");
    let running = line.dir.spawn("exec imp-build rollout -b new --dg A");
    running.wait_for("the build", || line.have_it()[0]);
    running.insist("KILL");
    line.sim.no_faults();
    line.dir.sh("IMP_JOURNAL=off imp-build deploy -g A -x fix.nut").quiet();
    assert_eq!(resumed(&line, ""), "done null - 10 10");
    assert!(line.code(&line.groups[0]).contains("hotfix"));
    assert_eq!(line.builds(), [3, 1, 1]);
}

#[test]
fn a_last_group_that_cannot_be_deployed_to_ends_it() {
    let line = Line::new(&[]);
    line.sim.fault("POST /deployments 403 after=2 times=1");
    let run = line.rollout("--back --gate true").code(6);
    run.says("none of the wave's device groups could be deployed to");
    assert_eq!((line.have_it(), line.builds()), ([false; 3], [3, 3, 1]));
}

#[test]
fn a_second_signal_while_the_gate_is_ended_leaves_the_way_back_to_the_next_run() {
    let line = Line::new(&[]);
    let gate = "trap \"\" INT; touch asked; until test -e go; do sleep 0.02; done";
    let script = format!("exec imp-build rollout -b new --dg A,B --back --gate '{gate}'");
    let running = line.dir.spawn(&script);
    running.wait_for("the gate", || line.dir.path().join("asked").exists());
    running.interrupt();
    let said = "still to be taken back to the build before: 1 device group";
    running.wait_for("what is said", || running.stderr().contains(said));
    running.insist("INT").code(130);
    line.dir.write("go", "");
    let run = line.dir.sh("imp-change resume last").code(6);
    assert_eq!(events(&run), ["back null - 30 10"], "{run}");
    assert_eq!((line.have_it(), line.builds()), ([false; 3], [3, 1, 1]));
}

#[test]
fn the_first_signal_turns_back_what_waits_for_an_answer() {
    for request in ["POST /deployments", "POST /devicegroups/*/restart"] {
        let line = Line::new(&[]);
        line.sim.fault(&format!("{request} delay=1h"));
        let running = line.dir.spawn(&format!("exec {}", Line::line("--back")));
        let is_held = || line.have_it()[0] && line.sim.faults_applied()[0] > 0;
        running.wait_for("the request", is_held);
        running.interrupt();
        await_way_back(&line.dir);
        running.insist("INT").code(130);
        line.sim.no_faults();
        let run = line.dir.sh("imp-change resume last").code(6);
        assert_eq!(events(&run), ["back null - 60 10"], "{request}{run}");
        assert_eq!((line.have_it(), line.builds()), ([false; 3], [3, 1, 1]), "{request}{run}");
    }
}

#[test]
fn a_way_back_that_is_not_answered_is_gone_on_with() {
    let line = Line::new(&[]);
    line.sim.fault("POST /deployments 500 after=1");
    let run = line.dir.sh("imp-build rollout -b new --dg A,B --back --patience 1s").code(4);
    let run = run
        .says("1 device group deployed to and still to be taken back: imp-change resume goes on");
    assert_eq!(events(&run).last().unwrap(), "back null - 30 0", "{run}");
    let left = line.dir.sh("imp-change list --interrupted").ok().records().remove(0);
    let counts = ["done", "taken_back", "failed", "open"].map(|name| left[name].as_u64().unwrap());
    assert_eq!(counts, [1, 0, 1, 2], "{left}");
    line.sim.no_faults();
    let run = line.dir.sh("imp-change resume last").code(6);
    assert_eq!(events(&run), ["back null - 30 10"], "{run}");
    let ended = line.dir.sh("imp-change list").ok().records().pop().expect("a run");
    let counts = ["done", "taken_back", "failed", "open"].map(|name| ended[name].as_u64().unwrap());
    assert_eq!((counts, &ended["state"]), ([1, 1, 1, 0], &"ended".into()), "{ended}");
    assert_eq!((line.have_it(), line.builds()), ([false; 3], [3, 1, 1]));
}
