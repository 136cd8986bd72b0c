//! `imp-product import`: what one account has, made in another one, once, however often it is cut.

mod refused;
mod undone;

use serde_json::{Value, json};
use tests::{Dir, Sim, kinds};

use super::export::rich;

/// A file of the product Ovens, with the password that an export leaves out.
fn ovens() -> String {
    let (_sim, dir) = rich(&[]);
    dir.sh("imp-product export Ovens > ovens.ndjson").ok();
    dir.read("ovens.ndjson").replace("***@", "me:secret@")
}

/// Another account, and the file beside it.
fn other_account(file: &str) -> (Sim, Dir) {
    let sim = Sim::start(&["--seed", "9"]);
    let dir = Dir::signed_in(&sim);
    dir.write("ovens.ndjson", file);
    (sim, dir)
}

/// What is left of records when ids are places, and neither owners nor times count.
fn without_account(records: &[Value]) -> Vec<Value> {
    let place = |id: &Value| {
        let found = records.iter().position(|record| record["id"] == *id);
        found.filter(|_| id.is_string()).map(|place| json!(format!("#{place}")))
    };
    let is_of_account = |name: &str| {
        ["owner_", "creator_", "flagger_", "created_", "updated_"]
            .iter()
            .any(|it| name.starts_with(it))
    };
    let told = |record: &Value| {
        let fields = record.as_object().expect("a record").iter();
        let fields = fields.filter(|(name, _)| !is_of_account(name));
        fields.map(|(name, value)| (name.clone(), place(value).unwrap_or(value.clone()))).collect()
    };
    records.iter().map(told).collect()
}

/// The same of what a file or an account holds of Ovens, but for devices.
fn of_file(file: &str) -> Vec<Value> {
    let records = file.replace("me:secret@", "***@");
    let records = records.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let records: Vec<Value> = records.filter(|one: &Value| one["type"] != "device").collect();
    without_account(&records)
}

fn of_account(dir: &Dir) -> Vec<Value> {
    without_account(&dir.sh("imp-product export Ovens").ok().records())
}

#[test]
fn a_file_of_csv_makes_the_same() {
    let (_sim, of_one) = rich(&[]);
    of_one
        .sh("imp-product export Ovens > ovens.ndjson; imp-product export Ovens -z csv > ovens.csv")
        .ok();
    let (_other, dir) = other_account("");
    dir.write("ovens.csv", of_one.read("ovens.csv").replace("***@", "me:secret@"));
    dir.sh("imp-product import < ovens.csv").ok();
    assert_eq!(of_account(&dir), of_file(&of_one.read("ovens.ndjson")));
}

#[test]
fn a_product_is_made_in_another_account_as_it_is() {
    let file = ovens();
    let (sim, dir) = other_account(&file);
    let run = dir.sh("imp-product import < ovens.ndjson").ok().says("import: 20 devices");
    run.clone().outcomes("created", 18);
    assert!(
        run.records().iter().all(|made| file.contains(made["old_id"].as_str().expect("an id")))
    );
    assert!(!run.stdout().contains("server.log"), "no code is printed");
    assert_eq!(of_account(&dir), of_file(&file));
    // Beside what is made, the code of one group is not loaded after blessing, and another has a minimum.
    assert_eq!(sim.writes().len(), 20);
    sim.reset();
    dir.sh("imp-product import --input ovens.ndjson").ok().outcomes("unchanged", 18);
    assert!(sim.writes().is_empty());
}

#[test]
fn a_plan_tells_all_and_an_import_can_be_undone() {
    let (sim, dir) = other_account(&ovens());
    let plan = dir.sh("imp-product import --input ovens.ndjson --plan").code(5);
    assert_eq!(
        (sim.writes().len(), plan.records().len()),
        (0, 20),
        "a flag and a minimum are changes of their own"
    );
    dir.sh("imp-product import --input ovens.ndjson --dry-run").ok().outcomes("created", 18);
    assert!(sim.writes().is_empty());
    let before = [sim.all("products"), sim.all("devicegroups"), sim.all("deployments")];
    dir.sh("imp-product import --input ovens.ndjson").ok();
    dir.sh("imp-change undo -q last").ok();
    let after = [sim.all("products"), sim.all("devicegroups"), sim.all("deployments")];
    assert_eq!(after, before);
    assert!(sim.all("webhooks").is_empty());
}

#[test]
fn what_cannot_be_made_as_a_whole_is_refused_before_anything_is_done() {
    let file = ovens();
    let (sim, dir) = other_account(&file);
    let twice = file.replace("\"id\":\"", "\"id\":\"f").replace("_id\":\"", "_id\":\"f");
    dir.write("twice.ndjson", format!("{file}{twice}"));
    let line = file.lines().nth(3).expect("a group");
    let id = &line[line.find("\"id\":\"").expect("an id") + 6..][..36];
    for (input, said) in [
        ("sed s/me:secret/***/ ovens.ndjson", "the user and the password of its url"),
        ("grep -v '\"type\":\"product\"' ovens.ndjson", "there is no product in the input"),
        ("grep '\"type\":\"device\"' ovens.ndjson", "there is no product in the input"),
        ("jq -c 'del(.device_code)' ovens.ndjson", "its code is not in the input"),
        ("cat ovens.ndjson; echo '{'", "nothing was done"),
        ("cat ovens.ndjson; echo '{\"type\":\"change\"}'", "it is no record of an export"),
        ("cat twice.ndjson", "two products in the input are called `Ovens`"),
        (&format!("grep -v '^{{[^}}]*\"id\":\"{id}\"' ovens.ndjson"), "which is not in the input"),
        (":", "there is no product in the input"),
        ("jq -c 'select(.description != \"version 3\")' ovens.ndjson", "not its newest build"),
        ("jq -c 'select(.flagged | not)' ovens.ndjson", "its min_supported_deployment_id is"),
    ] {
        let run = dir.sh(&format!("{{ {input}; }} | imp-product import --failed failed")).code(2);
        run.says(said).no_stdout();
    }
    dir.sh("imp-product import --input ovens.ndjson -p Toasters")
        .code(2)
        .says("no product `Toasters`");
    assert!(sim.writes().is_empty());
    // Somebody's own product of that name.
    let own = sim.product("Ovens");
    let import = "imp-product import --input ovens.ndjson";
    dir.sh(import).code(2).says("its description is \"\", and \"all sizes\" in the input");
    dir.sh("imp-product update -p Ovens -s 'all sizes'").ok();
    sim.group(&own, tests::DEVELOPMENT, "Own");
    sim.reset();
    dir.sh(import)
        .code(2)
        .says("is not the beginning of this import: the input has no device group");
    dir.sh("imp-dg update -g Own -n Bench").ok();
    sim.reset();
    dir.sh(import).code(2).says("device group `Bench`: its description is");
    assert!(sim.writes().is_empty());
}

#[test]
fn of_several_products_some_can_be_chosen() {
    let (_sim, from) = rich(&[]);
    from.sh("imp-product export --all > account.ndjson").ok();
    let (sim, dir) = other_account(&from.read("account.ndjson"));
    let import = "imp-product import --input ovens.ndjson -p Toasters -p SimProduct";
    dir.sh("imp-product import --input ovens.ndjson").code(2).says("the user and the password");
    dir.sh(import).ok().outcomes("created", 8);
    let names = |what: &str| -> Vec<Value> {
        sim.all(what).into_iter().map(|thing| thing["name"].clone()).collect()
    };
    assert_eq!(names("products"), ["PartnerProduct", "SimProduct", "Toasters"]);
}

#[test]
fn builds_are_made_in_the_order_of_their_times() {
    let file = ovens();
    let (_sim, dir) = other_account(&file);
    let is_build = |line: &&str| line.contains("\"type\":\"deployment\"");
    let first = file.lines().find(is_build).expect("a build");
    dir.write("ovens.ndjson", format!("{}{first}\n", file.replace(&format!("{first}\n"), "")));
    dir.sh("imp-product import --input ovens.ndjson").ok().outcomes("created", 18);
    assert_eq!(of_account(&dir), of_file(&file));
}

#[test]
fn a_build_that_failed_is_made_before_later_ones_of_its_group() {
    let file = ovens();
    let (sim, dir) = other_account(&file);
    sim.fault("POST /deployments 400 after=1 times=1");
    let import = "imp-product import --input ovens.ndjson --failed failed";
    dir.sh(import).code(1).says("not attempted: 2 rows");
    // The third build of the group, and its webhook; other groups are whole.
    assert_eq!(kinds(&dir.failed("failed"))["not_attempted"], 2);
    sim.no_faults();
    dir.sh(import).ok();
    let builds = dir.sh("imp-build list -g Bench").ok().field("description");
    assert_eq!(builds, ["version 3", "version 2", "version 1"]);
    dir.sh(import).ok().outcomes("unchanged", 18);
    // What belongs to something that was not made is not attempted.
    let (sim, dir) = other_account(&file);
    sim.fault("POST /devicegroups 403 times=1");
    dir.sh(import).code(1);
    assert!(kinds(&dir.failed("failed"))["not_attempted"] > 1);
}

#[test]
fn no_message_tells_a_secret() {
    let (_sim, dir) = other_account(&ovens());
    dir.sh("imp-product import --input ovens.ndjson").ok();
    for (edit, said) in [
        (
            "sed 's/\"KEY\":\"value\"/\"KEY\":\"hush\"/'",
            "variables are others in the input: `KEY`;",
        ),
        ("grep -v me:secret", "the input has no webhook `http://***@127.0.0.1:9/path/"),
    ] {
        let run = dir.sh(&format!("{edit} ovens.ndjson | imp-product import")).code(2).says(said);
        assert!(!["hush", "value", "secret"].iter().any(|secret| run.stderr().contains(secret)));
    }
}

#[test]
fn a_file_whose_code_was_edited_goes_on_too() {
    let file = ovens().replace("log(\\\"version 2", "log(\\\"edited 2");
    let import = "imp-product import --input ovens.ndjson";
    assert!(file.contains("edited 2"));
    for (number, after) in [11, 12, 13, 15].into_iter().enumerate() {
        let variant: &[&str] = if after < 13 { &[] } else { &["--variant", "code-in-lists=off"] };
        let sim = Sim::start(&[&["--seed", "9"], variant].concat());
        let dir = Dir::signed_in(&sim);
        dir.write("ovens.ndjson", &file);
        sim.fault(&format!("POST /** delay=1h after={after}"));
        let running = dir.spawn(&format!("exec {import}"));
        running.wait_for("a request that is not answered", || sim.faults_applied() == [1]);
        running.insist("KILL");
        sim.no_faults();
        dir.sh(if number % 2 == 0 { import } else { "imp-change resume last" }).ok();
        sim.reset();
        dir.sh(import).ok().outcomes("unchanged", 18);
        assert!(sim.writes().is_empty());
        // It is not taken for what it is without the edit.
        dir.sh("sed 's/edited 2/other 2/' ovens.ndjson | imp-product import")
            .code(2)
            .says("the input has no build");
    }
}

#[test]
fn killed_at_any_request_it_goes_on_and_makes_nothing_twice() {
    let file = ovens();
    let expected = of_file(&file);
    let import = "imp-product import --input ovens.ndjson";
    let rules = (0..18).map(|after| format!("POST /** delay=1h after={after}"));
    let rules = rules.chain(["PATCH /** delay=1h".to_owned(), "PUT /** delay=1h".to_owned()]);
    for (number, rule) in rules.enumerate() {
        let (sim, dir) = other_account(&file);
        sim.fault(&rule);
        let running = dir.spawn(&format!("exec {import}"));
        running.wait_for("a request that is not answered", || sim.faults_applied() == [1]);
        running.insist("KILL");
        sim.no_faults();
        let again = if number % 2 == 0 { import } else { "imp-change resume last" };
        let run = dir.sh(again).ok();
        assert_eq!(of_account(&dir), expected, "{rule}, {again}{run}");
    }
}
