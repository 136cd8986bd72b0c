//! `imp-dg builds` and the groups that it is given; the minimum that `imp-dg update` sets.

use serde_json::json;
use tests::{DEVELOPMENT, Dir, told};

use super::{aged, deploy, loaded_id};

#[test]
fn a_group_that_means_nothing_is_a_failed_row() {
    let (_files, sim) = aged([false, false, false, false]);
    let [b] = sim.groups(["B"]);
    let gone = sim.group(&sim.product("Other"), DEVELOPMENT, "Gone");
    let build = deploy(&sim, &b, "1", &json!({}));
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-dg list --product Other > gone").quiet();
    dir.sh(&format!("imp-dg delete --dg {gone} -q")).ok();
    let files = "--failed failed --report report";
    let run = dir.sh(&format!("imp-dg builds --dg nope --dg B --dg B --dg {b} {files}")).code(1);
    assert_eq!(run.says("No device group `nope`").field("id"), [build]);
    let failed = dir.failed("failed");
    assert_eq!(told(&failed), [("--dg", "not_found")]);
    assert_eq!(failed[0].input["id"], "nope");
    let report = dir.report("report");
    assert_eq!((report.ok, report.failed, report.exit), (1, 1, 1));
    let run = dir.sh("imp-dg builds --dg - --failed failed < gone").code(1).no_stdout();
    run.says("stdin:1: Resource Not Found");
    dir.sh(&format!("imp-dg update --dg Aged -m {}", loaded_id(2))).quiet();
    let script = "imp-dg builds --dg nope --dg Aged --remove -q --failed failed";
    let run = dir.sh(script).code(1).outcomes("deleted", 1);
    assert_eq!(run.field("id"), [loaded_id(1)]);
    assert_eq!(dir.failed("failed").len(), 1);
    // When the service is out of reach nothing is begun, and the files are written all the same.
    sim.fault("GET /** 503");
    let script = "imp-dg builds --dg Aged --dg B --unflag -q --patience 0s";
    dir.sh(&format!("{script} {files}")).code(4).no_stdout();
    assert_eq!((dir.failed("failed").len(), dir.report("report").exit), (2, 4));
}

#[test]
fn the_newest_builds_can_be_kept() {
    let (_files, sim) = aged([false, false, false, false]);
    let dir = Dir::signed_in(&sim);
    dir.sh(&format!("imp-dg update --dg Aged -m {}", loaded_id(4))).quiet();
    let run = dir.sh("imp-dg builds --dg Aged --remove --keep 2 -q").ok();
    let run = run.says("among the newest 2").outcomes("deleted", 2);
    let mut deleted = run.field("id");
    deleted.sort();
    assert_eq!(deleted, [loaded_id(1), loaded_id(2)]);
    dir.sh("imp-dg builds --dg Aged --remove --keep 2 -q").ok().no_stdout();
    dir.sh("imp-dg builds --dg Aged --keep 2").code(2).no_stdout().says("--remove");
    dir.sh("imp-dg builds --dg Aged --remove -q").ok().outcomes("deleted", 1);
}

#[test]
fn the_question_says_which_builds() {
    let (_files, sim) = aged([false, true, false, false]);
    let dir = Dir::signed_in(&sim);
    let [old, flagged, minimum, _] = [1, 2, 3, 4].map(loaded_id);
    dir.sh(&format!("imp-build update --build {flagged} --tag RC1")).quiet();
    dir.sh(&format!("imp-build update --build {old} --descr first")).quiet();
    dir.sh(&format!("imp-dg update --dg Aged -m {minimum}")).quiet();
    let shown = dir.sh_on_terminal("imp-dg builds --dg Aged --remove --unflag-old", "n\n").code(2);
    for line in [format!("delete {old} (first)"), format!("unflag and delete {flagged} (RC1)")] {
        assert!(shown.stdout().contains(&line), "{line}{shown}");
    }
    assert!(!shown.stdout().contains(&minimum), "{shown}");
}

#[test]
fn a_group_that_only_gets_a_minimum_is_printed_as_a_group() {
    let (_files, sim) = aged([false, false, false, false]);
    let dir = Dir::signed_in(&sim);
    let whole = dir.sh("imp-dg info --dg Aged").quiet().record();
    for (options, marks) in [("--dry-run", 2), ("", 1)] {
        let script = format!("imp-dg update --dg Aged -m {} {options}", loaded_id(2));
        let record = dir.sh(&script).ok().outcomes("updated", 1).record();
        for name in ["id", "type", "name", "product_id"] {
            assert_eq!(record[name], whole[name], "{script}");
        }
        let added = record.as_object().expect("an object").len();
        assert!(added >= whole.as_object().expect("an object").len() + marks, "{record}");
    }
    let record = dir.sh("imp-dg info --dg Aged").quiet().record();
    assert_eq!(record["min_supported_deployment_id"], loaded_id(2));
}
