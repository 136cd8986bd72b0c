//! `--cursor`: the next run goes on where this one ended, and nothing is lost or comes twice.

use std::collections::BTreeMap;

use tests::{Dir, asked_for, wait};

use super::{added_to_streams, all_are_begun, bench, lines, log, printed, stored};

fn in_file(dir: &Dir, name: &str) -> BTreeMap<String, usize> {
    lines(dir.read_lines(name))
}

#[test]
fn each_run_prints_what_is_new_oldest_first() {
    let (sim, dir, ids) = bench(3, &[]);
    let get = "imp-log get --dg Bench --cursor place";
    log(&sim, &ids, "one");
    log(&sim, &ids, "one");
    dir.sh(&format!("{get} > all")).quiet();
    assert_eq!(in_file(&dir, "all"), stored(&dir));
    dir.sh(get).quiet().no_stdout();
    log(&sim, &ids[..2], "two");
    log(&sim, &ids[..1], "three");
    // Named twice it is printed once, and what is not asked for is passed over for good.
    let run = dir.sh(&format!("{get} -d {} --grep t", ids[0])).quiet();
    assert_eq!(run.field("msg"), ["two", "three", "two"]);
    log(&sim, &ids, "four");
    let run = dir.sh(&format!("{get} --grep three")).quiet();
    run.no_stdout();
    dir.sh(get).quiet().no_stdout();
    // Of a device that is new the whole log, or a part of it.
    sim.add_devices(1);
    let new = sim.field("id").into_iter().find(|id| !ids.contains(id)).expect("a new one");
    log(&sim, std::slice::from_ref(&new), "hello");
    assert_eq!(
        dir.sh(&format!("imp-log get -d {new} --cursor place")).quiet().field("msg"),
        ["hello"]
    );
    dir.sh(&format!("{get} --reverse")).code(2).no_stdout();
}

#[test]
fn more_than_the_service_keeps_leaves_a_gap_and_the_rest() {
    let (sim, dir, ids) = bench(1, &[]);
    log(&sim, &ids, "first");
    dir.sh("imp-log get --dg Bench --cursor place").quiet();
    for number in 0..1_100 {
        log(&sim, &ids, &format!("line {number}"));
    }
    let records = dir.sh("imp-log get --dg Bench --cursor place").quiet().records();
    assert_eq!((&records[0]["type"], records.len()), (&"gap".into(), 1_001));
    assert!(records[0]["from"].as_str() < records[0]["to"].as_str());
    assert_eq!(records[1_000]["msg"], "line 1099");
}

#[test]
fn following_goes_on_where_it_ended() {
    let (sim, dir, ids) = bench(10, &[]);
    log(&sim, &ids, "before the first run");
    let begun = stored(&dir);
    let mut all = BTreeMap::new();
    for round in 1..=3 {
        sim.reset();
        let running = dir.spawn("imp-log stream --dg Bench --cursor place");
        running.wait_for("the stream", || added_to_streams(&sim) >= 8);
        running.wait_for("the beginning of each log", || all_are_begun(&sim, &ids));
        for _ in 0..5 {
            log(&sim, &ids, &format!("round {round}"));
        }
        let expected = stored(&dir).values().sum::<usize>() - begun.values().sum::<usize>();
        let before: usize = all.values().sum();
        let number = || before + printed(&running).values().sum::<usize>();
        running.wait_for("all lines so far", || number() >= expected);
        let second = dir.sh("imp-log get --dg Bench --cursor place").code(2).no_stdout();
        second.says("another run has it open");
        running.interrupt();
        let run = running.wait().code(130);
        for (line, count) in lines(run.records()) {
            *all.entry(line).or_default() += count;
        }
        log(&sim, &ids, "while nobody follows");
    }
    for (line, count) in lines(dir.sh("imp-log get --dg Bench --cursor place").quiet().records()) {
        *all.entry(line).or_default() += count;
    }
    let mut expected = stored(&dir);
    expected.retain(|line, _| !begun.contains_key(line));
    assert_eq!(all, expected);
}

#[test]
fn what_is_no_cursor_is_not_written() {
    let (sim, dir, _ids) = bench(1, &[]);
    dir.write("notes", "my notes\n");
    sim.reset();
    for verb in ["get", "stream"] {
        let run = dir.sh(&format!("imp-log {verb} --dg Bench --cursor notes")).code(2).no_stdout();
        run.says("notes is no cursor, or is damaged");
        dir.sh(&format!("imp-log {verb} --dg Bench --cursor nowhere/place")).code(2).no_stdout();
    }
    assert_eq!(dir.read("notes"), "my notes\n");
}

#[test]
fn what_nobody_has_read_is_left_for_the_next_run() {
    let (sim, dir, ids) = bench(1, &[]);
    let text = "x".repeat(2_000);
    for _ in 0..200 {
        log(&sim, &ids, &text);
    }
    let get = "imp-log get --dg Bench --cursor place";
    dir.sh(&format!("{get} | head -1")).ok();
    let run = dir.sh(get).quiet();
    assert_eq!(lines(run.records()), stored(&dir));
}

#[test]
fn what_could_not_be_written_is_left_for_the_next_run() {
    let (sim, dir, ids) = bench(1, &[]);
    let stream = "imp-log stream --dg Bench --cursor place";
    let full = super::follow(&dir, &sim, &format!("{stream} > /dev/full"), 1);
    full.wait_for("the beginning", || all_are_begun(&sim, &ids) && is_noted(&dir, &ids[0]));
    log(&sim, &ids, "first");
    full.wait().code(2).says("cannot write to stdout");
    assert_eq!(dir.sh(&format!("{stream} --timeout 1s")).code(0).field("msg"), ["first"]);
    assert_eq!(dir.sh(&format!("{stream} --timeout 1s")).code(0).no_stdout().exit_code(), Some(0));
}

#[test]
fn a_reader_that_goes_away_leaves_the_rest_to_the_next_run() {
    let (sim, dir, ids) = bench(1, &[]);
    let stream = "imp-log stream --dg Bench --cursor place";
    let running = super::follow(&dir, &sim, &format!("{stream} | sed -u 2q"), 1);
    running.wait_for("the beginning", || all_are_begun(&sim, &ids) && is_noted(&dir, &ids[0]));
    for number in 1..=6 {
        log(&sim, &ids, &format!("line {number}"));
        // The reader takes one at a time, as long as it is there.
        running.wait_for("the line", || running.stdout().lines().count() >= number.min(2));
    }
    running.wait();
    let rest = dir.sh(&format!("{stream} --timeout 1s")).code(0).field("msg");
    let all: Vec<String> = (1..=6).map(|number| format!("line {number}")).collect();
    // The second one may have been taken for unread: the reader went with it.
    assert!(rest == all[2..] || rest == all[1..], "{rest:?}");
}

/// Whether the file says where following of the device has begun.
fn is_noted(dir: &Dir, id: &str) -> bool {
    std::fs::read_to_string(dir.path().join("place")).is_ok_and(|place| place.contains(id))
}

/// Killed at moments all over the run, it appends to one file what the service has, each line once.
#[test]
fn kills_lose_nothing_and_repeat_nothing_in_a_file_that_is_appended_to() {
    let (sim, dir, ids) = bench(10, &[]);
    let mut kills = 0;
    let moments = asked_for("IMP_KILLS").unwrap_or(0..24);
    for moment in moments {
        // Of 200 moments the service keeps every line: it has 1,000 for a device.
        for number in 0..4 {
            log(&sim, &ids, &format!("moment {moment} line {number} {}", "x".repeat(300)));
        }
        let verb = if moment % 2 == 0 { "get" } else { "stream --streams 0 --since 1h" };
        let run = format!("exec imp-log {verb} --dg Bench --cursor place >> log.ndjson");
        let running = dir.spawn(&run);
        // 7 is prime to 60: the moments are spread over the run.
        wait::let_pass(std::time::Duration::from_millis(20 + moment * 7 % 60 * 4));
        kills += usize::from(!running.has_ended());
        running.kill();
        running.wait();
    }
    assert!(kills > 0, "not one was killed");
    dir.sh("imp-log get --dg Bench --cursor place >> log.ndjson").quiet();
    let (found, expected) = (in_file(&dir, "log.ndjson"), stored(&dir));
    let lost = expected.keys().filter(|line| !found.contains_key(*line)).count();
    let twice = found.iter().filter(|(line, count)| expected.get(*line) != Some(count)).count();
    assert_eq!((lost, twice, found.len()), (0, 0, expected.len()), "after {kills} kills");
}
