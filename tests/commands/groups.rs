//! imp-dg: device groups of all types, from their creation to their end; and what --force clears away.

use serde_json::{Value, json};
use tests::{DEVELOPMENT, Dir, Sim};

const TYPES: [(&str, &str); 5] = [
    ("development", "development_devicegroup"),
    ("pre-dut", "pre_dut_devicegroup"),
    ("pre-production", "pre_production_devicegroup"),
    ("dut", "dut_devicegroup"),
    ("production", "production_devicegroup"),
];

fn account(options: &[&str]) -> (Sim, Dir) {
    let sim = Sim::start(options);
    let dir = Dir::signed_in(&sim);
    (sim, dir)
}

#[test]
fn groups_of_all_seven_types() {
    let (sim, dir) = account(&[]);
    dir.sh("imp-product create -n Ovens").quiet();
    for (word, kind) in TYPES {
        let run = dir.sh(&format!("imp-dg create -n {word} -p Ovens --dg-type {word}")).quiet();
        let made = run.record();
        assert_eq!((&made["type"], &made["outcome"]), (&json!(kind), &json!("created")));
    }
    for (word, dut, target) in
        [("pre-factory", "pre-dut", "pre-production"), ("factory", "dut", "production")]
    {
        let create = format!("imp-dg create -n {word} -p Ovens -y {word}");
        dir.sh(&create).code(2).says_all(&["--dut", "--target"]);
        let made = dir.sh(&format!("{create} --dut {dut} --target {target}")).quiet().record();
        assert!(made["production_target_id"].is_string() && made["dut_target_id"].is_string());
        assert_eq!(
            made["production_target_type"].as_str().map(|kind| kind.contains("production")),
            Some(true)
        );
        let listed = dir.sh(&format!("imp-dg list -y {word}")).quiet().record();
        assert_eq!(listed["id"], made["id"]);
    }
    assert_eq!(sim.all("devicegroups").len(), 8, "with the partner's");
    let types = dir.sh("imp-dg list --product Ovens -y dut -y production").quiet().field("name");
    assert_eq!(types, ["dut", "production"]);
    dir.sh("imp-dg create -n x -p Ovens --dut dut").code(2);
    dir.sh("imp-dg create -n x -p Ovens -y nonsense").code(2).says("pre-factory");
    dir.sh("imp-dg create -n dut -p Ovens").code(1).says("Devicegroups must have unique names");
    dir.sh("imp-dg create -n x -p Nowhere").code(1).says("Nowhere");
}

#[test]
fn a_fixture_group_with_all_that_it_needs() {
    for (word, zone) in [("pre-factory", "pre_"), ("factory", "")] {
        let (sim, dir) = account(&[]);
        let create = format!(
            "imp-dg create -n Fixture -p Ovens -y {word} -c --dut Tests --create-dut --target Shop --create-target"
        );
        dir.sh(&format!("{create} --dry-run")).ok();
        assert_eq!(sim.counts().writes, 0);
        let made = dir.sh(&create).quiet().record();
        let groups = sim.all("devicegroups");
        let named = |name: &str| -> Value {
            groups.iter().find(|group| group["name"] == name).cloned().expect("it was made")
        };
        assert_eq!(named("Tests")["type"], format!("{zone}dut_devicegroup"));
        assert_eq!(named("Shop")["type"], format!("{zone}production_devicegroup"));
        assert_eq!(made["dut_target_id"], named("Tests")["id"]);
        assert_eq!(made["production_target_id"], named("Shop")["id"]);
        // Again, for another fixture: what is there is used.
        let again = create.replace("-n Fixture", "-n Fixture2");
        dir.sh(&again).quiet();
        assert_eq!((sim.all("products").len(), sim.all("devicegroups").len()), (2, 5));
    }
}

#[test]
fn groups_are_changed_and_restarted_and_deleted() {
    let (sim, dir) = account(&["--devices", "30"]);
    let [a, b] = sim.groups(["A", "B"]);
    sim.put(&a, &sim.field("id")[..12]);
    let run = dir.sh("imp-dg update -g A --name Alpha --descr new -e K=1 -e L=two").quiet();
    let record = run.record();
    assert_eq!((&record["name"], &record["description"]), (&json!("Alpha"), &json!("new")));
    assert_eq!(record["env_vars"], json!({"K": "1", "L": "two"}));
    dir.sh("imp-dg update -g Alpha -e not-a-variable").code(2);
    dir.sh("imp-dg update -g Alpha --dry-run -s x").ok().outcomes("updated", 1);
    let run = dir.sh("imp-dg restart -g Alpha").quiet();
    assert_eq!(run.record()["id"], a);
    let run = dir.sh("imp-dg list | imp-dg restart --conditional").ok();
    assert_eq!(run.records().len(), 2);
    assert_eq!(sim.restarts(), 24);
    // A group with devices is not deleted, unless it is meant.
    let run = dir.sh("imp-dg delete -g Alpha -q --failed failed").code(1).no_stdout();
    assert_eq!(dir.failed("failed")[0].error.kind, "conflict", "{run}");
    dir.sh("imp-dg delete -g Alpha -q --force").ok().outcomes("deleted", 1);
    assert_eq!(sim.places(), [("null".to_owned(), 30)].into());
    dir.sh("imp-dg list | imp-dg delete -q").quiet().outcomes("deleted", 1);
    assert!(sim.all("devicegroups").iter().all(|group| group["id"] != *b));
}

#[test]
fn a_product_with_everything_in_it_goes_by_force() {
    let (sim, dir) = account(&["--devices", "250"]);
    dir.sh("imp-dg create -n F -p Ovens -y pre-factory -c -u D -w -t P --create-target").quiet();
    dir.sh("imp-dg create -n A -p Ovens").quiet();
    dir.sh("imp-device list | imp-device assign --dg A > moved").quiet();
    let group = dir.sh("imp-dg info -g A").quiet().field("id").remove(0);
    deploy(&sim, &group, "here", true);
    let run = dir.sh("imp-product delete -p Ovens -q").code(1);
    run.says("Cannot delete a product with associated devicegroups");
    dir.sh("imp-product delete -p Ovens -q --force").ok().outcomes("deleted", 1);
    assert_eq!((sim.all("products").len(), sim.all("devicegroups").len()), (1, 1));
    assert_eq!(sim.places(), [("null".to_owned(), 250)].into());
}

#[test]
fn force_does_not_unbless() {
    let (sim, dir) = account(&["--production", "5"]);
    let run = dir.sh("imp-dg delete -g SimProduction -q --force").code(1).no_stdout();
    run.says("production");
    dir.sh("imp-product delete -p SimProduct -q --force").code(1).no_stdout();
    let placed = sim.devices().iter().filter(|one| one["devicegroup_id"].is_string()).count();
    assert_eq!(placed, 5);
}

#[test]
fn the_oldest_supported_deployment_is_set_also_where_there_was_none() {
    let (sim, dir) = account(&[]);
    let [a] = sim.groups(["A"]);
    let builds: Vec<String> =
        ["one", "two"].iter().map(|origin| deploy(&sim, &a, origin, false)).collect();
    let run =
        dir.sh(&format!("imp-dg update -g A --min-supported-deployment {}", builds[1])).quiet();
    assert_eq!(run.record()["min_supported_deployment_id"], *builds[1]);
    let group = sim.all("devicegroups").into_iter().find(|group| group["id"] == *a);
    assert_eq!(group.expect("it is there")["min_supported_deployment_id"], *builds[1]);
    // It cannot be lowered.
    dir.sh(&format!("imp-dg update -g A -m {}", builds[0])).code(1).no_stdout();
    dir.sh("imp-dg update -g A -m nonsense").code(1).no_stdout();
}

#[test]
fn full_adds_what_belongs_to_it() {
    let (sim, dir) = account(&["--devices", "120"]);
    let [a, _b] = sim.groups(["A", "B"]);
    sim.put(&a, &sim.field("id")[..110]);
    let group = dir.sh("imp-dg info -g A --full").quiet().record();
    assert_eq!(group["devices"].as_array().map(Vec::len), Some(110));
    let product = dir.sh("imp-product info -p Ovens --full").quiet().record();
    assert!(product.to_string().contains(&a), "{product}");
}

/// Makes a deployment; gives its id.
fn deploy(sim: &Sim, group: &str, origin: &str, flagged: bool) -> String {
    let body = json!({"data": {"type": "deployment",
        "attributes": {"device_code": "", "agent_code": "", "origin": origin, "flagged": flagged},
        "relationships": {"devicegroup": {"type": DEVELOPMENT, "id": group}}}});
    let answer = sim.api("POST", "/deployments", &body);
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["data"]["id"].as_str().expect("an id").to_owned()
}

#[test]
fn what_was_created_on_the_way_is_told_even_if_the_group_is_refused() {
    let sim = Sim::start(&["--devices", "1"]);
    sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    let create = "imp-dg create -n A -p Ovens -y factory -u D -w -t T --create-target";
    // A name that is taken is known before anything is made.
    dir.sh(&format!("{create} --dry-run")).code(1).says("of that name already");
    dir.sh(create).code(1).says("of that name already");
    assert_eq!(sim.all("devicegroups").len(), 2, "with the partner's");
    // What only the service knows is not.
    let create = &create.replace("-n A", "-n X --descr \"$(printf %0300d 0)\"");
    let run = dir.sh(&format!("{create} --dry-run")).ok();
    run.says_all(&["would create the group D (dut_devicegroup)", "would create the group T"]);
    let run = dir.sh(create).code(1).says("Invalid Attribute");
    run.says_all(&["created the group D (dut_devicegroup)", "created the group T"]);
    // Now they are there, and when all goes well there is nothing to say.
    dir.sh("imp-dg create -n F -p Ovens -y factory -u D -w -t T --create-target").quiet();
    dir.sh("imp-dg create -n A -p Fridges -c").quiet();
}

#[test]
fn what_may_have_been_made_beside_a_group_is_looked_for_again() {
    let sim = Sim::start(&[]);
    let dir = Dir::signed_in(&sim);
    let rows = "name\ng1\ng2\ng3\n";
    let create = "imp-dg create --product NewP --create-product --failed failed";
    let run = dir.sh_with(&format!("{create} --dry-run"), rows).ok().outcomes("created", 3);
    assert_eq!(run.stderr().matches("would create the product NewP").count(), 1, "{run}");
    sim.fault("POST /products 500 effect=yes times=1");
    dir.sh_with(create, rows).code(1).outcomes("created", 2).says("the product NewP: ");
    assert_eq!(dir.failed("failed")[0].error.kind, "unknown_outcome");
    sim.no_faults();
    sim.fault("POST /devicegroups 500 effect=yes times=1");
    let fixtures = "imp-dg create --product NewP -y factory --dut D -w --target T --create-target";
    let run = dir.sh_with(fixtures, "name\nf1\nf2\n").code(1).outcomes("created", 1);
    run.says("the group T (production_devicegroup): ");
}

#[test]
fn targets_are_looked_for_in_the_groups_own_product_first() {
    let sim = Sim::start(&[]);
    let dir = Dir::signed_in(&sim);
    let create = |group: &str, product: &str| {
        let targets = "--dut D --create-dut --target T --create-target";
        format!("imp-dg create -n {group} -p {product} -c -y factory {targets}")
    };
    dir.sh(&create("F", "Ovens")).quiet();
    // Names that another product has are free in a new one, and in one that is there.
    let made = dir.sh(&create("F", "Fridges")).quiet().record();
    dir.sh("imp-product create -n Kettles").quiet();
    dir.sh(&create("F", "Kettles")).quiet();
    let groups = sim.all("devicegroups");
    let target = groups.iter().find(|group| group["id"] == made["production_target_id"]);
    assert_eq!(target.expect("it was made")["product_id"], made["product_id"]);
    assert_eq!(groups.len(), 10, "with the partner's");
    // So it is for those of an update.
    let fixture = made["id"].as_str().expect("an id");
    let run = dir.sh(&format!("imp-dg update -g {fixture} --dut D --target T")).quiet();
    run.outcomes("unchanged", 1);
    // Without leave to make them, nothing is made at all.
    sim.reset();
    let script = "imp-dg create -n F -p New -c -y factory --dut '{Ovens}{D}' --target '{Ovens}{T}'";
    dir.sh(script).code(1).says("is in another product");
    let script = "imp-dg create -n F2 -p Ovens -y factory --dut T --target Nope --create-target";
    dir.sh(script).code(1).says("it should be a dut_devicegroup");
    assert_eq!(sim.counts().writes, 0);
}
