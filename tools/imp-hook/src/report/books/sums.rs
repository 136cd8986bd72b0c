//! The figures of a whole shift or of a part of it.

use std::time::{Duration, SystemTime};

/// A shorter time tells nothing of an hour.
const SHORTEST: Duration = Duration::from_secs(60);

/// The figures of a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    /// Its fixture, group or hour; none of all together, or when it is not known.
    pub name: Option<String>,
    /// The first and the last blessing or activation.
    pub from: Option<SystemTime>,
    pub to: Option<SystemTime>,
    pub blessed: u64,
    /// Blessed once.
    pub first_pass: u64,
    /// Blessed more than once.
    pub doubled: u64,
    pub activated: u64,
    /// Under test, and never blessed; unknown without the list of those under test.
    pub rejected: Option<u64>,
    /// Expected, and neither blessed nor under test; unknown without a list.
    pub missing: Option<u64>,
    /// Blessed, and not expected; unknown without a list.
    pub unexpected: Option<u64>,
    /// The time from the first blessing to the last one.
    pub(super) worked: Duration,
    pub(super) span: Option<(SystemTime, SystemTime)>,
}

impl Sums {
    /// The share that was blessed the first time, of those that are known to have been tested.
    pub fn first_pass_yield(&self) -> Option<f64> {
        let tested = self.blessed + self.rejected.unwrap_or(0);
        (tested > 0).then(|| self.first_pass as f64 / tested as f64)
    }

    /// Blessed devices an hour, between the first and the last; of less than a minute there is no rate.
    pub fn an_hour(&self) -> Option<f64> {
        let hours = self.worked.as_secs_f64() / 3600.0;
        (self.blessed > 1 && self.worked >= SHORTEST).then(|| (self.blessed - 1) as f64 / hours)
    }

    /// Notes when something was.
    pub(super) fn note(&mut self, at: SystemTime) {
        self.from = Some(self.from.map_or(at, |from| from.min(at)));
        self.to = Some(self.to.map_or(at, |to| to.max(at)));
    }

    /// Counts a device that was blessed so many times, first at `at`.
    pub(super) fn bless(&mut self, times: usize, at: SystemTime) {
        self.blessed += 1;
        self.first_pass += u64::from(times == 1);
        self.doubled += u64::from(times > 1);
        self.bless_again(at);
    }

    /// Notes when a device was blessed, for the first time or once more.
    pub(super) fn bless_again(&mut self, at: SystemTime) {
        self.note(at);
        let (first, last) = self.span.unwrap_or((at, at));
        let (first, last) = (first.min(at), last.max(at));
        self.span = Some((first, last));
        self.worked = last.duration_since(first).unwrap_or_default();
    }
}
