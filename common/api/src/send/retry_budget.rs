//! The retry budget: in an outage many workers fail at once, and must not multiply the traffic.
//!
//! A bucket of tokens shared by all requests of a process. A retry costs one; each success gives a
//! little back, so that in the long run a tenth is added to the traffic at most. While nothing succeeds
//! one retry a second is let through, so that somebody notices when the service is back. A bucket that
//! has been empty for as long as the patience lasts is not waited for any more.

use std::time::{Duration, Instant};

const CAPACITY: f64 = 30.0;
const PER_SUCCESS: f64 = 0.08;
const PER_SECOND: f64 = 1.0;
/// Nothing has succeeded for so long.
const SILENCE: Duration = Duration::from_secs(1);
/// A bucket with less is empty: what comes in is taken at once.
const LOW: f64 = 5.0;

#[derive(Debug)]
pub(crate) struct RetryBudget {
    tokens: f64,
    filled: Instant,
    succeeded: Instant,
    empty_since: Option<Instant>,
}

/// What becomes of one that wants to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    /// It may be sent.
    Granted,
    /// It asks again after this time.
    Wait(Duration),
    /// It is given up.
    Spent,
}

impl RetryBudget {
    pub(crate) fn new(now: Instant) -> Self {
        RetryBudget { tokens: CAPACITY, filled: now, succeeded: now, empty_since: None }
    }

    /// Takes one token. Nothing is charged for a refusal.
    pub(crate) fn take(&mut self, now: Instant, patience: Duration) -> Grant {
        // Filled while nothing succeeds.
        let silent = self.filled.max(self.succeeded + SILENCE);
        let passed = now.saturating_duration_since(silent).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + passed * PER_SECOND).min(CAPACITY);
        if self.tokens >= LOW {
            self.empty_since = None;
        }
        // A hair below one counts as one: the sum of many small parts never quite reaches it.
        if self.tokens > 1.0 - 1e-6 {
            self.tokens = (self.tokens - 1.0).max(0.0);
            return Grant::Granted;
        }
        let since = *self.empty_since.get_or_insert(now);
        if now.saturating_duration_since(since) >= patience {
            return Grant::Spent;
        }
        let silence = (self.succeeded + SILENCE).saturating_duration_since(now);
        let filling = Duration::from_secs_f64((1.0 - self.tokens) / PER_SECOND);
        Grant::Wait((silence + filling).min(patience))
    }

    pub(crate) fn success(&mut self, now: Instant) {
        self.tokens = (self.tokens + PER_SUCCESS).min(CAPACITY);
        self.succeeded = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::send::clock;

    const PATIENCE: Duration = Duration::from_secs(120);

    fn emptied(start: Instant) -> RetryBudget {
        let mut budget = RetryBudget::new(start);
        while budget.take(start, PATIENCE) == Grant::Granted {}
        budget
    }

    #[test]
    fn an_outage_ends_up_at_one_retry_a_second() {
        let start = clock::monotonic();
        let mut budget = RetryBudget::new(start);
        let mut granted = 0;
        for tick in 0..6_000u32 {
            let now = start + Duration::from_millis(10) * tick;
            granted += u32::from(budget.take(now, PATIENCE) == Grant::Granted);
        }
        assert!((85..=91).contains(&granted), "{granted} retries in a minute");
    }

    #[test]
    fn a_refusal_costs_nothing_and_its_wait_suffices() {
        let start = clock::monotonic();
        let mut budget = emptied(start);
        let waits: Vec<_> = (0..50).map(|_| budget.take(start, PATIENCE)).collect();
        assert!(
            waits.iter().all(|wait| *wait == waits[0]),
            "waiters do not queue behind each other"
        );
        let Grant::Wait(wait) = waits[0] else { panic!("{waits:?}") };
        assert_eq!(budget.take(start + wait, PATIENCE), Grant::Granted);
    }

    #[test]
    fn successes_fill_it_again() {
        let start = clock::monotonic();
        let mut budget = emptied(start);
        (0..13).for_each(|_| budget.success(start));
        assert_eq!(budget.take(start, PATIENCE), Grant::Granted);
        assert_ne!(budget.take(start, PATIENCE), Grant::Granted);
    }

    /// As a run does: 40 requests a second, of which every other one fails.
    #[test]
    fn a_storm_adds_a_tenth_and_is_waited_out_as_long_as_the_patience_lasts() {
        let start = clock::monotonic();
        let mut budget = RetryBudget::new(start);
        let (mut rows, mut retries, mut given_up) = (0, 0, 0);
        let mut now = start;
        while rows < 10_000 {
            rows += 1;
            let mut answer = fastrand::Rng::with_seed(rows);
            while answer.bool() {
                match budget.take(now, PATIENCE) {
                    Grant::Granted => retries += 1,
                    Grant::Wait(wait) => now += wait,
                    Grant::Spent => {
                        given_up += 1;
                        break;
                    }
                }
                assert!(given_up == 0 || now >= start + PATIENCE);
            }
            budget.success(now);
            now += Duration::from_millis(25);
        }
        assert!((500..=1000).contains(&retries), "{retries} retries");
        assert!(given_up > 3000, "{given_up} given up");
    }
}
