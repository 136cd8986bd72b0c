//! The plan of a plan: what it prints is carried out as the plan itself would be.

use super::super::changes::state;
use super::{SCRIPT, rehearsed, twin};

#[test]
fn the_plan_of_a_plan_does_the_same_and_so_does_that_of_an_undo() {
    // Names are swapped, and equal code is deployed twice.
    let script = format!(
        "{SCRIPT}
        imp-dg create -p Ovens -n Left
        imp-dg update -g Left -n between
        imp-dg update -g Old -n Left
        imp-dg update -g between -n Old
        echo 'server.log(3)' > three
        imp-build deploy -g Left -x three -t third
        imp-build deploy -g Left -x one -t fourth
        imp-build deploy -g {{Ovens}}{{Bench}} -x three -t fifth
        imp-dg restart -g Left"
    );
    let (sim, dir) = rehearsed(&script);
    let before = state(&sim);
    dir.sh("imp-change apply --plan -q < plan > again").code(5);
    let steps = |file| {
        let records = dir.read_lines(file);
        records.iter().map(|record| record["step"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(steps("again"), steps("plan"));
    dir.sh("imp-change apply -q < again > done").quiet();
    assert_eq!(state(&sim), twin(&dir));
    dir.sh("imp-change undo --plan last > back").code(5);
    dir.sh("imp-change apply -q < back > undone").quiet();
    assert_eq!(state(&sim), before);
}

#[test]
fn the_plan_of_what_is_made_again_names_it_as_what_is_put_into_it_does() {
    let (sim, dir) = rehearsed("true");
    dir.sh("imp-dg create -p Ovens -n Made -s first").ok();
    dir.sh("imp-device list --unassigned --limit 3 | imp-device assign --dg Made").ok();
    dir.sh("imp-hook create -g Made -u http://a/ -e deployment").ok();
    let before = state(&sim);
    dir.sh("imp-dg update -g Made -s second; imp-dg update -g Made -s third").ok();
    dir.sh("imp-dg delete -q -f -g Made").ok();
    dir.sh("imp-change undo --plan $(imp-change list --limit 3 | jq -r .run) > back").code(5);
    dir.sh("imp-change apply -q < back > done").quiet();
    assert_eq!(state(&sim), before);
}
