//! How many calls were kept and refused, for the end and for --metrics.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use cli::consent::count;

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Counts {
    present: Mutex<Present>,
}

/// The counts at a time.
#[derive(Clone, Debug, Default)]
pub struct Present {
    /// Events in the journal.
    pub events: u64,
    /// Those of them that are marked as repeats.
    pub repeats: u64,
    /// When the last of them was kept.
    pub last_event: Option<SystemTime>,
    /// Refused calls by their status.
    pub refused: BTreeMap<u16, u64>,
    /// Events that --forward-to has taken.
    pub forwarded: u64,
}

impl Counts {
    /// Events that are in the journal now, and how many of them were marked as repeats.
    pub fn kept(&self, events: u64, repeats: u64, now: SystemTime) {
        let mut present = self.lock();
        present.events += events;
        present.repeats += repeats;
        present.last_event = Some(now);
    }

    /// An event that was delivered.
    pub fn forwarded(&self) {
        self.lock().forwarded += 1;
    }

    /// All counts.
    pub fn present(&self) -> Present {
        self.lock().clone()
    }

    /// A call that was refused; true for the first with this status.
    pub fn refused(&self, status: u16) -> bool {
        let mut present = self.lock();
        let count = present.refused.entry(status).or_default();
        *count += 1;
        *count == 1
    }

    /// All counts in one line.
    pub fn summary(&self) -> String {
        let present = self.lock();
        let refused: u64 = present.refused.values().sum();
        let statuses: Vec<_> =
            present.refused.iter().map(|(status, count)| format!("{status}: {count}")).collect();
        let statuses =
            if refused > 0 { format!(" ({})", statuses.join(", ")) } else { String::new() };
        format!(
            "{}, {} of them repeats; {} refused{statuses}",
            count(present.events, "event"),
            present.repeats,
            count(refused, "call")
        )
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_in_the_summary() {
        let counts = Counts::default();
        assert_eq!(counts.summary(), "0 events, 0 of them repeats; 0 calls refused");
        counts.kept(3, 1, SystemTime::UNIX_EPOCH);
        assert!(counts.refused(404));
        assert!(!counts.refused(404));
        assert!(counts.refused(413));
        let expected = "3 events, 1 of them repeats; 3 calls refused (404: 2, 413: 1)";
        assert_eq!(counts.summary(), expected);
    }
}
