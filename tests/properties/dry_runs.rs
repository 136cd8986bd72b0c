//! A dry run fails the rows that the real run would fail, as far as the tools know, and changes nothing.

use serde_json::json;
use tests::{Dir, Sim};

/// Runs it dry and then in earnest: the same rows fail, with the same kinds of error. Gives what the dry run said.
fn foreseen(sim: &Sim, dir: &Dir, script: &str) -> String {
    sim.reset();
    let dry = dir.sh(&format!("{script} --dry-run --failed dry")).code(1);
    assert_eq!(sim.counts().writes, 0, "{script}");
    dir.sh(&format!("{script} --failed real")).code(1);
    let failed = |name: &str| -> Vec<(String, String)> {
        dir.failed(name).into_iter().map(|row| (row.source, row.error.kind)).collect()
    };
    assert_eq!(failed("dry"), failed("real"), "{script}");
    dry.stderr()
}

/// Product Ovens with the fixture group F and its targets D and T, product Fridges with its own; A has
/// devices and a build.
fn account() -> (Sim, Dir) {
    let sim = Sim::start(&["--devices", "200", "--production", "2"]);
    let [a, _b] = sim.groups(["A", "B"]);
    sim.put(&a, &sim.field("id")[..2]);
    let dir = Dir::signed_in(&sim);
    dir.write("empty", "");
    for (product, group, dut, target) in [("Ovens", "F", "D", "T"), ("Fridges", "G", "E", "U")] {
        let targets = format!("--dut {dut} --create-dut --target {target} --create-target");
        let create = format!("imp-dg create -n {group} -p {product} -c -y factory {targets}");
        dir.sh(&create).quiet();
    }
    (sim, dir)
}

#[test]
fn deletions_that_the_service_refuses() {
    let (sim, dir) = account();
    dir.sh("imp-build deploy -g B -x empty -y empty --flagged true > flagged").quiet();
    for (script, said) in [
        ("imp-dg delete -q -g A", "The device group has 2 devices: --force takes them out first"),
        ("imp-dg delete -q -g B", "The device group has 1 flagged deployment: --force takes"),
        ("imp-dg delete -q -g T", "Other device groups have this one as their target"),
        ("imp-dg delete -q -g SimProduction", "and the unblessing key"),
        ("imp-product delete -q -p Ovens", "--force deletes them first"),
        ("imp-build delete -q --input flagged", "imp-dg update --dg"),
        ("imp-device list --dg A | imp-device remove -q", "--force takes it out first"),
        ("imp-device list --dg SimProduction | imp-device remove -qf", "imp-device unassign"),
    ] {
        let told = foreseen(&sim, &dir, script);
        assert!(told.contains(said), "{script}: {told}");
    }
    // What nothing holds is deleted in both.
    for script in ["imp-dg delete -q -g G -g U", "imp-dg delete -q -g F -g D -g T"] {
        dir.sh(&format!("{script} --dry-run")).ok();
        dir.sh(script).quiet();
    }
}

#[test]
fn names_that_are_taken() {
    let (sim, dir) = account();
    for script in [
        "imp-product create -n Ovens",
        "imp-product update -p Ovens -n Fridges",
        "imp-dg create -n A -p Ovens",
        "imp-dg update -g A -n B",
        "printf 'name\\nNew\\nA\\n' | imp-dg create -p Ovens",
    ] {
        let told = foreseen(&sim, &dir, script);
        assert!(told.contains("of that name already"), "{script}: {told}");
    }
    // A name is its own, and other products have theirs.
    dir.sh("imp-dg update -g A -n A -s x --dry-run").ok().outcomes("updated", 1);
    dir.sh("imp-dg create -n A -p Fridges --dry-run").ok().outcomes("created", 1);
}

#[test]
fn what_a_group_cannot_be_given() {
    let (sim, dir) = account();
    let deploy = "imp-build deploy -g A -x empty -y empty";
    let [old, new] = [(); 2].map(|()| dir.sh(deploy).quiet().field("id").remove(0));
    dir.sh(&format!("imp-dg update -g A -m {new}")).quiet();
    for (script, said) in [
        (
            "imp-dg update -g A --load-code-after-blessing false".to_owned(),
            "only production groups",
        ),
        ("imp-dg update -g A --target T".to_owned(), "only fixture groups"),
        ("imp-dg update -g F --target D".to_owned(), "production_devicegroup"),
        ("imp-dg update -g F --target U".to_owned(), "is in another product"),
        (format!("imp-dg update -g A -m {old}"), "can only rise"),
        (format!("imp-dg update -g B -m {old}"), "is not of this group"),
        ("imp-dg create -n R -p Ovens --region x".to_owned(), "region"),
        ("imp-dg create -n F2 -p Ovens -y factory --dut D --target D".to_owned(), "this target"),
        (
            "imp-dg create -n F2 -p Ovens -y factory --dut E --target T".to_owned(),
            "another product",
        ),
    ] {
        let told = foreseen(&sim, &dir, &script);
        assert!(told.contains(said), "{script}: {told}");
    }
}

#[test]
fn devices_that_cannot_go_there() {
    let (sim, dir) = account();
    let devices = sim.devices();
    let free: Vec<_> = devices.iter().filter(|one| one["devicegroup_id"].is_null()).collect();
    let id = |is_imp001: bool| {
        let is_it = |one: &&&serde_json::Value| (one["imp_type"] == "imp001") == is_imp001;
        free.iter().find(is_it).expect("one of this type")["id"].as_str().expect("an id")
    };
    let (old, new) = (id(true), id(false));
    for (script, said) in [
        (format!("imp-device assign --dg F -d {old} -d {new}"), "It is an imp001"),
        (format!("imp-device assign --dg T -d {new}"), "Only blessing brings"),
        ("imp-device list --dg SimProduction | imp-device assign --dg T".into(), "another product"),
        (
            "imp-device list --dg SimProduction | imp-device assign --dg B".into(),
            "unassign it first",
        ),
        (
            format!("imp-device restart -d {}", free[9]["id"].as_str().expect("an id")),
            "no device group",
        ),
    ] {
        let told = foreseen(&sim, &dir, &script);
        assert!(told.contains(said), "{script}: {told}");
    }
    // A rehearsed restart of what would have been assigned is none of these.
    let assign = format!("imp-device assign --dg A -d {}", free[10]["id"].as_str().expect("an id"));
    dir.sh(&format!("{assign} --dry-run | imp-device restart --dry-run")).ok();
    assert_eq!(sim.field("id").len(), 202, "{}", json!(sim.places()));
}
