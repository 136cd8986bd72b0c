//! Waiting, the one place where the tests sleep and read the clock.

use std::time::Duration;

type Moment = std::time::Instant;

/// How long anything may take: far more than it needs, so that a busy machine fails no test.
pub const LIMIT: Duration = Duration::from_secs(120);

/// Waits until `condition` holds. False when it did not within `limit`.
pub fn until(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let begin = now();
    while !condition() {
        if begin.elapsed() >= limit {
            return false;
        }
        pause();
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
    let begin = now();
    let result = work();
    (begin.elapsed(), result)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn now() -> Moment {
    Moment::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place that sleeps: between two looks")]
fn pause() {
    std::thread::sleep(Duration::from_millis(3));
}
