//! How many calls were kept and refused.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Counts {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    events: u64,
    repeats: u64,
    refused: BTreeMap<u16, u64>,
}

impl Counts {
    /// Events that are in the journal, and how many of them were marked as repeats.
    pub fn kept(&self, events: u64, repeats: u64) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.events += events;
        inner.repeats += repeats;
    }

    /// A call that was refused; true for the first with this status.
    pub fn refused(&self, status: u16) -> bool {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let count = inner.refused.entry(status).or_default();
        *count += 1;
        *count == 1
    }

    /// All counts in one line.
    pub fn summary(&self) -> String {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let refused: u64 = inner.refused.values().sum();
        let statuses: Vec<_> =
            inner.refused.iter().map(|(status, count)| format!("{status}: {count}")).collect();
        let statuses =
            if refused > 0 { format!(" ({})", statuses.join(", ")) } else { String::new() };
        format!(
            "{} events, {} of them repeats; {refused} calls refused{statuses}",
            inner.events, inner.repeats
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_in_the_summary() {
        let counts = Counts::default();
        assert_eq!(counts.summary(), "0 events, 0 of them repeats; 0 calls refused");
        counts.kept(3, 1);
        assert!(counts.refused(404));
        assert!(!counts.refused(404));
        assert!(counts.refused(413));
        let expected = "3 events, 1 of them repeats; 3 calls refused (404: 2, 413: 1)";
        assert_eq!(counts.summary(), expected);
    }
}
