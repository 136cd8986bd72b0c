//! Restarts in a plan: they come after all that is done to their things, and only where that was done.

use tests::{Dir, Sim, kinds};

#[test]
fn a_restart_is_not_sent_where_something_else_of_its_plan_failed() {
    let sim = Sim::start(&["--devices", "3"]);
    let [a, _] = sim.groups(["A", "B"]);
    let ids = sim.field("id");
    sim.put(&a, &ids[..3]);
    let dir = Dir::signed_in(&sim);
    for (number, id) in ids.iter().enumerate() {
        dir.write(&format!("d{number}"), id);
    }
    dir.sh(
        "{ imp-device restart --input d0 --plan; imp-device assign --dg B --input d0 --plan
        imp-device assign --dg B --input d1 --plan; imp-device restart --input d1 --plan
        imp-dg update -g A -s told --plan; imp-dg restart -g A --plan
        imp-device update --input d2 -n New --plan; imp-device restart --input d2 --plan; } > plan",
    )
    .code(5);
    assert_eq!(dir.read_lines("plan").len(), 8);
    // Somebody has taken the first device away, and changed the group.
    dir.sh("imp-device unassign --input d0; imp-dg update -g A -s other").ok();
    sim.reset();
    let run = dir.sh("imp-change apply -q --input plan --failed failed").code(1);
    let failed = dir.failed("failed");
    assert_eq!(kinds(&failed), [("conflict", 2), ("drifted", 2)].into(), "{run}");
    run.says_all(&["plan:2: this record of the same was not carried out", "plan:5: this record"]);
    let paths: Vec<String> = sim.writes().into_iter().map(|asked| asked.path).collect();
    let restarted: Vec<&String> = paths.iter().filter(|path| path.ends_with("/restart")).collect();
    assert_eq!(restarted.len(), 2, "{paths:?}");
    assert!(restarted.iter().all(|path| path.contains(&ids[1]) || path.contains(&ids[2])));
    // What has been renamed is restarted after that.
    let renamed = paths.iter().position(|path| path.ends_with(&ids[2]));
    let restarted = paths.iter().position(|path| path.ends_with(&format!("{}/restart", ids[2])));
    assert!(renamed.is_some() && renamed < restarted, "{paths:?}");
}
