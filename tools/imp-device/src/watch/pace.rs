//! Which share of the account's limit may be used: decided with the time passed in.

use std::str::FromStr;
use std::time::{Duration, Instant};

/// Requests a second that an account has where no answer has told another limit (imp-service(7), section 4).
const USUAL_LIMIT: u64 = 40;

/// A percentage of the limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitShare(f64);

impl FromStr for LimitShare {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let percent = text.strip_suffix('%').and_then(|percent| percent.parse().ok());
        let percent = percent.filter(|percent| *percent > 0.0 && *percent <= 100.0);
        percent
            .map(LimitShare)
            .ok_or_else(|| format!("`{text}` is no share of the limit: write it as 25%"))
    }
}

/// The requests of a look.
pub struct Pace {
    share: LimitShare,
    /// When the next request is due.
    due: Instant,
}

impl Pace {
    /// Of a look that begins now.
    pub fn new(share: LimitShare, now: Instant) -> Self {
        Pace { share, due: now }
    }

    /// How long the next request has to wait. `limit` is that of the account, as far as it was told.
    pub fn next(&mut self, now: Instant, limit: Option<u64>) -> Duration {
        let a_second = limit.unwrap_or(USUAL_LIMIT) as f64 * self.share.0 / 100.0;
        self.due += Duration::from_secs_f64(1.0 / a_second);
        self.due.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::send::clock;

    #[test]
    fn a_quarter_of_the_limit_is_ten_requests_a_second() {
        let now = clock::monotonic();
        let mut pace = Pace::new("25%".parse().unwrap(), now);
        let second = |number: u64| now + Duration::from_millis(number * 100);
        assert_eq!(pace.next(now, None), Duration::from_millis(100));
        assert_eq!(pace.next(second(1), Some(40)), Duration::from_millis(100));
        assert_eq!(pace.next(second(5), None), Duration::ZERO);
        assert_eq!(pace.next(second(3), Some(10)), Duration::from_millis(400));
        for text in ["25", "0%", "101%", "-1%", "all", "NaN%"] {
            assert!(text.parse::<LimitShare>().is_err(), "{text}");
        }
    }
}
