//! What has been printed of a device's log, so that each line is printed once, wherever it comes from.
//!
//! A line has no id: it is told by time, type and message, and by how many of its kind there are. Each
//! source on its own never gives a line too often; so as many are printed as the one that gives most
//! has given. Only the newest lines are remembered; older ones in the stored log count as known.

mod kept;

use model::Record;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde_json::Value;

/// Lines may come in another order than that of their times (imp-service(7), section 13.7): what is
/// this much older than the newest that is known may still be missing.
pub const DISORDER: Duration = Duration::from_secs(30);
/// Lines that are remembered, at most; when there are more the older half is forgotten.
const REMEMBERED: usize = 4_000;
/// Where the sum of [`fnv_1a`] begins.
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// What was printed of one device.
#[derive(Debug, Default)]
pub struct PrintedLines {
    lines: BTreeMap<Key, Count>,
    /// The newest line before which none can be missing; of a log without any line there is none.
    newest: Option<String>,
    /// Since it was added to a stream its stored log has not been read: before what arrives lines may
    /// be missing.
    behind: bool,
    /// Stored lines up to this time are known.
    floor: String,
}

/// Time, and what else tells a line.
type Key = (String, u64);

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// In the stored log before following began. One that arrives all the same was logged meanwhile.
    before: u32,
    printed: u32,
    /// On the stream, since the device was added to it.
    arrived: u32,
}

impl PrintedLines {
    /// Takes the newest page of the stored log for known: following begins after it. `more`: there are
    /// older ones.
    pub fn begin(&mut self, entries: &[Record], more: bool) {
        let _known = self.stored(entries);
        for count in self.lines.values_mut() {
            count.before = std::mem::take(&mut count.printed);
        }
        if let (true, Some(oldest)) = (more, entries.iter().map(time).min()) {
            self.floor = oldest.to_owned();
        }
    }

    /// Following begins with a line that arrived; false if its time cannot be read.
    pub fn begin_with(&mut self, entry: &Record) -> bool {
        let Ok(first) = humantime::parse_rfc3339_weak(time(entry)) else { return false };
        self.floor = last_before(first);
        true
    }

    /// The device is being added to a stream: what arrives is counted anew.
    pub fn added(&mut self) {
        self.behind = true;
        self.lines.values_mut().for_each(|count| count.arrived = 0);
    }

    /// A line that arrived on the stream; true if it is to be printed.
    pub fn arrived(&mut self, entry: &Record) -> bool {
        if !self.behind {
            self.see(entry);
        }
        let count = self.lines.entry(key(entry)).or_default();
        count.arrived += 1;
        let is_new = count.arrived > count.printed;
        count.printed = count.printed.max(count.arrived);
        self.forget();
        is_new
    }

    /// Lines of the stored log, newest first and without a hole; gives those to print, oldest first.
    pub fn stored<'a>(&mut self, entries: &'a [Record]) -> Vec<&'a Record> {
        self.behind = false;
        let mut found: BTreeMap<Key, u32> = BTreeMap::new();
        let mut fresh = Vec::new();
        for entry in entries.iter().rev().filter(|entry| *time(entry) > *self.floor) {
            let number = found.entry(key(entry)).or_default();
            *number += 1;
            let count = self.lines.entry(key(entry)).or_default();
            if *number > count.printed.max(count.before) {
                count.printed = *number;
                fresh.push(entry);
            }
        }
        entries.iter().for_each(|entry| self.see(entry));
        self.forget();
        fresh
    }

    /// True when `entry` has been printed but has not arrived on the stream since the device was added.
    pub fn is_overdue(&self, entry: &Record) -> bool {
        self.lines.get(&key(entry)).is_some_and(|count| count.arrived == 0)
    }

    /// How far back the stored log has to be read to miss nothing; `None` is to its beginning.
    pub fn until(&self) -> Option<String> {
        let is_known = |time: &&str| !time.is_empty();
        let newest = self.newest.as_deref().or(Some(self.floor.as_str()).filter(is_known))?;
        let time = humantime::parse_rfc3339_weak(newest).ok()?.checked_sub(DISORDER)?;
        // A device whose clock was never set may log in the first seconds of all time.
        let time = time.max(SystemTime::UNIX_EPOCH);
        Some(humantime::format_rfc3339_millis(time).to_string())
    }

    /// Whether these stored lines reach back to what is known. If they do not, lines may be missing.
    /// `more`: there are older ones.
    pub fn is_reached_by(&self, entries: &[Record], more: bool) -> bool {
        let Some(newest) = &self.newest else {
            let reaches = |entry| time(entry) <= self.floor.as_str();
            return !more || entries.iter().any(reaches);
        };
        entries.is_empty() || entries.iter().any(|entry| time(entry) <= newest.as_str())
    }

    fn see(&mut self, entry: &Record) {
        let time = time(entry);
        if self.newest.as_deref().is_none_or(|newest| newest < time) {
            self.newest = Some(time.to_owned());
        }
    }

    fn forget(&mut self) {
        if self.lines.len() <= REMEMBERED {
            return;
        }
        while self.lines.len() > REMEMBERED / 2
            || self.lines.first_key_value().is_some_and(|((time, _), _)| *time == self.floor)
        {
            let Some(((time, _), _)) = self.lines.pop_first() else { return };
            self.floor = time;
        }
    }
}

/// The time of a line, in the service's spelling, which sorts by time.
pub fn time(entry: &Record) -> &str {
    entry.get("ts").and_then(Value::as_str).unwrap_or_default()
}

/// The last time before, in the service's spelling.
fn last_before(time: SystemTime) -> String {
    let last = time.checked_sub(Duration::from_millis(1)).unwrap_or(time);
    humantime::format_rfc3339_millis(last.max(SystemTime::UNIX_EPOCH)).to_string()
}

fn key(entry: &Record) -> Key {
    let told =
        ["type", "msg"].map(|name| entry.get(name).map(Value::to_string).unwrap_or_default());
    (time(entry).to_owned(), told.iter().fold(FNV_BASIS, |sum, text| fnv_1a(sum, text)))
}

/// FNV-1a, because it is the same in every version: what it gives is kept between runs.
fn fnv_1a(sum: u64, text: &str) -> u64 {
    // No text of JSON has a zero byte, so that it ends one.
    let step = |sum: u64, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    text.bytes().chain([0]).fold(sum, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(second: u32, text: &str) -> Record {
        let value = json!({"ts": format!("2026-11-23T20:{:02}:{:02}.000Z", second / 60, second % 60), "type": "server.log", "msg": text});
        serde_json::from_value(value).unwrap()
    }

    /// The stored log: newest first.
    fn log(entries: &[(u32, &str)]) -> Vec<Record> {
        entries.iter().rev().map(|(second, text)| at(*second, text)).collect()
    }

    fn fresh(printed_lines: &mut PrintedLines, entries: &[(u32, &str)]) -> Vec<String> {
        let log = log(entries);
        printed_lines
            .stored(&log)
            .into_iter()
            .map(|entry| entry["msg"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn a_line_is_printed_once_whichever_source_is_first() {
        let mut printed_lines = PrintedLines::default();
        printed_lines.begin(&log(&[(1, "old")]), false);
        printed_lines.added();
        assert!(printed_lines.arrived(&at(2, "a")));
        assert_eq!(fresh(&mut printed_lines, &[(1, "old"), (2, "a"), (3, "b")]), ["b"]);
        assert!(!printed_lines.arrived(&at(3, "b")), "it was in the stored log");
        assert!(printed_lines.arrived(&at(4, "c")));
        assert_eq!(fresh(&mut printed_lines, &[(2, "a"), (3, "b"), (4, "c")]), [""; 0]);
    }

    #[test]
    fn lines_that_are_alike_are_counted() {
        let mut printed_lines = PrintedLines::default();
        assert!(printed_lines.arrived(&at(1, "x")));
        assert!(printed_lines.arrived(&at(1, "x")), "a second one of the same time and text");
        assert_eq!(
            fresh(&mut printed_lines, &[(1, "x"), (1, "x"), (1, "x")]),
            ["x"],
            "and a third"
        );
        assert!(!printed_lines.arrived(&at(1, "x")));
        printed_lines.added();
        assert!(
            !printed_lines.arrived(&at(1, "x")),
            "after a reconnect nothing is known to be new"
        );
    }

    #[test]
    fn after_a_cut_only_what_was_missed_is_printed() {
        let mut printed_lines = PrintedLines::default();
        printed_lines.begin(&log(&[(1, "old")]), false);
        assert!(printed_lines.arrived(&at(2, "a")));
        printed_lines.added();
        assert_eq!(
            fresh(&mut printed_lines, &[(1, "old"), (2, "a"), (3, "missed"), (4, "b")]),
            ["missed", "b"]
        );
        assert!(!printed_lines.arrived(&at(4, "b")));
        assert!(
            printed_lines.is_overdue(&at(3, "missed")) && !printed_lines.is_overdue(&at(4, "b"))
        );
    }

    #[test]
    fn it_is_known_how_far_back_to_read_and_whether_that_was_reached() {
        let mut printed_lines = PrintedLines::default();
        assert_eq!(printed_lines.until(), None);
        assert!(
            printed_lines.is_reached_by(&log(&[(9, "x")]), false),
            "nothing was known, and that is all"
        );
        assert!(!printed_lines.is_reached_by(&log(&[(9, "x")]), true));
        assert!(printed_lines.arrived(&at(100, "a")));
        assert_eq!(printed_lines.until().as_deref(), Some("2026-11-23T20:01:10.000Z"));
        assert!(printed_lines.is_reached_by(&log(&[(99, "x"), (105, "y")]), true));
        assert!(!printed_lines.is_reached_by(&log(&[(104, "x"), (105, "y")]), true));
        assert!(printed_lines.is_reached_by(&[], false));
    }

    #[test]
    fn what_arrives_first_on_a_stream_hides_nothing_before_it() {
        let mut printed_lines = PrintedLines::default();
        printed_lines.begin(&[], false);
        printed_lines.added();
        assert!(printed_lines.arrived(&at(100, "late")));
        assert_eq!(printed_lines.until(), None, "the log was empty: all of it is new");
        assert_eq!(fresh(&mut printed_lines, &[(1, "a"), (100, "late")]), ["a"]);
        printed_lines.added();
        assert!(printed_lines.arrived(&at(300, "later")));
        assert_eq!(printed_lines.until().as_deref(), Some("2026-11-23T20:01:10.000Z"));
        assert_eq!(fresh(&mut printed_lines, &[(100, "late"), (200, "b"), (300, "later")]), ["b"]);
        assert!(printed_lines.arrived(&at(400, "on and on")));
        assert_eq!(printed_lines.until().as_deref(), Some("2026-11-23T20:06:10.000Z"));
    }

    #[test]
    fn a_time_near_the_beginning_of_all_time_is_a_time() {
        let mut printed_lines = PrintedLines::default();
        let early = json!({"ts": "1970-01-01T00:00:10.000Z", "type": "status", "msg": "up"});
        printed_lines.begin(&[serde_json::from_value(early).unwrap()], false);
        assert_eq!(printed_lines.until().as_deref(), Some("1970-01-01T00:00:00.000Z"));
    }

    #[test]
    fn what_was_there_before_is_not_printed_however_much_there_is() {
        let mut printed_lines = PrintedLines::default();
        printed_lines.begin(&log(&[(10, "b"), (11, "c")]), true);
        assert_eq!(fresh(&mut printed_lines, &[(9, "a"), (10, "b"), (11, "c"), (12, "d")]), ["d"]);
    }

    #[test]
    fn memory_is_bounded_and_forgetting_prints_nothing_twice() {
        let mut printed_lines = PrintedLines::default();
        let entries: Vec<(u32, String)> =
            (0..3 * REMEMBERED as u32).map(|second| (second / 5, format!("{second}"))).collect();
        for (second, text) in &entries {
            assert!(printed_lines.arrived(&at(*second, text)));
        }
        assert!(printed_lines.lines.len() <= REMEMBERED);
        let all: Vec<(u32, &str)> =
            entries.iter().map(|(second, text)| (*second, text.as_str())).collect();
        assert_eq!(fresh(&mut printed_lines, &all), [""; 0]);
    }
}
