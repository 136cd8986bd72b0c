//! A file of failed rows that is corrected and fed back in by the pipeline that writes it anew; and the ends of
//! a run that leave rows in it.

use serde_json::json;
use tests::{DEVELOPMENT, Dir, Moved, Sim};

const MEMBERS: &str = "POST /devicegroups/*/relationships/devices";

/// An account with so many devices, and a file in which each has failed, all for the group `B`.
fn failed_rows(devices: usize) -> (Sim, Dir, Vec<String>, String) {
    let sim = Sim::start(&["--devices", &devices.to_string()]);
    let group = sim.group(&sim.product("Others"), DEVELOPMENT, "B");
    let dir = Dir::signed_in(&sim);
    let ids = sim.field("id");
    let error = json!({"status": null, "code": null, "title": "t", "detail": null,
                       "kind": "not_found", "attempts": 1});
    let line = |id: &String| json!({"error": error, "input": {"id": id}, "source": "a"});
    dir.write("failed", ids.iter().map(|id| format!("{}\n", line(id))).collect::<String>());
    sim.reset();
    (sim, dir, ids, group)
}

fn inputs(dir: &Dir) -> Vec<String> {
    let failed = dir.failed("failed");
    failed.iter().map(|row| row.input["id"].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn correct_and_retry_loses_no_row() {
    let (sim, dir, ids, group) = failed_rows(3_000);
    dir.write("report", "{}\n");
    let wrong = &ids[2_999];
    // More than a pipe holds, and one row that fails again.
    let correct = format!("sed s/{wrong}/40000c2a69ffffff/ failed");
    let assign = "imp-device assign --dg B --failed failed --report report";
    dir.sh(&format!("{correct} | {assign}")).code(1).outcomes("assigned", 2_999);
    assert_eq!(sim.members(&group).len(), 2_999);
    assert_eq!(inputs(&dir), ["40000c2a69ffffff"]);
    assert_eq!(dir.report("report").rows, 3_000);
    assert_eq!(dir.sh("ls").ok().lines(), ["failed", "report"], "nothing is left beside it");
}

#[test]
fn a_signal_while_the_rows_come_leaves_every_row_in_the_file() {
    let (sim, dir, ids, group) = failed_rows(300);
    // What comes later than the signal is known to nobody but the file itself.
    let mut running = dir.spawn_open("exec imp-device assign --dg B --failed failed");
    ids[..20].iter().for_each(|id| running.type_line(id));
    running.wait_until_read();
    running.terminate();
    running.wait().code(143);
    // Its own rows first, then the others, each once.
    assert_eq!((inputs(&dir), sim.members(&group).len()), (ids, 0));
}

#[test]
fn a_terminal_that_is_gone_is_an_end_like_sigterm() {
    let (sim, dir, given, group) = failed_rows(900);
    let assign = "imp-device assign --dg B --batch 10 --failed failed --report report < rows";
    dir.write("rows", given.join("\n"));
    sim.fault(&format!("{MEMBERS} delay=1s after=10 times=8"));
    let running = dir.spawn(&format!("exec {assign}"));
    running.wait_for("all workers to wait", || sim.faults_applied() == [8]);
    running.hang_up();
    let run = running.wait().code(129);
    let failed = dir.failed("failed");
    let case = "hung up";
    Moved { case, sim: &sim, by: "id", given: &given, run: &run, failed: &failed }.are_in(&group);
    assert_eq!((dir.report("report").rows, dir.report("report").exit), (900, 129));
    // nohup is for runs that go on.
    sim.no_faults();
    sim.fault(&format!("{MEMBERS} delay=1s times=1"));
    let running = dir.spawn(&format!("exec nohup {assign}"));
    running.wait_for("a request to wait", || sim.faults_applied() == [1]);
    running.hang_up();
    running.wait().ok();
    assert_eq!(sim.members(&group).len(), 900);
}

#[test]
fn a_stream_that_ends_early_leaves_no_row_out() {
    let (sim, dir, given, _group) = failed_rows(187);
    dir.write("rows", given.join("\n"));
    sim.fault("POST /auth/token 404");
    sim.expire_tokens();
    for input in ["--input rows", "< rows"] {
        let assign = "imp-device assign --stream --batch 5 --dg B --failed failed --report report";
        dir.sh(&format!("{assign} {input}")).code(3);
        assert_eq!((inputs(&dir), dir.report("report").rows), (given.clone(), 187), "{input}");
        dir.sh(&format!("cat rows | {assign}")).code(3);
        assert_eq!(inputs(&dir), given);
    }
    // In the middle of the rows.
    sim.no_faults();
    sim.fault("* /** 503 after=12");
    let run = dir
        .sh("imp-device assign --stream --batch 5 --dg B --patience 1s --failed failed < rows")
        .code(4);
    let done = run.records().len();
    assert!((1..187).contains(&done), "{run}");
    assert_eq!(inputs(&dir).len() + done, 187, "{run}");
}

#[test]
fn the_report_is_written_also_of_a_run_that_could_not_begin() {
    let (sim, dir, ..) = failed_rows(3);
    sim.fault("* /** 503");
    let assign = "imp-device assign --patience 1s --report report";
    dir.sh(&format!("{assign} --dg B < failed")).code(4);
    assert_eq!(dir.report("report").exit, 4);
    sim.no_faults();
    dir.sh(&format!("{assign} --dg B --input nowhere")).code(2);
    assert_eq!(dir.report("report").exit, 2);
    let nobody = Dir::new();
    nobody.sh("imp-device info --device x --report report").code(3);
    assert_eq!((nobody.report("report").rows, nobody.report("report").exit), (0, 3));
    nobody.write("rows", "a\n");
    nobody.sh("imp-device info --input rows --report rows").code(3);
    assert_eq!(nobody.read("rows"), "a\n", "an input is never written over");
}

#[test]
fn what_has_moved_is_good_although_it_is_not_read_back() {
    let (sim, dir, given, group) = failed_rows(30);
    dir.write("rows", given.join("\n"));
    sim.fault("GET /devices/* delay=1s");
    let assign = "exec imp-device assign --dg B --read-back --batch 30 --failed failed < rows";
    let running = dir.spawn(assign);
    running.wait_for("the reading back", || sim.members(&group).len() == 30);
    running.terminate();
    let run = running.wait().code(143).outcomes("assigned", 30);
    run.says("could not be read back");
    assert!(dir.failed("failed").is_empty());
}

#[test]
fn a_device_that_was_taken_out_and_not_removed_is_told() {
    let (sim, dir, given, group) = failed_rows(1);
    sim.put(&group, &given);
    sim.fault("DELETE /devices/* 503");
    dir.sh("cp failed rows; imp-device remove -q --force --patience 1s --failed failed < rows")
        .code(4);
    let failed = dir.failed("failed");
    assert!(failed[0].error.title.contains("taken out of its group"), "{}", failed[0].error.title);
    assert!(sim.members(&group).is_empty());
}
