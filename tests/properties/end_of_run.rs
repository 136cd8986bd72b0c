//! Whatever ends a run: every row that was read is reported, none is taken in half, and nothing that was
//! done goes uncounted.

use std::fs;
use std::time::Duration;

use tests::{DEVELOPMENT, Dir, Sim, wait};

fn account(devices: &str) -> (Sim, Dir, Vec<String>) {
    let sim = Sim::start(&["--devices", devices]);
    let [all] = sim.groups(["All"]);
    let ids = sim.field("id");
    sim.put(&all, &ids);
    let dir = Dir::signed_in(&sim);
    (sim, dir, ids)
}

#[test]
fn half_a_row_is_none_when_a_signal_ends_the_input() {
    let (sim, dir, ids) = account("3");
    sim.fault("POST /devices/*/restart delay=1s");
    for (form, whole, half) in [
        ("ids", format!("{}\n", ids[0]), ids[1][..9].to_owned()),
        ("csv", format!("id,dg\n{},A\n", ids[0]), format!("{},Canary", ids[1])),
        ("json", format!("{{\"id\":\"{}\"}}\n", ids[0]), "{\"id\":\"40000c2a69".to_owned()),
        ("array", format!("[{{\"id\":\"{}\"}},\n", ids[0]), " {\"id\":".to_owned()),
    ] {
        sim.reset();
        let mut running = dir.spawn_open("imp-device restart --failed failed --report report");
        running.type_text(&format!("{whole}{half}"));
        running.wait_for("the first row to be sent", || sim.counts().in_flight == 1);
        running.interrupt();
        let run = running.wait().code(130).outcomes("restarted", 1);
        run.says("not read to its end");
        assert_eq!(dir.read("failed"), "", "{form}");
        assert_eq!(dir.report("report").rows, 1, "{form}");
    }
}

#[test]
fn a_file_is_read_to_its_end_also_on_stdin_and_a_named_pipe_listens_to_signals() {
    let (sim, dir, ids) = account("200");
    dir.write_column("devices.csv", "id", &ids);
    sim.fault("POST /devices/*/restart delay=1s");
    for input in ["< devices.csv", "--input devices.csv"] {
        sim.reset();
        let running = dir
            .spawn(&format!("imp-device restart --jobs 2 --failed failed --report report {input}"));
        running.wait_for("the first rows to be sent", || sim.counts().in_flight == 2);
        running.interrupt();
        running.wait().code(130);
        let report = dir.report("report");
        assert_eq!((report.rows, report.ok + report.failed), (200, 200), "{input}");
        assert_eq!(dir.failed("failed").len() as u64, report.failed, "{input}");
    }
    // Nobody ever writes into the first; somebody holds the second open and writes nothing more.
    dir.sh("mkfifo silent open").ok();
    for script in [
        "exec imp-device restart --input silent --failed begun",
        "exec 9<> open; head -2 devices.csv >&9; exec imp-device restart --input open --failed failed",
    ] {
        sim.reset();
        let running = dir.spawn(script);
        if script.contains("head") {
            running.wait_for("the row to be sent", || sim.counts().in_flight == 1);
        } else {
            running.wait_for("it to run", || fs::metadata(dir.path().join("begun")).is_ok());
        }
        running.insist("TERM").code(143);
    }
}

#[test]
fn results_that_cannot_be_written_do_not_hide_what_was_done() {
    let (sim, dir, ids) = account("120");
    let mut rows = ids;
    rows.insert(4, "0c:2a:69:ff:ff:ff".to_owned());
    dir.write("rows", rows.join("\n"));
    // Failed rows that cannot be kept.
    let restart = "imp-device restart --input rows --report report -v";
    let run = dir.sh(&format!("{restart} --failed /dev/full")).code(2);
    let report = dir.report("report");
    assert_eq!((report.rows, report.ok + report.failed), (121, 121), "{run}");
    assert_eq!(run.records().len() as u64, report.ok, "{run}");
    assert_eq!(sim.restarts(), report.ok, "{run}");
    assert_eq!(run.stderr().matches("No space left").count(), 1, "said once{run}");
    // The same with good ones.
    sim.reset();
    let run = dir.sh(&format!("{restart} --failed failed > /dev/full")).code(2);
    let report = dir.report("report");
    assert_eq!((report.rows, report.ok), (121, sim.restarts()), "{run}");
    assert_eq!(dir.failed("failed").len() as u64, report.failed, "{run}");
    assert_eq!(run.stderr().matches("No space left").count(), 1, "said once{run}");
    assert!(run.stderr().contains("121 rows"), "the summary{run}");
    // In bulk.
    let group = sim.group(&sim.product("Others"), DEVELOPMENT, "B");
    let assign = "imp-device assign --dg B --input rows --batch 20 --jobs 1 --report report";
    let run = dir.sh(&format!("{assign} --failed /dev/full")).code(2);
    let report = dir.report("report");
    assert_eq!((report.rows, report.ok), (121, sim.members(&group).len() as u64), "{run}");
}

#[test]
fn the_report_is_opened_before_the_work_and_is_no_other_file_of_the_run() {
    let (sim, dir, ids) = account("3");
    dir.write_column("rows", "id", &ids);
    let before = dir.read("rows");
    for (files, words) in [
        ("--report nowhere/report", "nowhere/report"),
        ("--report rows", "is an input"),
        ("--report same --failed same", "cannot be both"),
        ("--report same --failed ./same", "cannot be both"),
    ] {
        dir.sh("touch same").ok();
        dir.sh(&format!("imp-device restart --input rows {files}")).code(2).says(words).no_stdout();
    }
    assert_eq!((sim.counts().writes, dir.read("rows")), (0, before));
}

#[test]
fn an_input_that_cannot_be_read_leaves_the_rows_before_it_in_the_report() {
    let (sim, dir, ids) = account("3");
    dir.write_column("good.csv", "id", &ids);
    dir.write("bad.csv", "serial,label\n1,2\n");
    for verb in ["assign --dg All", "unassign", "remove -q", "restart"] {
        let run = dir
            .sh(&format!(
                "imp-device {verb} --jobs 1 --input good.csv --input bad.csv --failed failed \
                 --report report"
            ))
            .code(2);
        let report = dir.report("report");
        assert_eq!((report.rows, report.exit), (3, 2), "{verb}{run}");
        assert_eq!(dir.failed("failed").len() as u64, report.failed, "{verb}{run}");
        let writes = if verb == "restart" { report.ok } else { 0 };
        assert_eq!((sim.counts().writes, report.ok), (writes, writes), "{verb}{run}");
        sim.reset();
    }
}

#[test]
fn a_no_leaves_the_rows_in_the_report() {
    let (sim, dir, ids) = account("3");
    dir.write_column("rows", "id", &ids);
    let remove = "imp-device remove --input rows --failed failed --report report";
    let run = dir.sh_on_terminal(remove, "n\n").code(2);
    assert!(run.stdout().contains("not confirmed"), "{run}");
    assert_eq!((dir.failed("failed").len(), dir.report("report").rows), (3, 3));
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn consent_is_needed_before_a_live_source_begins() {
    let sim = Sim::start(&["--devices", "5", "--production", "3"]);
    let dir = Dir::signed_in(&sim);
    let unassign = "imp-device unassign --stream --unbond sim-unbond-key";
    let script = format!("imp-device list | setsid --wait {unassign}");
    dir.sh(&script).code(2).no_stdout().says("add --confirmed");
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn a_service_that_carries_nothing_out_is_not_asked_once_a_row() {
    let (sim, dir, ids) = account("400");
    dir.write("rows", ids.join("\n"));
    sim.fault("POST /devices/*/restart 503 after=5");
    let restart = "imp-device restart --input rows --patience 2s --failed failed --report report";
    let run = dir.sh(restart).code(4).outcomes("restarted", 5);
    let failed = dir.failed("failed");
    let count = |kind: &str| failed.iter().filter(|row| row.error.kind == kind).count();
    assert!(count("unknown_outcome") <= 20, "{}{run}", count("unknown_outcome"));
    assert_eq!(count("unreachable"), 1, "{run}");
    assert_eq!(count("unknown_outcome") + count("not_attempted") + 1, 395, "{run}");
    // It recovers, and the rest is done, each once.
    sim.no_faults();
    sim.reset();
    dir.sh("imp-device restart --input failed").ok();
    assert_eq!(sim.restarts(), 395);
}

#[test]
fn a_source_that_is_silent_for_long_is_no_outage() {
    let (sim, dir, ids) = account("3");
    sim.fault("POST /devices/*/restart 500 times=1");
    let mut running = dir.spawn_open("imp-device restart --patience 1s --failed failed");
    running.type_line(&ids[0]);
    running.wait_for("the first to fail", || {
        dir.path().join("failed").metadata().is_ok_and(|file| file.len() > 0)
    });
    wait::let_pass(Duration::from_secs(2));
    ids[1..].iter().for_each(|id| running.type_line(id));
    running.close_stdin();
    running.wait().code(1).outcomes("restarted", 2);
    assert_eq!(dir.failed("failed").len(), 1);
}
