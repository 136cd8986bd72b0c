//! Logs that are watched for something: the exit code is the verdict of a bench.

use tests::told;

use super::{all_are_begun, bench, log};

#[test]
fn it_ends_with_0_once_each_device_has_logged_each_pattern() {
    let (sim, dir, ids) = bench(2, &[]);
    let script = "imp-log stream --dg Bench --until '^READY' --until 'temp [0-9]+' --timeout 5m -v";
    let running = dir.spawn(script);
    running.wait_for("the beginning of each log", || all_are_begun(&sim, &ids));
    log(&sim, &ids, "not READY");
    log(&sim, &ids[..1], "READY in 3 s");
    log(&sim, &ids, "temp 21");
    running.wait_for("the lines", || running.stdout().matches("temp 21").count() == 2);
    assert!(!running.has_ended(), "one has not logged READY at the beginning of a message");
    log(&sim, &ids[1..], "READY");
    let run = running.wait().code(0).says("2 of 2 devices have logged what --until names");
    assert_eq!(run.field("msg").iter().filter(|message| *message == "READY").count(), 1);
}

#[test]
fn a_device_that_logs_what_it_must_not_is_a_failed_row_and_the_others_are_waited_for() {
    let (sim, dir, ids) = bench(2, &[]);
    let script = "imp-log stream --dg Bench --until READY --fail-on 'ERROR|panic' --timeout 5m \
                  --failed failed --report report";
    let running = dir.spawn(script);
    running.wait_for("the beginning of each log", || all_are_begun(&sim, &ids));
    log(&sim, &ids[..1], "READY, but ERROR 7");
    running.wait_for("the failure", || running.stderr().contains("`ERROR|panic`: READY, but"));
    assert!(!running.has_ended());
    log(&sim, &ids[1..], "READY");
    running.wait().code(1).says("1 of 2 devices");
    let failed = dir.failed("failed");
    assert_eq!(told(&failed), [("--dg Bench", "not_met")]);
    assert_eq!(failed[0].input["id"], ids[0]);
    let report = dir.report("report");
    assert_eq!((report.ok, report.failed, report.exit), (1, 1, 1));
}

#[test]
fn when_the_time_is_over_it_ends_with_6_and_says_who_has_not_logged_what() {
    let (sim, dir, ids) = bench(3, &[]);
    // What was logged before counts from the time on that is named.
    log(&sim, &ids[..2], "READY");
    log(&sim, &ids[..1], "CALIBRATED");
    let script = "imp-log stream --dg Bench --since 1h --until READY --until CALIBRATED \
                  --timeout 4s --failed failed";
    let run = dir.sh(script).code(6).says_all(&[
        "the time is over: 1 of 3 devices have logged what --until names",
        "`CALIBRATED`",
        "`READY`, `CALIBRATED`",
    ]);
    assert_eq!(run.records().iter().filter(|entry| entry["msg"] == "READY").count(), 2);
    let failed: Vec<_> = dir.failed("failed").iter().map(|row| row.input["id"].clone()).collect();
    assert_eq!(failed, ids[1..]);
    // The list of those that failed is input for another look.
    let again = "imp-log stream --input failed --since 1h --until READY --any-device --timeout 5m";
    dir.sh(again).code(0);
}

#[test]
fn for_so_long_nothing_may_be_wrong() {
    let (sim, dir, ids) = bench(1, &[]);
    log(&sim, &ids, "all is well");
    let script = "imp-log stream --dg Bench --since 1h --fail-on ERROR --timeout";
    dir.sh(&format!("{script} 1s")).code(0);
    log(&sim, &ids, "ERROR 7");
    dir.sh(&format!("{script} 5m")).code(1).says("`ERROR`: ERROR 7");
    dir.sh(&format!("{script} 5m --fail-on 'type:^status$'")).code(1).says("Agent restarted");
}

#[test]
fn only_what_is_asked_for_is_printed_and_everything_is_watched() {
    let (sim, dir, ids) = bench(1, &[]);
    for text in ["temp 20", "door open", "temp 21", "READY"] {
        log(&sim, &ids, text);
    }
    let run = dir.sh("imp-log get --dg Bench --grep '^temp' --grep door --reverse").quiet();
    assert_eq!(run.field("msg"), ["temp 20", "door open", "temp 21"]);
    let script = "imp-log stream --dg Bench --since 1h --grep '^temp' --until READY --timeout 5m";
    assert_eq!(dir.sh(script).code(0).field("msg"), ["temp 20", "temp 21"]);
    dir.sh("imp-log get --dg Bench --grep 'temp ('").code(2).says("no regular expression");
}

#[test]
fn a_restart_is_a_check_and_needs_the_log_for_it() {
    let (sim, dir, ids) = bench(2, &[]);
    dir.write("code.nut", "server.log(1);");
    let checks = "--log --until 'Agent restarted' --timeout 5m";
    for script in [
        format!("imp-device list | imp-device restart {checks}"),
        format!("imp-dg restart --dg Bench {checks}"),
        format!("imp-build run --dg Bench -x code.nut {checks}"),
    ] {
        let run = dir.sh(&script).code(0);
        assert!(run.records()[0]["outcome"].is_string(), "{run}");
        let devices = run.field("device_id");
        assert!(ids.iter().all(|id| devices.contains(id)), "{run}");
    }
    sim.reset();
    let restart = "imp-dg restart --dg Bench";
    dir.sh(&format!("{restart} --log --fail-on restarted")).code(1).says("`restarted`: Agent");
    dir.sh(&format!("{restart} --log --until NEVER --timeout 1s --report report"))
        .code(6)
        .says("0 of 2 devices");
    assert_eq!(dir.report("report").exit, 6);
    sim.reset();
    dir.sh(&format!("{restart} --until READY")).code(2).no_stdout().says("needs --log");
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn the_verdict_is_waited_for_though_nobody_reads() {
    let (sim, dir, ids) = bench(1, &[]);
    let stream = "imp-log stream --dg Bench --until READY --timeout 5m";
    let running = dir.spawn(&format!("({stream}; echo $? > code) | head -1"));
    running.wait_for("the beginning of each log", || all_are_begun(&sim, &ids));
    log(&sim, &ids, "first");
    running.wait_for("the end of the reader", || running.stdout().contains("first"));
    log(&sim, &ids, "READY");
    running.wait().ok();
    assert_eq!(dir.read("code"), "0\n");
}
