//! So many things a second, counted from the start, so that delays do not add up.

use std::time::Duration;

use crate::clock::Clock;

/// A pace.
pub struct Pace {
    clock: Clock,
    rate: Option<f64>,
}

impl Pace {
    /// Begins now; without a rate nothing ever waits.
    pub fn start(rate: Option<f64>) -> Self {
        Self { clock: Clock::start(), rate }
    }

    /// Waits until it is the turn of this number, from 0.
    pub async fn wait_for(&self, number: usize) {
        if let Some(rate) = self.rate {
            let due = Duration::from_secs_f64(number as f64 / rate);
            self.clock.wait(due.saturating_sub(self.clock.elapsed())).await;
        }
    }
}
