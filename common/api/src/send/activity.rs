//! What the clients of this process are waiting for, told to a person who waits with them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What a run is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Nothing: no request is under way.
    Idle,
    /// The first answer of the service.
    FirstAnswer,
    /// An answer.
    Answer,
    /// The account's limit.
    Limit,
    /// The time before a request is sent again.
    AnotherTry,
}

/// A wait for the limit that is no longer than this is the ordinary pace.
const PACE: Duration = Duration::from_millis(300);

static ANSWERS_AWAITED: AtomicUsize = AtomicUsize::new(0);
static ANSWERED: AtomicUsize = AtomicUsize::new(0);
static HELD_BY_LIMIT: AtomicUsize = AtomicUsize::new(0);
static BETWEEN_TRIES: AtomicUsize = AtomicUsize::new(0);

/// What is waited for now.
pub fn now() -> Activity {
    let any = |counter: &AtomicUsize| counter.load(Ordering::Relaxed) > 0;
    match () {
        () if any(&ANSWERS_AWAITED) && !any(&ANSWERED) => Activity::FirstAnswer,
        () if any(&ANSWERS_AWAITED) => Activity::Answer,
        () if any(&HELD_BY_LIMIT) => Activity::Limit,
        () if any(&BETWEEN_TRIES) => Activity::AnotherTry,
        () => Activity::Idle,
    }
}

/// How many requests have been answered.
pub fn answered() -> usize {
    ANSWERED.load(Ordering::Relaxed)
}

/// Does something that waits for an answer.
pub(crate) fn until_answered<T>(exchange: impl FnOnce() -> T) -> T {
    let done = during(&ANSWERS_AWAITED, exchange);
    ANSWERED.fetch_add(1, Ordering::Relaxed);
    done
}

/// Waits `how_long` for the limit.
pub(crate) fn held_by_limit<T>(how_long: Duration, wait: impl FnOnce() -> T) -> T {
    if how_long > PACE { during(&HELD_BY_LIMIT, wait) } else { wait() }
}

/// Waits before another try.
pub(crate) fn between_tries<T>(wait: impl FnOnce() -> T) -> T {
    during(&BETWEEN_TRIES, wait)
}

fn during<T>(counter: &AtomicUsize, act: impl FnOnce() -> T) -> T {
    counter.fetch_add(1, Ordering::Relaxed);
    let done = act();
    counter.fetch_sub(1, Ordering::Relaxed);
    done
}
