//! The pace where no header tells it: down by a part at a 429, up slowly as long as none comes.
//!
//! What was answered well up to the first 429 may be far less than the limit, and so may be the pace
//! after a time in which nothing else was answered. Then it goes up fast until the next 429.

use super::State;

/// After a 429 the pace is this part of what it was.
const DOWN: f64 = 0.9;
/// The same when nothing else was answered for a period.
const DOWN_IN_VAIN: f64 = 0.5;
/// In each period it grows by this part for each period since the last 429.
const UP: f64 = 0.01;
const LARGEST_RISE: f64 = 0.25;
/// It grows only if so much of it is used.
const IN_USE: f64 = 0.8;
/// Requests in a period that are always tried.
const LEAST: f64 = 0.5;

impl State {
    /// An answer without headers.
    pub(super) fn speed_up(&mut self, window: u64, now: u64) {
        if self.limit != 0 && self.limit != super::UNTOLD {
            self.forget();
        }
        self.count(window, now);
        self.good += 1;
    }

    /// A 429 that does not tell the limit; `limit` is kept in its place.
    pub(super) fn slow_down(&mut self, limit: u64, window: u64, now: u64) {
        if self.limit != limit {
            let (good, period) = (self.good, self.period);
            self.forget();
            (self.limit, self.good, self.period) = (limit, good, period);
        }
        self.count(window, now);
        if now.saturating_sub(self.slowed) < window {
            return;
        }
        let passed = now.saturating_sub(self.period) as f64 / window as f64;
        let lately = self.good as f64 + self.good_before as f64 * (1.0 - passed).max(0.0);
        let rate = if self.interval == 0 { lately } else { self.rate(window) };
        let down = if lately == 0.0 { DOWN_IN_VAIN } else { DOWN };
        self.searching = u64::from(self.interval == 0 || lately == 0.0);
        (self.slowed, self.seen) = (now, now);
        self.set_rate((rate * down).max(LEAST), window, now);
    }

    /// Begins a new period when it is time, and goes faster if the last one went well.
    fn count(&mut self, window: u64, now: u64) {
        let passed = now.saturating_sub(self.period);
        if passed < window {
            return;
        }
        let rate = self.good as f64 * window as f64 / passed as f64;
        if self.interval > 0 && rate >= IN_USE * self.rate(window) {
            let quiet = now.saturating_sub(self.slowed) as f64 / window as f64;
            let rise =
                if self.searching == 1 { LARGEST_RISE } else { (UP * quiet).min(LARGEST_RISE) };
            self.seen = now;
            self.set_rate(self.rate(window) * (1.0 + rise), window, now);
        }
        self.good_before = if passed < 2 * window { self.good } else { 0 };
        (self.period, self.good) = (now, 0);
    }
}
