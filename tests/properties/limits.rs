//! One limit for several processes, whatever the service tells of it, and the requests of a storm.
//!
//! How well the limit is used is measured by the bench: here it shows that it is used at all as it should.

use tests::{Dir, Sim};

fn account(options: &[&str]) -> (Sim, Dir) {
    let sim = Sim::start(options);
    let dir = Dir::signed_in(&sim);
    (sim, dir)
}

#[test]
fn a_pace_is_learnt_where_no_header_tells_it() {
    let limit = ["--rate-limit", "40", "--latency", "50ms", "--variant", "rate-headers=absent"];
    let (sim, dir) = account(&[&["--devices", "240"][..], &limit].concat());
    for (number, ids) in sim.field("id").chunks(120).enumerate() {
        dir.write_column(&number.to_string(), "id", ids);
    }
    let info = |number| format!("imp-device info --jobs 32 --input {number} > /dev/null");
    dir.sh(&format!("{} & {}; wait", info(0), info(1))).quiet();
    // A fixed second after each 429 lets everybody ask at once again, and most are refused.
    let counts = sim.counts();
    assert!(counts.status(429) * 3 <= counts.total, "{counts:?}");
}

#[test]
fn hosts_that_cannot_see_each_other_yield() {
    let (sim, dir) = account(&["--devices", "400", "--rate-limit", "40", "--latency", "50ms"]);
    for (number, ids) in sim.field("id").chunks(200).enumerate() {
        dir.write_column(&number.to_string(), "id", ids);
    }
    let info = |number| {
        let state = format!("XDG_STATE_HOME=$PWD/state{number}");
        format!("{state} imp-device info --input {number} > /dev/null")
    };
    dir.sh(&format!("{} & {}; wait", info(0), info(1))).quiet();
    let counts = sim.counts();
    assert!(counts.status(429) * 10 <= counts.total, "{counts:?}");
}

#[test]
fn a_storm_of_errors_adds_a_tenth_to_the_requests_and_every_row_has_its_end() {
    // Changes are looked after one by one: few rows share what a run has at its beginning.
    for (verb, of_a_row, at_the_beginning) in [("info", 1, 0), ("update", 2, 0), ("restart", 1, 40)]
    {
        let (sim, dir) = account(&["--devices", "1000"]);
        let [group] = sim.groups(["A"]);
        let ids = sim.field("id");
        sim.put(&group, &ids);
        let names: Vec<String> = ids.iter().map(|id| format!("{id},new-{id}")).collect();
        dir.write_column("ids", "id,name", &names);
        sim.fault("* /** 500 chance=50%");
        let files = "--input ids --failed failed --report report";
        let run = dir.sh(&format!("imp-device {verb} --patience 2s {files}"));
        let (report, failed) = (dir.report("report"), dir.failed("failed"));
        let calm = (report.rows - report.not_attempted) * of_a_row;
        let most = calm + calm / 10 + at_the_beginning;
        let sent = sim.counts().total;
        assert!(sent <= most, "{verb}: {sent} requests, {report:?}{run}");
        assert_eq!(run.records().len() + failed.len(), 1000, "{verb}{run}");
        let known = ["unexpected", "unknown_outcome", "unreachable", "not_attempted"];
        let plain = failed.iter().all(|row| known.contains(&row.error.kind.as_str()));
        assert!(plain, "{verb} {:?}{run}", failed.first());
    }
}
