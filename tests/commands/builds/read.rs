//! `list`, `info`, `get`.

use serde_json::{Value, json};
use tests::{DEVELOPMENT, Dir, Sim};

use super::{deploy, deployment};

#[test]
fn every_filter_of_list() {
    let sim = Sim::start(&["--production", "1"]);
    let ovens = sim.product("Ovens");
    let a = sim.group(&ovens, DEVELOPMENT, "A");
    let b = sim.group(&ovens, "pre_production_devicegroup", "B");
    let one = deploy(&sim, &a, "1", &json!({"tags": ["v1", "RC1"], "flagged": true}));
    let two = deploy(&sim, &a, "2", &json!({"tags": ["v1"]}));
    let three = deploy(&sim, &b, "1", &json!({"tags": ["v1", "RC1"]}));
    let sha = deployment(&sim, &one)["sha"].as_str().expect("a sha").to_owned();
    let dir = Dir::signed_in(&sim);
    let all = sim.all("deployments");
    let made = all.iter().find(|build| ![&one, &two, &three].iter().any(|id| build["id"] == ***id));
    let other = made.expect("made by --production")["id"].as_str().expect("an id").to_owned();
    let expect = |options: &str, ids: &[&String]| {
        let mut listed = dir.sh(&format!("imp-build list {options}")).quiet().field("id");
        listed.sort();
        let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
        ids.sort();
        assert_eq!(listed, ids, "{options}");
    };
    expect("", &[&one, &two, &three, &other]);
    expect("--product Ovens", &[&one, &two, &three]);
    expect("--dg A", &[&one, &two]);
    expect("--dg A --dg B", &[&one, &two, &three]);
    expect("--dg-type pre-production", &[&three]);
    expect("--dg-type production --dg-type development", &[&one, &two, &other]);
    expect(&format!("--sha {}", sha.to_uppercase()), &[&one, &three]);
    expect("--tag v1", &[&one, &two, &three]);
    expect("--tag v1 --tag RC1", &[&one, &three]);
    expect("--flagged", &[&one]);
    expect("--unflagged --dg A", &[&two]);
    expect("--non-zombie --product Ovens", &[&one, &two, &three]);
    expect("--zombie", &[]);
    expect("--owner me --tag RC1 --dg B", &[&three]);
    assert_eq!(dir.sh("imp-build list --limit 2").quiet().records().len(), 2);
    let dgs = "imp-dg list --product Ovens | imp-build list --dg - --unflagged";
    assert_eq!(dir.sh(dgs).quiet().records().len(), 2);
}

#[test]
fn what_others_own() {
    let sim = Sim::start(&[]);
    let [a] = sim.groups(["A"]);
    let mine = deploy(&sim, &a, "1", &json!({}));
    let all = sim.all("devicegroups");
    let theirs = all.iter().find(|group| group["name"] == "PartnerGroup").expect("is there");
    let group = theirs["id"].as_str().expect("an id");
    let build = deploy(&sim, group, "2", &json!({"tags": ["theirs"]}));
    let dir = Dir::signed_in(&sim);
    for owner in ["partner", "partner@example.com", theirs["owner_id"].as_str().expect("an id")] {
        let listed = dir.sh(&format!("imp-build list --owner {owner}")).quiet().field("id");
        assert_eq!(listed, std::slice::from_ref(&build), "{owner}");
    }
    assert_eq!(dir.sh("imp-build list --owner me").quiet().field("id"), [mine]);
    dir.sh("imp-build list --owner nobody").code(1).says("No account `nobody`");
    let group = "'{partner}{PartnerProduct}{PartnerGroup}'";
    let copied = dir.sh(&format!("imp-build copy --build {build} --dg {group}")).quiet();
    assert_eq!(copied.record()["owner_id"], theirs["owner_id"]);
}

#[test]
fn records_have_no_code_whatever_the_service_lists() {
    for variant in ["code-in-lists=on", "code-in-lists=off"] {
        let sim = Sim::start(&["--variant", variant]);
        let [a] = sim.groups(["A"]);
        let id = deploy(&sim, &a, "secret <- 1;", &json!({"tags": ["T"], "origin": "here"}));
        let dir = Dir::signed_in(&sim);
        let record = dir.sh("imp-build list").quiet().record();
        assert_eq!(record.get("device_code"), None);
        let whole = deployment(&sim, &id);
        for (name, value) in whole.as_object().expect("an object") {
            if !name.ends_with("_code") {
                assert_eq!(record[name], *value, "{name}");
            }
        }
        for text in [&id, whole["sha"].as_str().expect("a sha"), "T", "here"] {
            let info = dir.sh(&format!("imp-build info --build {text}")).quiet().record();
            assert_eq!(info, record, "{text}");
        }
        let full = dir.sh("imp-build list | imp-build info --full").quiet().record();
        assert_eq!(full["device_code"], "secret <- 1;");
        dir.sh("imp-build info --build nothing").code(1).says("id, sha, tag or origin");
        let wrong = dir.sh("imp-dg list --product Ovens | imp-build info --failed failed").code(1);
        wrong.no_stdout();
        assert_eq!(dir.failed("failed")[0].error.kind, "wrong_type");
    }
}

#[test]
fn a_tag_goes_before_an_origin_and_a_sha_before_both() {
    let sim = Sim::start(&[]);
    let [a] = sim.groups(["A"]);
    let one = deploy(&sim, &a, "1", &json!({"origin": "X"}));
    let two = deploy(&sim, &a, "2", &json!({"tags": ["X"], "origin": "Y"}));
    let sha = deployment(&sim, &one)["sha"].as_str().expect("a sha").to_owned();
    let three = deploy(&sim, &a, "3", &json!({"tags": [sha], "origin": "Y"}));
    let dir = Dir::signed_in(&sim);
    let found = |text: &str| dir.sh(&format!("imp-build info --build {text}")).quiet().field("id");
    assert_eq!(found("X"), std::slice::from_ref(&two));
    assert_eq!(found(&sha), std::slice::from_ref(&one));
    let run = dir.sh("imp-build info --build Y").code(1).says("2 deployments are called `Y`");
    // Candidates are told with their age.
    let created = deployment(&sim, &three)["created_at"].as_str().expect("a time").to_owned();
    run.says_all(&[&two, &three, &created]);
}

#[test]
fn code_goes_to_files_and_never_over_others_unasked() {
    let sim = Sim::start(&[]);
    let [a] = sim.groups(["A"]);
    let id = deploy(&sim, &a, "one <- 1;\n", &json!({"tags": ["T"]}));
    let other = deploy(&sim, &a, "two <- 2;\n", &json!({}));
    let dir = Dir::signed_in(&sim);
    let record = dir.sh("imp-build get --build T").quiet().record();
    let name = format!("{id}.device.nut");
    assert_eq!(record["device_file"], name.as_str());
    assert_eq!(record.get("device_code"), None);
    assert_eq!(dir.read(&name), "one <- 1;\n");
    assert_eq!(dir.read(&format!("{id}.agent.nut")), "");
    // They are there now.
    dir.write(&name, "mine");
    dir.sh("imp-build get --build T --failed failed").code(1).says("is there already");
    assert_eq!(dir.failed("failed")[0].error.kind, "conflict");
    dir.sh(&format!("imp-build get -b T -x {name} -i")).code(2).says("--confirmed");
    assert_eq!(dir.read(&name), "mine");
    let refused = dir.sh_on_terminal(&format!("imp-build get -b T -x {name} -i"), "n\n");
    refused.code(1);
    assert_eq!(dir.read(&name), "mine");
    dir.sh_on_terminal(&format!("imp-build get -b T -x {name} -i"), "y\n").ok();
    assert_eq!(dir.read(&name), "one <- 1;\n");
    dir.write(&name, "mine");
    dir.sh("imp-build list | imp-build get --confirmed").quiet();
    assert_eq!(dir.read(&name), "one <- 1;\n");
    assert_eq!(dir.read(&format!("{other}.device.nut")), "two <- 2;\n");
    let both = "imp-build list | imp-build get -x same.nut --device-only";
    dir.sh(both).code(1).says("has the code of another build already");
}

#[test]
fn code_goes_to_stdout_and_back() {
    let sim = Sim::start(&[]);
    let [a, b] = sim.groups(["A", "B"]);
    deploy(&sim, &a, "x <- 1;\n// no more\n", &json!({"tags": ["T"]}));
    let dir = Dir::signed_in(&sim);
    let run = dir.sh("imp-build get --build T --device-file -").quiet();
    assert_eq!(run.stdout(), "x <- 1;\n// no more\n");
    let files = std::fs::read_dir(dir.path()).expect("a directory").count();
    assert_eq!(files, 1, "only the sign-in");
    let pipeline = "imp-build get -b T -x - -i | sed s/1/2/ | imp-build deploy -g B -x -";
    let id = dir.sh(pipeline).quiet().field("id");
    assert_eq!(deployment(&sim, &id[0])["device_code"], "x <- 2;\n// no more\n");
    // The record that `get` prints names the group and the files: edited, it can be deployed.
    dir.sh("imp-build get -b T | imp-build deploy").quiet().outcomes("created", 1);
    for script in ["imp-build get -b T -x - -y -", "imp-build list | imp-build get -x -"] {
        dir.sh(script).code(2).no_stdout();
    }
    assert_eq!(super::group(&sim, &b)["current_deployment_id"], Value::from(id[0].clone()));
}
