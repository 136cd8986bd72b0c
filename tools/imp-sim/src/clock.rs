//! The simulated service's time. The only place of imp-sim that reads a clock or waits.
//!
//! Wall time is read once, at the start; all later times follow from the monotonic clock, so that
//! tokens, rate windows and time stamps can never disagree with each other. What the service knows has
//! its times from [`Clock::now`], which may run fast; what clients wait for, and the rate limit, has
//! them from the other functions, which never do: the clients' own clocks run as fast as ever.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place for the clock and for waiting"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::state::ids::Timestamp;

/// One clock for the whole simulator.
pub struct Clock {
    time: Time,
    started_at: Timestamp,
    speed: u32,
}

enum Time {
    /// That of the machine, since then.
    Real(Instant),
    /// What a test says has passed, in nanoseconds.
    Told(Arc<AtomicU64>),
}

impl Clock {
    /// Starts the clock at the machine's present time.
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started_at = Timestamp(u64::try_from(since_epoch.as_millis()).unwrap_or_default());
        Self { time: Time::Real(Instant::now()), started_at, speed: 1 }
    }

    /// A clock that shows what it is told has passed, in nanoseconds, since `started_at`.
    pub fn told(started_at: Timestamp, passed: Arc<AtomicU64>) -> Self {
        Self { time: Time::Told(passed), started_at, speed: 1 }
    }

    /// The same clock, but what it shows runs so many times as fast.
    pub fn at_speed(self, speed: u32) -> Self {
        Self { speed, ..self }
    }

    /// Time since the start, as it is for the clients.
    pub fn elapsed(&self) -> Duration {
        match &self.time {
            Time::Real(started) => started.elapsed(),
            Time::Told(passed) => Duration::from_nanos(passed.load(Ordering::Relaxed)),
        }
    }

    /// The service's present time, to the millisecond.
    pub fn now(&self) -> Timestamp {
        self.started_at.plus(self.elapsed().saturating_mul(self.speed))
    }

    /// Rings once.
    pub fn alarm(&self, after: Duration) -> tokio::time::Sleep {
        tokio::time::sleep(after)
    }

    /// Rings again and again, for the first time after one period.
    pub fn ticks(&self, period: Duration) -> tokio::time::Interval {
        let period = period.max(Duration::from_millis(1));
        tokio::time::interval_at(tokio::time::Instant::now() + period, period)
    }

    /// Waits without holding a thread.
    pub async fn wait(&self, duration: Duration) {
        if !duration.is_zero() {
            tokio::time::sleep(duration).await;
        }
    }
}
