//! Logs that are followed until a moment: what has come by then comes again, or it is told that it has not.

use tests::{Dir, Sim};

use super::lines;

#[test]
fn what_many_devices_log_until_a_moment_comes_again() {
    let options = ["streams-per-account=2", "stream-cut=3s"].map(|it| ["--variant", it]);
    let sim = Sim::start(&[&["--devices", "24"], &options.concat()[..]].concat());
    let [bench, _] = sim.groups(["Bench", "B"]);
    let ids = sim.field("id");
    sim.put(&bench, &ids);
    let dir = Dir::signed_in(&sim);
    let script = "imp-log stream --dg Bench --streams 2 --timeout 9s";
    let running = dir.spawn(&format!("{script} --record bug.ndjson"));
    running.wait_for("both streams", || sim.counts().kind("PUT /logstream/{id}/{device}") == 16);
    let polls = || sim.counts().kind("GET /devices/{id}/logs");
    for text in ["first", "second"] {
        let (log, before) = (serde_json::json!({"devices": ids, "text": text}), polls());
        sim.control("POST", "log", &log.to_string());
        running.wait_for("a poll of each device", || polls() >= before + 24);
    }
    let recorded = running.wait().ok();
    drop(sim);
    assert!(recorded.lines().len() >= 24, "{recorded}");
    let sorted = |run: &tests::Run| {
        let mut lines = run.lines();
        lines.sort();
        lines
    };
    let replayed = dir.sh(&format!("imp-sim replay bug.ndjson -- {script}")).ok();
    assert_eq!(sorted(&recorded), sorted(&replayed), "{replayed}");
    // Who ends sooner has seen less, and is told.
    let shorter = script.replace("9s", "2s");
    let less = dir.sh(&format!("imp-sim replay bug.ndjson -- {shorter}")).code(9);
    assert!(less.lines().len() < recorded.lines().len(), "{less}");
    less.says("; entries of log streams not sent: ")
        .says("; not asked for: ")
        .says("this was not the recorded run, so the exit code is 9; that of the command was 0");
    assert_eq!(lines(&dir, "recorded_end")[0]["exit"], 0);
}
