//! A run that goes on: what its journal says of the time before.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use model::{Change, Effect, Record};
use pipe::source::BadRow;
use pipe::{Failure, Item, ReadError, Row};
use serde_json::Value;
use simulated::PerRun;

use super::current::Thing;
use super::file::JournalFile;
use super::recorded::{Recorded, RowState};
use super::{current, directory, journal, recorded};
use crate::command_error::CommandError;
use crate::rows::Outcome;
use crate::rows::source::Rows;
use crate::terminal::environment;

static PAST: PerRun<OnceLock<Result<Option<Arc<Past>>, String>>> = PerRun::new(OnceLock::new);

/// The time before a run was interrupted.
pub(super) struct Past {
    pub recorded: Recorded,
    path: PathBuf,
    failed_too: bool,
    earlier: HashMap<String, Earlier>,
}

/// What was, or may have been, done to a thing.
#[derive(Clone)]
pub(crate) struct Earlier {
    /// Where its row came from.
    pub source: String,
    /// A digest of what was wanted.
    pub wanted: String,
    /// It is not known whether it was done.
    pub is_under_way: bool,
}

/// The past of this run, if it is one that goes on.
///
/// # Errors
/// Exit 2 when its journal cannot be read.
pub(super) fn resumed() -> Result<Option<Arc<Past>>, CommandError> {
    let read = || environment::path("IMP_RESUME").map(Past::read).transpose();
    let past = PAST.get().get_or_init(|| Ok(read()?.map(Arc::new))).clone();
    past.map_err(CommandError::usage)
}

impl Past {
    fn read(path: PathBuf) -> Result<Past, String> {
        let cannot = |error| format!("cannot resume {}: {error}", path.display());
        let recorded = Recorded::read(&path).map_err(cannot)?;
        let failed_too = environment::text("IMP_RESUME_FAILED").is_some();
        let mut earlier = HashMap::new();
        for (row, thing, source) in recorded.things() {
            for name in &thing.names {
                let of_row = Earlier {
                    source: source.to_owned(),
                    wanted: thing.wanted.clone(),
                    is_under_way: recorded.is_under_way(row),
                };
                earlier.entry(name.clone()).or_insert(of_row);
            }
        }
        Ok(Past { recorded, path, failed_too, earlier })
    }

    /// Opens the journal to go on in it; it is required, since what it lacks would be done twice.
    pub fn open(&self) -> Result<JournalFile, CommandError> {
        let file = directory::reopen(&self.path, self.recorded.length);
        let file = file.map_err(|error| {
            CommandError::usage(format!("cannot resume {}: {error}", self.path.display()))
        })?;
        Ok(JournalFile::new(self.path.clone(), file, true))
    }

    /// The numbers of the rows that are taken up again.
    pub fn taken_up(&self) -> Vec<u64> {
        match self.recorded.rows_come_anew() {
            true => Vec::new(),
            false => self.recorded.to_do(self.failed_too),
        }
    }

    /// These rows.
    pub fn rows(&self) -> Result<Rows, CommandError> {
        let taken_up = self.taken_up();
        let mut next = 0;
        let is_taken_up = move |line: &Record| {
            let row = line.get("row").and_then(Value::as_u64);
            let is_next = row.is_some() && row == taken_up.get(next).copied();
            next += usize::from(is_next);
            is_next
        };
        let lines = self.lines("row").map_err(|error| {
            CommandError::usage(format!("cannot read {}: {error}", self.path.display()))
        })?;
        Ok(Box::new(FilteredRows { lines, is_taken_up: Box::new(is_taken_up) }))
    }

    /// What was read before the run had begun; `None` if nothing was.
    pub fn given(&self) -> Option<Rows> {
        let mut lines = self.lines("given").ok()?.peekable();
        lines.peek()?;
        Some(Box::new(lines.map(|line| line.map(item))))
    }

    /// The lines of a type.
    fn lines(&self, kind: &'static str) -> std::io::Result<Lines> {
        let file = BufReader::new(File::open(&self.path)?.take(self.recorded.length));
        let parsed = file.split(b'\n').map(|line| {
            let line = line.map_err(|error| ReadError::new("the journal", &error))?;
            // That one cannot be read is told in the end.
            Ok(serde_json::from_slice::<Record>(&line).unwrap_or_default())
        });
        let is_kind = move |line: &Result<Record, ReadError>| match line {
            Ok(line) => line.get("type").and_then(Value::as_str) == Some(kind),
            Err(_) => true,
        };
        Ok(Box::new(parsed.filter(is_kind)))
    }

    /// What was done to this thing.
    pub fn earlier(&self, thing: &Thing) -> Option<&Earlier> {
        thing.names.iter().find_map(|name| self.earlier.get(name))
    }

    /// What names the first thing to which something was done.
    pub fn first_thing(&self) -> Option<&str> {
        let (_, thing, _) = self.recorded.things().next()?;
        thing.names.first().map(String::as_str)
    }
}

type Lines = Box<dyn Iterator<Item = Result<Record, ReadError>> + Send>;

struct FilteredRows {
    lines: Lines,
    is_taken_up: Box<dyn FnMut(&Record) -> bool + Send>,
}

impl Iterator for FilteredRows {
    type Item = Result<Item, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.lines.next()? {
                Ok(line) if (self.is_taken_up)(&line) => return Some(Ok(item(line))),
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The row of a line.
fn item(mut line: Record) -> Item {
    let source = line.get("source").and_then(Value::as_str).unwrap_or_default().to_owned();
    let record = line.record("input").unwrap_or_default();
    match line.remove("error").map(serde_json::from_value) {
        Some(Ok(failure)) => Item::Bad(BadRow { failure, input: record, source }),
        _ => Item::Row(Row { record, source }),
    }
}

/// How a run is resumed: the words of its command that are given again, and the options that are not kept.
pub fn command_of(header: &recorded::Header) -> (Vec<String>, Vec<String>) {
    super::command::to_give_again(&header.command)
}

fn past() -> Option<Arc<Past>> {
    journal()?.past.clone()
}

/// Whether rows of a resumed run may be missing: its input had not been read to its end.
pub(crate) fn lacks_rows() -> bool {
    let past = past();
    past.is_some_and(|past| !past.recorded.was_read && !past.recorded.rows_come_anew())
}

/// Whether this run goes on with rows that are in its journal.
///
/// # Errors
/// Exit 2 when its journal cannot be read.
pub fn has_rows() -> Result<bool, CommandError> {
    Ok(resumed()?.is_some_and(|past| !past.recorded.rows_come_anew()))
}

/// A sentence about lines in the journal of a resumed run that cannot be read, if there are any.
pub(crate) fn damage() -> Option<String> {
    past()?.recorded.damage()
}

/// What was done to a thing before this run was resumed.
pub(crate) fn earlier(thing: &Thing) -> Option<Earlier> {
    current::note_thing(thing);
    let earlier = past()?.earlier(thing)?.clone();
    if earlier.is_under_way {
        current::note_under_way();
    }
    Some(earlier)
}

/// Whether things have to be told apart, which costs a digest for each.
pub(crate) fn notes_things() -> bool {
    journal().is_some()
}

/// What names the first thing that was done before this run was resumed.
pub fn first_thing() -> Option<String> {
    past()?.first_thing().map(str::to_owned)
}

/// Whether the row with this number was under way when the run was interrupted.
pub fn is_under_way(row: u64) -> bool {
    let past = past();
    past.is_some_and(|past| past.recorded.is_under_way(row))
}

/// How much a run had changed when it was interrupted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ChangedBefore {
    /// Rows that it changed or may have changed.
    pub rows: u64,
    /// Rows that are not taken up again.
    pub not_taken_up: u64,
}

/// How much was changed before this run was resumed.
pub(crate) fn changed_before() -> ChangedBefore {
    let Some(past) = journal().and_then(|journal| journal.past.clone()) else {
        return ChangedBefore::default();
    };
    let not_taken_up = past.recorded.rows() - past.taken_up().len() as u64;
    ChangedBefore { rows: past.recorded.changed(), not_taken_up }
}

/// Whether the row that is reported as this, counted from 0, is one of those that may have been changed.
pub(crate) fn is_counted(index: u64) -> bool {
    journal().is_some_and(|journal| is_under_way(journal.number(index)))
}

/// How many rows failed before this run was resumed, and are not taken up again.
pub(crate) fn failed_before() -> u64 {
    let past = past().filter(|past| !past.failed_too && !past.recorded.rows_come_anew());
    let failed = [RowState::Failed, RowState::Unknown];
    past.map_or(0, |past| failed.map(|state| past.recorded.count(state)).iter().sum())
}

/// Whether this run goes on where one was interrupted.
pub fn goes_on() -> bool {
    journal().is_some_and(|journal| journal.past.is_some())
}

/// What was told of a row before this run was resumed.
pub enum ToldBefore {
    /// It, or a part of it, was done, or was so already.
    Done(Outcome, Effect),
    /// It failed.
    Failed(Failure),
}

/// Gives what was told of each row before this run was resumed: its number, how it was read, and what became of it.
pub fn each_told_before(each: impl FnMut(u64, &Row, ToldBefore)) {
    if let Some(past) = past() {
        each_told(&past.path, past.recorded.length, each);
    }
}

/// Gives the same of the rows of a journal, within its first `length` bytes.
pub fn each_told(path: &Path, length: u64, mut each: impl FnMut(u64, &Row, ToldBefore)) {
    let mut rows: HashMap<u64, Row> = HashMap::new();
    let take = |line: Option<Record>| {
        let Some(line) = line else { return };
        let Some(number) = line.get("row").and_then(Value::as_u64) else { return };
        if line.contains_key("input") {
            if let Item::Row(row) = item(line) {
                rows.insert(number, row);
            }
        } else if let Some((row, told)) = rows.get(&number).zip(told(&line)) {
            each(number, row, told);
        }
    };
    // It could be read before.
    let _length = recorded::each_line(path, length, take);
}

/// What a line tells of its row; `None` if that may still have become something else.
fn told(line: &Record) -> Option<ToldBefore> {
    if line.get("type").and_then(Value::as_str) == Some("failed") {
        let failure = serde_json::from_value(line.get("error")?.clone()).ok()?;
        return Some(ToldBefore::Failed(failure));
    }
    let change = Change::of_record(line).ok()?;
    // A restart that followed is told of the row besides.
    let is_more = change.effect.is_action() && line.contains_key("partly");
    if is_more {
        return None;
    }
    let outcome = Outcome::of_word(&change.outcome).unwrap_or(Outcome::Updated);
    Some(ToldBefore::Done(outcome, change.effect))
}

/// Gives what may have been done before this run was resumed to rows of which it is not noted what became of them, by
/// their numbers.
pub fn each_perhaps_done_before(mut each: impl FnMut(u64, &Effect)) {
    let past = past();
    let perhaps = past.iter().flat_map(|past| past.recorded.perhaps_done());
    perhaps.for_each(|(row, effect)| each(row, &effect));
}

/// What was noted with [`super::note_step`] before this run was resumed.
pub fn steps() -> Vec<Record> {
    let lines = past().and_then(|past| past.lines("step").ok());
    lines.into_iter().flatten().filter_map(Result::ok).collect()
}

/// What this run made before it was resumed was made since then, by the clock of the service, which may differ a
/// little from ours.
pub(crate) fn made_since() -> Option<String> {
    directory::a_little_before(&past()?.recorded.header.at)
}
