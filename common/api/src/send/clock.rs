//! The clock and the waiting: the only place that reads the one or does the other.
//!
//! Decisions elsewhere take the time as an argument, so that they can be tested without it.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place for the clock and for waiting"
)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Condvar, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// A signal is looked at this often while waiting.
const SLICE: Duration = Duration::from_millis(25);

/// The time of day, for time stamps that other processes or the service read.
pub fn now() -> SystemTime {
    simulated::now().unwrap_or_else(SystemTime::now)
}

/// A time that never goes back, for durations within this process.
pub fn monotonic() -> Instant {
    simulated::monotonic().unwrap_or_else(Instant::now)
}

/// Waits. Use [`wait_unless`] wherever Ctrl-C may come.
pub fn wait(how_long: Duration) {
    if !simulated::wait(how_long) {
        std::thread::sleep(how_long);
    }
}

/// Waits until `how_long` has passed or `stop` is set; says whether the time passed.
pub fn wait_unless(stop: &AtomicBool, how_long: Duration) -> bool {
    if !stop.load(Ordering::Relaxed) && simulated::wait(how_long) {
        return !stop.load(Ordering::Relaxed);
    }
    let end = monotonic() + how_long;
    loop {
        if stop.load(Ordering::Relaxed) {
            return false;
        }
        let left = end.saturating_duration_since(monotonic());
        if left.is_zero() {
            return true;
        }
        wait(left.min(SLICE));
    }
}

/// The next message, if it comes before `how_long` has passed.
///
/// # Errors
/// Nothing came; or nobody is left who could send.
pub fn receive<T>(messages: &Receiver<T>, how_long: Duration) -> Result<T, RecvTimeoutError> {
    simulated::receive_within(messages, how_long).unwrap_or_else(|| messages.recv_timeout(how_long))
}

/// Waits on `changed` as long as `unchanged` holds, at most until `how_long` has passed.
pub fn wait_while<'a, T>(
    changed: &Condvar,
    state: MutexGuard<'a, T>,
    how_long: Duration,
    unchanged: impl FnMut(&mut T) -> bool,
) -> MutexGuard<'a, T> {
    let waited = changed.wait_timeout_while(state, how_long, unchanged);
    waited.unwrap_or_else(PoisonError::into_inner).0
}
