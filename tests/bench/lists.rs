//! Lists of 20,000 devices: the whole, and as much as `head` wants.

use tests::{Dir, Sim, wait};

use crate::figure::{Figure, ROUND_TRIP, USUAL, floor};

const DEVICES: &str = "20000";
/// 100 devices a page, which begins on the one before it, so that nothing is missed when the list moves.
const PAGES: u64 = 228;

fn start() -> (Sim, Dir) {
    let sim = Sim::start(&[&["--devices", DEVICES][..], &USUAL].concat());
    let dir = Dir::signed_in(&sim);
    (sim, dir)
}

/// All of them: how long, and when the first one comes.
pub fn whole() -> Vec<Figure> {
    let (sim, dir) = start();
    let (time, run) = wait::timed(|| dir.sh("imp-device list | wc -l").quiet());
    assert_eq!(run.stdout().trim(), DEVICES);
    let counts = sim.counts();
    let (_other_sim, other_dir) = start();
    let (first, _running) = wait::timed(|| {
        let running = other_dir.spawn("imp-device list | head -1");
        running.wait_for("the first record", || !running.stdout().is_empty());
        running
    });
    let milliseconds = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    vec![
        Figure::at_most("list 20,000 devices", time.as_secs_f64(), 1.1 * floor(PAGES), "s")
            .with(&format!("{} requests", counts.total)),
        Figure::at_most("  first record", milliseconds(first), milliseconds(2 * ROUND_TRIP), "ms"),
        Figure::exactly("  answered 429", counts.status(429), 0),
    ]
}

/// The first three.
pub fn head() -> Vec<Figure> {
    let (sim, dir) = start();
    let run = dir.sh("imp-device list | head -3").quiet();
    assert_eq!(run.records().len(), 3);
    // A request on its way when `head` ends arrives all the same.
    wait::let_pass(4 * ROUND_TRIP);
    let requests = sim.counts().total as f64;
    vec![Figure::at_most("imp-device list | head -3 of 20,000: requests", requests, 2.0, "")]
}
