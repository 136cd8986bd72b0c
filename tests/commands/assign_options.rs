//! `imp-device assign`: its options --dry-run, --read-back, --stream, --batch; order of the output.

use std::time::Duration;

use tests::{DEVELOPMENT, Dir, Sim, kinds, wait};

#[test]
fn output_is_in_the_order_of_the_input() {
    let sim = Sim::start(&["--devices", "1000", "--latency", "5ms"]);
    let [_a, _b] = sim.groups(["A", "B"]);
    let dir = Dir::signed_in(&sim);
    let mut ids = sim.field("id");
    ids.reverse();
    let rows: String =
        ids.iter().enumerate().map(|(row, id)| format!("{id},{}\n", ["A", "B"][row % 2])).collect();
    dir.write("devices.csv", format!("id,dg\n{rows}"));
    let run = dir.sh("imp-device assign --batch 7 --input devices.csv").quiet();
    assert_eq!(run.field("id"), ids);
}

#[test]
fn batches_are_full_and_no_larger() {
    let sim = Sim::start(&["--devices", "1050"]);
    let [a, b] = sim.groups(["A", "B"]);
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-device list | imp-device assign --dg A > out").quiet();
    let sizes: Vec<usize> = sim.writes().iter().map(|write| write.devices).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 1050);
    assert_eq!((sizes.len(), sizes.iter().max()), (11, Some(&100)));
    // Larger ones on request.
    sim.reset();
    dir.sh("imp-device list | imp-device assign --dg B --batch 1000").quiet();
    let sizes: Vec<usize> = sim.writes().iter().map(|write| write.devices).collect();
    assert_eq!(sizes, [1000, 50]);
    assert_eq!((sim.members(&a).len(), sim.members(&b).len()), (0, 1050));
    let run = dir.sh("imp-device assign --dg A --batch 0 --device x").code(2);
    run.says("--batch");
}

#[test]
fn a_dry_run_sends_nothing_that_changes_anything() {
    let sim = Sim::start(&["--devices", "150"]);
    let [a] = sim.groups(["A"]);
    let ids = sim.field("id");
    sim.put(&a, &ids[..50]);
    let dir = Dir::signed_in(&sim);
    dir.write_column("devices.csv", "id", &ids);
    let run = dir.sh("imp-device assign --dg A --dry-run --input devices.csv | tee dry").ok();
    let records = run.records();
    assert_eq!(records.len(), 150);
    assert!(records.iter().all(|record| record["dry_run"] == true));
    let unchanged = records.iter().filter(|record| record["outcome"] == "unchanged").count();
    assert_eq!(unchanged, 50);
    assert_eq!(sim.counts().writes, 0);
    run.says_all(&["simuser", &sim.entry.endpoint]);

    // What it printed must not be mistaken for what was done.
    let run = dir.sh("imp-device assign --dg A --failed failed < dry").code(1).no_stdout();
    run.says("dry run");
    assert_eq!(kinds(&dir.failed("failed")), [("bad_input", 150)].into());
    assert_eq!(sim.counts().writes, 0);
    // But the next command of a pipeline may be a dry run too.
    dir.sh("imp-device restart --dry-run < dry").ok().outcomes("restarted", 150);
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn a_dry_run_finds_out_which_rows_would_fail() {
    let sim = Sim::start(&["--devices", "5"]);
    sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    dir.write("rows", "sensor-000000\nno-such-device\n0c:2a:69:ff:ff:ff\n");
    let run = dir.sh("imp-device assign --dg A --dry-run --failed failed < rows").code(1);
    assert_eq!(run.records().len(), 1);
    assert_eq!(kinds(&dir.failed("failed")), [("not_found", 2)].into());
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn read_back_prints_the_whole_new_state() {
    let sim = Sim::start(&["--devices", "20"]);
    let [a] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    dir.write_column("macs.csv", "mac", &sim.field("mac_address"));
    let run = dir.sh("imp-device assign --dg A --input macs.csv --read-back").quiet();
    for record in run.outcomes("assigned", 20).records() {
        assert_eq!(record["devicegroup_id"], a);
        assert_eq!(record["agent_running"], true);
        assert!(record["agent_id"].is_string() && record["imp_type"].is_string());
    }
}

#[test]
fn without_reading_back_nothing_is_claimed_that_is_not_known() {
    let sim = Sim::start(&["--devices", "3"]);
    let [a] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    dir.write("rows.csv", format!("mac_address,room\n{},cellar\n", sim.field("mac_address")[0]));
    let record = dir.sh("imp-device assign --dg A --input rows.csv").quiet().record();
    assert_eq!(record["mac_address"], sim.devices()[0]["mac_address"]);
    assert_eq!((&record["room"], &record["type"]), (&"cellar".into(), &"device".into()));
    assert_eq!(record["devicegroup_id"], a);
    assert_eq!(record["devicegroup_type"], DEVELOPMENT);
    assert!(record["product_id"].is_string());
    assert_eq!(record.get("device_online"), None);
}

#[test]
fn a_live_source_is_worked_on_as_it_comes() {
    let sim = Sim::start(&["--devices", "10"]);
    let [a] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    let ids = sim.field("id");
    let mut live = dir.spawn_open("imp-device assign --dg A --stream");
    live.type_line(&ids[0]);
    live.wait_for("the first device to move", || sim.members(&a).contains(&ids[0]));
    live.wait_for("its record", || live.stdout().lines().count() == 1);
    live.type_line(&ids[1]);
    live.type_line(&ids[2]);
    live.wait_for("two more", || live.stdout().lines().count() == 3);
    live.type_line(&ids[0]);
    live.wait_for("the first again", || live.stdout().lines().count() == 4);
    live.close_stdin();
    let run = live.wait().quiet();
    assert_eq!(run.field("outcome"), ["assigned", "assigned", "assigned", "unchanged"]);
    assert_eq!((sim.members(&a).len(), sim.restarts()), (3, 3));
}

#[test]
fn without_stream_nothing_is_written_before_the_input_ends() {
    let sim = Sim::start(&["--devices", "300"]);
    let [a] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    let ids = sim.field("id");
    let mut open = dir.spawn_open("exec imp-device assign --dg A");
    ids.iter().for_each(|id| open.type_line(id));
    open.wait_until_read();
    // Long enough for three batches.
    wait::let_pass(Duration::from_millis(500));
    assert_eq!(sim.counts().writes, 0);
    open.close_stdin();
    open.wait().quiet().outcomes("assigned", 300);
    assert_eq!(sim.members(&a).len(), 300);
}
