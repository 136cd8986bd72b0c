//! `kill -9` of the rollout of a build, also where answers get lost: resumed, it ends as if it had not been killed.

use tests::asked_for;

use super::killed_rollouts::{killed_twice, resumed_or_begun};
use super::random_faults::Random;
use crate::commands::build_rollout::Line;

/// Kills a rollout at some moment, and perhaps again while it goes on; then it ends as if nothing had been.
fn killed(seed: u64, back: bool) {
    let mut random = Random(seed);
    let line = Line::new(&[]);
    // In every other pair of seeds answers get lost as well, of builds that are there and of others.
    match seed % 8 {
        4 | 5 => line.sim.fault("POST /deployments 503 effect=yes every=2"),
        6 | 7 => line.sim.fault("POST /deployments cut=before every=2"),
        _ => {}
    }
    let words = match back {
        true => r#"--back --gate 'test "$(wc -l)" -lt 15'"#,
        false => "--back --gate true",
    };
    let script = Line::line(words);
    killed_twice(&mut random, (&line.sim, &line.dir), &script, 40);
    let run = resumed_or_begun(&line.dir, &script);
    let case = format!("seed {seed}, back {back}{run}");
    // One that ended before the kill has only its failed rows to tell.
    let had_ended = run.stderr().contains("nothing is left ");
    let exit = if !back {
        0
    } else if had_ended {
        1
    } else {
        6
    };
    assert_eq!(run.exit_code(), Some(exit), "{case}");
    match back {
        true => {
            assert_eq!(line.have_it(), [false; 3], "{case}");
            assert_eq!(line.builds(), [3, 3, 1], "{case}");
            let [a, b, c] = line.restarts();
            assert!(a >= 2 && b >= 2 && c == 0, "there and back: {case}");
        }
        false => {
            assert_eq!(line.have_it(), [true; 3], "{case}");
            assert_eq!(line.builds(), [2; 3], "none was deployed twice: {case}");
            assert!(line.restarts().iter().all(|restarts| *restarts >= 1), "{case}");
        }
    }
}

#[test]
fn a_rollout_of_a_build_that_is_killed_at_any_moment_ends_as_if_it_had_not_been() {
    for seed in asked_for("IMP_ROLLOUT_KILLS").unwrap_or(0..8) {
        killed(seed, seed % 2 == 0);
    }
}
