//! What to do after a request: a decision about one outcome, made without clock, sleep or network.
//!
//! Careful about three things. A 429 is not a failure: it is waited out. A repeat that could do harm is
//! never made unless the request was certainly not carried out. And a service that answers other
//! requests but keeps failing this one is not down, so this record fails and the run goes on.

use std::time::{Duration, Instant};

use crate::client::Tries;
use crate::request::Repeat;

/// What came back from one sending of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An answer with this status.
    Status(u16),
    /// No answer, and the request cannot have arrived: no connection, no name, no TLS.
    NotSent,
    /// No answer, and the request may have arrived: time-out or cut connection.
    Lost,
    /// Refused by us: the other side could not prove who it is.
    Untrusted,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The answer is final, good or bad.
    Take,
    /// Hold all workers for the time that the service asked for, then send again.
    PauseAll,
    /// Ask for another token, then send again.
    NewToken,
    /// Wait this long, then send again.
    Again(Duration),
    /// Give up: it may or may not have been carried out.
    UnknownOutcome,
    /// Give up on this request; others may still work.
    Failed,
    /// Give up on the run: waiting will not mend it.
    Misconfigured,
    /// Give up on the run: nothing has worked for as long as the patience lasts.
    Unreachable,
}

/// What is known about the request and the run when the decision is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation {
    pub(crate) repeat: Repeat,
    /// How often it was sent, 429 not counted.
    pub(crate) attempts: u32,
    pub(crate) tries: Tries,
    /// Since when nothing has worked in this run; `None` when the last outcome was good.
    pub(crate) outage_since: Option<Instant>,
    /// Did any other request succeed since this one was first sent?
    pub(crate) others_succeed: bool,
    pub(crate) patience: Duration,
    pub(crate) now: Instant,
    /// From 0 to 1.
    pub(crate) jitter: f64,
}

/// Maximum attempts of a request while others succeed.
const ATTEMPTS: u32 = 6;
/// Where it is tried a few times only.
const FEW: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

pub(crate) fn decide(outcome: Outcome, situation: &Situation) -> Decision {
    let certainly_not_executed = matches!(outcome, Outcome::NotSent);
    match outcome {
        Outcome::Status(429) => return or_unreachable(Decision::PauseAll, situation),
        Outcome::Status(401) => return Decision::NewToken,
        Outcome::Untrusted => return Decision::Misconfigured,
        Outcome::Status(500..=599) | Outcome::NotSent | Outcome::Lost => {}
        Outcome::Status(_) => return Decision::Take,
    }
    if situation.repeat == Repeat::NotIdempotent && !certainly_not_executed {
        return Decision::UnknownOutcome;
    }
    if situation.others_succeed && situation.attempts >= ATTEMPTS {
        return Decision::Failed;
    }
    // What hangs would hang again.
    if situation.tries == Tries::Few && (outcome == Outcome::Lost || situation.attempts >= FEW) {
        return or_unreachable(Decision::Failed, situation);
    }
    let wait = back_off(situation.attempts, situation.jitter).min(patience_left(situation));
    or_unreachable(Decision::Again(wait), situation)
}

fn or_unreachable(otherwise: Decision, situation: &Situation) -> Decision {
    match situation.outage_since {
        Some(since) if situation.now.saturating_duration_since(since) >= situation.patience => {
            Decision::Unreachable
        }
        _ => otherwise,
    }
}

/// The last try is made when the patience ends, not after it.
fn patience_left(situation: &Situation) -> Duration {
    let out = situation
        .outage_since
        .map_or(Duration::ZERO, |since| situation.now.saturating_duration_since(since));
    situation.patience.saturating_sub(out)
}

/// Doubles from [`FIRST_WAIT`] to [`LONGEST_WAIT`]; the upper half of each wait is left to chance.
pub(crate) fn back_off(attempts: u32, jitter: f64) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1 << attempts.saturating_sub(1).min(10));
    doubled.min(LONGEST_WAIT).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

/// How long a 429 asks to wait: `retry-after` in seconds, else `x-ratelimit-reset`, else one second.
///
/// The unit of the reset header is not settled (imp-service(7), section 4.2): a small number is
/// taken for seconds, one from 100 up for milliseconds, one as large as a date for the time of day
/// in seconds.
pub(crate) fn pause(retry_after: Option<u64>, reset: Option<u64>, unix_now: u64) -> Duration {
    let asked = match (retry_after, reset) {
        (Some(seconds), _) => Duration::from_secs(seconds),
        (None, Some(reset)) => until_reset(reset, unix_now),
        (None, None) => Duration::from_secs(1),
    };
    asked.clamp(Duration::from_millis(100), Duration::from_secs(120))
}

/// The time until the limit's window renews, from its header.
pub(crate) fn until_reset(reset: u64, unix_now: u64) -> Duration {
    match reset {
        0..=99 => Duration::from_secs(reset),
        100..=999_999_999 => Duration::from_millis(reset),
        _ if reset >= 1_000_000_000_000 => {
            Duration::from_millis(reset.saturating_sub(unix_now * 1000))
        }
        _ => Duration::from_secs(reset.saturating_sub(unix_now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::send::clock;

    fn situation(repeat: Repeat, now: Instant) -> Situation {
        Situation {
            repeat,
            attempts: 1,
            tries: Tries::Many,
            outage_since: None,
            others_succeed: false,
            patience: Duration::from_secs(120),
            now,
            jitter: 0.5,
        }
    }

    #[test]
    fn every_status_is_pinned() {
        let safe = situation(Repeat::Idempotent, clock::monotonic());
        for status in 200..600 {
            let expected = match status {
                401 => "NewToken",
                429 => "PauseAll",
                500..=599 => "Again",
                _ => "Take",
            };
            let decided = format!("{:?}", decide(Outcome::Status(status), &safe));
            assert!(decided.starts_with(expected), "{status}: {decided}");
        }
    }

    #[test]
    fn what_must_not_happen_twice_is_repeated_only_if_it_was_not_sent() {
        let careful = situation(Repeat::NotIdempotent, clock::monotonic());
        assert_eq!(decide(Outcome::Lost, &careful), Decision::UnknownOutcome);
        assert_eq!(decide(Outcome::Status(503), &careful), Decision::UnknownOutcome);
        assert!(matches!(decide(Outcome::NotSent, &careful), Decision::Again(_)));
        assert_eq!(decide(Outcome::Status(429), &careful), Decision::PauseAll);
    }

    #[test]
    fn a_certificate_that_is_not_trusted_is_not_waited_for() {
        let safe = situation(Repeat::Idempotent, clock::monotonic());
        assert_eq!(decide(Outcome::Untrusted, &safe), Decision::Misconfigured);
    }

    #[test]
    fn what_is_asked_again_anyway_is_given_up_soon_but_an_outage_is_told() {
        let now = clock::monotonic() + Duration::from_secs(1000);
        let mut few = Situation { tries: Tries::Few, ..situation(Repeat::Idempotent, now) };
        few.attempts = 2;
        assert!(matches!(decide(Outcome::Status(500), &few), Decision::Again(_)));
        assert_eq!(decide(Outcome::Lost, &few), Decision::Failed);
        few.attempts = 3;
        few.outage_since = Some(now - Duration::from_secs(119));
        assert_eq!(decide(Outcome::Status(500), &few), Decision::Failed);
        few.outage_since = Some(now - Duration::from_secs(120));
        assert_eq!(decide(Outcome::Status(500), &few), Decision::Unreachable);
    }

    #[test]
    fn patience_counts_from_the_last_success() {
        let now = clock::monotonic() + Duration::from_secs(1000);
        let mut long_out = situation(Repeat::Idempotent, now);
        long_out.outage_since = Some(now - Duration::from_secs(119));
        assert!(matches!(decide(Outcome::Lost, &long_out), Decision::Again(_)));
        long_out.outage_since = Some(now - Duration::from_secs(120));
        for outcome in [Outcome::Lost, Outcome::NotSent, Outcome::Status(502), Outcome::Status(429)]
        {
            assert_eq!(decide(outcome, &long_out), Decision::Unreachable);
        }
    }

    #[test]
    fn the_last_try_is_made_when_the_patience_ends() {
        let now = clock::monotonic() + Duration::from_secs(1000);
        let mut nearly = Situation { attempts: 9, ..situation(Repeat::Idempotent, now) };
        nearly.outage_since = Some(now - Duration::from_secs(119));
        assert_eq!(decide(Outcome::Lost, &nearly), Decision::Again(Duration::from_secs(1)));
    }

    #[test]
    fn one_request_that_always_fails_does_not_end_the_run() {
        let mut alone = situation(Repeat::Idempotent, clock::monotonic());
        alone.attempts = ATTEMPTS;
        assert!(matches!(decide(Outcome::Status(500), &alone), Decision::Again(_)));
        alone.others_succeed = true;
        assert_eq!(decide(Outcome::Status(500), &alone), Decision::Failed);
    }

    #[test]
    fn waits_grow_and_stay_bounded() {
        assert_eq!(back_off(1, 1.0), FIRST_WAIT);
        assert_eq!(back_off(2, 1.0), FIRST_WAIT * 2);
        assert_eq!(back_off(40, 1.0), LONGEST_WAIT);
        assert_eq!(back_off(40, 0.0), LONGEST_WAIT / 2);
    }

    #[test]
    fn the_reset_header_is_understood_in_every_unit() {
        let now = 1_790_000_000;
        assert_eq!(pause(None, Some(1), now), Duration::from_secs(1));
        assert_eq!(pause(None, Some(1000), now), Duration::from_secs(1));
        assert_eq!(pause(None, Some(now + 3), now), Duration::from_secs(3));
        assert_eq!(pause(None, Some((now + 3) * 1000), now), Duration::from_secs(3));
        assert_eq!(pause(Some(7), Some(1), now), Duration::from_secs(7));
        assert_eq!(pause(None, None, now), Duration::from_secs(1));
        assert_eq!(pause(None, Some(0), now), Duration::from_millis(100));
        assert_eq!(pause(Some(86_400), None, now), Duration::from_secs(120));
    }
}
