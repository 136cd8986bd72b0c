//! `update`, `delete`, `cleanup`.

use serde_json::json;
use tests::{Dir, Sim};

use super::{aged, deploy, deployment, loaded, loaded_build, loaded_id};

#[test]
fn tags_are_added_and_taken_away() {
    let sim = Sim::start(&[]);
    let [a] = sim.groups(["A"]);
    let id = deploy(&sim, &a, "1", &json!({"tags": ["old", "T"]}));
    let dir = Dir::signed_in(&sim);
    sim.reset();
    let script = format!("imp-build update -b {id} -t new -t T -r old -s text -f");
    let record = dir.sh(&script).quiet().outcomes("updated", 1).record();
    assert_eq!(record["tags"], json!(["T", "new"]));
    assert_eq!((&record["description"], &record["flagged"]), (&json!("text"), &json!(true)));
    assert_eq!(record.get("device_code"), None);
    assert_eq!(deployment(&sim, &id)["tags"], json!(["T", "new"]));
    assert_eq!(sim.counts().writes, 1);
    // Again: nothing is sent.
    dir.sh(&script).quiet().outcomes("unchanged", 1);
    assert_eq!(sim.counts().writes, 1);
    dir.sh("imp-build update -b new --flagged false").quiet().outcomes("updated", 1);
    assert_eq!(deployment(&sim, &id)["flagged"], false);
    dir.sh(&format!("imp-build update -b {id}")).code(2).says("Nothing to change");
    dir.sh("imp-build update -b new -t more --dry-run").ok().outcomes("updated", 1);
    assert_eq!(deployment(&sim, &id)["tags"], json!(["T", "new"]));
}

#[test]
fn the_flag_of_a_record_is_its_state_and_in_a_table_a_wish() {
    let sim = Sim::start(&[]);
    let [a] = sim.groups(["A"]);
    let one = deploy(&sim, &a, "1", &json!({"flagged": true}));
    let two = deploy(&sim, &a, "2", &json!({}));
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-build list --flagged | imp-build update --flagged false").quiet();
    assert_eq!(deployment(&sim, &one)["flagged"], false);
    dir.write("table.csv", format!("build,flagged,descr,tag\n{one},true,eins,a\n{two},no,,\n"));
    dir.sh("imp-build update --input table.csv --descr x --failed failed").code(1);
    let build = deployment(&sim, &one);
    assert_eq!((&build["flagged"], &build["description"]), (&json!(true), &json!("eins")));
    assert_eq!(build["tags"], json!(["a"]));
    assert_eq!(dir.failed("failed")[0].error.kind, "bad_input");
}

#[test]
fn what_is_protected_is_not_deleted() {
    let (_files, sim) = aged([true, false, false, true]);
    let [flagged, old, minimum, newer] = [1, 2, 3, 4].map(loaded_id);
    let dir = Dir::signed_in(&sim);
    dir.sh(&format!("imp-dg update --dg Aged --min-supported-deployment {minimum}")).quiet();
    sim.reset();
    dir.sh("imp-build list --dg Aged | imp-build delete").code(2).no_stdout().says("--confirmed");
    let dry = "imp-build list --dg Aged | imp-build delete --dry-run --failed failed";
    let run = dir.sh(dry).code(1).says_all(&["It is flagged: --force", "imp-dg builds --dg"]);
    assert_eq!(run.field("id"), [&*old]);
    dir.sh(&format!("{dry} --force")).code(1).outcomes("deleted", 2);
    assert_eq!(dir.failed("failed").len(), 2);
    assert_eq!(sim.counts().writes, 0);
    let script = "imp-build list --dg Aged | imp-build delete --confirmed --failed failed";
    let run = dir.sh(script).code(1).outcomes("deleted", 1);
    assert_eq!(run.says("raise the minimum to it with `imp-dg update --dg").field("id"), [old]);
    let script = "imp-build list --dg Aged | imp-build delete --force --confirmed --failed failed";
    let run = dir.sh(script).code(1).outcomes("deleted", 1).says("it keeps its flag");
    assert_eq!(run.field("id"), [flagged]);
    assert_eq!(deployment(&sim, &newer)["flagged"], true, "it could not have been deleted");
    assert_eq!(sim.all("deployments").len(), 2);
    let shown = dir.sh_on_terminal(&format!("imp-build delete -b {newer} -f"), "n\n").code(2);
    assert!(shown.stdout().contains("delete 1 deployment"), "{shown}");
}

#[test]
fn builds_that_outlived_their_group_are_cleaned_up() {
    let other = "10000000-0000-0000-0000-000000000002";
    let (_files, path) = loaded(|product| {
        vec![
            json!({"type": "product", "id": other, "name": "Other"}),
            loaded_build(1, product, None, false),
            loaded_build(2, product, None, true),
            loaded_build(3, other, None, false),
        ]
    });
    let sim = Sim::start(&["--load", &path]);
    let [a] = sim.groups(["A"]);
    deploy(&sim, &a, "1", &json!({}));
    let dir = Dir::signed_in(&sim);
    assert_eq!(dir.sh("imp-build list --zombie").quiet().records().len(), 3);
    assert_eq!(dir.sh("imp-build list --non-zombie").quiet().records().len(), 1);
    sim.reset();
    dir.sh("imp-build cleanup --product Old").code(2).says("--confirmed").no_stdout();
    dir.sh("imp-build cleanup --dry-run --unflag").ok().outcomes("deleted", 3);
    let plan =
        dir.sh("imp-build cleanup --plan --unflag").code(5).says("no way back from 3 changes");
    assert_eq!(plan.records().len(), 4, "one loses its flag first");
    assert_eq!(sim.counts().writes, 0);
    let run = dir.sh("imp-build cleanup --product Old --confirmed").ok().outcomes("deleted", 1);
    run.says("1 flagged builds are left");
    dir.sh("imp-build cleanup --unflag --confirmed --report report").quiet().outcomes("deleted", 2);
    assert_eq!(dir.report("report").ok, 2);
    assert_eq!(sim.all("deployments").len(), 1, "that of the group");
    dir.sh("imp-build cleanup --confirmed").quiet().no_stdout();
}
