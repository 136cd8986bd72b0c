//! A rehearsed plan that is applied a second time: what was done is not done again.

use tests::{Dir, Sim, kinds};

use super::super::changes::state;
use super::{SCRIPT, rehearsed};

const APPLY: &str = "imp-change apply -q --input plan --failed failed";

/// Everything that leaves nothing to be seen: an equal webhook, a group for a while, a restart, names there and back.
const UNSEEN: &str = "
    imp-hook create -g Old -u http://a/ -e blinkup
    imp-dg create -p Ovens -n Meanwhile
    imp-hook create -g Meanwhile -u http://a/ -e blinkup
    imp-dg delete -q -g Meanwhile 2> /dev/null
    imp-device list --dg Bench --limit 2 | imp-device restart
    imp-dg update -g Old -n Older
    imp-dg update -g Older -n Oldest
    imp-device list --dg Bench --limit 1 | imp-device assign --dg Oldest
";

fn last_run(dir: &Dir) -> String {
    dir.sh("imp-change list --limit 1").ok().field("run").remove(0)
}

#[test]
fn what_was_done_is_left_as_it_is() {
    let (sim, dir) = rehearsed(UNSEEN);
    let number = dir.read_lines("plan").len();
    dir.sh(APPLY).quiet();
    let (run, after) = (last_run(&dir), state(&sim));
    sim.reset();
    let again = dir.sh(APPLY).ok().outcomes("unchanged", number);
    again.clone().says_all(&[&run, "del(.plan)", &format!("{number} records")]);
    assert!(again.field("same_as").iter().all(|first| first.starts_with(&run)), "{again}");
    dir.sh("imp-change apply --plan --input plan").ok().no_stdout();
    assert_eq!((sim.counts().writes, state(&sim)), (0, after));
    // Undone, it is done again; and so is what was undone and redone not.
    dir.sh(&format!("imp-change undo -q {run}")).code(1).says("a restart is over");
    let undo = last_run(&dir);
    dir.sh("jq -c 'select(.verb != \"restart\")' plan > p; mv p plan").ok();
    let again = dir.sh(APPLY).quiet();
    assert!(again.records().iter().all(|row| row["outcome"] != "unchanged"), "{again}");
    dir.sh("imp-change undo -q last").ok();
    dir.sh(&format!("imp-change undo -q {undo}")).ok();
    sim.reset();
    dir.sh(APPLY).ok().outcomes("unchanged", number - 2);
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn who_wants_it_twice_takes_the_plan_away() {
    let (sim, dir) = rehearsed("imp-hook create -g Old -u http://a/ -e blinkup");
    dir.sh(APPLY).quiet();
    dir.sh(APPLY).ok().outcomes("unchanged", 1);
    dir.sh("jq -c 'del(.plan)' plan | imp-change apply").quiet().outcomes("created", 1);
    assert_eq!(sim.all("webhooks").len(), 2);
    // Of another rehearsal it is another one.
    dir.sh("imp-sim run --state twin.json --changes plan -- sh -e script.sh > twin.log").quiet();
    dir.sh(APPLY).quiet().outcomes("created", 1);
    assert_eq!(sim.all("webhooks").len(), 3);
}

#[test]
fn what_failed_is_done_with_what_was_made_before() {
    for input in ["plan", "failed"] {
        let (sim, dir) = rehearsed(SCRIPT);
        sim.fault("POST /deployments 403 after=1 times=1");
        dir.sh(APPLY).code(1);
        assert_eq!(kinds(&dir.failed("failed")).get("conflict"), Some(&1));
        dir.sh(&format!("imp-change apply -q --input {input} > done")).ok();
        assert_eq!(state(&sim), super::twin(&dir), "{input}");
    }
}

#[test]
fn a_run_that_has_not_ended_is_finished_first() {
    let (sim, dir) = rehearsed(UNSEEN);
    sim.fault("POST /webhooks delay=1h after=1");
    let running = dir.spawn(&format!("exec {APPLY}"));
    running.wait_for("a request that is not answered", || sim.faults_applied() == [1]);
    let run = last_run(&dir);
    dir.sh(APPLY).code(2).says(&format!("run {run} carries out the same plan just now"));
    running.insist("KILL");
    sim.no_faults();
    let hooks = sim.all("webhooks").len();
    dir.sh(APPLY).code(2).says(&format!("`imp-change resume {run}` finishes it"));
    assert_eq!(sim.all("webhooks").len(), hooks);
    dir.sh(&format!("imp-change resume {run}")).ok();
    dir.sh(APPLY).ok().outcomes("unchanged", dir.read_lines("plan").len());
}

#[test]
fn what_may_have_been_done_is_not_done_again() {
    let (sim, dir) = rehearsed("imp-hook create -g Old -u http://a/ -e blinkup");
    sim.fault("POST /webhooks 504 effect=yes times=1");
    dir.sh(APPLY).code(1);
    let run = last_run(&dir);
    dir.sh(APPLY).code(1).says(&format!("`imp-change resume {run} --failed-too` finds out"));
    dir.sh(&format!("imp-change resume {run} --failed-too")).ok();
    dir.sh(APPLY).ok().outcomes("unchanged", 1);
    assert_eq!(sim.all("webhooks").len(), 1);
}

#[test]
fn the_plan_of_an_undo_of_several_runs_is_carried_out_once() {
    let sim = Sim::start(&[]);
    sim.groups(["Bench", "Old"]);
    let dir = Dir::signed_in(&sim);
    for group in ["Bench", "Old"] {
        dir.sh(&format!("imp-hook create -g {group} -u http://a/ -e blinkup > {group}")).quiet();
        dir.sh(&format!("imp-hook delete -q --input {group}")).ok();
    }
    let runs = dir.sh("imp-change list").ok().field("run");
    dir.sh(&format!("imp-change undo --plan {} {} > plan", runs[1], runs[3])).code(5);
    dir.sh(APPLY).ok().outcomes("created", 2);
    dir.sh(APPLY).ok().outcomes("unchanged", 2);
    assert_eq!(sim.all("webhooks").len(), 2);
}

#[test]
fn of_a_restart_that_may_have_been_sent_the_way_out_is_told() {
    let (sim, dir) = rehearsed("imp-device list --dg Bench --limit 1 | imp-device restart");
    sim.fault("POST /devices/*/restart 504 effect=yes times=1");
    dir.sh(APPLY).code(1);
    let run = last_run(&dir);
    let unknown = "it cannot be found out whether a restart was";
    for again in [APPLY, &format!("imp-change resume {run} --failed-too"), APPLY] {
        let ended = dir.sh(again).code(1).says(unknown);
        assert!(!ended.stderr().contains("finds out"), "{ended}");
    }
    assert_eq!(sim.restarts(), 1);
    dir.sh("jq -c 'del(.plan)' plan > p; imp-change apply -q --input p").ok();
    assert_eq!(sim.restarts(), 2);
}

#[test]
fn an_undo_of_a_run_that_changed_nothing_names_the_one_that_did() {
    let (sim, dir) = rehearsed("imp-dg update -g Old -s told");
    let before = state(&sim);
    dir.sh(APPLY).quiet();
    let run = last_run(&dir);
    dir.sh(APPLY).ok();
    let again = last_run(&dir);
    let undone = dir.sh("imp-change undo -q last").ok().no_stdout();
    undone.says(&format!(
        "run {again} changed nothing: its plan was carried out before; \
                          `imp-change undo {run}` undoes that"
    ));
    dir.sh(&format!("imp-change undo -q {run}")).ok();
    assert_eq!(state(&sim), before);
    // What is no plan was so for another reason.
    dir.sh("imp-product update -p Ovens -s told; imp-product update -p Ovens -s told").ok();
    dir.sh("imp-change undo -q last").ok().says("changed nothing: all was so already");
}
