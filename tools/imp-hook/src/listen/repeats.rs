//! Which calls repeat one before them: the same hook and body within a minute. Pure.
//!
//! A repeat is only marked. Whoever counts devices can leave marked events out; nothing is dropped here,
//! because two calls with the same body may be two events.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, SystemTime};

use super::event::Digest;

/// How long a call is remembered.
pub const REMEMBERED: Duration = Duration::from_secs(60);

/// The calls of the last minute.
#[derive(Debug, Default)]
pub struct Repeats {
    last: HashMap<Digest, SystemTime>,
    order: VecDeque<(SystemTime, Digest)>,
}

impl Repeats {
    /// Notes a call; true if one like it came within the minute before.
    pub fn note(&mut self, digest: Digest, now: SystemTime) -> bool {
        // A clock that was set back makes a call look new; that marks too much rather than too little.
        let old = |time: SystemTime| now.duration_since(time).is_ok_and(|age| age > REMEMBERED);
        while self.order.front().is_some_and(|(time, _)| old(*time)) {
            let Some((time, digest)) = self.order.pop_front() else { break };
            if self.last.get(&digest) == Some(&time) {
                self.last.remove(&digest);
            }
        }
        self.order.push_back((now, digest));
        self.last.insert(digest, now).is_some_and(|last| !old(last))
    }

    /// Takes back a call that was not written down: when it comes again it is the first.
    pub fn forget(&mut self, digest: &Digest) {
        self.last.remove(digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_call_within_a_minute_is_a_repeat() {
        let start = SystemTime::UNIX_EPOCH;
        let at = |seconds| start + Duration::from_secs(seconds);
        let (one, two) = ([1; 16], [2; 16]);
        let mut repeats = Repeats::default();
        assert!(!repeats.note(one, at(100)));
        assert!(!repeats.note(two, at(100)));
        assert!(repeats.note(one, at(160)), "a minute is within the minute");
        assert!(repeats.note(one, at(220)), "counted from the last one");
        assert!(!repeats.note(two, at(221)));
        assert!(!repeats.note(one, at(281)));
        assert!(repeats.last.len() <= 2 && repeats.order.len() <= 3, "old calls are forgotten");
    }

    #[test]
    fn a_call_that_was_not_kept_is_no_call() {
        let mut repeats = Repeats::default();
        assert!(!repeats.note([1; 16], SystemTime::UNIX_EPOCH));
        repeats.forget(&[1; 16]);
        assert!(!repeats.note([1; 16], SystemTime::UNIX_EPOCH));
    }
}
