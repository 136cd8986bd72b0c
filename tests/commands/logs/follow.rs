//! Which devices are read and followed, and what is said of devices and groups that cannot be.

use serde_json::{Value, json};
use tests::{Background, DEVELOPMENT, Dir, Sim, told};

use super::{bench, lines, log, printed};

/// Waits until this many stored logs have been asked for.
fn asked(running: &Background, sim: &Sim, count: usize) {
    let logs = || sim.requests().iter().filter(|asked| asked.path.ends_with("/logs")).count();
    running.wait_for("the beginning of the logs", || logs() >= count);
}

/// The devices log until a line is printed: the first may come before following has begun.
fn a_line_comes(running: &Background, sim: &Sim, ids: &[String]) {
    running.wait_for("a line", || {
        log(sim, ids, "the others go on");
        !printed(running).is_empty()
    });
}

#[test]
fn nothing_is_passed_over_after_a_log_that_was_empty() {
    let sim = Sim::start(&["--devices", "1"]);
    let dir = Dir::signed_in(&sim);
    let ids = sim.field("id");
    dir.sh(&format!("imp-log get --device {}", ids[0])).quiet().no_stdout();
    sim.reset();
    let script = format!("imp-log stream --device {} --streams 0 & echo $! > pid; wait", ids[0]);
    let running = dir.spawn(&script);
    asked(&running, &sim, 1);
    dir.sh("kill -s STOP $(cat pid)").ok();
    for number in 0..250 {
        log(&sim, &ids, &format!("line {number}"));
    }
    dir.sh("kill -s CONT $(cat pid)").ok();
    running.wait_for("the last line", || running.stdout().contains("line 249"));
    running.interrupt();
    let records = running.wait().records();
    assert!(records.iter().all(|record| record["type"] != "gap"));
    assert_eq!(lines(records).len(), 250);
}

#[test]
fn what_cannot_be_followed_is_told_with_its_row() {
    let sim = Sim::start(&["--devices", "1", "--production", "2"]);
    let dir = Dir::signed_in(&sim);
    let ids = dir.sh("imp-device list --unassigned").quiet().field("id");
    let shipped = dir.sh("imp-device list --dg SimProduction").quiet().records();
    let text = |record: &Value, name: &str| record[name].as_str().expect("a text").to_owned();
    let [group] = sim.groups(["Bench"]);
    sim.put(&group, &ids);
    dir.write("failed", "");
    dir.write_column("table.csv", "device", &[text(&shipped[0], "mac_address"), ids[0].clone()]);
    let script = "imp-log stream --input table.csv --dg nope --dg SimProduction --failed failed \
                  --report report";
    let running = dir.spawn(script);
    running.wait_for("all", || dir.read("failed").lines().count() >= 3);
    a_line_comes(&running, &sim, &ids);
    running.interrupt();
    running.wait().code(130);
    let failed = dir.failed("failed");
    let mut kinds = told(&failed);
    kinds.sort_unstable();
    // The production group is one row: what is so of one of its devices is so of all.
    let group = ("--dg", "refused");
    assert_eq!(kinds, [("--dg", "not_found"), group, ("table.csv:2", "refused")]);
    let of_row = failed.iter().find(|row| row.source == "table.csv:2").expect("is there");
    assert_eq!(Some(&of_row.input["device"]), shipped[0].get("mac_address"), "the row as it was");
    let report = dir.report("report");
    assert_eq!((report.ok, report.failed, report.exit), (1, 3, 130));
}

#[test]
fn a_group_that_is_not_there_is_no_group_without_devices() {
    let (sim, dir, ids) = bench(1, &[]);
    let gone = sim.group(&sim.product("Other"), DEVELOPMENT, "Gone");
    dir.sh("imp-dg list > groups").quiet();
    dir.sh(&format!("imp-dg delete --dg {gone} --confirmed")).ok();
    sim.reset();
    let script = "imp-log stream --streams 0 --input groups --failed failed";
    let running = dir.spawn(script);
    a_line_comes(&running, &sim, &ids);
    running.interrupt();
    running.wait().code(130).says("ot found");
    assert_eq!(dir.failed("failed")[0].input["id"], json!(gone));
    dir.sh("imp-log stream --dg nope --failed failed").code(1).no_stdout();
    assert_eq!(dir.failed("failed")[0].input["id"], "nope");
}

#[test]
fn logs_that_cannot_be_read_keep_nothing_from_being_restarted() {
    let (sim, dir, ids) = bench(3, &[]);
    sim.fault("GET /devices/*/logs 404");
    for script in ["imp-device list | imp-device restart --log", "imp-dg restart --dg Bench --log"]
    {
        sim.reset();
        let run = dir.sh(&format!("{script} --report report")).code(1);
        run.says("the logs of 3 devices cannot be followed");
        assert_eq!(sim.restarts(), ids.len() as u64);
        assert_eq!(dir.report("report").exit, 1);
    }
}

#[test]
fn of_a_production_group_one_log_is_asked_for() {
    let sim = Sim::start(&["--production", "40"]);
    let dir = Dir::signed_in(&sim);
    sim.reset();
    let run = dir.sh("imp-dg restart --dg SimProduction --log").code(1).outcomes("restarted", 1);
    assert_eq!(sim.restarts(), 40);
    let logs = sim.requests().iter().filter(|asked| asked.path.ends_with("/logs")).count();
    assert_eq!(logs, 1);
    let run = run.says("the logs of 40 devices cannot be followed");
    assert_eq!(run.stderr().lines().count(), 1, "{run}");
}

#[test]
fn the_report_knows_the_end_of_following() {
    let (sim, dir, ids) = bench(1, &[]);
    let running = dir.spawn("imp-dg restart --dg Bench --log --report report -z json");
    running.wait_for("a line", || running.stdout().contains("Agent restarted"));
    running.interrupt();
    let run = running.wait().code(130);
    assert_eq!(dir.report("report").exit, 130);
    let array: Vec<Value> = serde_json::from_str(&run.stdout()).expect("one array");
    assert_eq!(
        (&array[0]["outcome"], &array[1]["device_id"]),
        (&json!("restarted"), &json!(ids[0]))
    );
    sim.reset();
    let run = dir.sh("imp-dg restart --dg Bench --log -z csv").code(2).no_stdout();
    run.says("than csv");
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn a_group_stands_for_its_devices_in_the_stored_log_too() {
    let (sim, dir, ids) = bench(3, &[]);
    log(&sim, &ids, "hello");
    let run = dir.sh("imp-log get --dg Bench --since 1h").quiet();
    let mut devices = run.field("device_id");
    devices.dedup();
    assert_eq!(devices, ids);
    assert_eq!(dir.sh("echo Bench | imp-log get --dg -").quiet().records(), run.records());
    let script = format!("imp-log get --dg Bench --dg nope -d {} -s 1 -n 1", ids[0]);
    let run = dir.sh(&script).code(1).says("No device group `nope`");
    assert_eq!(run.field("device_id"), [&ids[..], &ids[..1]].concat());
    let gone = sim.group(&sim.product("Other"), DEVELOPMENT, "Gone");
    dir.sh(&format!("imp-dg delete --dg {gone} -q")).ok();
    dir.sh(&format!("imp-log get --dg {gone}")).code(1).no_stdout();
}
