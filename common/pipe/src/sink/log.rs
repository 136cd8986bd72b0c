//! Logs on a terminal: the message is the point.
//!
//! The local time of day, the date only where it changes, device and kind only where there are several
//! of them, and the message last: wrapped below itself and never cut. What stands in a column is
//! compared over the first entries; a column that is needed only later begins there, and one that needs
//! more room gets it.

use model::Record;
use model::text::one_line;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::colour::{self, Paint};
use super::names::NameLookup;
use super::{Screen, cell};

/// Entries that are held back to see what they have in common, at most.
const COMPARED: usize = 100;
/// Where less is left beside what stands in front of a message, it stands below at the left.
const LEAST_ROOM: usize = 30;
const INDENT: &str = "    ";
const GAP: &str = "  ";
/// The kind of an entry that needs not be told.
const USUAL: &str = "server.log";
/// What an entry has in columns of its own.
const IN_COLUMNS: [&str; 4] = ["device_id", "ts", "log_type", "type"];

pub(super) struct LogLines {
    screen: Screen,
    waiting: Vec<Entry>,
    devices: Column,
    log_types: Column,
    kinds: Column,
    /// The date of the line before; at first that of today.
    date: String,
}

struct Entry {
    date: String,
    time: String,
    device: String,
    log_type: String,
    kind: String,
    message: String,
}

/// A column that is shown from when it has had two values.
#[derive(Default)]
struct Column {
    first: Option<String>,
    is_shown: bool,
    width: usize,
}

impl Column {
    fn see(&mut self, value: &str) {
        if !value.is_empty() {
            self.is_shown |= self.first.get_or_insert_with(|| value.to_owned()) != value;
            self.width = self.width.max(value.width());
        }
    }

    fn show(&self, value: &str, paint: Paint, is_coloured: bool) -> String {
        if !self.is_shown {
            return String::new();
        }
        let padding = " ".repeat(self.width.saturating_sub(value.width()));
        format!("{}{padding}{GAP}", paint.on(value, is_coloured))
    }
}

impl LogLines {
    /// Entries `of_several` devices say whose they are.
    pub(super) fn new(screen: Screen, of_several: bool) -> LogLines {
        let [date, _] = (screen.local_time)((screen.now)());
        let kinds = Column { first: Some(USUAL.to_owned()), ..Column::default() };
        let devices = Column { is_shown: of_several, ..Column::default() };
        let log_types = Column::default();
        LogLines { screen, waiting: Vec::new(), devices, log_types, kinds, date }
    }

    /// Adds an entry; it waits for others until a flush.
    pub(super) fn add(&mut self, record: &Record, names: &NameLookup, out: &mut String) {
        let text = |name: &str| one_line(&record.get(name).map(cell).unwrap_or_default());
        let id = text("device_id");
        let name = if self.devices.is_shown { names.of_device(&id) } else { None };
        let [date, time] = self.local_time(&text("ts"));
        let entry = Entry {
            message: record.get("msg").map_or_else(|| self.without_message(record), cell),
            device: name.map_or(id, |name| one_line(&name)),
            log_type: text("log_type"),
            kind: text("type"),
            date,
            time,
        };
        self.devices.see(&entry.device);
        self.log_types.see(&entry.log_type);
        self.kinds.see(&entry.kind);
        self.waiting.push(entry);
        if self.waiting.len() >= COMPARED {
            self.flush(out);
        }
    }

    /// Prints what waits.
    pub(super) fn flush(&mut self, out: &mut String) {
        for entry in std::mem::take(&mut self.waiting) {
            if !entry.date.is_empty() && entry.date != self.date {
                out.push_str(&Paint::Dim.on(&entry.date, self.screen.is_coloured));
                out.push('\n');
                self.date.clone_from(&entry.date);
            }
            self.print(&entry, out);
        }
    }

    fn print(&self, entry: &Entry, out: &mut String) {
        let is_coloured = self.screen.is_coloured;
        let paint = colour::of_log(&entry.kind);
        let mut front = Paint::Dim.on(&entry.time, is_coloured) + GAP;
        front += &self.devices.show(&entry.device, Paint::Plain, is_coloured);
        front += &self.log_types.show(&entry.log_type, Paint::Dim, is_coloured);
        front += &self.kinds.show(&entry.kind, paint, is_coloured);
        let columns = [&self.devices, &self.log_types, &self.kinds];
        let shown = columns.into_iter().filter(|column| column.is_shown);
        let columns_width: usize = shown.map(|column| column.width + GAP.len()).sum();
        let mut indent = " ".repeat(entry.time.width() + GAP.len() + columns_width);
        if self.screen.width < indent.len() + LEAST_ROOM {
            indent = INDENT.to_owned();
            front = format!("{}\n{indent}", front.trim_end());
        }
        let room = self.screen.width.saturating_sub(indent.len()).max(1);
        for (number, line) in wrapped(&entry.message, room).iter().enumerate() {
            let before = if number == 0 { &front } else { &indent };
            let line = format!("{before}{}", paint.on(line, is_coloured));
            out.push_str(line.trim_end_matches(' '));
            out.push('\n');
        }
    }

    /// Date and time here; a time that cannot be read stays as it is.
    fn local_time(&self, time: &str) -> [String; 2] {
        match humantime::parse_rfc3339_weak(time) {
            Ok(time) => (self.screen.local_time)(time),
            Err(_) => [String::new(), time.to_owned()],
        }
    }

    /// What an entry without a message says: that lines may be missing, or its other fields as they are.
    fn without_message(&self, record: &Record) -> String {
        if record.get("type").and_then(Value::as_str) != Some("gap") {
            let mut others = record.clone();
            others.retain(|name| !IN_COLUMNS.contains(&name));
            return others.to_string();
        }
        let time = |word: &str, name: &str| {
            let [_, time] = self.local_time(record.get(name)?.as_str()?);
            Some(format!(" {word} {time}"))
        };
        let (from, to) = (time("from", "from"), time("to", "to"));
        let [from, to] = [from, to].map(Option::unwrap_or_default);
        format!("lines may be missing{from}{to}")
    }
}

/// The lines of a message, each with the blanks that it begins with, wrapped to this width.
fn wrapped(message: &str, width: usize) -> Vec<String> {
    let options =
        textwrap::Options::new(width).word_splitter(textwrap::WordSplitter::NoHyphenation);
    let mut lines = Vec::new();
    for line in message.trim_end().split('\n') {
        let depth = line.len() - line.trim_start_matches(' ').len();
        let clean = format!("{}{}", &line[..depth], one_line(line));
        lines.extend(textwrap::wrap(&clean, &options).into_iter().map(String::from));
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use serde_json::json;

    use super::*;

    /// The time in UTC.
    fn utc(time: SystemTime) -> [String; 2] {
        let text = humantime::format_rfc3339_seconds(time).to_string();
        let (date, time) = text.trim_end_matches('Z').split_once('T').expect("a time");
        [date.to_owned(), time.to_owned()]
    }

    fn shown(width: usize, is_coloured: bool, several: bool, entries: Value) -> String {
        let now = || SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
        let screen = Screen { width, now, local_time: utc, is_coloured };
        let mut log = LogLines::new(screen, several);
        let names = NameLookup(Some(Box::new(|kind, id| {
            (kind == "device" && id == "d1").then(|| "oven".to_owned())
        })));
        let mut out = String::new();
        let entries: Vec<Record> = serde_json::from_value(entries).expect("records");
        entries.iter().for_each(|entry| log.add(entry, &names, &mut out));
        log.flush(&mut out);
        out
    }

    fn entry(device: &str, time: &str, kind: &str, message: &str) -> Value {
        json!({"device_id": device, "ts": format!("2020-09-13T{time}.123Z"), "log_type": "development",
               "type": kind, "msg": message})
    }

    #[test]
    fn what_all_have_in_common_is_left_out_and_the_message_is_wrapped() {
        let words = "eleven words that are wrapped below themselves and never cut off";
        let entries = json!([entry("d1", "12:00:01", USUAL, words)]);
        assert_eq!(
            shown(45, false, false, entries),
            "12:00:01  eleven words that are wrapped below\n          themselves and never cut off\n"
        );
        let unbroken = entry("d1", "12:00:01", USUAL, &"x".repeat(50));
        let text = shown(45, false, false, json!([unbroken]));
        assert_eq!(text.matches('x').count(), 50, "{text}");
        assert!(text.lines().all(|line| line.width() <= 45), "{text}");
    }

    #[test]
    fn devices_and_kinds_are_told_where_there_are_several() {
        let entries = json!([
            entry("d1", "12:00:01", USUAL, "one"),
            entry("d22222", "12:00:02", "agent.error", "two\n  deeper\u{1b}[2J\n"),
        ]);
        assert_eq!(
            shown(80, false, true, entries.clone()),
            "12:00:01  oven    server.log   one\n\
             12:00:02  d22222  agent.error  two\n\
             \x20                                deeper\u{fffd}[2J\n"
        );
        let text = shown(80, true, false, entries.clone());
        assert!(text.contains("\u{1b}[31mtwo\u{1b}[0m"), "{text}");
        // Beside a front that leaves no room, a message stands below.
        let text = shown(40, false, true, entries);
        assert!(text.contains("12:00:01  oven    server.log\n    one\n"), "{text}");
    }

    #[test]
    fn a_date_comes_where_it_changes_and_a_gap_is_a_sentence() {
        let mut old = entry("d1", "23:59:59", USUAL, "old");
        old["ts"] = "2020-09-12T23:59:59Z".into();
        let gap =
            json!({"type": "gap", "device_id": "d1", "from": null, "to": "2020-09-13T10:00:00Z"});
        let other = json!({"type": "gap", "device_id": "d1", "from": "2020-09-13T10:00:00Z"});
        let odd = json!({"device_id": "d1", "ts": "soon", "type": "power", "volts": 3});
        let entries = json!([entry("d1", "12:00:01", USUAL, ""), old, gap, other, odd]);
        assert_eq!(
            shown(80, false, false, entries),
            "12:00:01  server.log\n\
             2020-09-12\n\
             23:59:59  server.log  old\n\
             \x20 gap         lines may be missing to 10:00:00\n\
             \x20 gap         lines may be missing from 10:00:00\n\
             soon  power       {\"volts\":3}\n"
        );
    }
}
