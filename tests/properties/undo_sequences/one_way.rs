//! What has no way back: `--plan` says so beforehand, `undo` refuses just that, and the rest is as before.

use tests::DEVELOPMENT;

use super::Case;
use crate::properties::account::Account;

/// What is done, how much of it has no way back, and of what then something is otherwise than before.
const SCRIPTS: [(&str, usize, &[&str]); 9] = [
    ("imp-dg restart -q -g {Ovens}{A} -g B", 2, &[]),
    ("imp-device list --dg {Ovens}{A} | imp-device restart", 8, &[]),
    ("imp-device list --unassigned --limit 5 | imp-device remove -q", 5, &["devices"]),
    // B has code, and gets it back. C gets its first, and keeps it.
    ("imp-build deploy -x code -g B -g C", 1, &[r#""C""#]),
    ("imp-build delete -q -b spare", 1, &["build"]),
    // A flag comes back, if the build is there.
    ("imp-dg builds -g B --unflag --remove -q", 2, &["build"]),
    ("imp-dg delete -q -f -g {Ovens}{A} -g B -g C", 5, &["build", r#""A""#, r#""B""#]),
    ("imp-product delete -q -f -p Ovens", 5, &["build", r#""A""#, r#""B""#]),
    ("imp-dg update -g {Ovens}{A} -m new -s text", 1, &[r#""A""#]),
];

fn account() -> Case {
    let case = Case::new(0);
    let products = case.sim.all("products");
    let ovens = products.iter().find(|product| product["name"] == "Ovens").expect("it was made");
    case.sim.group(ovens["id"].as_str().expect("an id"), DEVELOPMENT, "C");
    let dir = &case.dir;
    dir.write("code", "server.log(3);");
    dir.sh("imp-build deploy -x code -g B -t spare").quiet();
    dir.sh("imp-build deploy -x code -g B -t last && imp-dg update -g B -m last").quiet();
    dir.sh("imp-build list --dg {Ovens}{A} --limit 1 | imp-build update -t new").quiet();
    case
}

#[test]
fn what_has_no_way_back_is_said_before_and_alone_is_refused() {
    for (script, number, lost) in SCRIPTS {
        let Case { sim, dir, .. } = account();
        let before = Account::of(&sim);
        let noun = if number == 1 { "change" } else { "changes" };
        let warning = format!("no way back from {number} {noun}:");
        dir.sh(&format!("{script} --plan")).code(5).says(&warning);
        assert!(before.differences(&Account::of(&sim)).is_empty(), "{script}: a plan");
        dir.sh(script).ok();
        let undo = dir.sh("imp-change undo -q last --failed failed").code(1);
        let failed = dir.failed("failed");
        let refused = failed
            .iter()
            .filter(|row| row.error.kind == "refused" && row.error.title == "There is no way back");
        assert_eq!((refused.count(), failed.len()), (number, number), "{script}{undo}");
        let differences = before.differences(&Account::of(&sim));
        let is_known = |line: &String| lost.iter().any(|known| line.contains(known));
        assert!(differences.iter().all(is_known), "{script}\n{}{undo}", differences.join("\n"));
    }
}
