//! Recordings that are not whole, files that are none, and commands that ask for something else.

use tests::wait::timed;
use tests::{Dir, Sim};

use super::{assert_same, lines, said, twice};

#[test]
fn several_processes_write_one_file_and_a_kill_costs_no_more_than_its_line() {
    let sim = Sim::start(&["--devices", "300"]);
    let dir = Dir::signed_in(&sim);
    let list = "imp-device list --record bug.ndjson > /dev/null";
    let many: Vec<_> = (0..6).map(|_| dir.spawn(list)).collect();
    many.into_iter().for_each(|running| drop(running.wait().ok()));
    assert_eq!(lines(&dir, "recorded_end").len(), 6);
    let whole = lines(&dir, "exchange").len();
    sim.fault("GET /devices delay=1h after=1");
    let slow = dir.spawn(&format!("exec {list}"));
    slow.wait_for("its first answer", || lines(&dir, "exchange").len() > whole);
    slow.insist("KILL");
    sim.no_faults();
    // As a kill in the middle of a line leaves it.
    dir.sh("truncate -s -25 bug.ndjson").quiet();
    dir.sh(list).quiet();
    let shown =
        dir.sh("imp-sim replay bug.ndjson").ok().says("bug.ndjson is not whole (lines cut off: 1)");
    assert_eq!(shown.stdout().matches("did not end").count(), 1, "{shown}");
    let one = "imp-sim replay --no-wait bug.ndjson -- imp-device list | wc -l";
    let replayed = dir.sh(one).ok().says("; recorded commands not given: ");
    assert_eq!(replayed.stdout().trim(), "300");
}

#[test]
fn a_full_disk_ends_the_recording_and_nothing_else() {
    let sim = Sim::start(&["--devices", "300"]);
    let dir = Dir::signed_in(&sim);
    let run = dir.sh("trap '' XFSZ; ulimit -f 20; imp-device list --record bug.ndjson | cat").ok();
    assert_eq!(run.records().len(), 300);
    let run =
        run.says("the recording bug.ndjson ends here, since it cannot be written: File too large");
    assert_eq!(run.stderr().lines().count(), 1, "{run}");
    dir.sh("imp-sim replay bug.ndjson > /dev/null").ok().says("bug.ndjson is not whole");
    // Where nobody ignores the signal either.
    let run = dir.sh("ulimit -f 20; imp-device list --record other.ndjson | cat").ok();
    assert_eq!(run.records().len(), 300);
    run.says("the recording other.ndjson ends here");
}

#[test]
fn a_first_line_that_is_torn_costs_its_run_only() {
    let sim = Sim::start(&["--devices", "3"]);
    let dir = Dir::signed_in(&sim);
    for torn in [r#"{"type":"rec"#, r#"{"type":"recorded_run","run":"0a"#] {
        dir.write("bug.ndjson", torn);
        let list = "imp-device list --record bug.ndjson > seen";
        let said = dir.sh(list).ok().stderr();
        assert!(!said.contains("too long ago"), "{said}");
        let replayed = dir.sh("imp-sim replay --no-wait bug.ndjson -- imp-device list").ok();
        assert_eq!(replayed.records().len(), 3, "{replayed}");
        replayed.says("bug.ndjson is not whole (lines cut off: 1)");
        dir.write("bug.ndjson", torn);
        dir.sh("imp-sim replay bug.ndjson").code(2).says("no command is whole in it");
    }
}

#[test]
fn rows_of_several_commands_are_told_apart() {
    let sim = Sim::start(&["--devices", "5"]);
    sim.groups(["A", "B"]);
    let dir = Dir::signed_in(&sim);
    let ids = sim.field("id");
    dir.write_column("a.csv", "id", &ids[..1]);
    dir.write_column("b.csv", "id", &ids[1..4]);
    for (group, rows) in [("A", "a.csv"), ("B", "b.csv")] {
        let assign = format!("imp-device assign --dg {group} --input {rows}");
        dir.sh(&format!("{assign} --record bug.ndjson > seen")).ok();
    }
    let printed = dir.sh("imp-sim replay --rows bug.ndjson").ok();
    assert_eq!(printed.records().len(), 4);
    printed
        .says("rows 1 to 1 were read by: imp-device assign --dg A")
        .says("rows 2 to 4 were read by: imp-device assign --dg B");
}

#[test]
fn what_is_no_recording_is_neither_written_nor_replayed() {
    let sim = Sim::start(&["--devices", "1"]);
    let dir = Dir::signed_in(&sim);
    dir.write("devices.csv", "mac_address\n");
    dir.write("empty", "");
    for (file, why) in [
        ("devices.csv", "it has something else in it"),
        (".", "Is a directory"),
        ("nowhere/bug.ndjson", "No such file"),
        ("/dev/null", "it is not a regular file"),
    ] {
        let run = dir.sh(&format!("imp-device list --record {file}")).code(2).no_stdout();
        run.says(&format!("nothing can be recorded in {file}: ")).says(why);
    }
    assert_eq!(dir.read("devices.csv"), "mac_address\n");
    assert_eq!(sim.counts().total, 0);
    for (file, why) in [
        ("nowhere", "cannot read nowhere"),
        ("devices.csv", "devices.csv is no recording"),
        ("empty", "empty is no recording"),
    ] {
        dir.sh(&format!("imp-sim replay {file} -- imp-device list")).code(2).no_stdout().says(why);
    }
}

#[test]
fn who_asks_for_something_else_is_told_what_comes_nearest() {
    let sim = Sim::start(&["--devices", "3"]);
    sim.groups(["A", "B"]);
    let dir = Dir::signed_in(&sim);
    let ids = sim.field("id");
    let update = |id: &str, name: &str| format!("imp-device update -d {id} --name {name}");
    dir.sh(&format!("{} --record bug.ndjson", update(&ids[0], "x"))).quiet();
    let replay = |command: &str| dir.sh(&format!("imp-sim replay bug.ndjson -- {command}"));
    let other = replay(&update(&ids[0], "y")).code(9);
    other.says_all(&[
        "imp-sim: not in the recording: PATCH /devices/",
        "; the nearest is the same with another body, line 4",
        "answered 1 of 2 recorded requests; not recorded: 1; not asked for: PATCH",
    ]);
    replay(&update(&ids[1], "x"))
        .code(9)
        .says(&format!("the nearest is GET /devices/{} (line 3)", ids[0]));
    replay("true").code(9).says("answered 0 of 2 recorded requests; not asked for: GET");
    replay("sh -c 'exit 7'")
        .code(9)
        .says("this was not the recorded run, so the exit code is 9; that of the command was 7");
    replay("no-such-command").code(127).says("cannot start no-such-command");
    let twice = format!("sh -c '{0}; {0}'", update(&ids[0], "x"));
    replay(&twice).code(9).says("it was asked for less often, the last time in line 4");
}

#[test]
fn a_service_that_is_not_there_is_not_there_again() {
    let mut sim = Sim::start(&["--devices", "3"]);
    let dir = Dir::signed_in(&sim);
    sim.stop();
    let (recorded, replayed) = twice(&dir, "imp-device list --patience 1s");
    // How often it is tried within the patience is a matter of chance.
    let without_attempts = |stderr: String| {
        let (before, _) = stderr.rsplit_once(" (").expect("a number of attempts");
        before.to_owned()
    };
    for run in [&recorded, &replayed] {
        run.clone().code(4).no_stdout().says("Connection refused").says("attempts)");
    }
    assert_eq!(without_attempts(recorded.stderr()), without_attempts(said(&replayed)));
    assert!(lines(&dir, "exchange").iter().all(|it| it["fault"] == "not_sent"));
}

#[test]
fn a_service_that_comes_back_comes_back_again() {
    let mut sim = Sim::start(&["--devices", "3"]);
    let dir = Dir::with_login_key(&sim);
    dir.write("script", "imp-device list\nimp-device list --limit 1");
    sim.stop();
    let running = dir.spawn("IMP_RECORD=bug.ndjson bash script");
    running.wait_for("a refusal", || {
        std::fs::read_to_string(dir.path().join("bug.ndjson"))
            .is_ok_and(|text| text.contains("not_sent"))
    });
    let _again = sim.start_again(&["--devices", "3"]);
    let recorded = running.wait().ok();
    let replayed = dir.sh("imp-sim replay bug.ndjson -- bash script");
    assert_same(&recorded, &replayed);
}

#[test]
fn a_certificate_that_is_not_trusted_is_not_trusted_again() {
    let directory = tempfile::tempdir().expect("a fresh directory");
    let path = directory.path().to_str().expect("UTF-8");
    let sim = Sim::start(&["--devices", "1", "--tls", path]);
    let mut dir = Dir::new();
    dir.set("IMPT_ENDPOINT", &sim.entry.endpoint);
    dir.set("IMPT_LOGINKEY", &sim.entry.login_key);
    let (recorded, replayed) = twice(&dir, "imp-device list");
    recorded.clone().code(2).says("certificate is not trusted");
    assert_same(&recorded, &replayed);
}

#[test]
fn an_answer_that_does_not_come_does_not_come_again() {
    let sim = Sim::start(&["--devices", "1"]);
    let dir = Dir::signed_in(&sim);
    sim.fault("GET /devices delay=1h");
    let (recorded, replayed) = twice(&dir, "imp-device list --patience 1s");
    recorded.clone().code(4).says("no answer in time");
    assert_same(&recorded, &replayed);
    assert_eq!(said(&replayed).lines().count(), 1);
}

#[test]
fn answers_take_as_long_as_they_took_or_as_is_wished() {
    let sim = Sim::start(&["--devices", "1", "--latency", "700ms"]);
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-device list --record bug.ndjson > seen").quiet();
    drop(sim);
    let time = |options: &str| {
        let script = format!("imp-sim replay {options} bug.ndjson -- imp-device list");
        timed(|| dir.sh(&script).ok()).0
    };
    let recorded = lines(&dir, "exchange");
    let took: u64 =
        recorded.iter().filter_map(|it| it["took"].as_u64()).max().expect("an exchange");
    assert!(took >= 700, "{recorded:?}");
    let (whole, fast, at_once) = (time(""), time("--speed 1000"), time("--no-wait"));
    assert!(whole.as_millis() >= 700, "{whole:?}");
    assert!(fast < whole && at_once < whole, "{whole:?} {fast:?} {at_once:?}");
}

#[test]
fn a_recording_may_come_through_a_pipe_or_from_windows() {
    let sim = Sim::start(&["--devices", "3"]);
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-device list --record bug.ndjson > seen").ok();
    let list = "imp-device list | cmp - seen";
    dir.sh(&format!("imp-sim replay --no-wait <(cat bug.ndjson) -- {list}")).ok();
    dir.sh(&format!("cat bug.ndjson | imp-sim replay --no-wait /dev/stdin -- {list}")).ok();
    let text = dir.read("bug.ndjson");
    dir.write("other.ndjson", format!("\u{feff}{}\r\n \n\n", text.replace('\n', "\r\n")));
    let replayed = dir.sh(&format!("imp-sim replay --no-wait other.ndjson -- {list}")).ok();
    assert!(!replayed.stderr().contains("not whole"), "{replayed}");
}
