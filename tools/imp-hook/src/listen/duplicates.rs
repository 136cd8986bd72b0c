//! Duplicates: calls with the hook and the body of another one within the last minute. Pure.
//!
//! A duplicate is only marked. Whoever counts devices can leave marked events out; nothing is dropped here,
//! because two calls with the same body may be two events.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, SystemTime};

use super::event::Digest;

/// How long a call is remembered.
pub const WINDOW: Duration = Duration::from_secs(60);

/// The calls of the last minute.
#[derive(Debug, Default)]
pub struct Duplicates {
    last: HashMap<Digest, SystemTime>,
    order: VecDeque<(SystemTime, Digest)>,
}

impl Duplicates {
    /// Remembers a call; true if it is a duplicate.
    pub fn insert(&mut self, digest: Digest, now: SystemTime) -> bool {
        // A clock that was set back makes a call look new; that marks too much rather than too little.
        let old = |time: SystemTime| now.duration_since(time).is_ok_and(|age| age > WINDOW);
        while self.order.front().is_some_and(|(time, _)| old(*time)) {
            let Some((time, digest)) = self.order.pop_front() else { break };
            if self.last.get(&digest) == Some(&time) {
                self.last.remove(&digest);
            }
        }
        self.order.push_back((now, digest));
        self.last.insert(digest, now).is_some_and(|last| !old(last))
    }

    /// Forgets a call whose event could not be written: when it comes again it is the first.
    pub fn remove(&mut self, digest: Digest) {
        self.last.remove(&digest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_call_within_a_minute_is_a_repeat() {
        let start = SystemTime::UNIX_EPOCH;
        let at = |seconds| start + Duration::from_secs(seconds);
        let (one, two) = (1, 2);
        let mut duplicates = Duplicates::default();
        assert!(!duplicates.insert(one, at(100)));
        assert!(!duplicates.insert(two, at(100)));
        assert!(duplicates.insert(one, at(160)), "a minute is within the minute");
        assert!(duplicates.insert(one, at(220)), "counted from the last one");
        assert!(!duplicates.insert(two, at(221)));
        assert!(!duplicates.insert(one, at(281)));
        assert!(
            duplicates.last.len() <= 2 && duplicates.order.len() <= 3,
            "old calls are forgotten"
        );
    }

    #[test]
    fn a_call_that_was_not_kept_is_no_call() {
        let mut duplicates = Duplicates::default();
        assert!(!duplicates.insert(1, SystemTime::UNIX_EPOCH));
        duplicates.remove(1);
        assert!(!duplicates.insert(1, SystemTime::UNIX_EPOCH));
    }
}
