//! `kill -9` of a rollout: resumed, it ends as if it had not been killed.

use tests::{Dir, Run, Sim, asked_for};

use super::random_faults::Random;
use crate::commands::rollout::Fleet;

/// Kills what a script runs at some moment, and perhaps once more while it goes on: each time after fewer than `most`
/// requests.
pub(super) fn killed_twice(random: &mut Random, (sim, dir): (&Sim, &Dir), script: &str, most: u64) {
    sim.fault("* /** delay=4ms");
    let mut script = script.to_owned();
    for _ in 0..1 + random.below(2) {
        let already = sim.counts().total;
        let after = random.below(most);
        let running = dir.spawn(&format!("exec {script}"));
        running.wait_for("so many requests, or the end", || {
            running.has_ended() || sim.counts().total >= already + after
        });
        running.insist("KILL");
        sim.wait_until_idle();
        script = "imp-change resume last".to_owned();
    }
    sim.no_faults();
}

/// The run that goes on with what was killed, or does it all where nothing had begun.
pub(super) fn resumed_or_begun(dir: &Dir, script: &str) -> Run {
    let run = dir.sh("imp-change resume last");
    let words = ["give the command again", "no journal of any run"];
    if words.iter().any(|words| run.stderr().contains(words)) {
        return dir.sh(script);
    }
    run
}

/// Kills a rollout at some moment, and again while it goes on; then it ends as if nothing had been.
fn killed(seed: u64, back: bool) {
    let mut random = Random(seed);
    let fleet = Fleet::new();
    let script = Fleet::line(match back {
        true => r#"--waves 5,20%,100% --back --gate 'test "$(wc -l)" -lt 10'"#,
        false => "--waves 5,20%,100% --back --gate true",
    });
    killed_twice(&mut random, (&fleet.sim, &fleet.dir), &script, 16);
    let run = resumed_or_begun(&fleet.dir, &script);
    let case = format!("seed {seed}, back {back}");
    assert!(matches!(run.exit_code(), Some(0 | 1 | 6)), "{case}{run}");
    match back {
        true => {
            fleet.are_back(&format!("{case}{run}"));
            assert_eq!(fleet.touched(), 20, "{case}{run}");
        }
        false => assert_eq!(fleet.arrived(), 100, "{case}{run}"),
    }
}

#[test]
fn a_rollout_that_is_killed_at_any_moment_ends_as_if_it_had_not_been() {
    for seed in asked_for("IMP_ROLLOUT_KILLS").unwrap_or(0..6) {
        killed(seed, seed % 2 == 0);
    }
}
