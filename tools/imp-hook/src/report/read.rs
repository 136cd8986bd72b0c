//! The journal of a shift and lists of its devices, read row by row.
//!
//! Careful about one bad line: it is said where it stands, and the others count.

use std::path::PathBuf;
use std::sync::Arc;

use cli::rows::source::ReadingOptions;
use cli::terminal::interruptible::Inputs;
use cli::terminal::stderr;
use cli::{Exit, Result, RowSource, service_time, text};
use model::mac::{MacReading, mac};
use model::{ErrorKind, Record, ResourceKind};
use pipe::{Failure, Item, Row};

use super::books::{Books, Call, Happened};
use crate::hook::Event;
use crate::listen::EVENT_TYPE;

/// Lists of devices.
pub struct Lists<'a> {
    /// Those that should have been blessed.
    pub expected: &'a [PathBuf],
    /// Those that are under test.
    pub under_test: &'a [PathBuf],
}

impl Lists<'_> {
    /// Reads the lists. The exit code says whether all rows of them could be.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(&self, inputs: &Arc<Inputs>, books: &mut Books) -> Result {
        let (expected, under_test) = (!self.expected.is_empty(), !self.under_test.is_empty());
        books.has_expected |= expected;
        books.has_under_test |= under_test;
        let read = each(self.expected, "device", "--expected", inputs, |row| {
            books.expect(device_of(row)?, fixture_of(&row.record));
            Ok(())
        })?;
        let others = each(self.under_test, "device", "--duts", inputs, |row| {
            books.under_test(device_of(row)?, fixture_of(&row.record));
            Ok(())
        })?;
        Ok(read.and(others))
    }
}

/// Reads journals. The exit code says whether all lines of them could be.
///
/// # Errors
/// A file that cannot be read.
pub fn journal(files: &[PathBuf], inputs: &Arc<Inputs>, books: &mut Books) -> Result {
    each(files, "event", "--journal", inputs, |row| {
        if let Some(call) = call(&row.record)? {
            books.add(call);
        }
        Ok(())
    })
}

/// Gives each row of some files; one that cannot be taken is said.
fn each(
    files: &[PathBuf],
    noun: &'static str,
    option: &'static str,
    inputs: &Arc<Inputs>,
    mut take: impl FnMut(&Row) -> std::result::Result<(), Failure>,
) -> Result {
    let mut exit = Exit::Done;
    if files.is_empty() {
        return Ok(exit);
    }
    let reading = ReadingOptions::default();
    let source = RowSource { noun, option, identifiers: &[], files, reading, min_rows: 0 };
    for item in source.rows(inputs)? {
        let (source, failure) = match item? {
            Item::Row(row) => match take(&row) {
                Ok(()) => continue,
                Err(failure) => (row.source, failure),
            },
            Item::Bad(bad) => (bad.source, bad.failure),
        };
        stderr::say_failure(&format!("{source}: {}", failure.sentence()));
        exit = Exit::SomeFailed;
    }
    Ok(exit)
}

/// The call that a line of a journal is; none for events that no device goes through on a line.
fn call(record: &Record) -> std::result::Result<Option<Call>, Failure> {
    let bad =
        |detail: &str| Failure::new(ErrorKind::BadInput, "No event of a journal").detail(detail);
    if text(record, "type") != EVENT_TYPE {
        return Err(bad("a journal is what imp-hook listen writes"));
    }
    let happened = match text(record, "event") {
        "blessing" => Happened::Blessed,
        "blinkup" => Happened::Activated,
        _ => return Ok(None),
    };
    let at = service_time(text(record, "received_at")).ok_or_else(|| bad("it has no time"))?;
    let device = text(record, "device_id");
    if device.is_empty() {
        return Err(bad("it names no device"));
    }
    let hook = text(record, "hook");
    let is_event = Event::words().iter().any(|word| hook.split('.').next() == Some(word));
    Ok(Some(Call {
        id: text(record, "id").to_owned(),
        device: digits(device).unwrap_or_else(|| device.to_owned()),
        at,
        happened,
        group: some(text(record, "devicegroup_id")),
        fixture: fixture_of(record),
        hook: some(hook).filter(|_| !is_event),
        is_repeat: record.get("repeat").and_then(serde_json::Value::as_bool) == Some(true),
    }))
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn fixture_of(record: &Record) -> Option<String> {
    some(text(record, "fixture").trim())
}

/// The device of a row of a list, by its id or MAC address: calls have no others.
fn device_of(row: &Row) -> std::result::Result<String, Failure> {
    let device = row.identifier(ResourceKind::Device, &[])?.text;
    digits(&device).ok_or_else(|| {
        Failure::new(ErrorKind::BadInput, "Neither a device id nor a MAC address").detail(format!(
            "{}: calls of webhooks name devices by their ids",
            model::text::quoted(&device)
        ))
    })
}

/// The digits that the id of a device and its MAC address have in common (imp-service(7), section 2.4).
fn digits(device: &str) -> Option<String> {
    if model::identifier::shape(device) == model::identifier::Shape::Id {
        return Some(device[4..].to_ascii_lowercase());
    }
    match mac(device) {
        MacReading::Address(address) => Some(address.replace(':', "")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(value: &serde_json::Value) -> std::result::Result<Option<Call>, Failure> {
        call(&serde_json::from_value(value.clone()).unwrap())
    }

    #[test]
    fn a_line_of_a_journal_is_a_call() {
        let line = json!({"type": "webhook_event", "id": "1", "event": "blessing",
            "received_at": "2026-11-29T06:00:00.000Z", "hook": "blessing.g1", "devicegroup_id": "g1",
            "device_id": "5000D8c46a56cfca", "repeat": true});
        let call = of(&line).unwrap().unwrap();
        assert_eq!((call.device.as_str(), call.happened), ("d8c46a56cfca", Happened::Blessed));
        assert_eq!((call.group.as_deref(), call.hook, call.is_repeat), (Some("g1"), None, true));
        let with = |name: &str, value: serde_json::Value| {
            let mut line = line.clone();
            line[name] = value;
            of(&line)
        };
        let named = with("hook", "line-7".into()).unwrap().unwrap();
        assert_eq!(named.hook.as_deref(), Some("line-7"));
        let fixture = with("fixture", " F 3 ".into()).unwrap().unwrap();
        assert_eq!(fixture.fixture.as_deref(), Some("F 3"));
        assert!(with("event", "deployment".into()).unwrap().is_none());
        for (name, value) in [("type", "log"), ("received_at", "noon"), ("device_id", "")] {
            assert!(with(name, value.into()).is_err(), "{name}");
        }
    }

    #[test]
    fn a_device_is_found_by_its_id_and_its_address() {
        for text in ["5000d8c46a56cfca", "d8:c4:6a:56:cf:ca", "D8C4-6A56-CFCA", "d8c46a56cfca"] {
            assert_eq!(digits(text).as_deref(), Some("d8c46a56cfca"), "{text}");
        }
        assert_eq!(digits("oven-7"), None);
    }
}
