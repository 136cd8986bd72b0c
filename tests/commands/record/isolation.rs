//! A command that is replayed reaches no account, whatever is typed and whatever lies about.

use tests::{Dir, Run, Sim};

/// Two recordings of one list: with a sign-in file, and with user and password.
fn recordings(dir: &Dir) {
    let sim = Sim::start(&["--devices", "3"]);
    let list = "imp-device list > seen --record";
    let recorded = Dir::signed_in(&sim);
    recorded.sh(&format!("{list} bug.ndjson")).quiet();
    dir.write("file.ndjson", recorded.read("bug.ndjson"));
    let mut recorded = Dir::new();
    recorded.set("IMPT_ENDPOINT", &sim.entry.endpoint);
    recorded.set("IMPT_USER", "simuser");
    recorded.set("IMPT_PASSWORD", &sim.entry.password);
    recorded.sh(&format!("{list} bug.ndjson")).quiet();
    dir.write("password.ndjson", recorded.read("bug.ndjson"));
}

/// Whoever finds a sign-in anywhere here finds that of `sim`; gives how one signs in there.
fn sign_in_everywhere(dir: &mut Dir, sim: &Sim, path: &str) -> String {
    let (key, endpoint) = (&sim.entry.login_key, &sim.entry.endpoint);
    let login = format!("imp-auth login -q --lk {key} -e {endpoint}");
    dir.sh(&format!("{login} --as staging > seen && {login} > seen && imp-auth use staging")).ok();
    dir.sh("cp .impt.auth theirs.auth && cp .impt.auth before && cp -r ../home ../home.before")
        .quiet();
    dir.set("IMPT_AUTH_FILE_PATH", path);
    dir.set("IMP_AUTH_FILE", "theirs.auth");
    dir.set("IMPT_LOGINKEY", key);
    dir.set("IMPT_ENDPOINT", endpoint);
    login
}

#[test]
fn a_replayed_command_never_reaches_the_account_of_who_replays_it() {
    let theirs = Sim::start(&["--devices", "5"]);
    let mut dir = Dir::signed_in(&theirs);
    recordings(&dir);
    let path = dir.path().to_str().expect("UTF-8").to_owned();
    let login = sign_in_everywhere(&mut dir, &theirs, &path);
    let endpoint = &theirs.entry.endpoint;
    let before = theirs.counts().total;
    let replay = |recording: &str, command: &str| -> Run {
        dir.sh(&format!("imp-sim replay --no-wait {recording}.ndjson -- {command}"))
    };
    for recording in ["file", "password"] {
        for command in [
            "imp-device list".to_owned(),
            "imp-device list --account staging".to_owned(),
            "imp-device list --auth-file theirs.auth".to_owned(),
            format!("env IMP_AUTH_FILE=theirs.auth IMPT_ENDPOINT={endpoint} imp-device list"),
            format!("env IMP_ACCOUNT=staging IMPT_AUTH_FILE_PATH={path} imp-device list"),
        ] {
            let replayed = replay(recording, &command).ok();
            assert_eq!(replayed.records().len(), 3, "{replayed}");
        }
        for command in [
            format!("{login} --local"),
            "imp-device update -d sensor-000001 --name x --account staging".to_owned(),
            format!("env HOME={path} imp-device update -d sensor-000001 --name x"),
        ] {
            assert_ne!(replay(recording, &command).exit_code(), Some(0), "{command}");
        }
        replay(recording, "imp doctor --auth-file theirs.auth");
        replay(recording, "imp-auth logout --local");
        replay(recording, "imp-auth logout --auth-file theirs.auth");
    }
    assert_eq!(theirs.counts().total, before);
    dir.sh("cmp before theirs.auth && cmp before .impt.auth && diff -r ../home.before ../home")
        .quiet();
}
