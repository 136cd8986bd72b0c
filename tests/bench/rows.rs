//! What a row costs: instructions of the whole process at 10,000 rows, memory at a million.
//!
//! Without limit and latency, with the journal that every run that writes keeps. Instructions are
//! counted by callgrind, so neither a slow machine nor a busy one changes them.

use std::time::Duration;

use tests::{Dir, Sim};

use crate::figure::Figure;
use crate::memory::simulator_peak;
use crate::processes;

/// Each after the one before it; `devices.csv` is there.
const JOBS: [Job; 4] = [
    Job {
        name: "list",
        command: "imp-device list > devices.ndjson",
        instructions: 25_000.0,
        megabytes: 48.0,
    },
    Job {
        name: "assign of its output",
        command: "imp-device assign --dg A < devices.ndjson > printed",
        instructions: 60_000.0,
        megabytes: 64.0,
    },
    Job {
        name: "the same again, all unchanged",
        command: "imp-device assign --dg A < devices.ndjson > printed",
        instructions: 80_000.0,
        megabytes: 64.0,
    },
    Job {
        name: "unassign of CSV",
        command: "imp-device unassign < devices.csv > printed",
        instructions: 90_000.0,
        megabytes: 64.0,
    },
];
const LONGEST: Duration = Duration::from_secs(3600);

/// A command, and what it may cost.
struct Job {
    name: &'static str,
    command: &'static str,
    /// A row.
    instructions: f64,
    /// At a million rows.
    megabytes: f64,
}

/// Instructions a row.
pub fn instructions() -> Vec<Figure> {
    let rows = 10_000;
    let what = "instructions a row of 10,000";
    if Dir::new().sh("command -v valgrind").exit_code() != Some(0) {
        return vec![Figure::told(what, "valgrind is not installed")];
    }
    let measure = |dir: &Dir, job: &Job| {
        let counted = "valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file=counted";
        run(dir, &format!("{counted} {}", job.command), || ());
        let counted = dir.read("counted");
        let total = counted.lines().find_map(|line| line.split_once("Collected :"));
        let total = total.and_then(|(_, number)| number.trim().parse::<f64>().ok());
        let a_row = total.expect("what callgrind counted") / f64::from(rows);
        Figure::at_most(format!("{what}: {}", job.name), a_row.round(), job.instructions, "")
    };
    of_each(rows, measure)
}

/// Peak memory.
pub fn million() -> Vec<Figure> {
    let measure = |dir: &Dir, job: &Job| {
        let mut peak: f64 = 0.0;
        run(dir, job.command, || {
            peak = processes::peaks_in(&dir.path()).into_iter().fold(peak, f64::max);
        });
        Figure::at_most(
            format!("memory at 1,000,000 rows: {}", job.name),
            peak,
            job.megabytes,
            "MB",
        )
    };
    let mut figures = of_each(1_000_000, measure);
    figures.push(Figure::at_most("imp-sim: memory of a twin of 1,000,000", twin(), 700.0, "MB"));
    figures
}

/// The peak of a simulator that has loaded the export of another.
fn twin() -> f64 {
    let sim = Sim::start(&["--devices", "1000000"]);
    let dir = Dir::signed_in(&sim);
    run(&dir, "imp-product export --all > account.ndjson", || ());
    drop(sim);
    let file = dir.path().join("account.ndjson");
    let _twin = Sim::start(&["--load", file.to_str().expect("UTF-8")]);
    simulator_peak()
}

/// Measures each job, one after the other, on one simulator.
fn of_each(rows: u32, measure: impl Fn(&Dir, &Job) -> Figure) -> Vec<Figure> {
    let sim = Sim::start(&["--devices", &rows.to_string()]);
    let [_group] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    run(&dir, "imp-device list -z csv > devices.csv", || ());
    JOBS.iter().map(|job| measure(&dir, job)).collect()
}

fn run(dir: &Dir, script: &str, look: impl FnMut()) {
    processes::watch(dir, script, LONGEST, look).quiet();
}
