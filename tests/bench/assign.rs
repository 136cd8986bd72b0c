//! A CSV file of 10,000 MAC addresses into a group, and the same once more.

use tests::{Dir, Sim, wait};

use crate::figure::{Figure, USUAL, floor};

const ROWS: usize = 10_000;
const UNKNOWN: usize = 10;
const COMMAND: &str = "imp-device assign --dg A --input devices.csv --failed failed.ndjson \
                       --report report.json > /dev/null";

/// `errors` is `named` or `anonymous`: does the service say which device of a request is unknown?
pub fn measure(errors: &str) -> Vec<Figure> {
    let known = (ROWS - UNKNOWN).to_string();
    let variant = format!("batch-errors={errors}");
    let sim = Sim::start(&[&["--devices", &known, "--variant", &variant][..], &USUAL].concat());
    let [group] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    let mut macs = sim.field("mac_address");
    for number in 0..UNKNOWN {
        // One in each of ten batches of 100.
        macs.insert(number * 1000 + 50, format!("0c:2a:69:ff:ff:f{number}"));
    }
    dir.write_column("devices.csv", "mac_address", &macs);
    sim.reset();
    let (time, _) = wait::timed(|| dir.sh(COMMAND).code(1));
    let counts = sim.counts();
    assert_eq!(sim.members(&group).len(), ROWS - UNKNOWN);
    let what = |what: &str| format!("  {what}");
    let mut figures = vec![
        Figure::at_most(
            format!("assign 10,000 from CSV, 10 unknown, errors {errors}: requests"),
            counts.total as f64,
            250.0,
            "",
        ),
        Figure::at_most(what("time"), time.as_secs_f64(), 1.25 * floor(counts.total), "s"),
        Figure::exactly(what("failed rows"), dir.failed("failed.ndjson").len() as u64, 10),
        Figure::exactly(what("answered 429"), counts.status(429), 0),
    ];
    sim.reset();
    let (time, _) = wait::timed(|| dir.sh(COMMAND).code(1));
    let (counts, report) = (sim.counts(), dir.report("report.json"));
    let requests = format!("of {} requests, {:.2} s", counts.total, time.as_secs_f64());
    figures.extend([
        Figure::at_most(what("the same again: writing requests"), counts.writes as f64, 1.0, "")
            .with(&requests),
        Figure::exactly(what("unchanged rows"), report.unchanged, (ROWS - UNKNOWN) as u64),
        Figure::exactly(what("failed rows"), report.failed, UNKNOWN as u64),
    ]);
    figures
}
