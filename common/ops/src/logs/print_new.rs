//! `imp-log get --cursor`: what is stored since the last run, oldest first, one device after the other.

use std::path::Path;
use std::time::SystemTime;

use api::send::clock;
use cli::rows::source::RowArgs;
use cli::{CommandError, Result, Session, failure};
use model::{Record, ResourceKind};
use pipe::{Failure, Row};

use super::Pattern;
use super::cursor::{Cursor, Places};
use super::follow::{PrintedLines, Why, device_id_of, fetch, is_wanted};
use super::print::{open, with_device};

/// Which entries of each log.
#[derive(Clone, Copy, Debug)]
pub struct NewEntries<'a> {
    /// Where the last run ended.
    pub cursor: &'a Path,
    /// Of a device that it does not know: from this time on.
    pub since: Option<SystemTime>,
    /// Only entries that one of these finds, if there are any; the others are passed over for good.
    pub grep: &'a [Pattern],
}

/// What a device has stored, newest first, back to what is known of it.
struct Stored {
    id: String,
    entries: Vec<Record>,
    more: bool,
}

/// Prints what each device of the `groups` and of the rows has logged since the last run.
///
/// # Errors
/// What keeps the run from starting; a failed row is no error.
pub fn print_new(
    session: &Session,
    args: RowArgs<'_>,
    groups: &[String],
    what: &NewEntries<'_>,
) -> Result {
    let mut cursor = Cursor::open(what.cursor)?;
    let (mut results, rows) = open(session, args, groups)?;
    let known = cursor.places().clone();
    let read = |row: &Row| read_new(session, row, &known, what);
    let jobs = usize::from(session.common.jobs);
    cli::rows::each_row(session, &mut results, jobs, rows, read, |results, stored, _| {
        match print_stored(session, &stored, &mut cursor, what) {
            Ok(()) => results.tally.ok(),
            Err(error) => results.end_run(error),
        }
        results.is_over() || session.output.is_read()
    });
    if let Err(error) = keep(session, &mut cursor, true) {
        results.end_run(error);
    }
    Ok(results.finish())
}

fn read_new(
    session: &Session,
    row: &Row,
    known: &Places,
    what: &NewEntries<'_>,
) -> std::result::Result<Stored, Failure> {
    let id = device_id_of(session, &row.identifier(ResourceKind::Device, &[])?)?;
    let until = lines_of(known, &id, what).until();
    let read = fetch(&session.client, &id, Why::Poll, until.as_deref());
    let (entries, more) = read.map_err(failure)?;
    Ok(Stored { id, entries, more })
}

fn lines_of(known: &Places, id: &str, what: &NewEntries<'_>) -> PrintedLines {
    let begin = || what.since.map(PrintedLines::before).unwrap_or_default();
    known.of(id).unwrap_or_else(begin)
}

/// Prints what is new, and notes it once it is written. A second row of a device has nothing new.
fn print_stored(
    session: &Session,
    stored: &Stored,
    cursor: &mut Cursor,
    what: &NewEntries<'_>,
) -> std::result::Result<(), CommandError> {
    let Stored { id, entries, more } = stored;
    let mut lines = lines_of(cursor.places(), id, what);
    if !lines.is_reached_by(entries, *more) {
        session.output.print(&lines.gap_before(id, entries))?;
    }
    for entry in lines.stored(entries).into_iter().filter(|entry| is_wanted(what.grep, entry)) {
        session.output.print(&with_device(entry, id))?;
    }
    session.output.flush()?;
    cursor.note(id, &lines);
    keep(session, cursor, false)
}

/// Keeps the place. What nobody has read is left for the next run.
fn keep(
    session: &Session,
    cursor: &mut Cursor,
    at_once: bool,
) -> std::result::Result<(), CommandError> {
    let now = clock::monotonic();
    let is_due = at_once || cursor.is_due(now);
    if is_due && session.output.is_read() { cursor.save(now) } else { Ok(()) }
}
