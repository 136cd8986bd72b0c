//! A run that was interrupted and then undone: it is not gone on with.

use tests::{Dir, Sim};

/// A bulk move of 100 devices that was killed: 20 are moved, and of 30 more it never hears.
fn killed(rule: &str) -> (Sim, Dir, String) {
    let sim = Sim::start(&["--devices", "100"]);
    let [group] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    dir.write_column("devices", "id", &sim.field("id"));
    sim.fault(&format!("POST /devicegroups/*/relationships/devices {rule} after=2"));
    let running = dir.spawn("exec imp-device assign -g A --batch 10 --jobs 3 --input devices");
    running.wait_for("requests that are not answered", || sim.faults_applied() == [3]);
    running.insist("KILL");
    sim.no_faults();
    (sim, dir, group)
}

/// What is done every night with what is found interrupted.
const NIGHT: &str = "imp-change list --interrupted | jq -r .run | xargs -r -n 1 imp-change resume";

#[test]
fn what_was_undone_is_not_done_again() {
    for (rule, done) in [("delay=1h", 50), ("503 delay=1h", 20)] {
        let (sim, dir, group) = killed(rule);
        assert_eq!(sim.members(&group).len(), done, "{rule}");
        // What was answered may not have been noted by then.
        let listed = dir.sh("imp-change list --interrupted").ok().record();
        let run = listed["run"].as_str().expect("a name").to_owned();
        let known = listed["done"].as_u64().expect("a number") as usize;
        let doubtful = 50 - known;
        let resume = format!("imp-change resume {run}");
        let in_doubt = format!("{doubtful} rows of it may have been done: `{resume}` finds out");
        dir.sh(&format!("imp-change undo -q {run}")).code(1).says(&in_doubt);
        assert_eq!(sim.members(&group).len(), done - known, "{rule}");
        sim.reset();
        dir.sh("imp-change list --interrupted").quiet().no_stdout();
        dir.sh(NIGHT).quiet().no_stdout();
        let listed = dir.sh("imp-change list").ok().records().remove(0);
        assert_eq!((&listed["state"], &listed["open"]), (&"forgotten".into(), &doubtful.into()));
        // What is advised finds out, and does nothing new.
        let code = if done == 50 { 0 } else { 1 };
        let found = dir.sh(&resume).code(code).says("nothing new is done");
        assert_eq!(found.records().len(), done - known, "{rule}{found}");
        assert_eq!((sim.counts().writes, sim.members(&group).len()), (0, done - known), "{rule}");
        dir.sh(&resume).code(2).says("does not go on: give the command again");
        dir.sh(&format!("imp-change undo -q {run}")).ok();
        assert!(sim.members(&group).is_empty(), "{rule}");
        // Who wants it all the same gives it again.
        dir.sh("imp-device assign -g A --input devices").ok();
        assert_eq!(sim.members(&group).len(), 100);
    }
}
