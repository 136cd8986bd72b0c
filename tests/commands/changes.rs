//! `imp-change`: plans that are carried out, runs that are undone, and what has changed in between.

mod read;
mod restarts;
mod unanswered;
mod undone;

use serde_json::{Value, json};
use tests::{Dir, Sim, kinds};

/// Product Ovens: A has devices, two builds and a webhook; F is a fixture group with its targets D and T.
fn account() -> (Sim, Dir) {
    let sim = Sim::start(&["--devices", "60"]);
    let [a, _b] = sim.groups(["A", "B"]);
    sim.put(&a, &sim.field("id")[..20]);
    let dir = Dir::signed_in(&sim);
    dir.write("empty", "");
    dir.write("other", "server.log(1)");
    dir.sh("imp-dg create -n F -p Ovens -y factory -u D -w -t T --create-target").quiet();
    dir.sh("imp-product create -n Empty -s nothing").quiet();
    dir.sh("imp-build deploy -g A -x other -y empty -t old -s first > build").quiet();
    dir.sh("imp-build deploy -g A -x empty -y empty -t new").quiet();
    dir.sh("imp-hook create -g A -u http://a/ -e blinkup > hook").quiet();
    (sim, dir)
}

/// All that people see of the account, without ids and times, which are others when a thing is made again: of
/// what is referred to its name, of a deployment its sha.
pub(crate) fn state(sim: &Sim) -> Vec<Vec<Value>> {
    let all = ["products", "devicegroups", "deployments", "webhooks", "devices"];
    let all = all.map(|list| sim.all(list));
    let called = |id: &Value| {
        let found = all.iter().flatten().find(|thing| thing["id"] == *id);
        found.map_or(Value::Null, |found| json!([found["name"], found["sha"]]))
    };
    let seen = |list: &Vec<Value>, fields: &[&str]| {
        let field = |one: &Value, name: &str| match name.ends_with("_id") {
            true => called(&one[name]),
            false => one[name].clone(),
        };
        let each = |one| fields.iter().map(|name| field(one, name)).collect::<Value>();
        let mut seen: Vec<Value> = list.iter().map(each).collect();
        seen.sort_by_key(Value::to_string);
        seen.dedup();
        seen
    };
    let [products, groups, builds, hooks, devices] = &all;
    // A build that is deployed again is another one; what tells builds apart are their tags.
    let tagged = builds.iter().filter(|one| one["tags"] != json!([])).cloned().collect();
    let targets = ["production_target_id", "dut_target_id"];
    let of_group =
        ["name", "description", "type", "env_vars", "product_id", "current_deployment_id"];
    vec![
        seen(products, &["name", "description"]),
        seen(groups, &[&of_group[..], &targets].concat()),
        seen(&tagged, &["sha", "description", "tags", "flagged"]),
        seen(hooks, &["url", "event", "content_type", "devicegroup_id"]),
        seen(devices, &["mac_address", "name", "devicegroup_id"]),
    ]
}

#[test]
fn what_is_done_is_undone_and_what_is_undone_is_done_again() {
    for script in [
        "imp-device list --limit 3 -z minimal | imp-device update -n new",
        "imp-device list --limit 40 | imp-device assign --dg B",
        "imp-device list --dg A --limit 7 | imp-device unassign",
        "imp-dg reassign --from A --to B",
        "imp-dg unassign -g A",
        "imp-product create -n N -s x",
        "imp-product update -p Ovens -n Stoves -s x",
        "imp-product delete -q -p Empty",
        "imp-dg create -p N -c -n G -s x -e K=1 -y factory -u D -w -t T --create-target",
        "imp-dg update -g A -n A2 -s x -e K=1",
        "imp-dg delete -q -g B -g F -g D -g T",
        "imp-build copy -b old -g A",
        "imp-build update --input build -t more -r old -s second --flagged true",
        "imp-hook create -g B -u http://b/ -e blinkup",
        "imp-hook update --input hook -u http://b/ -m urlencoded",
        "imp-hook delete -q --input hook",
    ] {
        let (sim, dir) = account();
        let before = state(&sim);
        dir.sh(&format!("{script} --plan > plan")).code(5);
        assert_eq!(state(&sim), before, "{script}: a plan");
        dir.sh("imp-change apply -q < plan > done").ok();
        let after = state(&sim);
        assert_ne!(after, before, "{script}");
        dir.sh("imp-change undo -q ./done > undone").ok();
        assert_eq!(state(&sim), before, "{script}: undone");
        dir.sh("imp-change undo -q ./undone > again").ok();
        assert_eq!(state(&sim), after, "{script}: done again");
        dir.sh("imp-change undo -q ./again > last").ok();
        assert_eq!(state(&sim), before, "{script}: undone again");
        // The verb itself does the same.
        let input = script.replace("--input hook", "$(imp-hook list -z minimal)");
        dir.sh(&input).ok();
        assert_eq!(state(&sim), after, "{script}: by the verb");
    }
}

#[test]
fn a_plan_that_was_cut_is_carried_out_but_for_what_was_moved_in_between() {
    let sim = Sim::start(&["--devices", "2500"]);
    let [a, b, c] = sim.groups(["A", "B", "C"]);
    let mut ids = sim.field("id");
    ids.sort_unstable();
    sim.put(&a, &ids);
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-dg reassign --from A --to B --plan > plan").code(5);
    // Not the last five hundred; and another five hundred are moved by somebody else.
    let cut = format!("jq -c 'select(.id < \"{}\")' plan > cut", ids[2000]);
    dir.sh(&cut).ok();
    sim.put(&c, &ids[..500]);
    dir.sh("imp-change apply --expect 1999 < cut").code(2).no_stdout().says("2000 records");
    assert_eq!(sim.counts().writes, 0);
    let run = dir.sh("imp-change apply --expect 2000 --failed failed < cut > done").code(1);
    run.says("devicegroup_id should be");
    let failed = dir.failed("failed");
    assert_eq!(kinds(&failed), [("drifted", 500)].into());
    assert_eq!([&a, &b, &c].map(|group| sim.members(group).len()), [500, 1500, 500]);
    assert_eq!(sim.restarts(), 1500, "nothing was written to those that were moved");
    // The same again: what is so already is unchanged.
    let again = dir.sh("imp-change apply < cut").code(1);
    again.outcomes("unchanged", 1500);
    assert_eq!(sim.restarts(), 1500);
    // What was not applied is not undone.
    dir.sh("imp-change undo -q ./done").ok();
    assert_eq!([&a, &b, &c].map(|group| sim.members(group).len()), [2000, 0, 500]);
}

#[test]
fn what_has_no_way_back_is_refused_and_the_rest_is_undone() {
    let (sim, dir) = account();
    dir.sh("imp-device list --dg A --limit 3 | imp-device restart --plan > run").code(5);
    dir.sh("imp-dg update -g A -s x --plan >> run").code(5);
    dir.sh("imp-dg update -g A -s x").quiet();
    sim.reset();
    let run = dir.sh("imp-change undo -q ./run --failed failed").code(1);
    run.says("There is no way back: a restart is over").outcomes("updated", 1);
    assert_eq!(kinds(&dir.failed("failed")), [("refused", 3)].into());
    let groups = sim.all("devicegroups");
    assert!(groups.iter().any(|group| group["name"] == "A" && group["description"] == ""));
    // A group that has got code is not deleted with it.
    dir.sh("imp-dg create -p Ovens -n C --plan > plan").code(5);
    dir.sh("imp-change apply < plan > made").quiet();
    dir.sh("imp-build deploy -g C -x empty -y empty").quiet();
    dir.sh("imp-change undo -q ./made").code(1).says("The group has got code since");
    // Nor with a webhook that somebody has made there, unless its deletion is asked for too.
    dir.sh("imp-dg create -p Ovens -n W").quiet();
    let run = dir.sh("imp-change list --limit 1").quiet().field("run").remove(0);
    dir.sh("imp-hook create -g W -u http://w/ -e blinkup").quiet();
    dir.sh(&format!("imp-change undo -q {run}")).code(1).says("The group has got a webhook since");
    dir.sh("imp-dg delete -q -g W --plan > plan").code(5);
    dir.sh("imp-change apply -q < plan").quiet().outcomes("deleted", 2);
    // Nobody is there to be asked.
    dir.sh("imp-change undo ./made").code(2).no_stdout();
    dir.sh("imp-change undo -q ./nowhere").code(2).says("nowhere");
}

#[test]
fn records_that_are_no_changes_and_changes_of_what_is_gone_fail() {
    let (sim, dir) = account();
    sim.reset();
    let ended = dir.sh("imp-device list --limit 2 | imp-change apply --failed failed").code(2);
    ended.no_stdout().says_all(&["stdin:1: It is no change record", "nothing was done"]);
    let record = |kind: &str, id: &str, before: Value, after: Value| {
        json!({"type": "change", "kind": kind, "id": id, "before": before, "after": after})
            .to_string()
    };
    let nowhere = "00000000-0000-4000-8000-00000000dead";
    let lines = [
        record("product", nowhere, json!({"name": "a"}), json!({"name": "b"})),
        record("product", "new:{X}", json!({"name": "a"}), json!({"name": "b"})),
        record("login_key", "7d8e…", json!({"description": "a"}), json!({"description": "b"})),
        record("device", "x", json!({}), json!({})),
        record("tree", "x", json!({}), json!({"a": 1})),
    ];
    let run = dir.sh_with("imp-change apply -q --failed failed", lines.join("\n"));
    let run = run.code(1).no_stdout();
    let told: Vec<String> = dir.failed("failed").into_iter().map(|row| row.error.kind).collect();
    assert_eq!(told, ["not_found", "not_found", "refused", "not_found", "bad_input"], "{run}");
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn a_plan_of_a_plan_is_the_plan_and_a_journal_can_be_cut_off() {
    let (sim, dir) = account();
    dir.sh("imp-dg create -p N -c -n G --plan > plan").code(5);
    sim.reset();
    let run = dir.sh("imp-change apply --plan < plan").code(5);
    let planned = |text: &str| -> Vec<Value> {
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let ids = |records: &[Value]| records.iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&run.records()), ids(&planned(&dir.read("plan"))));
    assert_eq!(sim.counts().writes, 0);
    // What stands twice is done once.
    let twice = dir.sh("cat plan plan | imp-change apply --plan").code(5);
    assert_eq!(twice.records().len(), 2);
    dir.sh("cat plan plan | imp-change apply > done").quiet();
    assert_eq!(dir.read("done").matches("same_as").count(), 2);
    let state = dir.home().join("state/imp-tools/changes");
    std::fs::create_dir_all(&state).expect("a directory");
    let lines = dir.read("done");
    let journal = format!("{}\n{lines}{{\"type\":\"chan", json!({"type": "run", "run": "R"}));
    std::fs::write(state.join("R.ndjson"), journal).expect("a file");
    dir.sh("imp-change undo -q R").ok().outcomes("deleted", 2);
    assert!(sim.all("products").iter().all(|product| product["name"] != "N"));
}

#[test]
fn records_that_follow_on_are_carried_out_in_turn_and_others_are_refused() {
    let (sim, dir) = account();
    let before = state(&sim);
    // Two deployments to one group, of which the second was planned after the first, and two names of a device.
    dir.sh("imp-build copy -b old -g A").quiet();
    dir.sh("imp-change show last > two").quiet();
    dir.sh("imp-build copy -b new -g A").quiet();
    dir.sh("imp-change show last >> two").quiet();
    let device = &sim.field("id")[0];
    for name in ["one", "two"] {
        dir.sh(&format!("imp-device update -d {device} -n {name}")).quiet();
        dir.sh("imp-change show last >> two").quiet();
    }
    let after = state(&sim);
    dir.sh("jq -c 'del(.run)' two > plan; imp-change undo -q ./two > undone").ok();
    assert_eq!(state(&sim), before, "both were undone, the last first");
    dir.sh("imp-change undo -q ./undone > again").ok();
    assert_eq!(state(&sim), after, "and done again");
    dir.sh("imp-change undo -q ./again").ok();
    assert_eq!(state(&sim), before);
    let plan = dir.sh("grep '\"device\"' plan | imp-change apply --plan").code(5);
    assert_eq!(plan.records().len(), 2);
    let record = |before: &str, after: &str| {
        json!({"type": "change", "kind": "device", "id": device, "before": {"name": before},
            "after": {"name": after}})
        .to_string()
    };
    let own = sim.field("name").remove(0);
    let lines = [record(&own, "a"), record(&own, "b"), record("a", "c"), record(&own, "a")];
    let lines = lines.join("\n");
    dir.write("contradict", lines);
    let run = dir.sh("imp-change apply --input contradict --failed failed").code(1);
    run.says("contradict:1: this one does not go on").outcomes("updated", 2);
    assert_eq!(kinds(&dir.failed("failed")), [("conflict", 2)].into());
    assert!(sim.field("name").contains(&"c".to_owned()));
    // A product is made and changed by one input, and a group in it too.
    dir.sh("imp-product create -n N --plan > made").code(5);
    let changed = json!({"type": "change", "kind": "product", "id": "new:{N}",
        "before": {"description": null}, "after": {"description": "told"}});
    dir.sh_with("cat >> made", changed.to_string()).ok();
    dir.sh("imp-change apply --input made").ok();
    let told = |product: &Value| product["name"] == "N" && product["description"] == "told";
    assert!(sim.all("products").iter().any(told));
}
