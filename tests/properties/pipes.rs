//! Pipes that close, signals, and interrupted runs.

use tests::{Dir, Moved, Sim, kinds};

fn account(devices: &str, options: &[&str]) -> (Sim, Dir, String) {
    let sim = Sim::start(&[&["--devices", devices], options].concat());
    let [group] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    (sim, dir, group)
}

#[test]
fn head_costs_almost_nothing_and_is_quiet() {
    // `head` has the time between two answers to end.
    let (sim, dir, _) = account("20000", &["--latency", "300ms"]);
    let run = dir.sh("imp-device list | head -3").quiet();
    assert_eq!(run.records().len(), 3);
    assert!(sim.counts().total <= 2, "{:?}", sim.counts());
    sim.reset();
    let run = dir.sh("imp-device list --limit 3").quiet();
    assert_eq!((run.records().len(), sim.counts().total), (3, 1));
    let run = dir.sh("imp-device list -z table --limit 20 | head -1").quiet();
    assert_eq!(run.lines().len(), 1);
    dir.sh("imp-device list -z csv | head -1").quiet();
    dir.sh("imp-device list -z json | head -1").quiet();
    dir.sh("imp-device list | true").quiet();
    dir.sh("imp-device --help | true").quiet();
    assert!(sim.counts().total < 40, "{:?}", sim.counts());
}

#[test]
fn a_reading_verb_ends_when_nobody_reads() {
    let (sim, dir, _) = account("2000", &["--latency", "50ms"]);
    dir.write_column("ids", "id", &sim.field("id"));
    let run = dir.sh("imp-device info --input ids | head -2").quiet();
    assert_eq!(run.records().len(), 2);
    assert!(sim.counts().total < 500, "{:?}", sim.counts());
    dir.sh("imp-device list | imp-device info | head -1").quiet();
}

#[test]
fn the_first_record_comes_after_the_first_page() {
    let (sim, dir, _) = account("3000", &["--latency", "50ms"]);
    sim.fault("GET /devices delay=60s after=1");
    let running = dir.spawn("imp-device list");
    running.wait_for("the first page", || running.stdout().lines().count() == 100);
    assert!(sim.counts().total <= 2, "nothing is asked ahead of the first page");
}

#[test]
fn a_writing_verb_finishes_although_its_stdout_is_closed() {
    let (sim, dir, group) = account("700", &["--latency", "20ms"]);
    let script = "imp-device list | imp-device assign --dg A --batch 10 --report report | head -2";
    let run = dir.sh(script).ok();
    assert_eq!(run.records().len(), 2);
    assert_eq!(run.stderr().lines().count(), 1, "once{run}");
    run.says("closed");
    assert_eq!((sim.members(&group).len(), dir.report("report").ok), (700, 700));
    // Its exit code is that of its rows.
    dir.write("rows", "{\"id\":\"nobody\"}\n");
    dir.sh("imp-device list >> rows; imp-device restart --input rows --failed failed | true; exit ${PIPESTATUS[0]}").code(1);
    assert_eq!(dir.failed("failed").len(), 1);
    assert_eq!(sim.events().values().map(|events| events.restarted).sum::<u64>(), 700);
}

#[test]
fn a_full_disk_is_an_error_and_not_a_closed_pipe() {
    let (_sim, dir, _) = account("50", &[]);
    dir.sh("imp-device list > /dev/full").code(2).says("stdout");
    dir.sh("imp-device list | imp-device assign --dg A > /dev/full").code(2).says("stdout");
    dir.write("rows", "nobody\nnobody2\n");
    dir.sh("imp-device info --failed /dev/full --input rows").code(2).says("failed");
}

#[test]
fn ctrl_c_in_the_middle_leaves_no_row_without_a_fate() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (sim, dir, group) = account("600", &["--latency", "100ms"]);
        let ids = sim.field("id");
        dir.write_column("devices.csv", "id", &ids);
        let assign = "exec imp-device assign --dg A --batch 5 --jobs 2 --input devices.csv --failed failed --report report";
        let running = dir.spawn(assign);
        running.wait_for("some devices to move", || running.stdout().lines().count() >= 20);
        if signal == "INT" {
            running.interrupt();
        } else {
            running.terminate();
        }
        let run = running.wait().code(code);
        let failed = dir.failed("failed");
        assert_eq!(kinds(&failed), [("not_attempted", failed.len())].into(), "{signal}{run}");
        assert!(failed.len() < 580, "{signal}: {}", failed.len());
        Moved { case: signal, sim: &sim, by: "id", given: &ids, run: &run, failed: &failed }
            .are_in(&group);
        let report = dir.report("report");
        assert_eq!((report.rows, report.not_attempted), (600, failed.len() as u64));
        assert_eq!(i32::from(report.exit), code);
        assert_eq!(run.stderr().lines().count(), 1, "not a line for each row{run}");
        // The rest, later.
        let run = dir.sh("imp-device assign --dg A --failed later < failed").quiet();
        run.outcomes("assigned", failed.len());
        assert_eq!((sim.members(&group).len(), sim.restarts()), (600, 600));
    }
}

#[test]
fn ctrl_c_ends_one_by_one_verbs_as_well() {
    let (sim, dir, _) = account("200", &["--latency", "50ms"]);
    let ids = sim.field("id");
    dir.write_column("devices.csv", "id", &ids);
    let update =
        "exec imp-device update --name x --input devices.csv --failed failed --report report";
    let running = dir.spawn(update);
    running.wait_for("some", || running.stdout().lines().count() >= 10);
    running.interrupt();
    let run = running.wait().code(130);
    let report = dir.report("report");
    assert_eq!((report.rows, report.ok as usize), (200, run.records().len()));
    let updated = sim.events().values().filter(|events| events.updated == 1).count();
    assert_eq!(updated, run.records().len(), "what was printed is what was done{run}");
}

#[test]
fn a_signal_ends_waiting_at_once() {
    let (sim, dir, _) = account("10", &[]);
    // For input that does not come.
    let silent = dir.spawn_open("exec imp-device assign --dg A");
    silent.wait_for("the group to be looked up", || sim.counts().total > 0);
    silent.terminate();
    silent.wait().code(143);
    // For a service that is away.
    sim.fault("* /** 503");
    sim.reset();
    let patient = dir.spawn("exec imp-device list --patience 1h");
    patient.wait_for("it to try", || sim.counts().total > 1);
    patient.interrupt();
    // Far sooner than its patience ends.
    patient.wait().code(130).no_stdout();
}

#[test]
fn a_pipeline_of_three_is_interrupted_as_a_whole() {
    let (sim, dir, group) = account("3000", &["--latency", "60ms"]);
    let script = "imp-device list | imp-device assign --dg A --stream --batch 10 --jobs 2 --failed a \
        | imp-device restart --failed r > out";
    let running = dir.spawn(script);
    running.wait_for("devices to move", || sim.members(&group).len() > 100);
    running.interrupt();
    running.wait().code(130);
    let events = sim.events();
    assert!(events.values().all(|events| events.assigned <= 1 && events.restarted <= 1));
    let members = sim.members(&group).len() as u64;
    assert!((100..3000).contains(&members));
    assert_eq!(events.values().map(|events| events.assigned).sum::<u64>(), members);
    assert!(dir.failed("a").iter().all(|row| row.error.kind == "not_attempted"));
    let restarted = events.values().map(|events| events.restarted).sum::<u64>();
    assert_eq!(dir.read_lines("out").len() as u64, restarted);
}

#[test]
fn an_input_that_cannot_be_read_to_its_end_is_exit_2_and_nothing_is_written() {
    let (sim, dir, group) = account("150", &[]);
    dir.write_column("ids", "id", &sim.field("id"));
    // More than a batch of good rows comes first.
    dir.write("wrong.csv", "serial,label\n1,2\n");
    for (end, says) in [("/proc/self/mem", "Input/output error"), ("wrong.csv", "serial")] {
        sim.reset();
        let assign = format!("imp-device assign --dg A --input ids --input {end}");
        dir.sh(&assign).code(2).no_stdout().says(says);
        assert_eq!((sim.counts().kind("GET /devicegroups"), sim.counts().writes), (1, 0));
    }
    assert!(sim.members(&group).is_empty());
}

#[test]
fn what_a_list_printed_before_it_broke_off_is_worked_on_and_the_pipeline_fails() {
    let (sim, dir, group) = account("250", &[]);
    sim.fault("GET /devices 403 after=1 times=1");
    let list = "imp-device list --jobs 1";
    let script = format!("{list} | imp-device assign --dg A > moved; echo ${{PIPESTATUS[@]}}");
    assert_eq!(dir.sh(&script).ok().lines(), ["1 0"]);
    assert_eq!((sim.members(&group).len(), dir.read_lines("moved").len()), (100, 100));
    assert_eq!(sim.faults_applied(), [1]);
    dir.sh("imp-device list | imp-device assign --dg A").quiet();
    assert_eq!((sim.members(&group).len(), sim.restarts()), (250, 250));
}

#[test]
fn a_reading_verb_ends_with_its_reader_also_while_its_source_is_silent() {
    let sim = Sim::start(&["--devices", "3"]);
    let dir = Dir::signed_in(&sim);
    // The source stays open, and it is the end of this pipeline that is waited for.
    let mut running = dir.spawn_open("imp-device info | head -1");
    running.type_line(&sim.field("id")[0]);
    let run = running.wait().quiet();
    assert_eq!(run.records().len(), 1);
    // One that writes finishes its rows.
    let mut running = dir.spawn_open("imp-device update --name x | head -1");
    running.type_line(&sim.field("id")[0]);
    running.wait_for("the first record", || running.stdout().contains("updated"));
    running.type_line(&sim.field("id")[1]);
    running.close_stdin();
    running.wait();
    assert_eq!(sim.field("name")[..2], ["x", "x"]);
}
