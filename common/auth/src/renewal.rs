//! When a token is renewed: decided from the time alone.
//!
//! Careful about tokens that live shortly, so that they are not renewed for every request, and about a
//! service that refuses whatever it has just given, so that no run goes round in circles.

use model::Secret;
use std::time::{Duration, SystemTime};

use crate::file::SignIn;

/// A token is renewed this long before its end, or a twentieth of its life if that is less.
const LEAD: Duration = Duration::from_secs(180);
/// A token as young as this, or half its life if that is less, is taken for new.
const NEW: Duration = Duration::from_secs(60);
/// The same of one that the service has taken: it may end earlier than was said, but not at once.
const NEW_THOUGH_TAKEN: Duration = Duration::from_secs(2);
/// However short a token's life: this young it is new.
const CERTAINLY_NEW: Duration = Duration::from_millis(500);

/// An access token and what is known of its time.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) secret: Secret,
    /// `None` when it is not known; then only the service can say that it has ended.
    pub(crate) end: Option<SystemTime>,
    /// When it was given.
    pub(crate) begin: Option<SystemTime>,
    /// Given to this process, not found in a file.
    pub(crate) ours: bool,
}

impl Token {
    /// The token in a file. A file is written when a token is given, so its time is the beginning.
    pub(crate) fn stored(sign_in: &SignIn) -> Option<Self> {
        Some(Token {
            secret: sign_in.access_token.clone()?,
            end: sign_in.expires_at,
            begin: sign_in.stored_at,
            ours: false,
        })
    }

    fn life(&self) -> Option<Duration> {
        Some(self.end?.duration_since(self.begin?).unwrap_or_default())
    }

    /// True when it has ended.
    pub(crate) fn has_ended(&self, now: SystemTime) -> bool {
        self.end.is_some_and(|end| end <= now)
    }

    /// True when it is time to renew it.
    pub(crate) fn is_due(&self, now: SystemTime) -> bool {
        let lead = self.life().map_or(LEAD, |life| LEAD.min(life / 20));
        self.has_ended(now + lead)
    }

    /// True when this process was given it so shortly ago that another one would be refused as well.
    pub(crate) fn is_new(&self, now: SystemTime, was_taken: bool) -> bool {
        let new = if was_taken { NEW_THOUGH_TAKEN } else { NEW };
        let limit = self.life().map_or(new, |life| new.min(life / 2)).max(CERTAINLY_NEW);
        let age = self.begin.map(|begin| now.duration_since(begin).unwrap_or_default());
        self.ours && age.is_some_and(|age| age < limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(life: u64) -> Token {
        Token { secret: Secret::new("T"), end: Some(at(life)), begin: Some(at(0)), ours: true }
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
    }

    #[test]
    fn an_hour_ends_three_minutes_early() {
        let hour = token(3600);
        assert!(!hour.is_due(at(3419)) && hour.is_due(at(3420)));
        assert!(!hour.has_ended(at(3599)) && hour.has_ended(at(3600)));
    }

    #[test]
    fn a_short_life_is_not_all_lead() {
        let minute = token(60);
        assert!(!minute.is_due(at(0)) && !minute.is_due(at(56)) && minute.is_due(at(57)));
        assert!(!token(1).is_due(at(0)));
    }

    #[test]
    fn what_is_not_known_is_left_to_the_service() {
        let endless = Token { end: None, ..token(60) };
        assert!(!endless.is_due(at(1_000_000)) && !endless.has_ended(at(1_000_000)));
        let found = Token { begin: None, ..token(3600) };
        assert!(!found.is_due(at(3419)) && found.is_due(at(3420)));
        let copied_late = Token { begin: Some(at(5000)), ..token(3600) };
        assert!(!copied_late.is_due(at(3599)) && copied_late.is_due(at(3600)));
    }

    #[test]
    fn only_a_young_token_of_ours_is_new() {
        let hour = token(3600);
        let is_new = |token: &Token, seconds| token.is_new(at(seconds), false);
        assert!(is_new(&hour, 0) && is_new(&hour, 59) && !is_new(&hour, 60));
        assert!(hour.is_new(at(0) - Duration::from_secs(5), false), "the clock was set back");
        assert!(!is_new(&Token { ours: false, ..token(3600) }, 0));
        assert!(is_new(&token(10), 4) && !is_new(&token(10), 5));
        assert!(is_new(&token(0), 0), "or a run would never end");
        assert!(hour.is_new(at(1), true) && !hour.is_new(at(2), true), "it was taken");
        assert!(token(0).is_new(at(0), true), "or a run would never end");
    }
}
