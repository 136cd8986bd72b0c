//! When a request that must not be sent twice has gone wrong, others like it wait: sent into an outage, each
//! would be one more of which nobody knows what became of it.
//!
//! One at a time tries, after a wait that grows, and not before a harmless request has shown that there is a
//! service at all. Pure: it is told what happened and when.

use std::time::{Duration, Instant};

use crate::send::retry::back_off;

/// Since when such requests have gone wrong.
#[derive(Debug, Default)]
pub(crate) struct CircuitBreaker {
    since: Option<Instant>,
    trials: u32,
    /// One has gone wrong when the patience was over. Time in which nothing was tried does not count.
    is_over: bool,
}

/// What such a request does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is sent: nothing speaks against it.
    Send,
    /// It waits so long, asks for something harmless, and is then the only one that is sent.
    Try(Duration),
    /// It is not sent: none has worked for as long as the patience lasts.
    GiveUp,
}

impl CircuitBreaker {
    /// Whether changes go wrong, so that only a probe may be sent.
    pub(crate) fn is_open(&self) -> bool {
        self.since.is_some()
    }

    /// What the one request that may try has to do, counted as a trial. `jitter` is from 0 to 1.
    pub(crate) fn probe(&mut self, now: Instant, patience: Duration, jitter: f64) -> Next {
        match self.since {
            None => Next::Send,
            Some(_) if self.is_over => Next::GiveUp,
            Some(since) => {
                self.trials += 1;
                // The last try is made when the patience ends, not after it.
                let left = patience.saturating_sub(now.saturating_duration_since(since));
                Next::Try(back_off(self.trials, jitter).min(left))
            }
        }
    }

    /// One was answered.
    pub(crate) fn record_answer(&mut self) {
        *self = CircuitBreaker::default();
    }

    /// Nobody knows what became of one.
    pub(crate) fn record_unknown(&mut self, now: Instant, patience: Duration) {
        let since = *self.since.get_or_insert(now);
        self.is_over |= self.trials > 0 && now.saturating_duration_since(since) >= patience;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::send::clock;

    const PATIENCE: Duration = Duration::from_secs(120);

    #[test]
    fn the_waits_grow_until_one_is_answered() {
        let now = clock::monotonic();
        let mut breaker = CircuitBreaker::default();
        assert_eq!(breaker.probe(now, PATIENCE, 1.0), Next::Send);
        // A whole round of parallel requests is one outage.
        (0..8).for_each(|_| breaker.record_unknown(now, PATIENCE));
        let waits: Vec<Next> = (0..4).map(|_| breaker.probe(now, PATIENCE, 1.0)).collect();
        assert_eq!(
            waits,
            [250, 500, 1000, 2000].map(|wait| Next::Try(Duration::from_millis(wait)))
        );
        breaker.record_answer();
        assert_eq!(breaker.probe(now, PATIENCE, 1.0), Next::Send);
    }

    #[test]
    fn the_last_try_is_made_when_the_patience_ends() {
        let begin = clock::monotonic();
        let mut breaker = CircuitBreaker::default();
        breaker.record_unknown(begin, PATIENCE);
        let nearly = begin + PATIENCE - Duration::from_millis(1);
        assert_eq!(breaker.probe(nearly, PATIENCE, 1.0), Next::Try(Duration::from_millis(1)));
        breaker.record_unknown(begin + PATIENCE, PATIENCE);
        assert_eq!(breaker.probe(begin + PATIENCE, PATIENCE, 0.0), Next::GiveUp);
    }

    #[test]
    fn time_in_which_nothing_is_tried_is_no_outage() {
        let begin = clock::monotonic();
        let mut breaker = CircuitBreaker::default();
        breaker.record_unknown(begin, PATIENCE);
        assert_eq!(breaker.probe(begin + PATIENCE * 9, PATIENCE, 1.0), Next::Try(Duration::ZERO));
    }
}
