//! `kill -9` of `imp-change undo`: resumed, or given again, it takes back all, and is not interrupted any more.

use super::{account, kill};
use crate::commands::changes::state;
use crate::properties::random_faults::Random;

/// What is done every night with what is found interrupted.
const NIGHT: &str = "imp-change list --interrupted | jq -r .run > left; \
                     xargs -r -n 1 imp-change resume < left";

#[test]
fn an_undo_that_is_killed_is_finished_by_resume_or_by_the_same_again() {
    let mut interrupted = 0;
    for seed in 0..8 {
        let mut random = Random(seed);
        let (sim, dir) = account();
        let before = state(&sim);
        dir.sh("imp-change apply -q --input plan").ok();
        let after = state(&sim);
        let run = dir.sh("imp-change list --limit 1").ok().field("run").remove(0);
        // The same run by any of its names.
        let named = if seed % 2 == 0 { "last" } else { &run };
        kill(&sim, &dir, &format!("imp-change undo -q {named}"), &mut random, 300);
        if random.below(3) == 0 {
            kill(&sim, &dir, NIGHT, &mut random, 200);
        }
        let left = dir.sh("imp-change list --interrupted").ok().field("run");
        interrupted += left.len();
        let resumes = seed % 4 < 2 && !left.is_empty();
        if resumes {
            dir.sh(NIGHT).ok();
        } else {
            let again = dir.sh(&format!("imp-change undo -q {run}")).ok();
            assert!(left.iter().all(|run| again.stderr().contains(run)), "{left:?}{again}");
        }
        assert!(state(&sim) == before, "seed {seed}");
        dir.sh("imp-change list --interrupted").ok().no_stdout();
        dir.sh(NIGHT).ok().no_stdout();
        if resumes {
            // It knows all that it has done, also what was not answered.
            dir.sh("imp-change undo -q last").ok();
            assert!(state(&sim) == after, "seed {seed}");
        }
    }
    assert!(interrupted >= 4, "of eight, {interrupted} were interrupted");
}
