//! What stays as it is with `--pseudonyms`, or is replaced alike, so that the command asks the same again.

use tests::{Dir, Sim};

use super::lines;

/// The command that was recorded, as it can be typed.
fn typed(dir: &Dir) -> String {
    let shown = dir.sh("imp-sim replay bug.ndjson").quiet().stdout();
    shown.lines().find_map(|line| line.strip_prefix("$ ")).expect("a command").to_owned()
}

/// Records a command with pseudonyms and types what the recording shows of it again.
fn again(dir: &Dir, command: &str) -> (tests::Run, tests::Run) {
    dir.sh("rm -f bug.ndjson").quiet();
    let recorded = dir.sh(&format!("IMP_PSEUDONYMS=yes IMP_RECORD=bug.ndjson {command}"));
    let typed = typed(dir);
    let replayed = dir.sh(&format!("imp-sim replay --no-wait bug.ndjson -- {typed}"));
    (recorded, replayed)
}

#[test]
fn words_and_lists_and_ids_in_capitals_are_asked_for_again() {
    let sim = Sim::start(&["--devices", "6"]);
    let [bench, duts] = sim.groups(["Bench", "DUTs"]);
    let ids = sim.field("id");
    sim.put(&bench, &ids[..2]);
    sim.put(&duts, &ids[2..4]);
    let dir = Dir::signed_in(&sim);
    let upper = bench.to_uppercase();
    for (command, code) in [
        ("imp-device list --unassigned".to_owned(), 0),
        ("imp-dg list --owner me".to_owned(), 0),
        (format!("imp-device list --dg {upper}"), 0),
        ("imp-dg info -g '{me}{Ovens}{Bench}'".to_owned(), 0),
        (format!("IMP_PROTECT='Bench, DUTs' imp-device unassign -q -d {}", ids[3]), 1),
    ] {
        let (recorded, replayed) = again(&dir, &command);
        assert_eq!(recorded.exit_code(), Some(code), "{command}: {recorded}");
        assert_eq!(replayed.exit_code(), Some(code), "{command}: {recorded}{replayed}");
        assert_eq!(recorded.lines().len(), replayed.lines().len(), "{command}: {replayed}");
        assert!(!replayed.stderr().contains("not asked for"), "{command}: {replayed}");
    }
    let list = dir.sh("imp-device list --name 'sensor-*' --pseudonyms --record other.ndjson").ok();
    list.says("a pattern may fit nothing in a replay");
    let variables = lines(&dir, "recorded_run")[0]["variables"].clone();
    assert_eq!(variables["IMP_PROTECT"].as_str().expect("a list").split(',').count(), 2);
}

#[test]
fn a_rollout_whose_order_a_replay_does_not_have_says_so_when_it_is_recorded() {
    let sim = Sim::start(&["--devices", "8"]);
    sim.groups(["A", "B"]);
    let ids = sim.field("id");
    let dir = Dir::signed_in(&sim);
    let devices: String = ids.iter().map(|id| format!(" -d {id}")).collect();
    let rollout = |group: &str, order: &str| {
        format!("imp-device rollout --to {group} --waves 2,100% --order {order}{devices}")
    };
    let warning = "record with --order input";
    let (recorded, replayed) = again(&dir, &rollout("A", "input"));
    assert_eq!(recorded.exit_code(), Some(0), "{recorded}");
    assert!(!recorded.stderr().contains(warning), "{recorded}");
    assert_eq!(replayed.exit_code(), Some(0), "{recorded}{replayed}");
    dir.sh("rm bug.ndjson").quiet();
    dir.sh(&format!("{} --record bug.ndjson --pseudonyms", rollout("B", "hash")))
        .ok()
        .says(warning);
    let plain = dir.sh(&format!("{} --record other.ndjson", rollout("A", "hash"))).ok();
    assert!(!plain.stderr().contains(warning), "{plain}");
}

#[test]
fn a_sign_in_and_a_renewal_are_asked_for_again() {
    let sim = Sim::start(&["--devices", "2"]);
    let dir = Dir::with_login_key(&sim);
    let (recorded, replayed) = again(&dir, "imp-device list");
    assert_eq!(recorded.exit_code(), Some(0), "{recorded}");
    assert_eq!(replayed.exit_code(), Some(0), "{recorded}{replayed}");
    let is_sign_in = |line: &&serde_json::Value| line["target"] == "/auth/token";
    assert_eq!(lines(&dir, "exchange").iter().filter(is_sign_in).count(), 1);
    let dir = Dir::signed_in(&sim);
    sim.expire_tokens();
    let (recorded, replayed) = again(&dir, "imp-device list");
    assert_eq!(replayed.exit_code(), Some(0), "{recorded}{replayed}");
    assert!(lines(&dir, "exchange").iter().any(|line| line["status"] == 401));
    for token in [sim.entry.login_key.as_str(), "access-token"] {
        assert!(!dir.read("bug.ndjson").contains(token), "{token}");
    }
}

#[test]
fn a_batch_of_which_devices_were_refused_is_refused_again() {
    let sim = Sim::start(&["--devices", "20", "--production", "3"]);
    sim.groups(["Bench", "B"]);
    let dir = Dir::signed_in(&sim);
    let ids = |filter: &str| dir.sh(&format!("imp-device list {filter}")).ok().field("id");
    let (blessed, unassigned) = (ids("--dg SimProduction"), ids("--unassigned"));
    let assign = "imp-device assign --dg Bench";
    let refused = [&blessed[..], &unassigned[..5]].concat();
    for (fault, rows) in
        [("", &refused[..]), ("POST /devicegroups/** 500 part=7", &unassigned[5..])]
    {
        dir.sh("rm -f bug.ndjson failed.ndjson again.ndjson").quiet();
        dir.write_column("rows.csv", "id", rows);
        if !fault.is_empty() {
            sim.fault(fault);
        }
        let recorded = dir.sh(&format!(
            "{assign} --input rows.csv --failed failed.ndjson --record bug.ndjson --pseudonyms"
        ));
        sim.no_faults();
        recorded.clone().code(1);
        dir.sh("imp-sim replay --rows bug.ndjson > rows.ndjson").quiet();
        let typed = typed(&dir);
        let typed = typed.split(" --input").next().expect("a command");
        let again = format!("{typed} --input rows.ndjson --failed again.ndjson");
        let replayed = dir.sh(&format!("imp-sim replay --no-wait bug.ndjson -- {again}"));
        assert_eq!(replayed.exit_code(), Some(1), "{fault}: {recorded}{replayed}");
        assert_eq!(recorded.field("outcome"), replayed.field("outcome"), "{recorded}{replayed}");
        assert_eq!(dir.failed("failed.ndjson").len(), dir.failed("again.ndjson").len());
        let text = dir.read("bug.ndjson");
        assert!(!rows.iter().any(|id| text.contains(id.as_str())), "{text}");
    }
}

#[test]
fn variables_as_json_are_given_again() {
    let sim = Sim::start(&["--devices", "1"]);
    sim.groups(["A", "B"]);
    let dir = Dir::signed_in(&sim);
    dir.write(
        "vars.csv",
        "dg,env_variable\nA,\"{\"\"OVEN\"\":\"\"cherry7\"\"}\"\nB,OVEN=lemon77\n",
    );
    for (command, input) in [
        (r#"imp-dg update -g A --env-variable '{"OVEN":"hunter2","B":81234}'"#, ""),
        ("imp-dg update -g A -eOVEN=hunter2", ""),
        ("imp-dg update", " --input vars.csv"),
    ] {
        for pseudonyms in ["", "--pseudonyms"] {
            dir.sh("rm -f bug.ndjson").quiet();
            dir.sh(&format!("{command} --record bug.ndjson {pseudonyms}{input} > seen")).ok();
            let text = dir.read("bug.ndjson");
            for secret in ["hunter2", "81234", "cherry7", "lemon77"] {
                assert!(!text.contains(secret), "{text}");
            }
            dir.sh("imp-sim replay --rows bug.ndjson > rows.ndjson").quiet();
            let typed = typed(&dir);
            let typed = typed.split(" --input").next().expect("a command");
            let rows = if input.is_empty() { "" } else { " --input rows.ndjson" };
            dir.sh(&format!("imp-sim replay --no-wait bug.ndjson -- {typed}{rows}")).ok();
        }
    }
}

#[test]
fn the_type_of_a_log_stays() {
    let sim = Sim::start(&["--devices", "1"]);
    let device = sim.field("id")[0].clone();
    let [bench, _] = sim.groups(["Bench", "B"]);
    sim.put(&bench, std::slice::from_ref(&device));
    let log = serde_json::json!({"devices": [device], "text": "warming up"});
    sim.control("POST", "log", &log.to_string());
    let dir = Dir::signed_in(&sim);
    let (recorded, replayed) = again(&dir, &format!("imp-log get -d {device} -z json"));
    assert!(recorded.stdout().contains(r#""log_type":"development""#), "{recorded}");
    assert!(replayed.stdout().contains(r#""log_type":"development""#), "{replayed}");
}

#[test]
fn it_is_told_where_pseudonyms_make_no_sense() {
    let sim = Sim::start(&["--devices", "1"]);
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-device list --pseudonyms")
        .code(2)
        .no_stdout()
        .says("give --record or set IMP_RECORD");
    dir.sh("IMP_PSEUDONYMS=1 imp-device list").ok();
    for no in ["0", "no", "Off", "false"] {
        dir.sh("rm -f bug.ndjson").quiet();
        dir.sh(&format!("IMP_PSEUDONYMS={no} imp-device list --record bug.ndjson > seen")).ok();
        assert_eq!(lines(&dir, "recorded_run")[0]["pseudonyms"], false, "{no}");
        dir.sh(&format!("IMP_READ_ONLY={no} imp-product create --name {no}")).ok();
    }
    let all = "give a new file, or --pseudonyms to all or none";
    let list = "imp-device list --record bug.ndjson";
    dir.sh(&format!("{list} --pseudonyms"))
        .code(2)
        .no_stdout()
        .says("it has real names in it")
        .says(all);
    dir.sh("rm bug.ndjson").quiet();
    dir.sh(&format!("{list} --pseudonyms > seen; {list} --pseudonyms > seen")).ok();
    dir.sh(list).code(2).no_stdout().says(all);
    for command in ["imp-device list --record -", "IMP_RECORD=- imp-device list"] {
        dir.sh(command).code(2).no_stdout().says("a recording is a file");
    }
    assert!(!dir.path().join("-").exists());
}
