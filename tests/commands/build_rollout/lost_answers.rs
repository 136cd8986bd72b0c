//! Builds of which no answer came: whether a group has got one is found out, or it is looked at on the way back.

use tests::kinds;

use super::{Line, events};

/// The look after the first build fails; what comes before it is the look for the build that is named.
const LOOK_FAILS: &str = "GET /deployments 403 after=1 times=1";

#[test]
fn a_build_whose_answer_got_lost_is_there_once() {
    for accident in [
        "cut=after times=1",
        "cut=middle times=1",
        "cut=before times=1",
        "503 effect=yes times=1",
        "503 times=1",
        "504 body=html effect=yes after=1 every=2",
    ] {
        let line = Line::new(&[]);
        line.sim.fault(&format!("POST /deployments {accident}"));
        let run = line.rollout("--back --gate true").ok();
        assert_eq!(events(&run).last().unwrap(), "done null - 60 60", "{accident}{run}");
        assert_eq!((line.have_it(), line.builds()), ([true; 3], [2; 3]), "{accident}{run}");
        assert_eq!(line.sim.restarts(), 60, "{accident}{run}");
        assert!(line.sim.faults_applied()[0] > 0, "{accident} never happened");
        line.sim.no_faults();
        line.dir.sh("imp-change undo -q last").code(1).outcomes("updated", 3);
        assert_eq!(line.have_it(), [false; 3], "{accident}");
    }
}

#[test]
fn a_build_whose_answer_got_lost_on_the_way_back_is_there_once() {
    for accident in ["cut=after after=1 times=1", "503 effect=yes after=1 times=1"] {
        let line = Line::new(&[]);
        line.sim.fault(&format!("POST /deployments {accident}"));
        let run = line.rollout("--back --gate false").code(6);
        assert_eq!(events(&run).last().unwrap(), "back null - 60 10", "{accident}{run}");
        assert_eq!((line.have_it(), line.builds()), ([false; 3], [3, 1, 1]), "{accident}{run}");
    }
}

#[test]
fn a_group_that_has_perhaps_got_it_is_looked_at_on_the_way_back() {
    for (accident, devices, builds) in [
        ("503 effect=yes times=1", 10, 3),
        ("cut=after times=1", 10, 3),
        ("cut=before times=1", 0, 1),
        ("503 times=1", 0, 1),
    ] {
        let line = Line::new(&[]);
        line.sim.fault(&format!("POST /deployments {accident}"));
        line.sim.fault(LOOK_FAILS);
        let run = line.rollout("--back --gate true --failed left.ndjson").code(6);
        let run = run.says("it could not be looked for either");
        let back = format!("back null - 60 {devices}");
        assert_eq!(events(&run).last().unwrap(), &back, "{accident}{run}");
        let now = (line.have_it(), line.builds());
        assert_eq!(now, ([false; 3], [builds, 1, 1]), "{accident}{run}");
        let left = line.dir.failed("left.ndjson");
        assert_eq!(
            kinds(&left),
            [("not_met", 2), ("unknown_outcome", 1)].into(),
            "{accident}{run}"
        );
        // What was there and went back is told, there and back.
        let told = line.dir.sh("imp-change show last").ok().records();
        assert_eq!(told.len(), if devices > 0 { 2 } else { 0 }, "{accident}");
    }
}

#[test]
fn one_that_cannot_be_looked_at_on_the_way_back_either_is_told_and_goes_back_later() {
    let line = Line::new(&[]);
    line.sim.fault("POST /deployments 503 effect=yes times=1");
    line.sim.fault(LOOK_FAILS);
    // The last look at the group is that of the way back.
    let reads = format!("GET /devicegroups/{}", line.groups[0]);
    let seen = {
        let other = Line::new(&[]);
        other.sim.fault("POST /deployments 503 effect=yes times=1");
        other.sim.fault(LOOK_FAILS);
        other.sim.fault(&format!("GET /devicegroups/{} 403 after=1000", other.groups[0]));
        other.rollout("--back --gate true").code(6);
        let rules = other.sim.control("GET", "faults", "");
        rules.lines().last().expect("a rule")["seen"].as_u64().expect("a number")
    };
    line.sim.fault(&format!("{reads} 403 after={}", seen - 1));
    let run = line.rollout("--back --gate true --failed left.ndjson").code(6);
    let run = run.says("1 device group not taken back, see why above");
    assert_eq!(line.have_it(), [true, false, false], "{run}");
    line.sim.no_faults();
    line.dir.sh("imp-change resume last --failed-too").code(6);
    assert_eq!((line.have_it(), line.builds()), ([false; 3], [3, 1, 1]));
}

#[test]
fn without_a_way_back_it_is_looked_for_again_where_it_goes_on() {
    let line = Line::new(&[]);
    line.sim.fault("POST /deployments cut=after times=1");
    line.sim.fault(LOOK_FAILS);
    let run = line.rollout("--gate true").code(6).says("--failed-too` looks again");
    assert_eq!(line.have_it(), [true, false, false], "{run}");
    let run = line.dir.sh("imp-change resume last --failed-too").ok();
    assert_eq!(events(&run).last().unwrap(), "done null - 60 60", "{run}");
    assert_eq!((line.have_it(), line.builds()), ([true; 3], [2; 3]), "{run}");
}

#[test]
fn an_answer_that_is_late_is_not_waited_for() {
    let line = Line::new(&[]);
    line.sim.fault("POST /deployments delay=1h times=1");
    let run = line.rollout("--back --gate true --patience 8s").ok();
    assert_eq!(events(&run).last().unwrap(), "done null - 60 60", "{run}");
    assert_eq!((line.have_it(), line.builds()), ([true; 3], [2; 3]), "{run}");
}

#[test]
fn what_a_signal_came_to_before_its_answer_goes_back() {
    let line = Line::new(&[]);
    line.sim.fault("POST /deployments delay=1h times=1");
    let running = line.dir.spawn(&format!("exec {}", Line::line("--back --gate true")));
    running.wait_for("the build", || line.have_it()[0]);
    running.interrupt();
    line.sim.no_faults();
    let run = running.wait().code(130);
    assert_eq!((line.have_it(), line.builds()), ([false; 3], [3, 1, 1]), "{run}");
}
