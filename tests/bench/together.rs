//! Three of our commands in one pipeline, which share one limit without talking to each other.

use tests::{Dir, Sim};

use crate::figure::{Figure, USUAL};

/// 10 pages, and two requests for each of 1,000 devices.
pub fn measure() -> Vec<Figure> {
    let sim = Sim::start(&[&["--devices", "1000"][..], &USUAL].concat());
    let [group] = sim.groups(["A"]);
    // Devices in no group cannot be restarted.
    sim.put(&group, &sim.field("id"));
    let dir = Dir::signed_in(&sim);
    let script = "imp-device list | imp-device info | imp-device restart";
    dir.sh(&format!("{script} > /dev/null")).quiet();
    assert_eq!(sim.restarts(), 1000);
    let (requests, counts) = (sim.requests(), sim.counts());
    assert!(requests.len() >= 2000, "{} requests", requests.len());
    let milliseconds = requests[requests.len() - 1].ms - requests[0].ms;
    let rate = (requests.len() - 1) as f64 / (milliseconds as f64 / 1e3);
    let refused = counts.status(429) as f64 / requests.len() as f64;
    let note = format!("{} requests, {rate:.1} a second", requests.len());
    vec![
        Figure::at_least(
            "list | info | restart: part of the limit used",
            rate / 40.0 * 100.0,
            95.0,
            "%",
        )
        .with(&note),
        Figure::at_most("  answered 429", refused * 100.0, 0.1, "%"),
    ]
}
