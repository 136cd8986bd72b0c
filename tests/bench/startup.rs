//! How long a command takes to start: scripts start one for each row.

use std::process::{Command, Stdio};
use std::time::Duration;

use tests::{Dir, wait};

use crate::figure::Figure;

const ROUNDS: usize = 10;
const IN_A_ROW: usize = 20;
const TURNS: usize = 201;

/// `imp-device --version` beside `true`, which does nothing, and beside `node -e 0`, which every `impt`
/// begins with, started directly, without a shell. Beside node each is started some times in a row, as
/// scripts do it, and then it is the other's turn, so that what else the machine does meets both; the
/// last line tells how it is when the other one comes in between each time and leaves nothing of ours in
/// the processor's caches.
pub fn measure() -> Vec<Figure> {
    let dir = Dir::new();
    let path = |program: &str| {
        let found = dir.sh(&format!("type -P {program}"));
        (found.exit_code() == Some(0)).then(|| found.stdout().trim().to_owned())
    };
    let ours = path("imp-device").expect("the harness builds it");
    let mut figures = vec![beside_true(&ours, &path("true").expect("every system has it"))];
    let what = "imp-device --version, median of 200, part of `node -e 0`";
    let Some(node) = path("node") else {
        figures.push(Figure::told(what, "node is not installed"));
        return figures;
    };
    let (part, note) = compare(&ours, &node, ROUNDS, IN_A_ROW);
    let (_, in_turns) = compare(&ours, &node, ROUNDS * IN_A_ROW / 4, 1);
    figures.extend([
        Figure::at_most(what, part * 100.0, 100.0 / 50.0, "%").with(&note),
        Figure::told("  with a node before each", in_turns),
    ]);
    figures
}

/// What our program costs to start beside one that does nothing, in turn.
fn beside_true(ours: &str, nothing: &str) -> Figure {
    let (mut our_times, mut other_times) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        other_times.push(start(&mut Command::new(nothing)));
        our_times.push(start(Command::new(ours).arg("--version")));
    }
    let (our_time, other_time) = (median(our_times), median(other_times));
    let what = format!("imp-device --version, median of {TURNS} in turn, times `true`");
    Figure::at_most(what, our_time / other_time, 1.5, "×")
        .with(&format!("{our_time:.2} of {other_time:.2} ms"))
}

/// Which part of node's time ours is, also in words.
fn compare(ours: &str, node: &str, rounds: usize, in_a_row: usize) -> (f64, String) {
    let (mut our_times, mut node_times) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        for _ in 0..in_a_row {
            node_times.push(start(Command::new(node).args(["-e", "0"])));
        }
        for _ in 0..in_a_row {
            our_times.push(start(Command::new(ours).arg("--version")));
        }
    }
    let (our_time, node_time) = (median(our_times), median(node_times));
    let part = our_time / node_time;
    (part, format!("{our_time:.2} of {node_time:.1} ms: 1/{:.0}", 1.0 / part))
}

fn start(command: &mut Command) -> Duration {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let (time, status) = wait::timed(|| command.status());
    assert!(status.expect("it can be started").success(), "{command:?}");
    time
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}
