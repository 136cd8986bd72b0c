//! Journals with whole lines that cannot be read, as a crash of the system leaves them: what is known is still
//! shown, finished and undone, and what is not known is said.

use std::path::PathBuf;

use tests::Dir;

use super::journals::{ASSIGN, account};

/// The lines of the last journal, and its path.
fn journal(dir: &Dir) -> (Vec<String>, PathBuf) {
    let run = dir.sh("imp-change list --limit 1").ok().field("run").remove(0);
    let path = dir.home().join(format!("state/imp-tools/changes/{run}.ndjson"));
    let text = std::fs::read_to_string(&path).expect("a journal");
    (text.lines().map(str::to_owned).collect(), path)
}

fn place_of(lines: &[String], begin: &str) -> usize {
    lines.iter().position(|line| line.starts_with(begin)).expect(begin)
}

#[test]
fn a_change_that_cannot_be_read_keeps_the_others_from_nothing() {
    let (sim, dir) = account(10);
    dir.sh(ASSIGN).quiet();
    let (mut lines, path) = journal(&dir);
    let place = place_of(&lines, r#"{"type":"change""#) + 2;
    let damaged = format!("line {} of its journal cannot be read", place + 1);
    // Bytes that are no text at all.
    let mut bytes = lines[..place].join("\n").into_bytes();
    bytes.extend_from_slice(b"\n{\"type\":\"change\",\xff\x00\n");
    bytes.extend_from_slice((lines.split_off(place + 1).join("\n") + "\n").as_bytes());
    std::fs::write(&path, bytes).expect("it is written");
    assert_eq!(dir.sh("imp-change show last").code(1).says(&damaged).records().len(), 9);
    let undone = dir.sh("imp-change undo last --confirmed").code(1).says(&damaged);
    undone.outcomes("unassigned", 9);
    let still_in = dir.sh("imp-device list --dg A").quiet().records().len();
    assert_eq!((still_in, sim.events().values().filter(|of| of.unassigned == 1).count()), (1, 9));
}

#[test]
fn a_row_that_cannot_be_read_keeps_no_other_from_being_done() {
    let (sim, dir) = account(10);
    dir.sh(ASSIGN).quiet();
    let (mut lines, _) = journal(&dir);
    dir.sh("imp-device unassign --input devices.csv").quiet();
    lines.truncate(place_of(&lines, r#"{"type":"started""#));
    let place = place_of(&lines, r#"{"type":"row","row":4"#);
    lines[place].truncate(30);
    dir.write("cut.ndjson", &(lines.join("\n") + "\n"));
    let damaged = format!("line {} of its journal cannot be read", place + 1);
    let resumed = dir.sh("imp-change resume ./cut.ndjson").code(1).says(&damaged);
    resumed.outcomes("assigned", 9);
    assert_eq!(sim.events().values().filter(|of| of.assigned == 2).count(), 9);
    // Nothing is left to do, and it is still not known what that row was.
    let over = dir.sh("imp-change resume ./cut.ndjson").code(1).says(&damaged);
    assert!(over.no_stdout().stderr().contains("all of its rows that are known are done"));
}

#[test]
fn what_does_not_say_whose_run_it_was_is_not_undone() {
    let (_sim, dir) = account(3);
    dir.sh(ASSIGN).quiet();
    let (mut lines, _) = journal(&dir);
    lines[0].truncate(20);
    dir.write("cut.ndjson", &(lines.join("\n") + "\n"));
    for verb in ["show", "resume", "undo --confirmed"] {
        dir.sh(&format!("imp-change {verb} ./cut.ndjson")).code(2).no_stdout();
    }
    assert_eq!(dir.sh("imp-device list --dg A").quiet().records().len(), 3);
}
