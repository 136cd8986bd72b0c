//! In which order the records of a plan with steps are carried out, and which are of two plans.

use super::super::changes::state;
use super::{SCRIPT, plan_of, rehearsed, twin};

#[test]
fn records_in_any_order_are_carried_out_in_that_of_their_steps() {
    let script = format!(
        "{SCRIPT}
        imp-dg update -g New -s first
        imp-dg update -g New -s last"
    );
    let (sim, dir) = rehearsed(&script);
    dir.sh("tac plan | imp-change apply -q > done").quiet();
    assert_eq!(state(&sim), twin(&dir));
}

#[test]
fn records_of_one_step_that_no_request_does_are_of_two_plans() {
    let first = "imp-device list --unassigned --limit 1 -z minimal";
    let last = "imp-device list --unassigned -z minimal | tail -n 1";
    let rename = |which: &str, name: &str| format!("{which} | imp-device update -n {name}");
    let (sim, dir) = rehearsed("true");
    for (one, other) in [
        (rename(first, "one"), rename(last, "other")),
        (rename(first, "one"), "imp-dg delete -q -g Old".to_owned()),
        (
            format!("{first} | imp-device assign --dg Old"),
            format!("{last} | imp-device assign --dg Bench"),
        ),
        (format!("{first} | imp-device remove -q"), format!("{last} | imp-device remove -q")),
    ] {
        plan_of(&dir, &one);
        dir.sh("mv plan one").ok();
        plan_of(&dir, &other);
        let both = dir.sh("cat one plan | imp-change apply -q").code(2).no_stdout();
        both.says_all(&["two plans", "stdin:1 and stdin:2 both have the step 1"]);
        assert_eq!(sim.counts().writes, 0, "{one}, {other}");
    }
    // What one request may do is done, whoever has asked for it.
    for which in [first, last] {
        plan_of(&dir, &format!("{which} | imp-device assign --dg Old"));
        dir.sh("cat plan >> all").ok();
    }
    dir.sh("imp-change apply -q --input all").ok().outcomes("assigned", 2);
}

#[test]
fn a_build_that_was_deleted_by_itself_does_not_wait_for_its_group() {
    let (sim, dir) = rehearsed("true");
    dir.sh("imp-build deploy -g Old -x one -t first; imp-build deploy -g Old -x two").quiet();
    plan_of(
        &dir,
        "imp-dg update -g Old -m $(imp-dg info -g Old | jq -r .current_deployment_id)
        imp-build delete -q -b first
        imp-dg delete -q -f -g Old",
    );
    // The group is not as it was any more.
    dir.sh("imp-hook create -g Old -u http://new/ -e blinkup").ok();
    let before = sim.all("deployments").len();
    let applied = dir.sh("imp-change apply -q --failed failed < plan > done").code(1);
    applied.says("The group has got a webhook since");
    let failed = dir.failed("failed");
    let kinds: Vec<&str> = failed.iter().map(|row| row.error.kind.as_str()).collect();
    assert_eq!(kinds, ["not_attempted", "drifted"]);
    assert_eq!(sim.all("deployments").len(), before - 1, "the first is gone");
}
