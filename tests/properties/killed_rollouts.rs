//! `kill -9` of a rollout: resumed, it ends as if it had not been killed.

use tests::asked_for;

use super::random_faults::Random;
use crate::commands::rollout::Fleet;

/// Kills a rollout at some moment, and again while it goes on; then it ends as if nothing had been.
fn killed(seed: u64, back: bool) {
    let mut random = Random(seed);
    let fleet = Fleet::new();
    let words = match back {
        true => r#"--waves 5,20%,100% --back --gate 'test "$(wc -l)" -lt 10'"#,
        false => "--waves 5,20%,100% --back --gate true",
    };
    fleet.sim.fault("* /** delay=4ms");
    let mut script = Fleet::line(words);
    for _ in 0..1 + random.below(2) {
        let already = fleet.sim.counts().total;
        let after = random.below(16);
        let running = fleet.dir.spawn(&format!("exec {script}"));
        running.wait_for("so many requests, or the end", || {
            running.has_ended() || fleet.sim.counts().total >= already + after
        });
        running.insist("KILL");
        fleet.sim.wait_until_idle();
        script = "imp-change resume last".to_owned();
    }
    fleet.sim.no_faults();
    let case = format!("seed {seed}, back {back}");
    let mut run = fleet.dir.sh("imp-change resume last");
    if run.stderr().contains("give the command again")
        || run.stderr().contains("no journal of any run")
    {
        run = fleet.rollout(words);
    }
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
