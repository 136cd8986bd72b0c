//! Requests that were carried out and not answered: what was done is found out, told, and undone.

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
