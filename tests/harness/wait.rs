//! Waiting, the one place where the tests sleep and read the clock.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place for the clock and for waiting"
)]

use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take: far more than it needs, so that a busy machine fails no test.
pub const LIMIT: Duration = Duration::from_secs(120);

/// Waits until `condition` holds. False when it did not within `limit`.
pub fn until(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    while !condition() {
        if begin.elapsed() >= limit {
            return false;
        }
        // Between two looks.
        thread::sleep(Duration::from_millis(3));
    }
    true
}

/// Lets time pass. Only to see that nothing happens in it, or to measure how much does: what a test
/// waits for is a condition of [`until`], since no time is long enough on every machine.
pub fn let_pass(time: Duration) {
    let _passed = until(time, || false);
}

/// How long `work` took, and what it gave.
pub fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let begin = Instant::now();
    let result = work();
    (begin.elapsed(), result)
}
