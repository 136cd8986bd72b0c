//! Which ids have come already, in little memory: the service repeats records across pages.
//!
//! Eight bytes an id. Device ids are 64 bits and are kept exactly; other ids by their hash, where two of
//! a million would be taken for one with a chance below one in ten million.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Ids that wait to be merged; a hash set needs about twenty bytes an id, so it is kept short.
const RECENT: usize = 4096;

/// The set of ids seen.
#[derive(Debug, Default)]
pub struct SeenIds {
    merged: Vec<u64>,
    recent: HashSet<u64>,
}

impl SeenIds {
    /// Notes the id with this number; true if it is new.
    pub(super) fn is_new(&mut self, number: u64) -> bool {
        if self.merged.binary_search(&number).is_ok() || !self.recent.insert(number) {
            return false;
        }
        if self.recent.len() >= RECENT.max(self.merged.len() / 8) {
            self.merge();
        }
        true
    }

    fn merge(&mut self) {
        self.merged.reserve_exact(self.recent.len());
        self.merged.extend(self.recent.drain());
        self.recent.shrink_to(RECENT);
        self.merged.sort_unstable();
    }
}

/// An id in eight bytes.
pub(super) fn number_of(id: &str) -> u64 {
    if id.len() == 16
        && let Ok(number) = u64::from_str_radix(id, 16)
    {
        return number;
    }
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_is_new_once() {
        let mut seen = SeenIds::default();
        let ids: Vec<String> = (0..50_000u64)
            .map(|n| format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
            .collect();
        assert!(ids.iter().all(|id| seen.is_new(number_of(id))));
        assert!(!ids.iter().any(|id| seen.is_new(number_of(id))));
        assert!(seen.is_new(number_of("a name")));
        assert!(!seen.is_new(number_of("a name")));
    }
}
