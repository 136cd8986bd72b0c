//! `--plan`: what every verb that writes would change, as records; nothing is sent that changes anything.

use serde_json::{Value, json};
use tests::{Dir, Sim};

const FIXTURE: &str = "factoryfixture_devicegroup";

/// Product Ovens: A has devices, two builds and a webhook; F is a fixture group with its targets D and T.
fn account() -> (Sim, Dir) {
    let sim = Sim::start(&["--devices", "60", "--production", "5"]);
    let [a, _b] = sim.groups(["A", "B"]);
    sim.put(&a, &sim.field("id")[..20]);
    let mut dir = Dir::signed_in(&sim);
    dir.set("IMPT_PASSWORD", &sim.entry.password);
    dir.write("empty", "");
    dir.write("other", "server.log(1)");
    dir.sh("imp-dg create -n F -p Ovens -y factory -u D -w -t T --create-target").quiet();
    dir.sh("imp-product create -n Empty").quiet();
    dir.sh("imp-build deploy -g A -x other -y empty > old").quiet();
    dir.sh("imp-build deploy -g A -x empty -y empty -t new --flagged true > build").quiet();
    dir.sh("imp-build copy -g B < build").code(2);
    dir.sh("imp-dg update -g A -m new").quiet();
    dir.sh("imp-hook create -g A -u http://a/ -e blinkup > hook").quiet();
    (sim, dir)
}

const IDS: &str = "imp-device list --limit 3 -z minimal |";
const FREE: &str = "imp-device list --unassigned --limit 3 |";

/// What is typed, and how many changes of which kind it plans.
fn writing_verbs(key: &str) -> Vec<(String, (usize, &'static str))> {
    let changes = |count: usize, kind: &'static str| (count, kind);
    vec![
        (format!("{FREE} imp-device assign --dg A"), changes(3, "device")),
        ("imp-device list --dg A | imp-device rollout --to B".into(), changes(20, "device")),
        ("imp-device list --dg A | imp-device unassign".into(), changes(20, "device")),
        (format!("{IDS} imp-device update -n x"), changes(3, "device")),
        (format!("{FREE} imp-device remove -q"), changes(3, "device")),
        ("imp-device list --dg A --limit 1 | imp-device remove -qf".into(), changes(2, "device")),
        ("imp-device list --dg A | imp-device restart".into(), changes(20, "device")),
        ("imp-dg create -p Ovens -n C".into(), changes(1, "development_devicegroup")),
        ("imp-dg update -g A -n A2".into(), changes(1, "development_devicegroup")),
        ("imp-dg delete -q -g F".into(), changes(1, FIXTURE)),
        ("imp-dg reassign --from A --to B".into(), changes(20, "device")),
        ("imp-dg unassign -g A".into(), changes(20, "device")),
        ("imp-dg restart -g A".into(), changes(1, "development_devicegroup")),
        ("imp-dg builds -g A --unflag --remove -q".into(), changes(2, "deployment")),
        ("imp-product create -n N".into(), changes(1, "product")),
        (
            "imp-product export Empty | sed s/Empty/New/ | imp-product import".into(),
            changes(1, "product"),
        ),
        ("imp-product update -p Empty -s x".into(), changes(1, "product")),
        ("imp-product delete -q -p Empty".into(), changes(1, "product")),
        ("imp-build deploy -g A -x other -y empty".into(), changes(1, "development_devicegroup")),
        ("imp-build run -g A -x other -y empty".into(), changes(2, "development_devicegroup")),
        ("imp-build copy -b new -g B".into(), changes(1, "development_devicegroup")),
        ("imp-build rollout -b new -g B --restart".into(), changes(2, "development_devicegroup")),
        ("imp-build delete -q --input old".into(), changes(1, "deployment")),
        ("imp-build update --input build -s x".into(), changes(1, "deployment")),
        ("imp-hook create -g A -u http://b/ -e blinkup".into(), changes(1, "webhook")),
        ("imp-hook update --input hook -u http://b/".into(), changes(1, "webhook")),
        ("imp-hook delete -q --input hook".into(), changes(1, "webhook")),
        ("imp-auth key create -s x".into(), changes(1, "login_key")),
        (format!("imp-auth key update -k {key} -s x"), changes(1, "login_key")),
        (format!("imp-auth key delete -q -k {key}"), changes(1, "login_key")),
    ]
}

#[test]
fn every_verb_that_writes_plans_and_sends_nothing_that_changes() {
    let (sim, dir) = account();
    let key = dir.sh("imp-auth key create").ok().field("id").remove(0);
    for (script, (count, kind)) in writing_verbs(&key) {
        sim.reset();
        let run = dir.sh(&format!("{script} --plan")).code(5);
        assert_eq!(sim.counts().writes, 0, "{script}");
        let records = run.records();
        assert_eq!(records.len(), count, "{script}{run}");
        for record in &records {
            assert_eq!((&record["type"], &record["kind"]), (&json!("change"), &json!(kind)));
            assert!(record["before"].is_object() || record["after"].is_object(), "{record}");
            assert!(record.get("outcome").is_none() && record.get("dry_run").is_none());
            assert!(!record.to_string().contains(&key), "a secret: {record}");
        }
    }
}

#[test]
fn what_is_so_is_not_planned_and_what_fails_fails() {
    let (sim, dir) = account();
    sim.reset();
    let list = "imp-device list --dg A";
    dir.sh(&format!("{list} | imp-device assign --dg A --plan")).code(0).no_stdout();
    dir.sh("imp-product update -p Ovens -n Ovens --plan").code(0).no_stdout();
    let run = dir.sh("printf 'A\\nNobody\\n' | imp-dg update -s x --plan --failed failed").code(1);
    assert_eq!((run.records().len(), dir.failed("failed").len()), (1, 1));
    let way = dir.sh(&format!("{list} | imp-device restart --plan")).code(5);
    way.says("no way back from 20 changes: a restart is over");
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn a_plan_says_what_was_before_and_what_is_then() {
    let (sim, dir) = account();
    let groups = sim.all("devicegroups");
    let id = |name: &str| {
        let group = groups.iter().find(|group| group["name"] == name).expect("a group");
        group["id"].clone()
    };
    let record = |script: &str| dir.sh(&format!("{script} --plan")).code(5).records().remove(0);
    let moved = record("imp-device list --dg A --limit 1 | imp-device assign --dg B");
    assert_eq!(moved["before"], json!({"devicegroup_id": id("A")}));
    assert_eq!(moved["after"], json!({"devicegroup_id": id("B")}));
    // A MAC address alone: the id has been learnt.
    let mac = &sim.field("mac_address")[0];
    let by_mac = record(&format!("imp-device assign --dg B -d {mac}"));
    assert_eq!(by_mac["id"], json!(sim.field("id")[0]));
    let gone = record("imp-dg delete -q -g F");
    assert_eq!(gone["before"]["production_target_id"], id("T"));
    assert_eq!((&gone["before"]["name"], &gone["after"]), (&json!("F"), &Value::Null));
    let deployed = record("imp-build copy -b new -g B");
    assert_eq!(deployed["before"], json!({"current_deployment_id": null}));
    let sha = deployed["after"]["current_deployment"]["sha"].as_str().expect("a sha");
    assert_eq!(sha.len(), 64);
    // What is made on the way comes first, and is named by what comes after it.
    let create = "imp-dg create -p Toasters -c -n F -y factory -u D -w -t T --create-target --plan";
    let made = dir.sh(create).code(5).records();
    let ids: Vec<_> = made.iter().map(|record| record["id"].as_str().expect("an id")).collect();
    let planned = ["new:{Toasters}", "new:{Toasters}{T}", "new:{Toasters}{D}", "new:{Toasters}{F}"];
    assert_eq!(ids, planned);
    assert_eq!(made[3]["after"]["dut_target_id"], json!("new:{Toasters}{D}"));
}
