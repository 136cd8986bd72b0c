//! What is known of a log, as it is kept between runs.
//!
//! Only what may come again is kept: the lines of the last moments, by their times and what tells them, and the
//! time up to which everything is known.

use model::Record;
use serde_json::{Value, json};
use std::time::SystemTime;

use super::{Count, Key, PrintedLines, key, last_before, time};

impl PrintedLines {
    /// A log of which everything before `since` is known.
    pub fn before(since: SystemTime) -> Self {
        PrintedLines { floor: last_before(since), ..PrintedLines::default() }
    }

    /// The line was printed by an earlier run.
    pub fn was_printed(&mut self, entry: &Record) {
        self.see(entry);
        self.lines.entry(key(entry)).or_default().printed += 1;
        self.forget();
    }

    /// What has to be known to go on later.
    pub fn kept(&self) -> Value {
        let until = self.until().filter(|_| self.newest.is_some()).unwrap_or_default();
        let mut floor = &self.floor;
        let mut lines = Vec::new();
        for ((time, told), count) in &self.lines {
            let printed = count.printed.max(count.before);
            if printed == 0 {
                continue;
            }
            if *time < until {
                floor = floor.max(time);
            } else {
                lines.push(json!([time, format!("{told:016x}"), printed]));
            }
        }
        json!({"newest": self.newest, "floor": floor, "lines": lines})
    }

    /// What was kept; nothing when it is damaged.
    pub fn of_kept(kept: &Value) -> Option<Self> {
        let newest = match kept.get("newest")? {
            Value::Null => None,
            newest => Some(newest.as_str()?.to_owned()),
        };
        let floor = kept.get("floor")?.as_str()?.to_owned();
        let mut lines = PrintedLines { newest, floor, ..PrintedLines::default() };
        for line in kept.get("lines")?.as_array()? {
            let told = u64::from_str_radix(line.get(1)?.as_str()?, 16).ok()?;
            let printed = u32::try_from(line.get(2)?.as_u64()?).ok()?;
            let key = (line.get(0)?.as_str()?.to_owned(), told);
            lines.lines.insert(key, Count { printed, ..Count::default() });
        }
        Some(lines)
    }

    /// Where lines may be missing: after the newest that is known, up to the oldest of these.
    pub fn gap_before(&self, device: &str, entries: &[Record]) -> Record {
        self.gap(device, entries.iter().map(time).min())
    }

    /// Where lines may be missing that cannot be read: after the newest that is known, up to the first that has
    /// arrived since.
    pub fn gap_in_unread(&self, device: &str) -> Record {
        let newest = self.newest.as_deref().unwrap_or_default();
        let arrived = |((time, _), count): &(&Key, &Count)| {
            self.behind && count.arrived > 0 && time.as_str() > newest
        };
        let first = self.lines.iter().find(arrived);
        self.gap(device, first.map(|((time, _), _)| time.as_str()))
    }

    /// Where lines may be missing: after the newest that is known, up to `to` if that is known.
    pub fn gap(&self, device: &str, to: Option<&str>) -> Record {
        let mut gap = Record::from_iter([
            ("type".to_owned(), "gap".into()),
            ("device_id".to_owned(), device.into()),
            ("from".to_owned(), self.newest.as_deref().into()),
        ]);
        gap.extend(to.map(|to| ("to".to_owned(), to.into())));
        gap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u32, text: &str) -> Record {
        let time = format!("2026-11-23T20:{:02}:{:02}.000Z", second / 60, second % 60);
        let value = json!({"ts": time, "type": "server.log", "msg": text});
        serde_json::from_value(value).unwrap()
    }

    /// The stored log: newest first.
    fn log(entries: &[(u32, &str)]) -> Vec<Record> {
        entries.iter().rev().map(|(second, text)| at(*second, text)).collect()
    }

    fn fresh(lines: &mut PrintedLines, entries: &[(u32, &str)]) -> Vec<String> {
        let log = log(entries);
        let text = |entry: &&Record| entry["msg"].as_str().unwrap().to_owned();
        lines.stored(&log).iter().map(text).collect()
    }

    fn again(lines: &PrintedLines) -> PrintedLines {
        let kept = serde_json::from_str(&lines.kept().to_string()).unwrap();
        PrintedLines::of_kept(&kept).unwrap()
    }

    #[test]
    fn a_later_run_goes_on_where_this_one_ended() {
        let all = [(1, "a"), (100, "b"), (120, "c"), (120, "c"), (125, "d")];
        for printed in 0..=all.len() {
            let mut lines = PrintedLines::default();
            assert_eq!(fresh(&mut lines, &all[..printed]).len(), printed);
            let texts: Vec<&str> = all[printed..].iter().map(|(_, text)| *text).collect();
            assert_eq!(fresh(&mut again(&again(&lines)), &all), texts, "{printed}");
        }
    }

    #[test]
    fn only_what_may_come_again_is_kept() {
        let mut lines = PrintedLines::default();
        assert!((0..1000).all(|second| lines.arrived(&at(second, "x"))));
        let kept = lines.kept();
        assert!(kept["lines"].as_array().unwrap().len() <= 31, "{kept}");
        // A line that came late, but within the disorder, is new.
        let log: Vec<(u32, &str)> = (900..1000).map(|second| (second, "x")).collect();
        let late = [&log[..], &[(980, "late")]].concat();
        assert_eq!(fresh(&mut again(&lines), &late), ["late"]);
        assert!(again(&lines).is_reached_by(&[at(999, "x")], true));
        assert!(!again(&lines).is_reached_by(&[at(1001, "y")], true));
    }

    #[test]
    fn a_log_is_known_up_to_a_time_and_that_is_no_gap() {
        let since = cli::service_time("2026-11-23T20:01:40.000Z").unwrap();
        let mut lines = PrintedLines::before(since);
        assert_eq!(lines.until().as_deref(), Some("2026-11-23T20:01:09.999Z"));
        assert!(lines.is_reached_by(&log(&[(90, "a")]), true));
        assert!(lines.is_reached_by(&log(&[(200, "a")]), false), "there is no older one");
        assert!(!lines.is_reached_by(&log(&[(200, "a")]), true));
        assert_eq!(fresh(&mut lines, &[(90, "a"), (100, "b"), (101, "c")]), ["b", "c"]);
    }

    #[test]
    fn what_was_printed_before_does_not_come_again() {
        let mut lines = PrintedLines::default();
        lines.was_printed(&at(5, "a"));
        lines.was_printed(&at(5, "a"));
        assert_eq!(
            fresh(&mut lines, &[(4, "z"), (5, "a"), (5, "a"), (5, "a"), (6, "b")]),
            ["z", "a", "b"]
        );
    }

    #[test]
    fn what_is_damaged_is_not_read() {
        let mut lines = PrintedLines::default();
        lines.was_printed(&at(5, "a"));
        let kept = lines.kept();
        for (field, value) in [
            ("newest", json!(7)),
            ("floor", Value::Null),
            ("lines", json!([["2026-11-23T20:00:05.000Z", "no number", 1]])),
            ("lines", json!([["2026-11-23T20:00:05.000Z"]])),
        ] {
            let mut damaged = kept.clone();
            damaged[field] = value;
            assert!(PrintedLines::of_kept(&damaged).is_none(), "{damaged}");
        }
        assert!(PrintedLines::of_kept(&kept).is_some());
        assert!(PrintedLines::of_kept(&json!([])).is_none());
    }
}
