//! Logs that are watched for something: the exit code is the verdict of a bench.

use serde_json::{Value, json};
use tests::{Background, Dir, Sim, told};

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
    running.wait().code(1);
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

/// Waits until a device is on a stream, whatever becomes of its stored log.
fn streamed(dir: &Dir, sim: &Sim, script: &str) -> Background {
    super::follow(dir, sim, script, 1)
}

#[test]
fn first_reads_that_fail_hide_no_line_of_the_stream() {
    for (options, fault) in [("", "503 times=5"), ("--cursor place", "cut=before times=4")] {
        let (sim, dir, ids) = bench(1, &[]);
        sim.fault(&format!("GET /devices/*/logs {fault}"));
        let script = format!("imp-log stream {} --until 'line 6' --timeout 5m {options}", ids[0]);
        let running = streamed(&dir, &sim, &script);
        assert!(!all_are_begun(&sim, &ids), "it is on its stream before its log can be read");
        for number in 1..=6 {
            log(&sim, &ids, &format!("line {number}"));
        }
        let run = running.wait().code(0);
        let numbers: Vec<String> = (1..=6).map(|number| format!("line {number}")).collect();
        assert_eq!(run.field("msg"), numbers, "{fault}");
    }
}

#[test]
fn first_reads_that_fail_leave_a_gap_where_there_is_no_stream() {
    let (sim, dir, ids) = bench(1, &[]);
    sim.fault("GET /devices/*/logs 503 times=5");
    let script = format!("imp-log stream {} --streams 0 --until end --timeout 5m", ids[0]);
    let running = dir.spawn(&script);
    running.wait_for("a failed read", || sim.requests().iter().any(|asked| asked.status == 503));
    log(&sim, &ids, "meanwhile");
    running.wait_for("the beginning of the log", || all_are_begun(&sim, &ids));
    log(&sim, &ids, "end");
    let records = running.wait().code(0).records();
    assert_eq!((&records[0]["type"], &records[0]["from"]), (&json!("gap"), &Value::Null));
    assert_eq!(records[1]["msg"], "end");
}

#[test]
fn a_log_that_cannot_be_read_is_a_failed_row_and_what_arrives_counts() {
    let (sim, dir, ids) = bench(1, &[]);
    sim.fault("GET /devices/*/logs 503");
    let stream = format!("imp-log stream {} --failed failed", ids[0]);
    let running = streamed(&dir, &sim, &format!("{stream} --timeout 3s"));
    log(&sim, &ids, "live");
    let run = running.wait().code(1).says("Lines of its log may be missing");
    assert_eq!(run.field("msg"), ["live"]);
    assert_eq!(told(&dir.failed("failed")).len(), 1);
    sim.reset();
    let running = streamed(&dir, &sim, &format!("{stream} --until Q1 --timeout 5m"));
    log(&sim, &ids, "Q1");
    running.wait().code(0);
    // What is not known to be logged is told as such.
    let polled = format!("{stream} --streams 0 --until Q1 --timeout 3s");
    let why = dir.sh(&polled).code(6).says("Nobody knows whether the device has logged");
    let why = why.says("HTTP 503");
    assert!(!why.stderr().contains("has not answered"), "{why}");
    let soak = format!("{stream} --streams 0 --fail-on ERROR --timeout 3s");
    dir.sh(&soak).code(1).says("Lines of its log may be missing");
}

#[test]
fn what_was_logged_is_counted_whatever_else_goes_wrong() {
    let (sim, dir, ids) = bench(2, &[]);
    sim.fault("GET /devices/*/logs 500");
    let stream = "imp-log stream --dg Bench --until READY --fail-on ERR --timeout 5m -v";
    let running = super::follow(&dir, &sim, &format!("{stream} --patience 1"), 2);
    let tried = || running.stderr().matches("is tried again later").count() == 2;
    running.wait_for("the patience with the stored logs to be over", tried);
    log(&sim, &ids, "READY");
    let run = running.wait().code(1);
    run.says_all(&["2 of 2 devices have logged", "HTTP 500"]);
    sim.reset();
    sim.no_faults();
    let running = super::follow(&dir, &sim, stream, 2);
    running.wait_for("the beginning", || all_are_begun(&sim, &ids));
    log(&sim, &ids[..1], "READY");
    log(&sim, &ids[..1], "ERR");
    log(&sim, &ids[1..], "READY");
    running.wait().code(1).says("2 of 2 devices have logged");
}

#[test]
fn without_a_stream_stored_logs_that_can_be_read_are_enough() {
    let (sim, dir, ids) = bench(1, &[]);
    sim.fault("POST /logstream 500");
    let stream = "imp-log stream --dg Bench --patience 1 --until END --timeout 5m";
    let running = dir.spawn(stream);
    let failed = || sim.requests().iter().filter(|asked| asked.status == 500).count();
    running.wait_for("the beginning", || all_are_begun(&sim, &ids));
    running.wait_for("tries of streams", || running.stderr().contains("the log stream ended"));
    assert!(failed() > 1);
    log(&sim, &ids, "END");
    running.wait().code(0);
}

#[test]
fn what_is_on_no_stream_is_not_told_to_be_on_one() {
    let (sim, dir, _) = bench(1, &[]);
    sim.fault("POST /logstream 500");
    sim.fault("GET /devices/*/logs 500");
    let run = dir.sh("imp-log stream --dg Bench --patience 1 --timeout 20s");
    assert!(!run.stderr().contains("the log stream goes on"), "{run}");
    run.code(4);
}

#[test]
fn stored_logs_out_of_reach_end_nothing_as_long_as_the_stream_delivers() {
    let (sim, dir, ids) = bench(2, &[]);
    log(&sim, &ids, "before");
    sim.fault("GET /devices/*/logs 503 after=2");
    let script = "imp-log stream --dg Bench --patience 1 --until END --fail-on ERROR \
                  --timeout 5m --failed failed";
    let running = super::follow(&dir, &sim, script, 2);
    let gaps = |text: &str| text.matches(r#""type":"gap""#).count();
    log(&sim, &ids, "live");
    running.wait_for("what may be missing", || gaps(&running.stdout()) == 2);
    assert!(!running.has_ended());
    log(&sim, &ids, "after the patience");
    running.wait_for("the stream", || running.stdout().matches("after the").count() == 2);
    log(&sim, &ids, "END");
    let run = running.wait().code(1).says("the log stream goes on").says("may be missing");
    let records = run.records();
    let gaps: Vec<_> = records.iter().filter(|record| record["type"] == "gap").collect();
    // Where the device was on the stream before its log was read, nothing is missing before the first line.
    let is_open = |gap: &Value| gap["to"].is_null() && gap["from"].is_string();
    let is_in_order = |gap: &Value| gap["from"].as_str() < gap["to"].as_str();
    assert!(gaps.iter().all(|gap| is_open(gap) || is_in_order(gap)), "{run}");
    assert_eq!(gaps.len(), 2, "once for each device");
    assert_eq!(dir.failed("failed").len(), 2);
}

#[test]
fn stored_logs_that_can_be_read_again_leave_nothing_to_be_missed() {
    let (sim, dir, ids) = bench(1, &[]);
    log(&sim, &ids, "before");
    sim.fault("GET /devices/*/logs 503 after=1");
    let script =
        format!("imp-log stream {} --patience 1 --until END --fail-on ERROR --timeout 5m", ids[0]);
    let running = streamed(&dir, &sim, &script);
    running.wait_for("what may be missing", || running.stdout().contains("gap"));
    sim.no_faults();
    sim.reset();
    running.wait_for("another read", || all_are_begun(&sim, &ids));
    log(&sim, &ids, "END");
    running.wait().code(0);
}

#[test]
fn what_was_not_restarted_is_not_waited_for() {
    let sim = Sim::start(&["--devices", "2"]);
    let dir = Dir::signed_in(&sim);
    let ids = sim.field("id");
    let [bench] = sim.groups(["Bench"]);
    let checks = "--log --until NEVER --timeout 10m";
    // Neither is in a group.
    let run = dir.sh(&format!("imp-device list | imp-device restart {checks}")).code(1);
    assert!(!run.stderr().contains("has not logged"), "{run}");
    sim.put(&bench, &ids[..1]);
    let of_both =
        "imp-device list | imp-device restart --log --until 'Agent restarted' --timeout 5m";
    dir.sh(&format!("{of_both} --failed failed")).code(1).says("CX012");
    assert_eq!(dir.failed("failed").len(), 1);
    sim.fault("POST /devicegroups/*/restart 403");
    dir.sh(&format!("imp-dg restart --dg Bench {checks}")).code(1);
    dir.write("code.nut", "server.log(1);");
    dir.sh(&format!("imp-build run --dg Bench -x code.nut {checks}")).code(1);
}

#[test]
fn a_signal_leaves_what_has_no_verdict_yet() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (sim, dir, ids) = bench(3, &[]);
        let script = "imp-log stream --dg Bench --until READY --timeout 1h --failed failed \
                      --report report & echo $! > pid; wait $!";
        let running = dir.spawn(script);
        running.wait_for("the beginning of each log", || all_are_begun(&sim, &ids));
        log(&sim, &ids[..1], "READY");
        running.wait_for("the line", || running.stdout().contains("READY"));
        dir.sh(&format!("kill -s {signal} $(cat pid)")).ok();
        running.wait();
        let report = dir.report("report");
        assert_eq!((report.ok, report.exit), (1, code));
        let left = dir.failed("failed");
        assert!(left.iter().all(|row| row.error.kind == "not_attempted"));
        let left: Vec<_> = left.iter().map(|row| row.input["id"].clone()).collect();
        assert_eq!(left, ids[1..]);
    }
}

#[test]
fn a_service_out_of_reach_leaves_what_has_no_verdict_yet() {
    let (sim, dir, ids) = bench(2, &[]);
    let script = "imp-log stream --dg Bench --until READY --timeout 1h --patience 1 \
                  --failed failed";
    let running = dir.spawn(script);
    running.wait_for("the beginning of each log", || all_are_begun(&sim, &ids));
    log(&sim, &ids[..1], "READY");
    running.wait_for("the line", || running.stdout().contains("READY"));
    sim.fault("GET /** 503");
    sim.fault("POST /** 503");
    sim.control("POST", "cut-streams", "");
    running.wait().code(4);
    let left: Vec<_> = dir.failed("failed").iter().map(|row| row.input["id"].clone()).collect();
    assert_eq!(left, ids[1..]);
}
