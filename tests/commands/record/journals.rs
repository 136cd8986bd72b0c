//! The journals that an undo goes by are in its recording.

use serde_json::Value;
use tests::{Dir, Run, Sim};

use super::lines;

/// What was done, but for when and in which run.
fn done(run: &Run) -> Vec<(Value, Value)> {
    let what = |record: Value| (record["change"].clone(), record["id"].clone());
    run.records().into_iter().map(what).collect()
}

/// Undoes a run with a recording of its own, in which none of these stands.
fn recorded(dir: &Dir, run: &str, secrets: &[&str]) -> (String, Run, String) {
    let undo = format!("imp-change undo -q {run}");
    dir.sh("rm -f bug.ndjson").quiet();
    let run = dir.sh(&format!("{undo} --record bug.ndjson"));
    let text = dir.read("bug.ndjson");
    assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
    assert!(lines(dir, "recorded_file").iter().any(|it| it.get("content").is_some()), "{text}");
    (undo, run, text)
}

#[test]
fn an_undo_is_replayed_where_there_is_no_journal_of_its_run() {
    let mut sim = Sim::start(&["--devices", "3"]);
    sim.groups(["A", "B"]);
    let mut dir = Dir::signed_in(&sim);
    dir.write("vars", r#"{"KEY":"orange-1"}"#);
    dir.sh("imp-dg update -g A --env-variable @vars > seen").ok();
    dir.sh("imp-dg update -g A --env-variable KEY=lemon-77 --descr other > seen").ok();
    dir.sh("imp-device list --limit 2 | imp-device assign --dg A > seen").ok();
    let journals = dir.sh("imp-change list | jq -r .run").ok().lines();
    let [first, updated, assigned] = &journals[..] else { panic!("{journals:?}") };
    dir.sh(&format!("cp $(find ~ .. -name '{updated}.ndjson' | head -n 1) mine.ndjson")).quiet();
    // What is said of the first, which fails, has the variables in it, and later journals have that.
    let undone = [first, assigned, "./mine.ndjson", first];
    let recorded = undone.map(|run| recorded(&dir, run, &["orange-1", "lemon-77"]));
    let codes: Vec<_> = recorded.iter().map(|(_, run, _)| run.exit_code()).collect();
    assert_eq!(codes, [1, 0, 0, 0].map(Some), "{}", recorded[3].1);
    sim.stop();
    for (undo, run, text) in recorded {
        let other = Dir::new();
        other.write("bug.ndjson", text);
        let replayed = other.sh(&format!("imp-sim replay --no-wait bug.ndjson -- {undo}"));
        assert_eq!(run.exit_code(), replayed.exit_code(), "{run}{replayed}");
        assert_eq!(done(&run), done(&replayed), "{run}{replayed}");
    }
    dir.set("IMP_PSEUDONYMS", "yes");
    dir.sh("imp-change undo last --record other.ndjson")
        .code(2)
        .says("this goes by a journal, which no recording with --pseudonyms has");
}
