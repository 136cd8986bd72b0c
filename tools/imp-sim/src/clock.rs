//! The simulated service's time. The only place of imp-sim that reads a clock or waits.
//!
//! Wall time is read once, at the start; all later times follow from the monotonic clock, so that
//! tokens, rate windows and time stamps can never disagree with each other.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place for the clock and for waiting"
)]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::state::ids::Timestamp;

/// One clock for the whole simulator.
pub struct Clock {
    started: Instant,
    started_at: Timestamp,
}

impl Clock {
    /// Starts the clock at the machine's present time.
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started_at = Timestamp(u64::try_from(since_epoch.as_millis()).unwrap_or_default());
        Self { started: Instant::now(), started_at }
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The present time, to the millisecond.
    pub fn now(&self) -> Timestamp {
        self.started_at.plus(self.elapsed())
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
