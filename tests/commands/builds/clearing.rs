//! `imp-dg builds`, `imp-dg delete --force`, `imp-product delete --builds --force`.

use serde_json::{Value, json};
use tests::{DEVELOPMENT, Dir, Sim};

use super::{aged, deploy, deployment, loaded, loaded_build, loaded_id};

const MEMBERS: &str = "DELETE /devicegroups/{id}/relationships/devices";
const DELETE_GROUP: &str = "DELETE /devicegroups/{id}";

/// The paths of all writing requests, with their methods.
fn writes(sim: &Sim) -> Vec<String> {
    sim.writes().into_iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect()
}

/// Devices that fixture groups take: any but imp001, whose ids begin with 23.
fn modern(sim: &Sim) -> Vec<String> {
    sim.field("id").into_iter().filter(|id| !id.starts_with("23")).collect()
}

/// A product with a pre-production, a pre-DUT and two fixture groups; the fixtures name the others.
fn factory(sim: &Sim) -> [String; 5] {
    let product = sim.product("Ovens");
    let target = sim.group(&product, "pre_production_devicegroup", "Target");
    let dut = sim.group(&product, "pre_dut_devicegroup", "Dut");
    let relations = json!({
        "production_target": {"type": "pre_production_devicegroup", "id": target},
        "dut_target": {"type": "pre_dut_devicegroup", "id": dut}
    });
    let kind = "pre_factoryfixture_devicegroup";
    let fixtures = ["One", "Two"]
        .map(|name| sim.group_with(&product, kind, &format!("Fixture{name}"), relations.clone()));
    sim.reset();
    let [one, two] = fixtures;
    [product, target, dut, one, two]
}

#[test]
fn builds_are_listed_unflagged_and_removed_but_never_those_in_use() {
    let (_files, sim) = aged([false, true, false, true]);
    let [old, kept, minimum, newer] = [1, 2, 3, 4].map(loaded_id);
    let [b] = sim.groups(["B"]);
    let tagged = json!({"tags": ["minimum"], "flagged": true});
    let other = deploy(&sim, &b, "5", &tagged);
    let dir = Dir::signed_in(&sim);
    // Two builds have the tag, one of them in the group.
    dir.sh(&format!("imp-build update --build {minimum} --tag minimum")).quiet();
    let run = dir.sh("imp-dg update --dg Aged --min-supported-deployment minimum").quiet();
    assert_eq!(run.record()["min_supported_deployment_id"], minimum.as_str());
    let mut listed = dir.sh("imp-dg builds --dg Aged").quiet().field("id");
    listed.sort();
    let mut all = vec![old.clone(), kept.clone(), minimum, newer.clone()];
    all.sort();
    assert_eq!(listed, all);
    sim.reset();
    dir.sh("imp-dg builds --dg Aged --remove").code(2).says("--confirmed").no_stdout();
    let dry = dir.sh("imp-dg builds --dg Aged --remove --unflag-old --dry-run").ok();
    dry.says("of 4 builds, take the flag from 1, delete 2 and leave 2").outcomes("deleted", 2);
    let shown = dir.sh_on_terminal("imp-dg builds --dg Aged --remove", "n\n").code(2);
    assert!(shown.stdout().contains("delete 1 and leave 3"), "{shown}");
    assert_eq!(sim.counts().writes, 0);
    let run = dir.sh("imp-dg builds --dg Aged --remove --confirmed").ok().outcomes("deleted", 1);
    assert_eq!(run.field("id"), [old]);
    let run =
        dir.sh("imp-dg builds --dg Aged --unflag-old --confirmed").ok().outcomes("updated", 1);
    assert_eq!((&run.record()["id"], &run.record()["flagged"]), (&json!(kept), &json!(false)));
    dir.sh("imp-dg list | imp-dg builds --dg - --unflag --remove -q").ok();
    assert_eq!(deployment(&sim, &newer)["flagged"], false);
    assert_eq!(deployment(&sim, &other)["flagged"], false);
    assert_eq!(sim.all("deployments").len(), 3, "the minimum, the newer, that of B");
    dir.sh("imp-dg builds --dg Aged --unflag --remove -q").ok().no_stdout();
}

#[test]
fn groups_are_emptied_in_batches_and_deleted() {
    let sim = Sim::start(&["--devices", "300"]);
    let [a, b, c] = sim.groups(["A", "B", "C"]);
    let ids = sim.field("id");
    sim.put(&a, &ids[..250]);
    sim.put(&b, &ids[250..270]);
    sim.put(&c, &ids[270..300]);
    deploy(&sim, &a, "1", &json!({"flagged": true}));
    deploy(&sim, &a, "2", &json!({}));
    let dir = Dir::signed_in(&sim);
    sim.reset();
    // Without --force the service refuses.
    let run = dir.sh("imp-dg delete --dg A --confirmed").code(1).no_stdout();
    run.says("Devices");
    sim.reset();
    let script = "imp-dg delete --dg A --dg B --force";
    dir.sh(script).code(2).says("--confirmed").no_stdout();
    assert_eq!(sim.counts().total, 0, "nothing is sent");
    let plan = "unassign 270 devices, take the flag from 1 deployment, delete 2 deployments";
    let dry = dir.sh(&format!("{script} --dry-run")).ok().outcomes("deleted", 2);
    dry.says(&format!("to delete 2 device groups: {plan}"));
    assert_eq!(sim.counts().writes, 0);
    let shown = dir.sh_on_terminal(script, "n\n").code(2);
    assert!(plan.split(", ").all(|step| shown.stdout().contains(step)), "{shown}");
    assert_eq!(sim.counts().writes, 0);
    let run = dir.sh_on_terminal(script, "y\n").ok();
    assert!(run.stdout().contains("deleted"), "{run}");
    assert_eq!(sim.counts().kind(MEMBERS), 4, "three for A, one for B");
    assert_eq!(sim.places(), [("null".to_owned(), 270), (c.clone(), 30)].into());
    assert_eq!(sim.all("deployments"), [] as [Value; 0]);
    // The same group twice, and one that is not there.
    let run = dir.sh(&format!("imp-dg delete --dg C --dg {c} --dg X --force -q")).code(1);
    assert_eq!(run.field("outcome"), ["deleted", "unchanged"]);
    run.says("No device group `X`");
}

#[test]
fn fixture_groups_go_before_their_targets() {
    let sim = Sim::start(&[]);
    let [_, target, dut, one, two] = factory(&sim);
    let dir = Dir::signed_in(&sim);
    sim.reset();
    let script = "imp-dg delete --dg Target --force --confirmed --failed failed";
    let run = dir.sh(script).code(1).no_stdout();
    run.says_all(&["have this one as their target", "FixtureOne", "FixtureTwo"]);
    assert_eq!(dir.failed("failed")[0].error.kind, "conflict");
    assert_eq!(sim.counts().writes, 0);
    // One of the fixtures goes with it, the other would lose its target.
    let script = "imp-dg delete --dg Target --dg FixtureOne --force --confirmed";
    let run = dir.sh(script).code(1).outcomes("deleted", 1);
    assert!(!run.stderr().contains("FixtureOne ("), "{run}");
    sim.reset();
    // Given in the order in which the service would refuse them.
    let script = "imp-dg delete --dg Target --dg Dut --dg FixtureTwo --confirmed";
    let names = dir.sh(script).quiet().outcomes("deleted", 3).field("name");
    assert_eq!(names, ["Target", "Dut", "FixtureTwo"], "the order of the input");
    let deleted = writes(&sim);
    assert_eq!(deleted[0], format!("DELETE /devicegroups/{two}"));
    assert_eq!(deleted.len(), 3);
    let left: Vec<Value> = sim.all("devicegroups");
    assert!(![target, dut, one, two].iter().any(|id| left.iter().any(|one| one["id"] == **id)));
}

#[test]
fn production_devices_need_the_key() {
    let sim = Sim::start(&["--production", "130", "--unbond-key", "the-key"]);
    let mut dir = Dir::signed_in(&sim);
    sim.reset();
    for script in ["imp-dg delete --dg SimProduction", "imp-product delete --product SimProduct"] {
        let run = dir.sh(&format!("{script} --force --confirmed")).code(1).no_stdout();
        run.says_all(&["130 production devices are in the way", "--unbond"]);
    }
    assert_eq!(sim.counts().writes, 0);
    dir.set("IMP_UNBOND_KEY", "the-key");
    let dry = dir.sh("imp-product delete --product SimProduct --force --dry-run").ok();
    dry.says("unbless and unassign 130 production devices").says("delete 3 device groups");
    let script = "imp-product delete --product SimProduct --force --confirmed";
    dir.sh(script).ok().outcomes("deleted", 1);
    assert_eq!(sim.counts().kind(MEMBERS), 2);
    assert_eq!(sim.places(), [("null".to_owned(), 130)].into());
    assert!(sim.all("products").iter().all(|product| product["name"] != "SimProduct"));
}

#[test]
fn a_wrong_key_changes_nothing() {
    let sim = Sim::start(&["--production", "3", "--unbond-key", "the-key"]);
    let dir = Dir::signed_in(&sim);
    dir.write("key", "wrong\n");
    let script = "imp-product delete --product SimProduct --force -q --unbond-file key";
    let run = dir.sh(script).code(1).no_stdout().says("Device group SimProduction");
    assert!(!run.stderr().contains("wrong"), "{run}");
    assert_eq!(sim.places().len(), 1);
    assert_eq!(sim.counts().kind(DELETE_GROUP), 0);
}

#[test]
fn a_wrong_key_leaves_the_other_groups_of_the_product_as_they_are() {
    let sim = Sim::start(&["--devices", "160", "--production", "2", "--unbond-key", "the-key"]);
    let dir = Dir::signed_in(&sim);
    let products = dir.sh("imp-product list").quiet().records();
    let product = products.iter().find(|one| one["name"] == "SimProduct").expect("is there");
    let group = sim.group(product["id"].as_str().expect("an id"), DEVELOPMENT, "Bench");
    let free = dir.sh("imp-device list --unassigned").quiet().field("id");
    sim.put(&group, &free[..150]);
    deploy(&sim, &group, "1", &json!({"flagged": true}));
    let before = sim.places();
    sim.reset();
    let script = "imp-product delete --product SimProduct --builds --force --confirmed";
    dir.sh(&format!("{script} --unbond wrong")).code(1).no_stdout().says("SimProduction");
    assert_eq!((sim.places(), sim.counts().writes), (before, 1), "only the key was tried");
    dir.sh(&format!("{script} --unbond the-key")).ok().outcomes("deleted", 1);
    assert_eq!(sim.places().len(), 1);
}

#[test]
fn a_product_goes_with_all_that_is_in_it() {
    let sim = Sim::start(&["--devices", "200"]);
    let [product, target, dut, one, _] = factory(&sim);
    let ids = modern(&sim);
    let app = sim.group(&product, DEVELOPMENT, "App");
    sim.put(&app, &ids[..110]);
    sim.put(&one, &ids[110..120]);
    for group in [&app, &target, &dut, &one] {
        deploy(&sim, group, "1", &json!({"flagged": true}));
        deploy(&sim, group, "2", &json!({}));
    }
    let dir = Dir::signed_in(&sim);
    sim.reset();
    dir.sh("imp-product delete --product Ovens --builds --confirmed")
        .code(1)
        .says_all(&["The product has 5 device groups", "--force"]);
    let plan = [
        "unassign 120 devices",
        "take the flag from 4 deployments",
        "delete 5 device groups",
        "delete 8 deployments",
    ];
    let script = "imp-product delete --product Ovens --builds --force";
    dir.sh(&format!("{script} --dry-run")).ok().outcomes("deleted", 1).says(&plan.join(", "));
    assert_eq!(sim.counts().writes, 0);
    let record = dir.sh(&format!("{script} --confirmed")).ok().record();
    assert_eq!((&record["name"], &record["outcome"]), (&json!("Ovens"), &json!("deleted")));
    assert_eq!(sim.places(), [("null".to_owned(), 200)].into());
    assert_eq!(sim.all("deployments"), [] as [Value; 0]);
    let counts = sim.counts();
    assert_eq!((counts.kind(MEMBERS), counts.kind(DELETE_GROUP)), (3, 5));
    assert_eq!(counts.kind("PATCH /deployments/{id}"), 4);
}

#[test]
fn interrupted_halfway_the_same_command_finishes_the_job() {
    let sim = Sim::start(&["--devices", "250"]);
    let [product, .., one, two] = factory(&sim);
    let ids = modern(&sim);
    let app = sim.group(&product, DEVELOPMENT, "App");
    sim.put(&app, &ids[..130]);
    sim.put(&one, &ids[130..140]);
    deploy(&sim, &app, "1", &json!({"flagged": true}));
    let dir = Dir::signed_in(&sim);
    let script = "imp-product delete --product Ovens --builds --force -q --jobs 1";
    // Each time it comes a little farther before the service refuses, and nothing it did is lost.
    for rule in [
        format!("DELETE /devicegroups/{app}/relationships/devices 403 after=1 times=1"),
        "PATCH /deployments/* 403 times=1".to_owned(),
        format!("DELETE /devicegroups/{two} 403 times=1"),
        "DELETE /products/* 403 times=1".to_owned(),
    ] {
        sim.fault(&rule);
        dir.sh(script).code(1).no_stdout();
        assert_eq!(sim.faults_applied(), [1], "{rule}");
        sim.no_faults();
    }
    assert!(sim.all("devicegroups").iter().all(|group| group["product_id"] != product.as_str()));
    dir.sh(script).ok().outcomes("deleted", 1);
    assert_eq!(sim.places(), [("null".to_owned(), 250)].into());
}

#[test]
fn a_signal_ends_it_between_two_requests_and_the_row_is_kept() {
    let sim = Sim::start(&["--devices", "900"]);
    let [a] = sim.groups(["A"]);
    sim.put(&a, &sim.field("id"));
    let dir = Dir::signed_in(&sim);
    for (signal, left) in [(130, 800), (143, 700)] {
        // The signal comes while the first answer is held back.
        sim.fault("DELETE /devicegroups/*/relationships/devices delay=2s times=1");
        let script = "imp-dg delete --dg A --force -q --jobs 1 --failed failed";
        let running = dir.spawn(script);
        running.wait_for("a batch", || sim.faults_applied() == [1]);
        if signal == 130 {
            running.interrupt();
        } else {
            running.terminate();
        }
        let run = running.wait().code(signal).no_stdout();
        run.says("a part of what was in its way is gone");
        assert_eq!(dir.failed("failed")[0].error.kind, "not_attempted");
        assert_eq!(sim.members(&a).len(), left);
        sim.no_faults();
    }
    dir.sh("imp-dg delete --force -q < failed").ok().outcomes("deleted", 1);
    assert_eq!(sim.places(), [("null".to_owned(), 900)].into());
}

#[test]
fn doubtful_answers_are_read_back() {
    let sim = Sim::start(&["--devices", "250"]);
    let [a] = sim.groups(["A"]);
    sim.put(&a, &sim.field("id"));
    let dir = Dir::signed_in(&sim);
    sim.fault("DELETE /devicegroups/*/relationships/devices cut=after times=1");
    sim.fault("DELETE /devicegroups/*/relationships/devices cut=before times=1");
    dir.sh("imp-dg delete --dg A --force -q").ok().outcomes("deleted", 1);
    assert_eq!(sim.faults_applied(), [1, 1]);
    assert_eq!(sim.places(), [("null".to_owned(), 250)].into());
}

#[test]
fn builds_of_no_group_go_with_the_product() {
    let (_files, path) = loaded(|product| {
        [false, true]
            .into_iter()
            .zip(1..)
            .map(|(flagged, number)| loaded_build(number, product, None, flagged))
            .collect()
    });
    let sim = Sim::start(&["--load", &path]);
    let dir = Dir::signed_in(&sim);
    let script = "imp-product delete --product Old --builds -q";
    dir.sh(script).code(1).says("1 flagged deployments of no group").says("--force");
    assert_eq!(sim.all("deployments").len(), 2);
    let run = dir.sh(&format!("{script} --force")).ok().outcomes("deleted", 1);
    run.says("delete 2 deployments that belong to no group");
    assert_eq!(sim.all("deployments"), [] as [Value; 0]);
}
