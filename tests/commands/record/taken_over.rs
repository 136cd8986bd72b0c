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
