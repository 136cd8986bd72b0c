//! Reading verbs that print the stored log of each row's device, page after page.
//!
//! The first pages of several devices are fetched at once; a long log goes on page by page while it is
//! printed, so that `| head` costs almost nothing.

use model::schema::Kind::{Text, Time};
use model::schema::{Field, RecordType};
use model::{Record, ResourceKind};
use std::cell::RefCell;
use std::time::SystemTime;

use api::Request;
use api::logs::{self, Page};
use pipe::{Failure, Row};

use cli::Result;
use cli::rows::results::Results;
use cli::rows::source::RowArgs;
use cli::terminal::stderr;
use cli::{CommandError, failure};
use cli::{Session, text};

use super::Pattern;
use super::follow::{DISORDER, is_wanted};

/// An entry of a log.
pub static LOG: RecordType = RecordType {
    name: "log",
    about: "An entry of a log. Its `type` is one of many: server.log, agent.error, status.",
    fields: &[
        Field::new("device_id", Text, "The device that it belongs to.").required(),
        Field::new("ts", Time, "When it was logged.").required(),
        Field::new("log_type", Text, "`development` or `production`.").or_null(),
        Field::new("type", Text, "Who says it, and how: `server.error`.").required(),
        Field::new("msg", Text, "What is said.").required(),
    ],
};

/// Which entries of each log.
#[derive(Clone, Copy, Debug)]
pub struct LogQuery<'a> {
    /// Entries in one request.
    pub page_size: usize,
    /// Only this page, counted from 1.
    pub page: Option<u64>,
    /// Only entries from this time on.
    pub since: Option<SystemTime>,
    /// Oldest first.
    pub reverse: bool,
    /// Only entries that one of these finds, if there are any.
    pub grep: &'a [Pattern],
}

/// The log of one device on its way: what has come of it.
struct Log {
    /// `/devices/ID`.
    path: String,
    device: String,
    page: Page,
}

/// Prints the stored log of each device of the `groups` and of the rows.
///
/// # Errors
/// What keeps the run from starting; a failed row is no error.
pub fn print_logs(
    session: &Session,
    args: RowArgs<'_>,
    groups: &[String],
    query: &LogQuery<'_>,
) -> Result {
    let (mut results, rows) = open(session, args, groups)?;
    let begin = |row: &Row| begin_log(session, row, query);
    let jobs = usize::from(session.common.jobs);
    let mut number = 0;
    cli::rows::each_row(session, &mut results, jobs, rows, begin, |results, log, row| {
        match print_log(session, log, query, &mut number) {
            Ok(printed) => {
                results.tally.ok();
                printed.unwrap_or_else(|error| results.end_run(error));
                results.is_over() || session.output.is_read()
            }
            Err(failure) => {
                results.bad(&failure, &row.record, &row.source);
                true
            }
        }
    });
    if number == 0 && results.tally.ok > 0 && session.output.is_read() && !session.is_stopped() {
        stderr::hint("no log entry found");
    }
    Ok(results.finish())
}

/// What results of stored logs go to, and the rows of the devices.
///
/// # Errors
/// What keeps the run from starting.
pub(super) fn open<'a>(
    session: &'a Session,
    args: RowArgs<'a>,
    groups: &[String],
) -> std::result::Result<(Results<'a>, cli::Rows), CommandError> {
    let results = Results::open(session, args, None)?;
    let one_typed = args.source.is_typed() && args.source.identifiers.len() == 1;
    session.output.expect_log(!one_typed || !groups.is_empty());
    Ok((results, crate::members::devices_of(session, args, groups)?))
}

/// The first page of a device's log.
fn begin_log(
    session: &Session,
    row: &Row,
    query: &LogQuery<'_>,
) -> std::result::Result<Log, Failure> {
    let identifier = row.identifier(ResourceKind::Device, &[])?;
    let number = query.page.unwrap_or(1);
    let asked = RefCell::new(String::new());
    let answer = session.with_device(&identifier, |device| {
        asked.borrow_mut().clone_from(&device);
        logs::request(&device, number, query.page_size)
    })?;
    let path = asked.into_inner();
    let page = logs::read(&answer.body, query.page_size).map_err(failure)?;
    let of_entry = page.entries.first().map(|entry| text(entry, "device_id").to_owned());
    let device = match of_entry.filter(|id| !id.is_empty()) {
        Some(id) => id,
        None if page.entries.is_empty() => String::new(),
        None => device_id(session, &path)?,
    };
    Ok(Log { path, device, page })
}

/// The id of the device at `path`, for entries that do not say whose they are.
///
/// # Errors
/// As [`Session::record`].
pub fn device_id(session: &Session, path: &str) -> std::result::Result<String, Failure> {
    let last = path.rsplit('/').next().unwrap_or_default();
    if model::identifier::shape(last) == model::identifier::Shape::Id {
        return Ok(last.to_owned());
    }
    Ok(text(&session.record(&Request::get(path))?, "id").to_owned())
}

/// Prints a log, fetching the pages that follow, and adds to the number of entries. The outer error is that
/// of the row.
fn print_log(
    session: &Session,
    mut log: Log,
    query: &LogQuery<'_>,
    entries: &mut u64,
) -> std::result::Result<std::result::Result<(), CommandError>, Failure> {
    let (mut kept, mut known) = (Vec::new(), logs::ReadEntries::default());
    known.take_out_of(&mut log.page);
    let mut number = 1;
    loop {
        let (mut fresh, over) = newer_than(&log.page.entries, query.since);
        fresh.retain(|entry| is_wanted(query.grep, entry));
        *entries += fresh.len() as u64;
        let fresh = fresh.iter().map(|entry| with_device(entry, &log.device));
        if query.reverse {
            kept.extend(fresh);
        } else if let Err(error) = print_entries(session, fresh) {
            return Ok(Err(error));
        }
        if over || query.page.is_some() || !log.page.more || !session.output.is_read() {
            break;
        }
        number += 1;
        let mut next =
            logs::page(&session.client, &log.path, number, query.page_size).map_err(failure)?;
        known.take_out_of(&mut next);
        log.page = next;
    }
    // Not by their times: the order of the service is kept, turned around.
    Ok(print_entries(session, kept.into_iter().rev()))
}

fn print_entries(
    session: &Session,
    entries: impl Iterator<Item = Record>,
) -> std::result::Result<(), CommandError> {
    for entry in entries {
        session.output.print(&entry)?;
    }
    session.output.flush_rows()
}

/// The entries from `since` on, and whether older ones have begun. Order is not strictly by time, so
/// it is the last entry that tells, and only if it is older by more than that.
fn newer_than(entries: &[Record], since: Option<SystemTime>) -> (Vec<&Record>, bool) {
    let Some(since) = since else {
        return (entries.iter().collect(), false);
    };
    let is_young = |entry: &&Record| time(entry).is_none_or(|time| time >= since);
    let begun = since.checked_sub(DISORDER).unwrap_or(since);
    let is_old = |entry| time(entry).is_some_and(|time| time < begun);
    let over = entries.last().is_some_and(is_old);
    (entries.iter().filter(is_young).collect(), over)
}

fn time(entry: &Record) -> Option<SystemTime> {
    humantime::parse_rfc3339_weak(text(entry, "ts")).ok()
}

/// The entry with the device that it belongs to in front.
pub(crate) fn with_device(entry: &Record, device: &str) -> Record {
    let mut record = Record::from_iter([("device_id".to_owned(), device.into())]);
    record.extend(entry.clone());
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_a_little_older_may_have_younger_ones_behind_it() {
        let entry = |second: u32| -> Record {
            let at = format!("2026-11-29T10:00:{second:02}.000Z");
            serde_json::from_value(json!({"ts": at, "msg": ""})).unwrap()
        };
        let since = cli::service_time("2026-11-29T10:00:40.000Z");
        for (last, is_over) in [(45, false), (35, false), (9, true)] {
            let entries = [entry(50), entry(last)];
            let (young, over) = newer_than(&entries, since);
            assert_eq!((young.len(), over), (1 + usize::from(last > 40), is_over), "{last}");
        }
    }
}
