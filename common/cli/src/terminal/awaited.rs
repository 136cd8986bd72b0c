//! What is said when a signal came and an answer is still awaited: that it is, and what another signal does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use api::send::activity::{self, Activity};
use api::send::clock;

use crate::terminal::{progress, signals, stderr};

/// How often it is looked whether a signal came.
const LOOKS: Duration = Duration::from_millis(100);
/// How long a signal may go without a word: most answers come before.
const SILENCE: Duration = Duration::from_secs(1);

/// Watches from now on, once in a process; `run` is what the run is called in its journal.
pub fn tell_after_signal(stop: Arc<AtomicBool>, run: Option<String>) {
    static BEGUN: Once = Once::new();
    if simulated::here().is_some() {
        return;
    }
    BEGUN.call_once(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "it waits for a signal as long as the process runs"
        )]
        std::thread::spawn(move || {
            let mut awaited = Duration::ZERO;
            while awaited < SILENCE {
                clock::wait(LOOKS);
                // What is done despite a signal goes on.
                let is_stopped = stop.load(Ordering::Relaxed) && signals::came();
                let waits = is_stopped && activity::now() != Activity::Idle;
                awaited = if waits { awaited + LOOKS } else { Duration::ZERO };
            }
            // After another signal the prompt comes on a line of its own.
            progress::end();
            stderr::say_failure(&sentence(run.as_deref()));
        });
    });
}

fn sentence(run: Option<&str>) -> String {
    let resumed = run.map_or_else(String::new, |run| {
        format!(", and `imp-change resume {run}` finds out what became of it")
    });
    format!(
        "interrupted: the answer to what was sent is still awaited; another signal ends the run at once{resumed}"
    )
}
