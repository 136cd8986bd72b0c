//! `imp-product export`: all that an account or a product has, so that a simulator that loads it is a twin.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tests::{Dir, Sim, kinds};

/// What makes an account with something of everything that lists know.
const RICH: &str = r#"
imp-product create -n Ovens -s 'all sizes'
imp-dg create -p Ovens -n Bench -y development -s 'on the desk' -e KEY=value -e NUMBER=5
imp-dg create -p Ovens -n Fixtures -y factory -u DUTs -w -t Shipped --create-target
imp-dg create -p Ovens -n 'Pre fixtures' -y pre-factory -u 'Pre DUTs' -w -t 'Pre shipped' --create-target
imp-dg create -p Ovens -n Other -y factory -u DUTs -t Shipped
imp-dg update -g Shipped --load-code-after-blessing false
imp-product create -n Toasters
imp-dg create -p Toasters -n Desk
for version in 1 2 3; do
    echo "server.log(\"version $version\"); // \"é\"" > code.nut
    imp-build deploy -g Bench -x code.nut -t v$version -t all -s "version $version" -o "origin $version"
done
imp-build update -b v2 --flagged
imp-dg update -g Bench -m v2
imp-build copy -b v1 -g DUTs -g Shipped -g Desk -g 'Pre shipped' --all -q
imp-build copy -b v3 -g Shipped -q
imp-hook create -g Shipped -u 'http://me:secret@127.0.0.1:9/path/TOKEN?a@b' -e blessing -m json
imp-hook create -g Bench -u http://127.0.0.1:9/deployed -e deployment -m urlencoded
imp-hook create -g "{PartnerProduct}{PartnerGroup}" -u http://127.0.0.1:9/partner -e blinkup -m json
imp-device list -u --limit 20 | imp-device assign -g Bench
imp-device list -g Bench --limit 1 | imp-device update -n 'left oven'
"#;

/// Such an account, and where its commands are typed.
pub(crate) fn rich(options: &[&str]) -> (Sim, Dir) {
    let sim = Sim::start(&[&["--devices", "60", "--production", "7"], options].concat());
    let dir = Dir::signed_in(&sim);
    dir.write("rich.sh", RICH);
    dir.sh("sh -e rich.sh").ok();
    sim.reset();
    (sim, dir)
}

/// A simulator with the records of a file, and a place to type commands to it.
fn twin_of(dir: &Dir, file: &str, options: &[&str]) -> (Sim, Dir) {
    let path = dir.path().join(file);
    let path = path.to_str().expect("UTF-8");
    let sim = Sim::start(&[&["--load", path], options].concat());
    let dir = Dir::signed_in(&sim);
    (sim, dir)
}

fn count_of_types(records: &[Value]) -> BTreeMap<&str, usize> {
    let mut types = BTreeMap::new();
    for record in records {
        *types.entry(record["type"].as_str().expect("a type")).or_default() += 1;
    }
    types
}

/// What a record names comes before it, but for the builds of its group.
fn each_can_be_made_when_it_comes(records: &[Value]) {
    let mut made = BTreeSet::new();
    for record in records {
        for name in ["product_id", "devicegroup_id", "production_target_id", "dut_target_id"] {
            let named = record[name].as_str();
            assert!(named.is_none_or(|id| made.contains(id)), "{name} of {record}");
        }
        made.insert(record["id"].as_str().expect("an id"));
    }
}

#[test]
fn a_twin_is_as_the_account_whatever_lists_hold() {
    let (sim, dir) = rich(&[]);
    dir.sh("imp-product export --all > account.ndjson").ok().says("has a password");
    assert!(sim.writes().is_empty());
    let records = dir.read_lines("account.ndjson");
    let types = count_of_types(&records);
    let expected = [
        ("account", 2),
        ("deployment", 9),
        ("development_devicegroup", 3),
        ("device", 60 + 7 + 3),
        ("dut_devicegroup", 2),
        ("factoryfixture_devicegroup", 3),
        ("pre_dut_devicegroup", 1),
        ("pre_factoryfixture_devicegroup", 1),
        ("pre_production_devicegroup", 1),
        ("product", 4),
        ("production_devicegroup", 2),
        ("webhook", 3),
    ];
    assert_eq!(types, expected.into(), "the partner's things too");
    each_can_be_made_when_it_comes(&records);
    assert_eq!(records[0]["me"], true);
    let text = dir.read("account.ndjson");
    assert!(text.contains("http://***@127.0.0.1:9/path/TOKEN?a@b") && !text.contains("secret"));
    assert!(!text.contains(&sim.entry.login_key), "a login key");
    let (twin, at_twin) = twin_of(&dir, "account.ndjson", &[]);
    at_twin.sh("imp-product export --all > account.ndjson").ok();
    assert_eq!(at_twin.read("account.ndjson"), text);
    assert_eq!(twin.entry.user, sim.entry.user);
    // A service whose lists say less is asked for the rest; one that says more has another order.
    for (variant, has_order) in [("code-in-lists=off", true), ("shared-lists=all", false)] {
        let (_other, at_other) = twin_of(&dir, "account.ndjson", &["--variant", variant]);
        at_other.sh("imp-product export --all > account.ndjson").ok();
        let other = at_other.read("account.ndjson");
        let sorted = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!(
            (other == text, sorted(&other) == sorted(&text)),
            (has_order, true),
            "{variant}"
        );
    }
}

#[test]
fn a_twin_can_come_through_a_pipe_which_is_read_only_once() {
    let (_sim, dir) = rich(&[]);
    let export = "imp-product export --all";
    dir.sh(&format!("{export} | imp-sim run --load /dev/stdin -- {export} > piped.ndjson")).ok();
    assert_eq!(dir.read("piped.ndjson"), dir.sh(export).ok().stdout());
}

#[test]
fn products_are_named_or_come_as_rows() {
    let (_sim, dir) = rich(&[]);
    dir.sh("imp-product export Ovens > ovens.ndjson").ok();
    let records = dir.read_lines("ovens.ndjson");
    let types = count_of_types(&records);
    assert_eq!((types["product"], types["device"], types["webhook"]), (1, 20, 2));
    assert_eq!((types["deployment"], types.len()), (7, 11), "{types:?}");
    each_can_be_made_when_it_comes(&records);
    let rows = "{ imp-product list --owner me; echo '{\"product\":\"Nowhere\"}'; imp-dg list; }";
    dir.sh(&format!("{rows} > rows.ndjson")).ok();
    let export = "imp-product export --no-devices --failed failed.ndjson --input rows.ndjson";
    let run = dir.sh(&format!("head -5 rows.ndjson | {export}")).code(1).says("Nowhere");
    let of_all = run.records();
    assert_eq!(count_of_types(&of_all)["product"], 3, "each once");
    assert!(!count_of_types(&of_all).contains_key("device"));
    assert!(kinds(&dir.failed("failed.ndjson")).contains_key("not_found"));
    // The product alone is enough for a simulator that has an account of its own.
    let (_twin, at_twin) = twin_of(&dir, "ovens.ndjson", &[]);
    let groups = at_twin.sh("imp-dg list --product Ovens").ok();
    assert_eq!(groups.records().len(), 8);
}

#[test]
fn what_cannot_be_taken_together_is_told() {
    let (_sim, dir) = rich(&[]);
    dir.sh("imp-product export --all Ovens").code(2).says("cannot be used with");
    dir.sh("imp-product export < /dev/null").code(2).no_stdout();
    dir.sh("imp-product export --all > /dev/full").code(2).says("stdout");
    for whole in ["--all", "Ovens"] {
        let run = dir.sh(&format!("imp-product export {whole} | head -1")).ok();
        assert_eq!(run.lines().len(), 1);
    }
}

#[test]
fn code_that_may_not_be_seen_is_told_to_be_missing() {
    let sim = Sim::start(&["--role", "support"]);
    let mut partner = Dir::new();
    for (name, value) in [
        ("IMPT_ENDPOINT", sim.entry.endpoint.as_str()),
        ("IMPT_USER", "partner"),
        ("IMPT_PASSWORD", "partner-password"),
    ] {
        partner.set(name, value);
    }
    partner.write("code.nut", "server.log(1);");
    partner.sh("imp-build deploy -g PartnerGroup -x code.nut").ok();
    let dir = Dir::signed_in(&sim);
    for whole in ["--all", "PartnerProduct"] {
        let run = dir.sh(&format!("imp-product export {whole}")).ok();
        let run = run.says("builds without their code, which the account may not see: 1");
        assert_eq!(count_of_types(&run.records())["deployment"], 1);
    }
    // A twin does not tell it either, so that nothing empty is deployed in its place.
    dir.sh("imp-product export --all > account.ndjson").ok();
    let (twin, at_twin) = twin_of(&dir, "account.ndjson", &[]);
    at_twin.sh("imp-product export --all > account.ndjson").ok();
    assert_eq!(at_twin.read("account.ndjson"), dir.read("account.ndjson"));
    let records = dir.read_lines("account.ndjson");
    let build = records.iter().find(|record| record["type"] == "deployment").expect("a build");
    for at in [&dir, &at_twin] {
        let copy = format!("imp-build copy -q -b {} -g PartnerGroup", build["id"]);
        at.sh(&copy).code(1).says("is not told");
    }
    assert!(twin.writes().is_empty() && sim.writes().iter().all(|one| one.path != "/v5/builds"));
}

#[test]
fn what_came_while_it_was_read_is_not_taken_for_whole() {
    let (sim, dir) = rich(&[]);
    sim.fault("GET /deployments delay=3s times=1");
    let export = dir.spawn("imp-product export --all --jobs 1");
    export.wait_for("the builds to be asked for", || sim.faults_applied() == [1]);
    dir.sh("imp-dg create -p Toasters -n Late; imp-device list -u | imp-device assign -g Late")
        .ok();
    let run = export.wait().code(1);
    run.says_all(&["name a device group that came after", "export it again"]);
}

#[test]
fn columns_of_many_types_lose_nothing() {
    let (_sim, dir) = rich(&[]);
    let called = "first((.name, .username, .url, .sha, \"\") | select(. != null and . != \"\"))";
    let told = |from: &str, to: &str| {
        let line = format!("jq -r '[.type, .id, ({called} // \"\")] | @tsv' > {to}");
        dir.sh(&format!("imp-product export --all {from} | {line}")).ok();
        dir.read(to)
    };
    let lines = told("", "lines");
    assert_eq!(told("-z csv | mlr -S --icsv --ojsonl cat", "cells"), lines);
    let table = dir.sh("imp-product export Toasters -z table").ok().stdout();
    let line = |start: &str| table.lines().any(|line| line.starts_with(start));
    assert!(line("TYPE ") && line("product ") && line("deployment "), "{table}");
}

#[test]
fn a_file_of_another_form_is_loaded_or_told_how_to_be() {
    let (sim, dir) = rich(&[]);
    dir.sh("imp-product export --all | sed '1s/^/\\xef\\xbb\\xbf/' > marked").ok();
    dir.sh("imp-sim run --load marked -- imp-product list > products").ok();
    assert_eq!(dir.read_lines("products").len(), sim.all("products").len());
    for (form, said) in
        [("json", "`jq -c '.[]' other` makes that of it"), ("csv", "--output ndjson")]
    {
        dir.sh(&format!("imp-product export --all --output {form} > other")).ok();
        let ended = dir.sh("imp-sim run --load other -- true").code(2);
        ended.says_all(&["other:1: ", "`imp-product export --all`", said]);
    }
    dir.sh("imp-product export --all -z json > other; jq -c '.[]' other > lines").ok();
    dir.sh("imp-sim run --load lines -- true").quiet();
}
