//! The rate limits, as pure arithmetic: time goes in, a verdict comes out.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use crate::variants::{Variants, Window};

const SECOND: Duration = Duration::from_secs(1);

/// What the headers say after a request was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateStatus {
    /// False: answer 429.
    pub allowed: bool,
    /// Requests a window.
    pub limit: u32,
    /// What is left in this window.
    pub remaining: u32,
    /// Until the window renews.
    pub reset: Duration,
}

/// A limit of so many requests a second for each `Key`.
pub struct Limiter<Key> {
    limit: u32,
    window: Window,
    meters: HashMap<Key, Meter>,
}

#[derive(Default)]
struct Meter {
    /// Fixed windows: the number of the present one, and what was let through in it.
    window: u64,
    used: u32,
    /// Sliding window: when those of the last second were let through.
    recent: VecDeque<Duration>,
    /// Bucket: when it will be full again.
    full_at: Duration,
}

impl<Key: Eq + Hash> Limiter<Key> {
    /// `limit` requests a second.
    pub fn new(limit: u32, variants: &Variants) -> Self {
        Self { limit, window: variants.rate_window, meters: HashMap::new() }
    }

    /// Requests a second.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Judges a request at `now` (time since the start) and counts it if it is allowed.
    pub fn check(&mut self, key: Key, now: Duration) -> RateStatus {
        let limit = self.limit;
        let meter = self.meters.entry(key).or_default();
        let (left, reset) = match self.window {
            Window::Fixed => meter.fixed(limit, now),
            Window::Sliding => meter.sliding(limit, now),
            Window::Bucket => meter.bucket(limit, now),
        };
        if left == 0 {
            return RateStatus { allowed: false, limit, remaining: 0, reset };
        }
        meter.used += 1;
        match self.window {
            Window::Fixed => {}
            Window::Sliding => meter.recent.push_back(now),
            Window::Bucket => meter.full_at = meter.full_at.max(now) + SECOND / limit,
        }
        RateStatus { allowed: true, limit, remaining: left - 1, reset }
    }
}

impl Meter {
    /// Windows begin at whole seconds of the simulator's clock.
    fn fixed(&mut self, limit: u32, now: Duration) -> (u32, Duration) {
        if self.window != now.as_secs() {
            self.window = now.as_secs();
            self.used = 0;
        }
        (limit.saturating_sub(self.used), SECOND - Duration::from_nanos(now.subsec_nanos().into()))
    }

    /// In no second of any beginning are there more than `limit`.
    fn sliding(&mut self, limit: u32, now: Duration) -> (u32, Duration) {
        while self.recent.front().is_some_and(|&first| first + SECOND <= now) {
            self.recent.pop_front();
        }
        let used = u32::try_from(self.recent.len()).unwrap_or(u32::MAX);
        let reset = self.recent.front().map_or(SECOND, |&first| first + SECOND - now);
        (limit.saturating_sub(used), reset)
    }

    /// `limit` at once, then one every `1/limit` s.
    fn bucket(&mut self, limit: u32, now: Duration) -> (u32, Duration) {
        let missing = self.full_at.saturating_sub(now);
        let taken = missing.as_nanos().div_ceil((SECOND / limit).as_nanos());
        let left = limit.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX));
        (left, missing.max(SECOND / limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(limit: u32, window: Window) -> Limiter<u8> {
        Limiter::new(limit, &Variants { rate_window: window, ..Variants::default() })
    }

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_fixed_window_lets_its_limit_through_and_renews_on_the_second() {
        let mut limiter = limiter(3, Window::Fixed);
        let first = limiter.check(1, at(2_400));
        assert_eq!((first.allowed, first.remaining, first.reset), (true, 2, at(600)));
        limiter.check(1, at(2_500));
        assert_eq!(limiter.check(1, at(2_999)).remaining, 0);
        let over = limiter.check(1, at(2_999));
        assert_eq!((over.allowed, over.remaining, over.reset), (false, 0, at(1)));
        assert!(limiter.check(1, at(3_000)).allowed);
    }

    #[test]
    fn accounts_do_not_share_a_limit() {
        let mut limiter = limiter(1, Window::Fixed);
        assert!(limiter.check(1, at(0)).allowed);
        assert!(!limiter.check(1, at(0)).allowed);
        assert!(limiter.check(2, at(0)).allowed);
    }

    #[test]
    fn a_sliding_window_remembers_a_whole_second() {
        let mut limiter = limiter(2, Window::Sliding);
        assert!(limiter.check(1, at(900)).allowed);
        assert!(limiter.check(1, at(950)).allowed);
        let over = limiter.check(1, at(1_899));
        assert_eq!((over.allowed, over.reset), (false, at(1)));
        assert!(limiter.check(1, at(1_900)).allowed);
        assert!(!limiter.check(1, at(1_901)).allowed);
    }

    #[test]
    fn a_bucket_fills_one_by_one() {
        let mut limiter = limiter(4, Window::Bucket);
        for left in [3, 2, 1, 0] {
            assert_eq!(limiter.check(1, at(1_000)).remaining, left);
        }
        assert!(!limiter.check(1, at(1_249)).allowed);
        assert!(limiter.check(1, at(1_250)).allowed);
        assert!(!limiter.check(1, at(1_251)).allowed);
        assert_eq!(limiter.check(1, at(9_000)).remaining, 3);
    }
}
