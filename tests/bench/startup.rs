//! How long a command takes to start: scripts start one for each row.

use std::process::{Command, Stdio};
use std::time::Duration;

use tests::{Dir, wait};

use crate::figure::Figure;

const TIMES: usize = 200;

/// `imp-device --version` beside `node -e 0`, which every `impt` begins with. The two take turns, each
/// is started directly, without a shell.
pub fn measure() -> Vec<Figure> {
    let what = "imp-device --version, median of 200, part of `node -e 0`";
    let dir = Dir::new();
    let path = |program: &str| {
        let found = dir.sh(&format!("command -v {program}"));
        (found.exit_code() == Some(0)).then(|| found.stdout().trim().to_owned())
    };
    let ours = path("imp-device").expect("the harness builds it");
    let Some(node) = path("node") else {
        return vec![Figure::told(what, "node is not installed")];
    };
    let (mut our_times, mut node_times) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        our_times.push(start(Command::new(&ours).arg("--version")));
        node_times.push(start(Command::new(&node).args(["-e", "0"])));
    }
    let (our_time, node_time) = (median(our_times), median(node_times));
    let part = our_time / node_time;
    let note = format!("{our_time:.2} of {node_time:.1} ms: 1/{:.0}", 1.0 / part);
    vec![Figure::at_most(what, part * 100.0, 100.0 / 50.0, "%").with(&note)]
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
