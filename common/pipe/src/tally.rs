//! What became of the rows: the proof that none was lost.

use model::{ErrorKind, Record};
use serde_json::Value;

/// Counts of a run. `rows == ok + unchanged + failed` always holds, because a row is counted when
/// its outcome is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All rows read.
    pub rows: u64,
    /// Done.
    pub ok: u64,
    /// Nothing had to be done, or what was done was taken back.
    pub unchanged: u64,
    /// Those of `unchanged` that were done and taken back.
    pub taken_back: u64,
    /// Failed, for whatever reason.
    pub failed: u64,
    /// Those of `failed` that were read but not attempted.
    pub not_attempted: u64,
}

impl Tally {
    /// Counts a row that was done.
    pub fn ok(&mut self) {
        self.rows += 1;
        self.ok += 1;
    }

    /// Counts a row for which nothing had to be done.
    pub fn unchanged(&mut self) {
        self.rows += 1;
        self.unchanged += 1;
    }

    /// Counts a row that failed.
    pub fn failed(&mut self, kind: ErrorKind) {
        self.rows += 1;
        self.failed += 1;
        self.not_attempted += u64::from(kind == ErrorKind::NotAttempted);
    }

    /// Counts rows that were done and taken back, and others that were to be taken back and could not. Those that an
    /// earlier run did have not been counted.
    pub fn took_back(&mut self, back: u64, failed: u64) {
        let done = self.ok.min(back + failed);
        self.rows += back + failed - done;
        self.ok -= done;
        self.unchanged += back;
        self.taken_back += back;
        self.failed += failed;
    }

    /// The counts as they stand in the file of `--report`.
    pub fn to_record(&self) -> Record {
        let counts = [
            ("rows", self.rows),
            ("ok", self.ok),
            ("unchanged", self.unchanged),
            ("failed", self.failed),
            ("not_attempted", self.not_attempted),
        ];
        let mut record: Record =
            counts.into_iter().map(|(name, count)| (name.to_owned(), Value::from(count))).collect();
        if self.taken_back > 0 {
            record.insert("taken_back", self.taken_back.into());
        }
        record
    }

    /// The counts in words: `1500 rows: 1490 ok, 7 unchanged, 3 failed`; with `done` instead of those that did not
    /// fail.
    pub fn sentence(&self, done: Option<&str>) -> String {
        let rows = if self.rows == 1 { "row" } else { "rows" };
        let ok = || format!("{} ok, {} unchanged", self.ok, self.unchanged);
        let mut text = format!("{} {rows}: {}", self.rows, done.map_or_else(ok, str::to_owned));
        if self.taken_back > 0 {
            text.push_str(&format!(" ({} of them taken back)", self.taken_back));
        }
        text.push_str(&format!(", {} failed", self.failed));
        if self.not_attempted > 0 {
            text.push_str(&format!(" ({} of them not attempted)", self.not_attempted));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_back_is_counted_once() {
        let mut tally = Tally::default();
        (0..3).for_each(|_| tally.ok());
        tally.took_back(2, 1);
        assert_eq!(
            tally.sentence(None),
            "3 rows: 0 ok, 2 unchanged (2 of them taken back), 1 failed"
        );
        tally.took_back(4, 0);
        assert_eq!(
            tally.sentence(None),
            "7 rows: 0 ok, 6 unchanged (6 of them taken back), 1 failed"
        );
        assert_eq!(tally.to_record().get("taken_back"), Some(&6.into()));
    }

    #[test]
    fn rows_are_the_sum_of_their_fates() {
        let mut tally = Tally::default();
        tally.ok();
        tally.ok();
        tally.unchanged();
        tally.failed(ErrorKind::NotFound);
        tally.failed(ErrorKind::NotAttempted);
        assert_eq!(tally.rows, tally.ok + tally.unchanged + tally.failed);
        assert_eq!(
            Value::from(tally.to_record()).to_string(),
            r#"{"rows":5,"ok":2,"unchanged":1,"failed":2,"not_attempted":1}"#
        );
        assert_eq!(
            tally.sentence(None),
            "5 rows: 2 ok, 1 unchanged, 2 failed (1 of them not attempted)"
        );
        assert_eq!(
            tally.sentence(Some("1 present, 2 not present")),
            "5 rows: 1 present, 2 not present, 2 failed (1 of them not attempted)"
        );
    }
}
