//! The retry budget: in an outage many workers fail at once, and must not multiply the traffic.
//!
//! A bucket of tokens shared by all requests of a process. A retry costs one; each success gives a
//! little back; an empty bucket still lets one retry a second through, so that somebody notices when
//! the service is back.

use std::time::{Duration, Instant};

const CAPACITY: f64 = 100.0;
const PER_SUCCESS: f64 = 0.2;
const PER_SECOND: f64 = 1.0;

#[derive(Debug)]
pub(crate) struct RetryBudget {
    tokens: f64,
    filled: Instant,
}

impl RetryBudget {
    pub(crate) fn new(now: Instant) -> Self {
        RetryBudget { tokens: CAPACITY, filled: now }
    }

    /// Takes one token, or says after how long to ask again. Nothing is charged for a refusal.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + passed * PER_SECOND).min(CAPACITY);
        // A hair below one counts as one: the sum of many small parts never quite reaches it.
        if self.tokens > 1.0 - 1e-6 {
            self.tokens = (self.tokens - 1.0).max(0.0);
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / PER_SECOND))
    }

    pub(crate) fn success(&mut self) {
        self.tokens = (self.tokens + PER_SUCCESS).min(CAPACITY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::send::clock;

    #[test]
    fn an_outage_ends_up_at_one_retry_a_second() {
        let start = clock::monotonic();
        let mut budget = RetryBudget::new(start);
        let mut granted = 0;
        for tick in 0..6_000u32 {
            granted += u32::from(budget.take(start + Duration::from_millis(10) * tick).is_ok());
        }
        assert!((155..=161).contains(&granted), "{granted} retries in a minute");
    }

    #[test]
    fn a_refusal_costs_nothing_and_its_wait_suffices() {
        let start = clock::monotonic();
        let mut budget = RetryBudget::new(start);
        while budget.take(start).is_ok() {}
        let waits: Vec<_> = (0..50).map(|_| budget.take(start).unwrap_err()).collect();
        assert!(
            waits.iter().all(|wait| *wait == waits[0]),
            "waiters do not queue behind each other"
        );
        assert!(budget.take(start + waits[0]).is_ok());
    }

    #[test]
    fn successes_fill_it_again() {
        let start = clock::monotonic();
        let mut budget = RetryBudget::new(start);
        while budget.take(start).is_ok() {}
        (0..5).for_each(|_| budget.success());
        assert!(budget.take(start).is_ok());
        assert!(budget.take(start).is_err());
    }
}
