//! What an import has made is told, and taken back: also by two runs.

use serde_json::Value;
use tests::{Dir, Sim};

use super::{other_account, ovens};

const IMPORT: &str = "imp-product import --input ovens.ndjson";

/// Of change records those about a minimum, with the verb left out.
fn minimums(records: &[Value]) -> Vec<&Value> {
    let is_it = |record: &&Value| !record["after"]["min_supported_deployment_id"].is_null();
    records.iter().filter(is_it).collect()
}

/// What there is in the account.
fn all(sim: &Sim) -> Vec<Vec<Value>> {
    ["products", "devicegroups", "deployments", "webhooks"].map(|list| sim.all(list)).into()
}

/// Kills an import at the request of a rule.
fn kill_at(sim: &Sim, dir: &Dir, rule: &str) {
    sim.fault(rule);
    let running = dir.spawn(&format!("exec {IMPORT}"));
    running.wait_for("a request that is not answered", || sim.faults_applied() == [1]);
    running.insist("KILL");
    sim.no_faults();
}

#[test]
fn the_minimum_of_a_group_is_in_the_plan_and_in_the_journal() {
    let (sim, dir) = other_account(&ovens());
    let plan = dir.sh(&format!("{IMPORT} --plan")).code(5).records();
    let [planned] = minimums(&plan)[..] else { panic!("{plan:?}") };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let build = text(&planned["after"]["min_supported_deployment_id"]);
    let created = |record: &Value, id: &str| record["before"].is_null() && record["id"] == *id;
    assert!(plan.iter().any(|record| created(record, &build)), "{build}");
    assert!(plan.iter().any(|record| created(record, &text(&planned["id"]))), "{planned}");
    assert_eq!(
        (&planned["kind"], &planned["name"]),
        (&"development_devicegroup".into(), &"Bench".into())
    );
    dir.sh(IMPORT).ok();
    let is_told = || {
        let told = dir.sh("imp-change show last").ok().records();
        let [told] = minimums(&told)[..] else { panic!("{told:?}") };
        let groups = sim.all("devicegroups");
        let group = groups.iter().find(|group| group["id"] == told["id"]).expect("it is there");
        let minimum = &told["after"]["min_supported_deployment_id"];
        assert_eq!(*minimum, group["min_supported_deployment_id"]);
        assert_ne!(*minimum, told["before"]["min_supported_deployment_id"]);
    };
    is_told();
    // It is found done, or done, by the run that goes on.
    for rule in ["PUT /** delay=1h", "PUT /** 503 delay=1h"] {
        dir.sh("imp-product delete -q -f -b -p Ovens").ok();
        kill_at(&sim, &dir, rule);
        dir.sh("imp-change resume last").ok();
        is_told();
        dir.sh("imp-change undo -q last").ok();
        assert!(sim.all("products").iter().all(|product| product["name"] != "Ovens"), "{rule}");
        dir.sh(IMPORT).ok();
    }
}

#[test]
fn a_minimum_that_was_raised_alone_has_no_way_back() {
    let (sim, dir) = other_account(&ovens());
    sim.fault("PUT /** 403");
    dir.sh(IMPORT).code(1);
    sim.no_faults();
    dir.sh(IMPORT).ok();
    let told = dir.sh("imp-change show last").ok().records();
    assert_eq!(minimums(&told).len(), 1, "{told:?}");
    dir.sh("imp-change undo -q last").code(1).says("a minimum supported deployment can only rise");
}

#[test]
fn two_runs_of_an_import_are_undone_together() {
    let file = ovens();
    for after in [3, 9, 12, 14, 17] {
        let (sim, dir) = other_account(&file);
        let before = all(&sim);
        sim.fault(&format!("POST /** 403 after={after} times=1"));
        dir.sh(IMPORT).code(1);
        sim.no_faults();
        dir.sh(IMPORT).ok();
        let runs = dir.sh("imp-change list").ok().field("run");
        // Whichever is named first, and however often.
        let undone = dir.sh(&format!("imp-change undo -q last {} {}", runs[1], runs[0]));
        assert_eq!(all(&sim), before, "after {after}{undone}");
        undone.ok();
    }
}

#[test]
fn a_run_of_which_it_is_open_what_it_has_done_is_resumed_first() {
    let file = ovens();
    for after in [3, 12, 17] {
        let (sim, dir) = other_account(&file);
        let before = all(&sim);
        kill_at(&sim, &dir, &format!("POST /** delay=1h after={after}"));
        dir.sh(IMPORT).ok();
        let runs = dir.sh("imp-change list").ok().field("run");
        let undo = format!("imp-change undo -q {} {}", runs[0], runs[1]);
        let there = all(&sim);
        dir.sh(&undo).code(2).says(&format!("`imp-change resume {}` finds out", runs[0]));
        assert_eq!(all(&sim), there);
        dir.sh(&format!("imp-change resume {}", runs[0])).ok();
        let undone = dir.sh(&undo);
        assert_eq!(all(&sim), before, "after {after}{undone}");
        undone.ok();
    }
}

#[test]
fn what_was_made_without_an_answer_is_taken_back_too() {
    let file = ovens();
    for path in ["products", "devicegroups", "deployments", "webhooks"] {
        let (sim, dir) = other_account(&file);
        let before = all(&sim);
        let unanswered = || {
            sim.fault(&format!("POST /{path} 504 effect=yes times=1"));
            dir.sh(IMPORT).code(1).says("not known whether");
            sim.no_faults();
        };
        unanswered();
        dir.sh("imp-change resume last --failed-too").ok();
        dir.sh("imp-change undo -q last").ok();
        assert_eq!(all(&sim), before, "{path}: resumed");
        unanswered();
        dir.sh(IMPORT).ok();
        let runs = dir.sh("imp-change list --limit 2").ok().field("run");
        let undo = format!("imp-change undo -q {} {}", runs[0], runs[1]);
        let resume = format!("imp-change resume {} --failed-too", runs[0]);
        dir.sh(&undo)
            .code(2)
            .says(&format!("1 row of it may have been done: `{resume}` finds out"));
        dir.sh(&resume).ok();
        dir.sh(&undo).ok();
        assert_eq!(all(&sim), before, "{path}: typed again");
    }
}

#[test]
fn what_two_runs_both_tell_is_taken_back_once() {
    let file = ovens();
    let posts = ["products", "devicegroups", "deployments", "webhooks"].map(|path| {
        // What is refused has not been done by the first run, and is by the second.
        format!("POST /{path} 503 delay=1h")
    });
    let sets = ["PATCH /** 503 delay=1h", "PUT /** 503 delay=1h", "PUT /** delay=1h"];
    for rule in posts.into_iter().chain(sets.map(str::to_owned)) {
        let (sim, dir) = other_account(&file);
        let before = all(&sim);
        kill_at(&sim, &dir, &rule);
        dir.sh(IMPORT).ok();
        let runs = dir.sh("imp-change list").ok().field("run");
        dir.sh(&format!("imp-change resume {}", runs[0])).ok();
        let undone = dir.sh(&format!("imp-change undo -q {} {}", runs[0], runs[1]));
        assert_eq!(all(&sim), before, "{rule}{undone}");
        undone.ok();
    }
}

#[test]
fn what_is_taken_back_already_is_so_when_that_is_asked_again() {
    let (sim, dir) = other_account(&ovens());
    let before = all(&sim);
    dir.sh(IMPORT).ok();
    let undo = format!("imp-change undo -q {}", dir.sh("imp-change list").ok().field("run")[0]);
    let number = dir.sh(&undo).ok().records().len();
    assert_eq!(all(&sim), before);
    dir.sh(&undo).ok().outcomes("unchanged", number);
}
