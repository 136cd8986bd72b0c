//! Requests that were not answered, and a run that was killed before its request was carried out: what was done is
//! found out, told, and undone once.

use super::{account, state};

#[test]
fn what_was_done_without_an_answer_is_found_out_and_undone() {
    for script in [
        "imp-product create -n P",
        "imp-dg create -n G -p Ovens",
        "imp-dg create -n G -p Ovens -y factory -u U -w -t V --create-target",
        "imp-hook create -g B -u http://b/ -e blinkup",
        "imp-build deploy -g A -x other -y other",
    ] {
        let (sim, dir) = account();
        let before = state(&sim);
        sim.fault("POST /** 504 effect=yes times=1");
        dir.sh(script).code(1);
        sim.no_faults();
        dir.sh("imp-change resume last --failed-too").ok();
        dir.sh("imp-change undo -q last").ok();
        assert_eq!(state(&sim), before, "{script}");
    }
}

#[test]
fn the_same_change_of_two_runs_is_undone_once() {
    for (script, rule) in [
        ("imp-product update -p Empty -s told", "PATCH /** 503 delay=1h"),
        ("imp-dg update -g F -s told", "PATCH /** 503 delay=1h"),
        ("imp-device update --input few -n x", "PATCH /** 503 delay=1h"),
        ("imp-device assign -g B --input few", "POST /** 503 delay=1h"),
        ("imp-hook delete -q --input hook", "DELETE /** 503 delay=1h"),
    ] {
        let (sim, dir) = account();
        dir.sh("imp-device list --dg A --limit 3 -z minimal > few").ok();
        let before = state(&sim);
        sim.fault(rule);
        let running = dir.spawn(&format!("exec {script}"));
        running.wait_for("a request that is not answered", || sim.faults_applied()[0] > 0);
        running.insist("KILL");
        sim.no_faults();
        dir.sh(script).ok();
        let runs = dir.sh("imp-change list --limit 2").ok().field("run");
        dir.sh(&format!("imp-change resume {}", runs[0])).ok();
        let undone = dir.sh(&format!("imp-change undo -q {} {}", runs[0], runs[1]));
        assert_eq!(state(&sim), before, "{script}{undone}");
        undone.ok();
    }
}
