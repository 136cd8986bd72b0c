//! What a replay takes over of the recorded run besides what was asked: its sign-in, with guards or none at all.

use tests::{Dir, Sim};

use super::{assert_same, lines, twice};

#[test]
fn guards_of_the_sign_in_file_hold_again() {
    let sim = Sim::start(&["--devices", "3"]);
    let [bench, _] = sim.groups(["Bench", "B"]);
    let device = sim.field("id")[0].clone();
    sim.put(&bench, std::slice::from_ref(&device));
    for guard in [r#"{"protect":["Bench"]}"#, r#"{"readOnly":true}"#, r#"{"maxChanges":"0"}"#] {
        let dir = Dir::signed_in(&sim);
        dir.sh(&format!("jq -c '. + {guard}' .impt.auth > new && cat new > .impt.auth")).quiet();
        let (recorded, replayed) = twice(&dir, &format!("imp-device update -d {device} --name x"));
        assert_ne!(recorded.exit_code(), Some(0), "{guard}: {recorded}");
        assert_same(&recorded, &replayed);
    }
}

#[test]
fn a_command_without_a_sign_in_has_none_again() {
    let dir = Dir::new();
    let (recorded, replayed) = twice(&dir, "imp-device list");
    recorded.clone().code(3).says("Not signed in");
    assert_same(&recorded, &replayed);
    assert!(lines(&dir, "recorded_sign_in")[0]["credential"].is_null());
}

#[test]
fn a_sign_in_that_was_there_is_there_beside_one_that_is_made() {
    let sim = Sim::start(&["--devices", "3"]);
    let dir = Dir::signed_in(&sim);
    dir.write("password", &sim.entry.password);
    let login = "imp-auth login -q --user simuser --pwd-file password --as work";
    let endpoint = &sim.entry.endpoint;
    let script =
        format!("{login} -e {endpoint} > account && imp-device list && imp-device list -A work");
    let script = script.replace("-A work", "--account work");
    let (recorded, replayed) = twice(&dir, &script);
    // What is said names the directory.
    assert_eq!(recorded.ok().stdout(), replayed.ok().stdout());
}

#[test]
fn a_key_in_a_path_may_be_any_if_there_was_one_only() {
    let sim = Sim::start(&["--devices", "1"]);
    let dir = Dir::signed_in(&sim);
    dir.write("password", &sim.entry.password);
    let script = "imp-auth key delete -q --lk fedcba9876543210 --pwd-file password";
    let (recorded, replayed) = twice(&dir, script);
    assert_eq!(recorded.exit_code(), Some(1), "{recorded}");
    assert_eq!(replayed.exit_code(), Some(1), "{replayed}");
    assert!(!replayed.stderr().contains("; not recorded: "), "{replayed}");
}

/// What was printed, but for when it was seen.
fn but_for_now(run: &tests::Run) -> Vec<String> {
    let lines = run.lines();
    lines.iter().filter_map(|line| Some(line.split(",\"seen_at\"").next()?.to_owned())).collect()
}

#[test]
fn what_is_remembered_in_files_is_that_of_the_recorded_run() {
    let sim = Sim::start(&["--devices", "3"]);
    let [bench, _] = sim.groups(["Bench", "B"]);
    let ids = sim.field("id");
    sim.put(&bench, &ids[..2]);
    let dir = Dir::signed_in(&sim);
    let log = |text: &str| {
        let log = serde_json::json!({"devices": [ids[0]], "text": text});
        sim.control("POST", "log", &log.to_string());
    };
    log("before");
    for (file, first, script) in [
        ("b.cursor", "true", "imp-log get --dg Bench --cursor b.cursor"),
        (
            "w.state",
            "imp-device watch --dg Bench --once --state w.state",
            "imp-device watch --dg Bench --once --state w.state",
        ),
    ] {
        let is_new = first == "true";
        dir.sh(&format!("{first} > seen 2>&1; rm -f bug.ndjson")).quiet();
        if !is_new {
            dir.sh(&format!("imp-device update -d {} --name other > seen", ids[1])).ok();
        }
        let recorded = dir.sh(&format!("{script} --record bug.ndjson")).ok();
        assert!(!recorded.lines().is_empty(), "{recorded}");
        // The file has gone on meanwhile, and stays as it is.
        dir.sh(&format!("{script} > seen 2>&1; cp {file} before")).quiet();
        for lies_there in ["true", "rm {file}"] {
            dir.sh(&lies_there.replace("{file}", file)).quiet();
            let replayed = dir.sh(&format!("imp-sim replay --no-wait bug.ndjson -- {script}"));
            assert_eq!(but_for_now(&recorded), but_for_now(&replayed.ok()));
        }
        dir.sh(&format!("! ls {file} 2> seen")).quiet();
        let was_there = lines(&dir, "recorded_file")[0].get("content").is_some();
        assert_eq!(was_there, !is_new);
    }
    dir.sh("cp before w.state").quiet();
    dir.sh("imp-device watch --dg Bench --once --state w.state --pseudonyms --record other.ndjson")
        .code(2)
        .says("cannot be recorded with --pseudonyms: name a new file");
}
