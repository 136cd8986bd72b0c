//! Journals: where they are, what is in them, and what becomes of a run that cannot write its own.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;
use tests::{Dir, Sim};

pub(super) fn account(devices: usize) -> (Sim, Dir) {
    let sim = Sim::start(&["--devices", &devices.to_string()]);
    sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    dir.write_column("devices.csv", "id", &sim.field("id"));
    (sim, dir)
}

fn changes(dir: &Dir) -> PathBuf {
    dir.home().join("state/imp-tools/changes")
}

pub(super) const ASSIGN: &str = "imp-device assign --dg A --input devices.csv";

#[test]
fn a_run_that_changes_something_leaves_its_journal() {
    let (sim, dir) = account(30);
    dir.sh(&format!("{ASSIGN} --dry-run")).ok();
    dir.sh("imp-device list --dg A | imp-device assign --dg A").ok();
    dir.sh("imp-device info --input devices.csv").ok();
    assert!(dir.sh("imp-change list").quiet().records().is_empty(), "nothing was to be changed");
    dir.sh(ASSIGN).quiet();
    let run = dir.sh("imp-change list").quiet().record();
    let text = |name: &str| run[name].as_str().expect("a text").to_owned();
    assert_eq!((text("command"), text("state")), (ASSIGN.to_owned(), "ended".to_owned()));
    assert_eq!((run["rows"].as_u64(), run["done"].as_u64()), (Some(30), Some(30)));
    let path = changes(&dir).join(format!("{}.ndjson", text("run")));
    let mode = |path: &PathBuf| std::fs::metadata(path).expect("it is there").permissions().mode();
    assert_eq!((mode(&path) & 0o777, mode(&changes(&dir)) & 0o777), (0o600, 0o700));
    let lines = std::fs::read_to_string(&path).expect("text");
    let types: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["type"].to_string())
        .collect();
    let place = |kind: &str| types.iter().position(|one| one == &format!("\"{kind}\""));
    let places = ["run", "row", "read", "started", "change", "end"].map(place);
    let expected = [Some(0), Some(1), Some(31), Some(32), Some(33), Some(63)];
    assert_eq!(places, expected, "{types:?}");
    assert_eq!(dir.sh("imp-change show last").quiet().records().len(), 30);
    dir.sh(ASSIGN).quiet();
    assert!(dir.sh("imp-change show last").quiet().records().is_empty(), "nothing has changed");
    let all = dir.sh("imp-change show --all last").quiet();
    all.outcomes("unchanged", 30);
    dir.sh("imp-change show 2").code(2).says("may be any of 2 runs");
    dir.sh("imp-change show nothing").code(2).says("`imp-change list`");
    assert_eq!(sim.restarts(), 30);
}

#[test]
fn a_place_that_cannot_be_written_is_a_warning_unless_a_journal_is_required() {
    let (sim, mut dir) = account(20);
    // A file where the directory should be: nobody can write there, whoever runs the tests.
    let place = dir.path().join("devices.csv/changes");
    dir.set("IMP_JOURNAL", place.to_str().expect("UTF-8"));
    let run = dir.sh(ASSIGN).ok().says("no journal of this run can be written");
    assert_eq!(run.stderr().lines().count(), 1, "one warning{run}");
    run.outcomes("assigned", 20);
    dir.set("IMP_JOURNAL", "require");
    let state = dir.home().join("blocked");
    std::fs::write(&state, "").expect("a file");
    dir.set("XDG_STATE_HOME", state.to_str().expect("UTF-8"));
    sim.reset();
    let required = "imp-device unassign --input devices.csv";
    dir.sh(required).code(2).no_stdout().says("nothing was done");
    assert_eq!(sim.counts().writes, 0);
    dir.set("IMP_JOURNAL", "off");
    dir.sh(required).quiet().outcomes("unassigned", 20);
}

#[test]
fn a_full_disk_ends_the_journal_or_the_run() {
    let (sim, mut dir) = account(400);
    // The journal may have as many KiB as its rows need, and not what comes then.
    let limited = |script: &str| format!("trap '' XFSZ; ulimit -f 60; exec {script}");
    let assign = format!("{ASSIGN} --batch 10");
    dir.sh(&limited(&assign)).ok().says("cannot be written any more").outcomes("assigned", 400);
    assert!(dir.sh("imp-change list").quiet().records().is_empty());
    dir.set("IMP_JOURNAL", "require");
    sim.reset();
    let unassign = "imp-device unassign --batch 10 --input devices.csv";
    let run = dir.sh(&limited(unassign)).code(2).says("the journal cannot be written");
    let moved = sim.events().values().filter(|of| of.unassigned > 0).count();
    assert!(moved < 400 && run.records().len() <= moved, "{moved}{run}");
    let resumed = dir.sh("imp-change resume last").ok();
    assert!(resumed.records().len() >= 400 - moved, "{resumed}");
    assert!(sim.events().values().all(|of| of.unassigned == 1), "none twice, and all");
    let all = dir.sh("imp-change show --all last").ok().records();
    assert!(all.len() == 400 && all.iter().all(|line| line["type"] == "change"));
}

#[test]
fn rows_of_a_source_that_stays_open_are_kept_before_they_are_worked_on() {
    let (sim, dir) = account(30);
    let ids = sim.field("id");
    let mut running = dir.spawn_open("exec imp-device update --name x");
    ids[..10].iter().for_each(|id| running.type_line(id));
    let updated = || sim.events().values().filter(|of| of.updated > 0).count();
    running.wait_for("what has come to be done", || updated() == 10);
    sim.fault("PATCH /devices/* delay=1h");
    ids[10..20].iter().for_each(|id| running.type_line(id));
    running.wait_for("more to be done", || sim.faults_applied() == [8]);
    running.insist("KILL");
    sim.no_faults();
    let run = dir.sh("imp-change resume last").code(1).says("is in no journal");
    assert_eq!((updated(), run.records().len()), (20, 10));
    assert!(sim.events().values().all(|of| of.updated <= 1));
}

#[test]
fn secrets_of_the_command_line_are_not_kept_and_have_to_be_given_again() {
    let sim = Sim::start(&["--devices", "5", "--production", "40"]);
    let dir = Dir::signed_in(&sim);
    let key = &sim.entry.unbond_key;
    sim.fault("DELETE /devicegroups/*/relationships/devices delay=1h after=1");
    let ids = sim.devices();
    let shipped = ids.iter().filter(|device| device["devicegroup_id"].is_string());
    let shipped: Vec<&str> = shipped.map(|device| device["id"].as_str().expect("an id")).collect();
    dir.write_column("returns.csv", "id", &shipped);
    let running = dir.spawn(&format!(
        "exec imp-device unassign -q --batch 5 --jobs 1 --unbond {key} --input returns.csv"
    ));
    running.wait_for("a request that is not answered", || sim.faults_applied() != [0]);
    running.insist("KILL");
    sim.no_faults();
    let shown = dir.sh("cat ../home/state/imp-tools/changes/*.ndjson").quiet().stdout();
    assert!(!shown.contains(key) && shown.contains("(hidden)"), "{shown}");
    dir.sh("imp-change resume last").code(2).says("--unbond");
    dir.write("key", key);
    dir.sh("imp-change resume last -- --unbond-file \"$PWD/key\"").ok();
    let events = sim.events();
    assert!(shipped.iter().all(|id| events[*id].unassigned == 1), "{events:?}");
}

#[test]
fn rows_that_failed_are_tried_again_when_that_is_asked() {
    let (sim, dir) = account(30);
    sim.fault("PATCH /devices/* 403 times=5");
    dir.sh("imp-device update --name x --input devices.csv").code(1);
    dir.sh("imp-change resume last").code(1).no_stdout().says("5 rows that failed; --failed-too");
    sim.no_faults();
    let again = dir.sh("imp-change resume --failed-too last").ok();
    again.outcomes("updated", 5);
    let run = dir.sh("imp-change list").ok().record();
    assert_eq!((run["done"].as_u64(), run["failed"].as_u64()), (Some(30), Some(0)));
}

#[test]
fn files_that_are_no_journals_stay_where_journals_are() {
    let (_sim, dir) = account(2);
    for name in ["j/10.ndjson", "j/2025-export.ndjson", "j/20250101T000000Z-mine.ndjson"] {
        dir.sh(&format!("mkdir -p j && echo {{}} > {name}")).ok();
    }
    dir.sh("echo {} > j/20250101T000000Z-assign-1f3a.ndjson").ok();
    dir.sh(&format!("IMP_JOURNAL=$PWD/j {ASSIGN}")).quiet();
    let left = dir.sh("ls j | grep -v assign").ok().lines();
    assert_eq!(left, ["10.ndjson", "2025-export.ndjson", "20250101T000000Z-mine.ndjson"]);
    assert_eq!(dir.sh("ls j/*-assign-*").ok().lines().len(), 1, "the old one is gone");
}

#[test]
fn a_run_that_was_ended_early_is_named_by_the_next_and_ends_with_a_resume() {
    let (sim, dir) = account(60);
    let rename = "imp-device update --name same --input devices.csv --jobs 1";
    let running = dir.spawn(&format!("exec {rename}"));
    running.wait_for("some renames", || sim.writes().len() >= 5);
    running.terminate();
    let run = running.wait().code(143);
    assert!(run.records().len() < 60, "{run}");
    let name = dir.sh("imp-change list --interrupted").quiet().field("run").remove(0);
    dir.sh(&format!("imp-change resume {name}")).ok();
    dir.sh("imp-change list --interrupted").quiet().no_stdout();
    assert_eq!(sim.writes().len(), 60, "each of them once");
    // An undo is not resumed: it would take `last` for itself.
    dir.sh("imp-change undo last --confirmed").ok().outcomes("updated", 60);
    let undo = dir.sh("imp-change list --limit 1").ok().field("run").remove(0);
    dir.sh(&format!("imp-change resume {undo}")).ok();
    assert_eq!(sim.writes().len(), 120);
}

/// A run of renames that was killed after some of them, with the names of devices that have changed.
fn killed(sim: &Sim, dir: &Dir, rename: &str, after: u64) -> usize {
    sim.fault(&format!("PATCH /devices/* delay=1h after={after}"));
    let running = dir.spawn(&format!("exec {rename}"));
    running.wait_for("a request that is not answered", || sim.faults_applied() != [0]);
    running.insist("KILL");
    sim.no_faults();
    sim.wait_until_idle();
    sim.events().values().filter(|of| of.updated > 0).count()
}

#[test]
fn a_run_that_was_done_again_by_hand_is_forgotten() {
    let (sim, dir) = account(20);
    let rename = "imp-device update --name x --input devices.csv --jobs 1";
    killed(&sim, &dir, rename, 5);
    dir.sh(rename).ok().says("was interrupted; `imp-change resume ");
    let run = dir.sh("imp-change list --interrupted").quiet().field("run").remove(0);
    let forgotten = dir.sh(&format!("imp-change forget {run}")).quiet().record();
    assert_eq!(
        (forgotten["run"].as_str(), &forgotten["state"]),
        (Some(&*run), &"forgotten".into())
    );
    dir.sh(&format!("imp-change forget {run}")).quiet();
    dir.sh("imp-change list --interrupted").quiet().no_stdout();
    assert_eq!(dir.sh("imp-change list").quiet().field("state"), ["forgotten", "ended"]);
    dir.sh(&format!("imp-change resume {run}")).code(2).says("was forgotten");
    dir.sh("imp-change forget last").code(2).says("was not interrupted");
    // It is not named any more, and can be pruned: nothing says that it is unfinished.
    dir.sh(rename).quiet();
    let left = format!("{run}.unfinished");
    assert!(!changes(&dir).join(left).exists() && changes(&dir).join(run + ".ndjson").exists());
}

#[test]
fn a_run_that_goes_on_counts_what_it_has_changed_before() {
    let (sim, dir) = account(40);
    let limited = "imp-device update --name x --input devices.csv --jobs 1 --max-changes 12";
    assert_eq!(killed(&sim, &dir, limited, 5), 6);
    let run = dir.sh("imp-change resume last").code(1);
    let updated = sim.events().values().filter(|of| of.updated > 0).count();
    assert_eq!(updated, 12, "{run}");
    // Half of the rows that the run had, not of those that are left.
    assert_eq!(
        killed(&sim, &dir, &limited.replace("x --input", "y --input").replace("12", "50%"), 15),
        16
    );
    let run = dir.sh("imp-change resume last").code(1);
    assert_eq!(sim.field("name").iter().filter(|name| *name == "y").count(), 20, "{run}");
    // Where all are counted before the first, too many is none.
    let assign = format!("{ASSIGN} --batch 10 --jobs 1 --max-changes 100%");
    sim.fault("POST /devicegroups/*/relationships/devices delay=1h after=2");
    let running = dir.spawn(&format!("exec {assign}"));
    running.wait_for("a request that is not answered", || sim.faults_applied() != [0]);
    running.insist("KILL");
    sim.no_faults();
    sim.wait_until_idle();
    dir.sh("IMP_MAX_CHANGES=39 imp-change resume last").code(2).says("40 of 40 would be changed");
    dir.sh("imp-change resume last").ok();
    assert_eq!(sim.places().len(), 1, "{:?}", sim.places());
}

#[test]
fn a_run_is_resumed_and_undone_by_its_own_account() {
    let (sim, dir) = account(20);
    killed(&sim, &dir, "imp-device update --name x --input devices.csv --jobs 1", 12);
    let path = dir.sh("ls $PWD/../home/state/imp-tools/changes/*.ndjson").ok().lines().remove(0);
    let plan = dir.sh("imp-change show last").ok().stdout();
    dir.write("plan", plan);
    let text = std::fs::read_to_string(&path).expect("a journal");
    let own = dir.sh("imp-auth account info").ok().record();
    let own = own["email"].as_str().expect("an address").to_owned();
    let header: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    let mut other = header.clone();
    other["account"] = "somebody@example.com".into();
    std::fs::write(&path, text.replacen(&header.to_string(), &other.to_string(), 1))
        .expect("a file");
    for script in ["resume last", "undo -q last", "apply --input plan"] {
        let run = dir.sh(&format!("imp-change {script}")).code(2).no_stdout();
        run.says_all(&[
            "as somebody@example.com at http",
            &format!("this sign-in is {own} at http"),
        ]);
    }
    std::fs::write(&path, text).expect("a file");
    dir.sh("imp-change resume last").ok();
}

#[test]
fn the_making_of_a_login_key_is_told_without_the_key() {
    let (sim, dir) = account(1);
    dir.write("pw", &sim.entry.password);
    let key = dir.sh("imp-auth key create -s night --pwd-file pw").quiet().field("id").remove(0);
    let told = dir.sh("imp-change show last").quiet().record();
    let begin: String = key.chars().take(4).collect();
    assert_eq!(told["id"], format!("{begin}…"));
    assert_eq!(
        (&told["after"]["description"], &told["outcome"]),
        (&"night".into(), &"created".into())
    );
    dir.sh("imp-change undo -q last").code(1).says("login keys and tokens are secrets");
}

#[test]
fn a_run_that_waits_for_its_records_is_not_the_last_one() {
    let (sim, dir) = account(20);
    // The three begin at once; which of them is first is not decided.
    for _ in 0..6 {
        dir.sh(ASSIGN).quiet();
        let run =
            dir.sh("imp-change show last | imp-change reverse | imp-change apply --confirmed");
        assert_eq!(run.quiet().records().len(), 20);
        let free = dir.sh("imp-device list --unassigned").quiet();
        assert_eq!(free.records().len(), sim.field("id").len());
    }
}
