//! `--record` and `imp-sim replay`: what a command has exchanged is a file, and the file answers it again.

mod faulty;
mod followed;
mod isolation;
mod journals;
mod privacy;
mod pseudonyms;
mod signed_in;
mod taken_over;
mod trouble;
mod variables;

use serde_json::Value;
use tests::{Dir, Run, Sim};

/// What a command said but for what is about the recording.
fn said(run: &Run) -> String {
    let of_replay = |line: &&str| line.starts_with("imp-sim: ");
    run.stderr().lines().filter(|line| !of_replay(line)).map(|line| format!("{line}\n")).collect()
}

/// Types a script with everything recorded, then again with only the recording to answer.
fn twice(dir: &Dir, script: &str) -> (Run, Run) {
    dir.write("script", script);
    let recorded = dir.sh("IMP_RECORD=bug.ndjson bash script");
    let replayed = dir.sh("imp-sim replay bug.ndjson -- bash script");
    (recorded, replayed)
}

fn assert_same(recorded: &Run, replayed: &Run) {
    assert_eq!(recorded.stdout(), replayed.stdout(), "{recorded}{replayed}");
    assert_eq!(recorded.stderr(), said(replayed), "{recorded}{replayed}");
    assert_eq!(recorded.exit_code(), replayed.exit_code(), "{recorded}{replayed}");
}

/// The lines of a recording of one type.
fn lines(dir: &Dir, kind: &str) -> Vec<Value> {
    let text = dir.read("bug.ndjson");
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line["type"] == kind).collect()
}

#[test]
fn a_run_with_faults_is_the_same_when_it_is_replayed() {
    // Where no answer tells the limit, each refusal makes a run slower.
    let mut sim = Sim::start(&["--devices", "250", "--token-life", "4m", "--rate-limit", "40"]);
    let [bench, _] = sim.groups(["A", "B"]);
    let dir = Dir::signed_in(&sim);
    sim.fault("GET /devices 429 every=3");
    sim.fault("GET /devices 500 body=html after=1 times=1");
    sim.fault(&format!("POST /devicegroups/{bench}/relationships/devices cut=after times=1"));
    sim.fault("GET /devicegroups cut=middle times=1");
    sim.fault("PATCH /devices/* cut=before times=1");
    sim.expire_tokens();
    let script = "set -o pipefail
        imp-device list --limit 220 | imp-device assign --dg A --batch 50 --jobs 1
        imp-device list --dg A --limit 3
        imp-device update -d sensor-000001 --name 'Oven 7/b'
        imp-device info -d nobody";
    let (recorded, replayed) = twice(&dir, script);
    recorded.clone().code(1).says("No device `nobody`");
    assert_eq!(recorded.lines().len(), 224, "{recorded}");
    assert_same(&recorded, &replayed);
    assert!(!replayed.stderr().contains("; not recorded: "), "{replayed}");
    // It was the file that answered: there is no service any more.
    sim.stop();
    let fast = dir.sh("imp-sim replay --no-wait bug.ndjson -- bash script");
    assert_same(&recorded, &fast);
    let kinds: Vec<Value> = lines(&dir, "exchange").iter().map(|it| it["fault"].clone()).collect();
    for fault in ["cut", "lost"] {
        assert!(kinds.iter().any(|kind| kind == fault), "{fault}: {kinds:?}");
    }
    let statuses: Vec<Value> =
        lines(&dir, "exchange").iter().map(|it| it["status"].clone()).collect();
    for status in [401, 429, 500, 204] {
        assert!(statuses.contains(&status.into()), "{status}: {statuses:?}");
    }
}

#[test]
fn a_stream_of_logs_comes_again_and_ends_as_it_did() {
    let sim = Sim::start(&["--devices", "3"]);
    let [bench, _] = sim.groups(["Bench", "B"]);
    let device = sim.field("id")[0].clone();
    sim.put(&bench, std::slice::from_ref(&device));
    let dir = Dir::signed_in(&sim);
    let script = "imp-log stream --dg Bench --until READY --timeout 5m";
    let running = dir.spawn(&format!("{script} --record bug.ndjson"));
    running.wait_for("the stream", || sim.counts().kind("PUT /logstream/{id}/{device}") == 1);
    for text in ["warming up", "READY at 7 s"] {
        let log = serde_json::json!({"devices": [device], "text": text});
        sim.control("POST", "log", &log.to_string());
    }
    let recorded = running.wait().ok();
    assert_eq!(recorded.lines().len(), 2, "{recorded}");
    let replayed = dir.sh(&format!("imp-sim replay bug.ndjson -- {script}"));
    assert_same(&recorded, &replayed);
}

#[test]
fn a_sign_in_is_replayed_whatever_the_password_is_by_then() {
    let mut sim = Sim::start(&["--devices", "3", "--otp", "271828"]);
    let dir = Dir::new();
    dir.write("password", &sim.entry.password);
    let login = "imp-auth login -l -q --user simuser --pwd-file password --otp 271828";
    let endpoint = format!("${{IMPT_ENDPOINT:-{}}}", sim.entry.endpoint);
    dir.write("script", format!("{login} -e {endpoint} > account && imp-device list"));
    let recorded = dir.sh("IMP_RECORD=bug.ndjson bash script").ok();
    sim.stop();
    dir.write("password", "another-password");
    dir.sh("rm .impt.auth").quiet();
    let replayed = dir.sh("imp-sim replay bug.ndjson -- bash script").ok();
    assert_eq!(recorded.records(), replayed.records(), "{recorded}{replayed}");
    let text = dir.read("bug.ndjson");
    for secret in [&sim.entry.password, "271828"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn without_a_command_it_is_shown_and_rows_that_were_read_are_printed() {
    let sim = Sim::start(&["--devices", "5"]);
    sim.groups(["A", "B"]);
    let dir = Dir::signed_in(&sim);
    let macs = sim.field("mac_address");
    dir.write_column("rows.csv", "MAC address", &macs[..3]);
    let assign = "imp-device assign --dg A --input rows.csv";
    let recorded = dir.sh(&format!("{assign} --record bug.ndjson")).ok();
    let shown = dir.sh("imp-sim replay bug.ndjson").quiet().stdout();
    assert!(shown.starts_with(&format!("$ {assign}\n# imp-tools ")), "{shown}");
    assert!(shown.contains("ended with 0") && shown.contains("rows read: 3"), "{shown}");
    assert!(shown.contains("  POST /devicegroups/"), "{shown}");
    // The file of the rows need not be there.
    dir.sh("imp-sim replay --rows bug.ndjson > rows.ndjson && rm rows.csv").quiet();
    let again = "imp-device assign --dg A --input rows.ndjson";
    let replayed = dir.sh(&format!("imp-sim replay bug.ndjson -- {again}")).ok();
    assert_eq!(recorded.field("mac_address"), replayed.field("mac_address"));
    assert_eq!(recorded.field("outcome"), replayed.field("outcome"));
}

#[test]
fn every_verb_that_asks_the_service_can_be_recorded() {
    let dir = Dir::new();
    let verbs = dir.sh("imp commands").quiet().records();
    let has = |verb: &Value, name: &str| {
        let options = verb["options"].as_array().expect("options");
        options.iter().any(|option| option["long"] == name)
    };
    let asking: Vec<&Value> = verbs.iter().filter(|verb| has(verb, "trace")).collect();
    assert!(asking.len() > 50, "{}", asking.len());
    for verb in asking {
        assert!(has(verb, "record") && has(verb, "pseudonyms"), "{verb}");
    }
    let sim = Sim::start(&["--devices", "1"]);
    let dir = Dir::signed_in(&sim);
    for list in [
        "imp-auth key list",
        "imp-build list",
        "imp-device list",
        "imp-dg list",
        "imp-hook list",
        "imp-product list",
        "imp doctor",
    ] {
        let before = std::fs::read(dir.path().join("bug.ndjson")).map_or(0, |text| text.len());
        dir.sh(&format!("{list} --record bug.ndjson > seen; true"));
        let recorded = dir.read("bug.ndjson");
        assert!(recorded[before..].contains("\"type\":\"exchange\""), "{list}");
    }
    assert_eq!(lines(&dir, "recorded_end").len(), 7);
}
