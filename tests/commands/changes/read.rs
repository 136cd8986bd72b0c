//! What is known of change records as soon as they have been read.

use serde_json::{Value, json};
use tests::{Dir, Sim, kinds};

use super::account;

fn record(kind: &str, id: &str, before: Value, after: Value) -> String {
    let mut record = json!({"type": "change", "kind": kind, "id": id});
    record["before"] = before;
    record["after"] = after;
    record.to_string()
}

#[test]
fn a_plan_that_is_cut_off_or_broken_is_not_carried_out_in_part() {
    let (sim, dir) = account();
    dir.sh("imp-dg reassign --from A --to B --plan > plan").code(5);
    dir.sh("head -c -20 plan > cut; (head -n 2 plan; echo '{\"type\"'; tail -n 2 plan) > broken")
        .ok();
    sim.reset();
    for options in ["--input cut", "--input cut --expect 20", "--input cut -n", "--input broken"] {
        let options = options.replace("-n", "--dry-run");
        let ended = dir.sh(&format!("imp-change apply -q {options}")).code(2).no_stdout();
        ended.says_all(&[
            "nothing was done",
            if options.contains("cut") { "cut:20" } else { "broken:3" },
        ]);
    }
    assert_eq!(sim.counts().writes, 0);
    dir.sh("imp-change apply -q --input plan").quiet().outcomes("assigned", 20);
}

#[test]
fn a_record_that_was_edited_into_nonsense_is_told_before_anything_is_done() {
    let (sim, dir) = account();
    dir.sh("imp-dg reassign --from A --to B --plan > plan").code(5);
    sim.reset();
    for (edit, said) in [
        (".before = \"A\"", "its `before` is neither an object nor null"),
        ("del(.kind)", "it has no `kind`"),
        ("del(.before, .after)", "it has neither `before` nor `after`"),
        ("del(.before)", "its `before` is missing"),
        ("del(.after)", "its `after` is missing"),
        (".step = \"first\"", "its `step` is no whole number"),
    ] {
        let edited =
            format!("jq -c 'if input_line_number == 7 then {edit} else . end' plan > edited");
        dir.sh(&edited).ok();
        let ended = dir.sh("imp-change apply -q --input edited").code(2).no_stdout();
        ended.says_all(&["edited:7", said, "nothing was done"]);
    }
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn what_is_no_change_record_keeps_all_from_being_carried_out() {
    let (sim, dir) = account();
    dir.sh("imp-dg reassign --from A --to B --plan > plan").code(5);
    dir.sh("imp-device list --limit 3 > devices; imp-device list --limit 3 -z csv > csv").ok();
    dir.sh("imp-device list --limit 3 -z table > table; echo garbage > garbage").ok();
    sim.reset();
    for (other, said) in [
        ("devices", "stdin:1: It is no change record"),
        ("csv", "nothing was done"),
        ("table", "nothing was done"),
        ("garbage", "nothing was done"),
    ] {
        for options in ["", "--plan"] {
            let ended = dir.sh(&format!("cat {other} plan | imp-change apply -q {options}"));
            ended.code(2).no_stdout().says(said);
        }
        let ended = dir.sh(&format!("cat plan {other} | imp-change apply -q")).code(2).no_stdout();
        ended.says_all(&["stdin:21: ", "nothing was done"]);
    }
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn the_kind_of_a_record_is_that_of_its_group() {
    let (sim, dir) = account();
    let groups = sim.all("devicegroups");
    let group = groups.iter().find(|group| group["name"] == "B").expect("it is there");
    let [id, product] = ["id", "product_id"].map(|name| group[name].as_str().expect("an id"));
    let (told, kind) = (json!({"description": "x"}), "dut_devicegroup");
    let lines = [
        record(kind, id, json!({"description": null}), told),
        record(kind, id, json!({}), json!({})),
        record(kind, id, json!({"name": "B"}), Value::Null),
        record(kind, "new:B", Value::Null, json!({"name": "B", "product_id": product})),
    ];
    for line in lines {
        dir.write("plan", line);
        sim.reset();
        for options in ["", "--plan"] {
            let ended = dir.sh(&format!("imp-change apply -q {options} --input plan")).code(1);
            ended.no_stdout().says_all(&["development_devicegroup", kind]);
        }
        assert_eq!(sim.counts().writes, 0);
    }
}

#[test]
fn records_that_name_a_device_differently_are_about_the_same() {
    let (sim, dir) = account();
    let device = sim.all("devices").remove(30);
    let name = |name: &str| device[name].as_str().expect("a text").to_owned();
    let [id, mac] = ["id", "mac_address"].map(name);
    let group = |name: &str| {
        let groups = sim.all("devicegroups");
        groups.into_iter().find(|group| group["name"] == name).expect("it is there")["id"].clone()
    };
    let moved = |device: &str, from: Value, to: Value| {
        record("device", device, json!({"devicegroup_id": from}), json!({"devicegroup_id": to}))
    };
    let there = moved(&mac, Value::Null, group("B"));
    let next = moved(&id, group("B"), group("A"));
    dir.write("plan", [there.clone(), next].join("\n"));
    dir.sh("imp-change apply -q --plan --input plan").code(5);
    dir.sh("imp-change apply -q --input plan").ok();
    assert_eq!(sim.all("devices")[30]["devicegroup_id"], group("A"));
    dir.sh("imp-change undo -q last").ok();
    assert_eq!(sim.all("devices")[30]["devicegroup_id"], Value::Null);
    // What contradicts names the other record.
    let other = moved(&id, Value::Null, group("A"));
    dir.write("plan", [there, other].join("\n"));
    dir.sh("imp-change apply -q --input plan").code(1).says("plan:1: this one does not go on");
}

#[test]
fn a_plan_of_csv_is_carried_out_and_turned_round() {
    let (sim, dir) = account();
    let before = super::state(&sim);
    for script in [
        "imp-dg reassign --from A --to B",
        "imp-dg create -p Ovens -n 12 -s 'a, b'",
        "imp-hook create -g A -u http://x/ -e blinkup",
        "imp-dg update -g F -s 'told \"so\"'",
    ] {
        dir.sh(&format!("{script} --plan -z csv > plan.csv")).code(5);
        dir.sh("imp-change apply -q --input plan.csv -z csv > done.csv").quiet();
        assert_ne!(super::state(&sim), before, "{script}");
        dir.sh("imp-change reverse --input done.csv -z csv | imp-change apply -q").quiet();
        assert_eq!(super::state(&sim), before, "{script}");
    }
}

#[test]
fn what_a_refused_record_would_have_made_is_told_with_that_record() {
    let (_sim, dir) = account();
    let build = "new:{Ovens}{A}{build}";
    let made = record("deployment", build, Value::Null, json!({"sha": "x"}));
    let named = record("deployment", build, json!({"tags": []}), json!({"tags": ["t"]}));
    dir.write("plan", [made, named].join("\n"));
    let ended = dir.sh("imp-change apply -q --input plan --failed failed").code(1);
    assert!(!ended.stderr().contains("resume"), "that would not help: {ended}");
    ended.says_all(&["its code is not in the record", &format!("{build} was not made"), "plan:1"]);
    assert_eq!(kinds(&dir.failed("failed")), [("conflict", 1), ("refused", 1)].into());
}

#[test]
fn capitals_do_not_count_in_the_ids_of_records() {
    let (sim, dir) = account();
    dir.sh("imp-device list --dg A --limit 2 -z minimal | imp-device update -n told --plan > plan")
        .code(5);
    dir.sh("imp-dg reassign --from A --to B --plan >> plan").code(5);
    dir.sh("imp-dg update -g F -s told --plan >> plan; imp-build copy -b old -g A --plan >> plan")
        .code(5);
    let capitals = r#"jq -c '(.id, ((.before, .after) | .[]? | strings | select(test("^[0-9a-f-]{16,}$"))))
        |= ascii_upcase' plan > capitals"#;
    dir.sh(capitals).ok();
    assert_ne!(dir.read("plan"), dir.read("capitals"));
    let before = super::state(&sim);
    dir.sh("cat plan capitals | imp-change apply -q > done").quiet();
    assert_eq!(dir.read("done").matches("same_as").count(), dir.read_lines("plan").len());
    dir.sh("imp-change undo -q last").ok();
    assert_eq!(super::state(&sim), before);
    // The build that was deployed before is another one since.
    dir.sh("grep -v current_deployment capitals | imp-change apply -q").quiet();
}

#[test]
fn a_field_that_no_device_has_is_said_to_be_none() {
    let (sim, dir) = account();
    let device = &sim.field("id")[0];
    let lines = [json!({"devicegroup_id": null, "nosuchfield": 1}), json!({"nosuchfield": 1})];
    let lines = lines.map(|after| record("device", device, json!({}), after)).join("\n");
    dir.write("plan", lines);
    sim.reset();
    let ended = dir.sh("imp-change apply -q --input plan --failed failed").code(1);
    ended.says("`nosuchfield` of a device cannot be changed");
    assert_eq!(kinds(&dir.failed("failed")), [("refused", 2)].into());
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn devices_are_not_left_in_production_for_want_of_a_key_when_all_else_is_done() {
    let (sim, dir) = account();
    let lines: Vec<String> = sim.field("id")[30..33]
        .iter()
        .map(|device| {
            let group = "00000000-0000-4000-8000-00000000dead";
            let before =
                json!({"devicegroup_id": group, "devicegroup_type": "production_devicegroup"});
            let after = json!({"devicegroup_id": null, "devicegroup_type": null});
            record("device", device, before, after)
        })
        .collect();
    dir.sh("imp-dg update -g A -s told --plan > plan").code(5);
    dir.sh_with("cat >> plan", lines.join("\n")).ok();
    sim.reset();
    for more in ["", "--dry-run"] {
        let ended = dir.sh(&format!("imp-change apply -q {more} --input plan")).code(2);
        ended.no_stdout().says_all(&["3 records", "--unbond", "nothing was done"]);
    }
    assert_eq!(sim.counts().writes, 0);
    // With a key it begins, and looks at each.
    dir.sh("IMP_UNBOND_KEY=sim-unbond-key imp-change apply -q --input plan").quiet();
}

/// An undo of the move of 20 devices from A to B, which was killed when they were back and that was not answered; the
/// names of both runs.
fn killed_undo() -> (Sim, Dir, [String; 2]) {
    let (sim, dir) = account();
    dir.sh("imp-dg reassign --from A --to B").ok();
    let run = dir.sh("imp-change list --limit 1").ok().field("run").remove(0);
    sim.fault("POST /devicegroups/*/relationships/devices delay=1h");
    let running = dir.spawn("exec imp-change undo -q last");
    running.wait_for("a request that is not answered", || sim.faults_applied() == [1]);
    running.insist("KILL");
    sim.no_faults();
    let killed = dir.sh("imp-change list --interrupted").ok().field("run").remove(0);
    (sim, dir, [run, killed])
}

/// The numbers of devices in A and in B.
fn members(dir: &Dir) -> [usize; 2] {
    ["A", "B"].map(|group| dir.sh(&format!("imp-device list --dg {group}")).ok().lines().len())
}

#[test]
fn an_undo_that_was_killed_names_what_finds_out() {
    let (_sim, dir, [_, killed]) = killed_undo();
    let in_doubt = format!("20 rows of it may have been done: `imp-change resume {killed}`");
    let undone = dir.sh(&format!("imp-change undo -q {killed}")).code(1).no_stdout();
    undone.says_all(&[&in_doubt, "until then none is undone"]);
    dir.sh(&format!("imp-change resume {killed}")).ok();
    dir.sh("imp-change list --interrupted").quiet().no_stdout();
    assert_eq!(members(&dir), [20, 0]);
    // It knows what it has done, also what was not answered.
    dir.sh(&format!("imp-change undo -q {killed}")).ok().outcomes("assigned", 20);
    assert_eq!(members(&dir), [0, 20]);
}

#[test]
fn an_undo_that_was_killed_has_nothing_left_once_it_was_given_again() {
    let (_sim, dir, [run, killed]) = killed_undo();
    // That of another run leaves it as it is.
    dir.sh("imp-dg update -g F -s told; imp-change undo -q last").ok();
    assert_eq!(dir.sh("imp-change list --interrupted").ok().field("run"), [killed.as_str()]);
    dir.sh(&format!("imp-change undo -q --dry-run {run}")).ok();
    assert_eq!(dir.sh("imp-change list --interrupted").ok().field("run"), [killed.as_str()]);
    dir.sh(&format!("imp-change undo -q {run}")).ok().says(&killed);
    dir.sh("imp-change list --interrupted").quiet().no_stdout();
    dir.sh(&format!("imp-change resume {killed}")).code(2).says("was forgotten");
}

#[test]
fn an_undo_that_was_killed_before_its_rows_were_noted_begins_anew() {
    for lines in [2, 9] {
        let (_sim, dir, [_, killed]) = killed_undo();
        let journal = dir.home().join(format!("state/imp-tools/changes/{killed}.ndjson"));
        let text = std::fs::read_to_string(&journal).expect("a journal");
        let cut: String = text.split_inclusive('\n').take(lines).collect();
        std::fs::write(&journal, cut).expect("it is written");
        dir.sh(&format!("imp-change resume {killed}")).ok();
        dir.sh("imp-change list --interrupted").quiet().no_stdout();
        assert_eq!(members(&dir), [20, 0], "{lines}");
    }
}

#[test]
fn a_run_that_was_killed_before_its_input_was_read_is_not_left_to_do() {
    let (_sim, dir) = account();
    dir.sh("mkfifo pipe; imp-device list --limit 3 -z minimal > few").ok();
    let list = "imp-change list --limit 1";
    dir.sh("imp-device update -n told --input few --plan > plan").code(5);
    for (command, input) in [
        ("imp-change apply -q --input pipe", "plan"),
        ("imp-device assign -g B --input pipe", "few"),
    ] {
        let writer = dir.spawn(&format!("exec 3> pipe; cat {input} >&3; exec sleep 60"));
        let running = dir.spawn(&format!("exec {command}"));
        let begun = || dir.sh(list).stdout().contains(command);
        running.wait_for("the first rows", begun);
        running.insist("KILL");
        writer.insist("KILL");
        let run = dir.sh(list).ok().record();
        assert_eq!((&run["state"], &run["open"]), (&json!("ended"), &json!(0)), "{run}");
        dir.sh("imp-change list --interrupted").quiet().no_stdout();
        dir.sh("imp-change resume last").code(2).says("nothing was done: give the command again");
        // The same command is not told to be one that can be finished.
        let again = dir.sh(&format!("cat {input} > pipe & {command}")).ok();
        assert!(!again.stderr().contains("interrupted"), "{again}");
    }
}
