//! Guards: what they forbid leaves no process, whatever the verb. The verbs come from the tools' own help, so
//! that a new one cannot be forgotten.

use std::collections::BTreeSet;

use serde_json::json;
use tests::{DEVELOPMENT, Dir, Sim, TOOLS};

/// Each verb that changes something in the account, with a command that would change the product `Ovens`, its
/// group `Bench`, or what is in it. An empty command: what it changes is in no product.
const WRITES: &[(&str, &str)] = &[
    ("imp-auth key create", ""),
    ("imp-auth key update", ""),
    ("imp-auth key delete", ""),
    ("imp-auth token delete", ""),
    ("imp-build deploy", "imp-build deploy --dg Bench -x code.nut"),
    ("imp-build run", "imp-build run --dg Bench -x code.nut"),
    ("imp-build copy", "imp-build copy --build v1 --dg Bench"),
    ("imp-build rollout", "imp-build rollout --build v1 --dg Other"),
    ("imp-build update", "imp-build update --build v1 --descr other"),
    ("imp-build delete", "imp-build delete --build v0 --force --confirmed"),
    ("imp-build cleanup", ""),
    ("imp-change apply", "imp-change apply --input plan.ndjson --confirmed"),
    (
        "imp-change undo",
        "imp-change undo $(imp-change list | jq -r 'select(.command | startswith(\"imp-hook\")).run' | head -1) --confirmed",
    ),
    ("imp-device assign", "imp-device list --unassigned | imp-device assign --dg Bench"),
    (
        "imp-device rollout",
        "imp-device list --dg Bench | imp-device rollout --to Other --waves 100%",
    ),
    ("imp-device unassign", "imp-device list --dg Bench | imp-device unassign"),
    ("imp-device update", "imp-device list --dg Bench -z minimal | imp-device update --name other"),
    ("imp-device remove", "imp-device list --dg Bench | imp-device remove --force --confirmed"),
    ("imp-device restart", "imp-device list --dg Bench | imp-device restart"),
    ("imp-dg create", "imp-dg create --name New --product Ovens"),
    ("imp-dg update", "imp-dg update --dg Bench --descr other"),
    ("imp-dg delete", "imp-dg delete --dg Bench --force --confirmed"),
    ("imp-dg reassign", "imp-dg reassign --from Bench --to Other"),
    ("imp-dg unassign", "imp-dg unassign --dg Bench"),
    ("imp-dg restart", "imp-dg restart --dg Bench"),
    ("imp-dg builds", "imp-dg builds --dg Bench --unflag --confirmed"),
    ("imp-hook create", "imp-hook create --dg Bench -u http://127.0.0.1:9/n -e blessing -m json"),
    (
        "imp-hook update",
        "imp-hook list --dg Bench -z minimal | imp-hook update --url http://127.0.0.1:9/other",
    ),
    ("imp-hook delete", "imp-hook list --dg Bench | imp-hook delete --confirmed"),
    ("imp-product create", ""),
    ("imp-product import", ""),
    ("imp-product update", "imp-product update --product Ovens --descr other"),
    ("imp-product delete", "imp-product delete --product Ovens --force --builds --confirmed"),
];

/// Verbs that change nothing in the account; a log stream comes and goes by itself, and what `listen --create`
/// makes is tried by its own test. `resume` becomes the command that it resumes.
const READS: [&str; 44] = [
    "imp-auth login",
    "imp-auth logout",
    "imp-auth info",
    "imp-auth list",
    "imp-auth use",
    "imp-auth account list",
    "imp-auth account info",
    "imp-auth key list",
    "imp-auth key info",
    "imp-auth token list",
    "imp-change forget",
    "imp-change list",
    "imp-change show",
    "imp-change resume",
    "imp-change reverse",
    "imp-build list",
    "imp-build info",
    "imp-build get",
    "imp-device list",
    "imp-device info",
    "imp-device history",
    "imp-device metrics",
    "imp-device wait",
    "imp-device diff",
    "imp-device watch",
    "imp-dg list",
    "imp-dg info",
    "imp-hook list",
    "imp-hook info",
    "imp-hook listen",
    "imp-hook report",
    "imp-log get",
    "imp-log stream",
    "imp-product list",
    "imp-product info",
    "imp-product export",
    "imp-auth schema",
    "imp-build schema",
    "imp-change schema",
    "imp-device schema",
    "imp-dg schema",
    "imp-hook schema",
    "imp-log schema",
    "imp-product schema",
];

/// The verbs under `command`, from its help.
fn verbs(dir: &Dir, command: &str) -> Vec<String> {
    let help = dir.sh(&format!("{command} --help")).ok().stdout();
    let listed = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let listed = listed.take_while(|line| line.starts_with("  "));
    let names = listed.filter_map(|line| line.split_whitespace().next());
    let names: Vec<&str> = names.filter(|name| *name != "help").collect();
    if names.is_empty() {
        return vec![command.to_owned()];
    }
    names.iter().flat_map(|name| verbs(dir, &format!("{command} {name}"))).collect()
}

/// A product `Ovens` with a group that has all that can be changed.
fn fleet() -> (Sim, Dir) {
    let sim = Sim::start(&["--devices", "12"]);
    let product = sim.product("Ovens");
    let bench = sim.group(&product, DEVELOPMENT, "Bench");
    sim.group(&product, DEVELOPMENT, "Other");
    let ids = sim.field("id");
    sim.put(&bench, &ids[..4]);
    let dir = Dir::signed_in(&sim);
    dir.write("code.nut", "server.log(1);");
    dir.write("pw", &sim.entry.password);
    for tag in ["v0", "v1"] {
        dir.sh(&format!("imp-build deploy --dg Bench -x code.nut -t {tag} --flagged")).ok();
    }
    dir.sh("imp-hook create --dg Bench -u http://127.0.0.1:9/h -e deployment -m json").ok();
    dir.sh("imp-device list --unassigned | imp-device assign --dg Bench --plan > plan.ndjson")
        .code(5);
    sim.reset();
    (sim, dir)
}

#[test]
fn every_verb_is_known_to_change_something_or_not() {
    let dir = Dir::new();
    let tools = TOOLS.iter().filter(|tool| **tool != "imp");
    let all: BTreeSet<String> = tools.flat_map(|tool| verbs(&dir, tool)).collect();
    let writes = WRITES.iter().map(|(verb, _)| *verb);
    let known: BTreeSet<String> = writes.chain(READS).map(str::to_owned).collect();
    assert_eq!(all, known, "a verb is in neither table, or in one and no more there");
}

#[test]
fn read_only_sends_nothing_that_changes_anything() {
    let (sim, dir) = fleet();
    let key = sim.entry.login_key.clone();
    let without_product = [
        "imp-auth key create --descr x --pwd-file pw".to_owned(),
        format!("imp-auth key update --lk {key} --descr x --pwd-file pw"),
        format!("imp-auth key delete --lk {key} --confirmed --pwd-file pw"),
        "imp-auth token list | imp-auth token delete --confirmed".to_owned(),
        "imp-build cleanup --confirmed".to_owned(),
        "imp-product create --name New".to_owned(),
        "imp-product export Ovens | sed s/Ovens/Stoves/ | imp-product import".to_owned(),
        "timeout 20 imp-hook listen --create -g Bench -e blessing --journal j".to_owned(),
    ];
    let commands = WRITES.iter().map(|(_, command)| (*command).to_owned());
    let commands = commands.filter(|command| !command.is_empty()).chain(without_product);
    for command in commands {
        let run = dir.sh(&format!("export IMP_READ_ONLY=1; {command}"));
        assert_ne!(run.exit_code(), Some(0), "{run}");
        assert_eq!(sim.writes().len(), 0, "{command}");
    }
    let run = dir.sh("IMP_READ_ONLY=1 imp-product create --name New").code(2).no_stdout();
    run.says("IMP_READ_ONLY forbids all changes: nothing was done");
    dir.sh("IMP_READ_ONLY=1 imp-product create --name New --dry-run").ok();
    dir.sh("export IMP_READ_ONLY=1; imp-device list | imp-device info").ok();
    dir.sh("IMP_READ_ONLY=0 imp-product create --name New").ok();
}

#[test]
fn nothing_changes_in_what_is_protected() {
    let (sim, dir) = fleet();
    for protect in ["Ovens", "{me}{Ovens}", "{me}{Ovens}{Bench},{Ovens}{Other}"] {
        for (verb, command) in WRITES.iter().filter(|(_, command)| !command.is_empty()) {
            // Of the product itself a group protects only what is in it.
            if protect.contains("Bench") && (verb.contains("product") || *verb == "imp-dg create") {
                continue;
            }
            let failed = "--failed failed";
            let run =
                dir.sh(&format!("export IMP_PROTECT='{protect}'; {command} {failed}")).code(1);
            assert!(run.stderr().contains("protected"), "{run}");
            assert!(dir.failed("failed").iter().all(|row| row.error.kind == "protected"), "{run}");
            assert_eq!(sim.writes().len(), 0, "{command}");
        }
    }
    // What is elsewhere may change, and what is not there lets nothing pass.
    dir.sh("IMP_PROTECT=Ovens imp-product create --name Grills").ok();
    dir.sh("IMP_PROTECT=Ovens imp-dg create --name Bench2 --product Grills").ok();
    dir.sh("IMP_PROTECT=Nothing imp-dg create --name Bench3 --product Grills")
        .code(1)
        .says("IMP_PROTECT names `Nothing`, which is not there");
}

#[test]
fn no_more_is_changed_than_may_be() {
    let (sim, dir) = fleet();
    let assign = "imp-device list --unassigned | imp-device assign --dg Bench --failed failed";
    dir.sh(&format!("{assign} --max-changes 7"))
        .code(2)
        .says("8 of 8 would be changed")
        .no_stdout();
    dir.sh(&format!("{assign} --max-changes 90%")).code(2).says("no more than 90% may be");
    dir.sh(&format!("export IMP_MAX_CHANGES=5; {assign} --max-changes 100")).code(2);
    assert_eq!(dir.failed("failed").len(), 8);
    let delete =
        "imp-dg list --product Ovens | imp-dg delete --force --confirmed --max-changes 50%";
    dir.sh(delete).code(2).says("2 of 2 would be changed");
    assert_eq!(sim.writes().len(), 0);
    // Row by row: so many, and the others are left alone. What is so already does not count.
    let rename = "imp-device list -z minimal | imp-device update --name same --failed failed";
    dir.sh(&format!("{rename} --max-changes 3")).code(1).outcomes("updated", 3);
    assert_eq!(dir.failed("failed").len(), 9);
    assert!(dir.failed("failed").iter().all(|row| row.error.kind == "protected"));
    assert_eq!(sim.writes().len(), 3);
    let run = dir.sh(&format!("{rename} --max-changes 50%")).code(1);
    let changed = run.field("outcome").iter().filter(|outcome| *outcome == "updated").count();
    assert_eq!((changed, run.records().len()), (6, 9), "{run}");
    dir.sh(&format!("{rename} --max-changes many")).code(2).says("neither a number nor a share");
}

#[test]
fn a_sign_in_file_has_guards_that_no_variable_widens() {
    let (sim, dir) = fleet();
    let guard = |name: &str, value: serde_json::Value| {
        let mut kept: serde_json::Value =
            serde_json::from_str(&dir.read(".impt.auth")).expect("JSON");
        kept[name] = value;
        dir.write("guarded", kept.to_string());
    };
    let with = "IMP_AUTH_FILE=guarded";
    guard("readOnly", json!(true));
    dir.sh(&format!("{with} IMP_READ_ONLY=0 imp-product create -n New"))
        .code(2)
        .says("sign-in file");
    guard("protect", json!(["{me}{Ovens}"]));
    dir.sh(&format!("{with} IMP_PROTECT= imp-dg update --dg Bench -s x")).code(1).says("protected");
    guard("maxChanges", json!(1));
    let assign = "imp-device list --unassigned | imp-device assign --dg Bench";
    dir.sh(&format!("export {with} IMP_MAX_CHANGES=100; {assign} --max-changes 100")).code(2);
    guard("protect", json!("Ovens"));
    dir.sh(&format!("{with} imp-device list")).code(2).says("`protect` is not a list of texts");
    assert_eq!(sim.writes().len(), 0);
}

#[test]
fn plans_and_undos_are_held_by_them_too() {
    let (sim, dir) = fleet();
    let out = "imp-device list --dg Bench | imp-device assign --dg Away --plan > out.ndjson";
    let grills = sim.product("Grills");
    sim.group(&grills, DEVELOPMENT, "Away");
    dir.sh(out).code(5);
    sim.reset();
    for protect in ["Ovens", "{Ovens}{Bench}", "Away"] {
        let apply = "imp-change apply --input out.ndjson --failed failed";
        dir.sh(&format!("IMP_PROTECT='{protect}' {apply}")).code(1).no_stdout();
        let failed = dir.failed("failed");
        assert_eq!(failed.len(), 4, "{protect}");
        assert!(failed.iter().all(|row| row.error.kind == "protected"), "{protect}");
    }
    let few = "imp-change apply --input out.ndjson --max-changes 3";
    dir.sh(few).code(2).says("4 of 4 would be changed");
    dir.sh("IMP_MAX_CHANGES=50% imp-change apply --input out.ndjson").code(2);
    assert_eq!(sim.writes().len(), 0);
    // What was refused is no run: the last is still that which was.
    dir.sh("imp-change apply --input out.ndjson").ok();
    let last = dir.sh("imp-change list --limit 1").ok().field("run");
    dir.sh("imp-change undo last").code(2).says("--confirmed");
    dir.sh("imp-change undo last --confirmed --max-changes 1").code(2);
    assert_eq!(dir.sh("imp-change list --limit 1").ok().field("run"), last);
    dir.sh("imp-change undo last --confirmed").ok().outcomes("assigned", 4);
    dir.sh("imp-change list --interrupted").ok().no_stdout();
}

#[test]
fn a_plan_shows_what_the_guards_would_refuse() {
    let (sim, dir) = fleet();
    sim.product("Grills");
    sim.reset();
    for (verb, command) in WRITES.iter().filter(|(_, command)| !command.is_empty()) {
        for guard in ["IMP_READ_ONLY=1", "IMP_PROTECT=Grills"] {
            let run = dir.sh(&format!("export {guard}; {command} --plan"));
            // The builds of the group cannot be deleted, guard or not.
            let code = if *verb == "imp-build delete" { 1 } else { 5 };
            assert_eq!(run.exit_code(), Some(code), "{verb}, {guard}{run}");
        }
        for protect in ["Ovens", "Nothing"] {
            let command = format!("export IMP_PROTECT={protect}; {command} --plan --failed failed");
            dir.sh(&command).code(1).no_stdout();
            let failed = dir.failed("failed");
            assert!(!failed.is_empty(), "{verb}, {protect}");
            let kind = if *verb == "imp-build delete" { "conflict" } else { "protected" };
            assert!(failed.iter().all(|row| row.error.kind == kind), "{verb}, {protect}");
        }
    }
    // Of too many changes a plan tells all, and ends as the run would.
    let assign = "imp-device list --unassigned | imp-device assign --dg Bench --max-changes 7";
    let plan = dir.sh(&format!("{assign} --plan")).code(2).says("8 of 8 would be changed");
    assert_eq!(plan.says("nothing would be done").records().len(), 8);
    let apply = "imp-change apply --input plan.ndjson --max-changes 50% --plan";
    dir.sh(apply).code(2).says("8 of 8 would be changed");
    let delete = "imp-dg list --product Ovens | imp-dg delete --force --max-changes 1 --plan";
    dir.sh(delete).code(2).says("2 of 2 would be changed");
    let rename = "imp-device list -z minimal | imp-device update --name same --max-changes 3";
    let plan = dir.sh(&format!("{rename} --plan --failed failed")).code(1);
    assert_eq!((plan.records().len(), dir.failed("failed").len()), (3, 9));
    assert_eq!(sim.counts().writes, 0);
}
