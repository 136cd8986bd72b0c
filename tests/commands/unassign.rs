//! `imp-device unassign`, `imp-dg unassign` and `imp-dg reassign`: out of groups, production ones too.

use std::collections::BTreeSet;

use serde_json::json;
use tests::{DEVELOPMENT, Dir, Sim, kinds, told};

const MEMBERS: &str = "DELETE /devicegroups/{id}/relationships/devices";

/// The id of the group that `--production` makes.
fn production_group(sim: &Sim) -> String {
    let groups = sim.all("devicegroups");
    let found = groups.iter().find(|group| group["name"] == "SimProduction");
    found.expect("made by --production")["id"].as_str().expect("an id").to_owned()
}

#[test]
fn devices_leave_with_one_request_for_each_hundred_of_a_group() {
    let sim = Sim::start(&["--devices", "500"]);
    let [a, b] = sim.groups(["A", "B"]);
    let ids = sim.field("id");
    sim.put(&a, &ids[..150]);
    sim.put(&b, &ids[150..250]);
    let dir = Dir::signed_in(&sim);
    let mut mixed: Vec<&String> = ids[..300].iter().collect();
    mixed.sort_by_key(|id| id.chars().rev().collect::<String>());
    dir.write_column("devices.csv", "id", &mixed);
    let run = dir.sh("imp-device unassign --input devices.csv --report report").quiet();
    let report = dir.report("report");
    assert_eq!((report.ok, report.unchanged, report.failed), (250, 50, 0));
    assert!(run.records().iter().all(|record| record.get("devicegroup_id").is_none()));
    assert_eq!(sim.counts().kind(MEMBERS), 3, "two for A, one for B");
    assert_eq!(sim.places(), [("null".to_owned(), 500)].into());
    // Again: nothing is sent.
    sim.reset();
    dir.sh("imp-device unassign --input devices.csv").quiet().outcomes("unchanged", 300);
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn what_is_printed_is_known_to_have_changed() {
    let sim = Sim::start(&["--devices", "2"]);
    let [a] = sim.groups(["A"]);
    sim.put(&a, &sim.field("id"));
    let dir = Dir::signed_in(&sim);
    let script = "imp-device list --dg A | imp-device unassign";
    let record = dir.sh(&format!("{script} | head -1")).ok().records().remove(0);
    assert_eq!(record["outcome"], "unassigned");
    for gone in ["devicegroup_id", "devicegroup_type", "product_id", "product_type"] {
        assert_eq!(record.get(gone), None, "{gone}");
    }
    assert_eq!((&record["agent_id"], &record["agent_running"]), (&json!(null), &json!(false)));
    assert!(record["imp_type"].is_string(), "the rest of the record is kept");
    sim.put(&a, &sim.field("id"));
    let back = dir.sh(&format!("{script} --read-back")).quiet().records();
    assert_eq!(back.len(), 2);
    assert!(back.iter().all(|record| record.get("devicegroup_id").is_none()));
}

#[test]
fn unknown_devices_fail_and_the_others_go() {
    let sim = Sim::start(&["--devices", "20"]);
    let [a] = sim.groups(["A"]);
    sim.put(&a, &sim.field("id"));
    let dir = Dir::signed_in(&sim);
    dir.write("devices", "sensor-000001\n0c:2a:69:ff:ff:ff\nsensor-000002\n40000c2a69ffffff\nx\n");
    let run = dir.sh("imp-device unassign < devices --failed failed").code(1);
    run.outcomes("unassigned", 2);
    let failed = dir.failed("failed");
    assert_eq!(
        told(&failed),
        [("stdin:2", "not_found"), ("stdin:4", "not_found"), ("stdin:5", "not_found")]
    );
}

#[test]
fn production_devices_need_the_key_and_it_is_really_sent() {
    let sim = Sim::start(&["--production", "30", "--unbond-key", "the-unbond-key"]);
    let group = production_group(&sim);
    let mut dir = Dir::signed_in(&sim);
    dir.sh("imp-device list --dg SimProduction > devices").quiet();
    // Without the key nothing is sent.
    let run =
        dir.sh("imp-device unassign --confirmed --failed failed < devices").code(1).no_stdout();
    run.says("--unbond");
    assert_eq!((dir.failed("failed").len(), sim.counts().writes), (30, 0));
    // A wrong key is refused, once for all.
    let run = dir.sh("imp-device unassign -q --unbond wrong --failed failed < devices").code(1);
    run.no_stdout();
    assert_eq!(kinds(&dir.failed("failed")), [("refused", 30)].into());
    assert_eq!(sim.members(&group).len(), 30);
    // In every way to give it.
    dir.write("key", "the-unbond-key\n");
    dir.set("IMP_UNBOND_KEY", "wrong");
    let ways = ["--unbond the-unbond-key", "--unbond-file key", "-u the-unbond-key"];
    for (way, left) in ways.iter().zip([20, 10, 5]) {
        let take = sim.members(&group).len() - left;
        let script = format!("head -{take} devices | imp-device unassign -q {way} | jq -r .id");
        let gone = dir.sh(&script).ok().lines();
        assert_eq!((gone.len(), sim.members(&group).len()), (take, left), "{way}");
        dir.sh(&format!("tail -n +{} devices > left; mv left devices", take + 1)).quiet();
    }
    dir.set("IMP_UNBOND_KEY", "the-unbond-key");
    dir.sh("imp-device unassign -q < devices").quiet().outcomes("unassigned", 5);
    assert!(sim.members(&group).is_empty());
}

#[test]
fn without_a_terminal_unblessing_has_to_be_confirmed_before_anything_is_sent() {
    let sim = Sim::start(&["--production", "25", "--devices", "5"]);
    let [a] = sim.groups(["A"]);
    sim.put(&a, &sim.field("id")[..5]);
    let dir = Dir::signed_in(&sim);
    let unassign =
        format!("imp-device list | imp-device unassign --unbond {}", sim.entry.unbond_key);
    let run = dir.sh(&unassign).code(2).no_stdout().says_all(&["25", "--confirmed"]);
    run.says("nothing was");
    assert_eq!(sim.counts().writes, 0, "not even for the others");
    let key = &sim.entry.unbond_key;
    let run = dir.sh(&format!("imp-dg unassign --dg SimProduction --unbond {key}"));
    run.code(2).no_stdout();
    assert_eq!(sim.counts().writes, 0);
    // A dry run asks nothing.
    dir.sh(&format!("{unassign} --dry-run")).ok().outcomes("unassigned", 30);
    assert_eq!(sim.counts().writes, 0);
    // Development groups need no consent.
    dir.sh("imp-dg unassign --dg A").quiet().outcomes("unassigned", 5);
}

#[test]
fn on_a_terminal_it_asks_with_the_number_and_the_first_ten() {
    let sim = Sim::start(&["--production", "25"]);
    let group = production_group(&sim);
    let dir = Dir::signed_in(&sim);
    let key = &sim.entry.unbond_key;
    let script = format!("imp-device list | imp-device unassign --unbond {key} > out");
    for no in ["n\n", "\n", "nope\n"] {
        let run = dir.sh_on_terminal(&script, no).code(2);
        let shown = run.stdout();
        assert!(shown.contains("25 production devices") && shown.contains("simuser"), "{run}");
        let ids: BTreeSet<String> =
            sim.field("id").into_iter().filter(|id| shown.contains(id)).collect();
        assert_eq!(ids.len(), 10, "{run}");
        assert!(shown.contains("15 more"), "{run}");
        assert_eq!((sim.counts().writes, dir.read("out")), (0, String::new()));
    }
    dir.sh_on_terminal(&script, "y\n").ok();
    assert_eq!((dir.read_lines("out").len(), sim.members(&group).len()), (25, 0));
}

#[test]
fn a_group_is_emptied_or_moved_as_a_whole() {
    let sim = Sim::start(&["--devices", "450"]);
    let [a, b] = sim.groups(["A", "B"]);
    let ids = sim.field("id");
    sim.put(&a, &ids[..250]);
    sim.put(&b, &ids[250..300]);
    let dir = Dir::signed_in(&sim);
    let run = dir.sh("imp-dg reassign --from A --to B --report report").quiet();
    let run = run.outcomes("assigned", 250);
    assert!(run.field("devicegroup_id").iter().all(|group| *group == b));
    assert_eq!((sim.members(&a).len(), sim.members(&b).len(), sim.restarts()), (0, 300, 250));
    assert_eq!(sim.writes().len(), 3, "in requests of a hundred");
    assert_eq!(dir.report("report").ok, 250);
    dir.sh("imp-dg reassign --from B --to B").quiet().outcomes("unchanged", 300);
    assert_eq!(sim.restarts(), 250);
    dir.sh("imp-dg list | imp-dg unassign --dg - --dry-run").ok();
    assert_eq!(sim.members(&b).len(), 300);
    dir.sh("imp-dg unassign --dg B").quiet().outcomes("unassigned", 300);
    assert_eq!(sim.places(), [("null".to_owned(), 450)].into());
    dir.sh("imp-dg unassign --dg B").quiet().no_stdout();
}

#[test]
fn pre_production_devices_need_no_key_but_dg_production_ones_do() {
    let sim = Sim::start(&["--production", "12"]);
    let product = sim.product("Ovens");
    let a = sim.group(&product, DEVELOPMENT, "A");
    let dir = Dir::signed_in(&sim);
    sim.reset();
    let run = dir.sh("imp-dg unassign --dg SimProduction -q --failed failed").code(1);
    run.no_stdout().says("--unbond");
    assert_eq!((dir.failed("failed").len(), sim.counts().writes), (12, 0));
    let key = &sim.entry.unbond_key;
    let script =
        format!("imp-dg unassign --dg SimProduction -q --unbond {key} | imp-device assign --dg A");
    dir.sh(&script).quiet().outcomes("assigned", 12);
    assert_eq!(sim.members(&a).len(), 12, "unblessed devices are development devices");
}

#[test]
fn unblessing_is_limited_by_the_service_and_waited_for() {
    let sim = Sim::start(&["--production", "40", "--rate-limit", "40"]);
    let group = production_group(&sim);
    let dir = Dir::signed_in(&sim);
    let key = &sim.entry.unbond_key;
    let script = format!("imp-device list | imp-device unassign -q --batch 2 --unbond {key}");
    dir.sh(&script).ok().outcomes("unassigned", 40);
    assert!(sim.members(&group).is_empty());
    let over = sim.counts().by_kind[MEMBERS].get(&429).copied().unwrap_or_default();
    assert!(over <= 80, "{over} requests came too early: who is refused pauses");
}

#[test]
fn a_name_of_two_groups_empties_neither() {
    let sim = Sim::start(&["--devices", "4"]);
    let groups = ["Ovens", "Toasters"].map(|name| {
        let product = sim.product(name);
        sim.group(&product, DEVELOPMENT, "Bench")
    });
    let ids = sim.field("id");
    sim.put(&groups[0], &ids[..2]);
    sim.put(&groups[1], &ids[2..]);
    let dir = Dir::signed_in(&sim);
    for command in ["unassign --dg Bench", "reassign --from Bench --to '{Ovens}{Bench}'"] {
        dir.sh(&format!("imp-dg {command}"))
            .code(1)
            .no_stdout()
            .says_all(&groups.each_ref().map(String::as_str));
    }
    assert_eq!(sim.counts().writes, 0);
    dir.sh("imp-dg unassign --dg '{Ovens}{Bench}'").quiet().outcomes("unassigned", 2);
}

#[test]
fn ctrl_c_is_an_answer_that_leaves_the_rows_not_attempted() {
    let sim = Sim::start(&["--devices", "5", "--production", "5"]);
    let dir = Dir::signed_in(&sim);
    let devices = sim.devices();
    let (blessed, others): (Vec<_>, Vec<_>) =
        devices.iter().partition(|device| device["devicegroup_id"].is_string());
    let run = "--input devices.csv --failed failed --report report";
    for (rows, verb) in [(others, "remove"), (blessed, "unassign --unbond sim-unbond-key")] {
        let ids: Vec<&str> = rows.iter().filter_map(|device| device["id"].as_str()).collect();
        dir.write_column("devices.csv", "id", &ids);
        let script = format!("imp-device {verb} {run}");
        dir.converse(&script, &[("Go on?", "\u{3}")]).code(130);
        assert_eq!(kinds(&dir.failed("failed")), [("not_attempted", 5)].into(), "{verb}");
        assert_eq!(dir.report("report").exit, 130);
    }
    assert_eq!(sim.counts().writes, 0);
}
