//! Verbs that do something with each row: read it, work on it, report it, in input order.
//!
//! Careful about when: verbs that change membership or existence read their input to its end before
//! the first write, because the lists that feed them are paged over live data. And about consent: what
//! deletes is asked for on the terminal, with numbers and names, unless `--confirmed`.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use pipe::engine::{self, Done};
use pipe::spool::Spool;
use pipe::{Failure, Item, Kind, ReadError, Record, Row};

use crate::flags::Changes;
use crate::input::{Given, Rows};
use crate::results::{Results, label};
use crate::session::Session;
use crate::stop::Stop;
use crate::{Exit, Result, console, prompt};

/// What was done to a record; the word in its `outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Outcome {
    Created,
    Updated,
    Deleted,
    Assigned,
    Unassigned,
    Restarted,
    Removed,
    Unchanged,
}

impl Outcome {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Created => "created",
            Outcome::Updated => "updated",
            Outcome::Deleted => "deleted",
            Outcome::Assigned => "assigned",
            Outcome::Unassigned => "unassigned",
            Outcome::Restarted => "restarted",
            Outcome::Removed => "removed",
            Outcome::Unchanged => "unchanged",
        }
    }
}

/// A row that was worked on.
#[derive(Clone, Debug)]
pub struct Acted {
    /// The record to print.
    pub record: Record,
    /// What was done; `None` for verbs that only read.
    pub outcome: Option<Outcome>,
}

impl Acted {
    /// For a dry run: what would have been created.
    pub fn created(kind: &str, attributes: Record) -> Self {
        let mut record = Record::from_iter([("type".to_owned(), kind.into())]);
        record.extend(attributes);
        Acted { record, outcome: Some(Outcome::Created) }
    }

    /// For verbs that only read.
    pub fn read(record: Record) -> Self {
        Acted { record, outcome: None }
    }

    /// The row's record with what is known to have changed, marks of earlier runs taken off.
    pub fn changed(row: &Row, changes: Record, outcome: Outcome) -> Self {
        let mut record = row.record.clone();
        record.retain(|name, _| name != "outcome" && name != "dry_run");
        // A record that begins as nothing but an identifier gets the order of the service's.
        let record = if record.contains_key("type") || !changes.contains_key("type") {
            record.extend(changes);
            record
        } else {
            let own = record
                .into_iter()
                .filter(|(name, _)| !changes.contains_key(name))
                .collect::<Vec<_>>();
            changes.into_iter().chain(own).collect()
        };
        Acted { record, outcome: Some(outcome) }
    }
}

/// What became of one row.
pub type Acting = std::result::Result<Acted, Failure>;

/// What a verb works on, and how.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    /// The rows.
    pub given: Given<'a>,
    /// The flags of verbs that change something; `None` for those that only read.
    pub changes: Option<Changes>,
    /// Read everything before the first write.
    pub all_first: bool,
    /// What to ask before it is done: `delete`.
    pub ask: Option<Ask>,
    /// One row after the other, because later rows may need what earlier ones make.
    pub in_turn: bool,
}

/// A question before the work.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// The verb, as in "delete 3 products".
    pub verb: &'static str,
    /// `--confirmed` was given.
    pub confirmed: bool,
}

impl<'a> Work<'a> {
    /// A verb that only reads.
    pub fn reading(given: Given<'a>) -> Self {
        Work { given, changes: None, all_first: false, ask: None, in_turn: false }
    }

    /// A verb that changes attributes.
    pub fn changing(given: Given<'a>, changes: Changes) -> Self {
        Work { given, changes: Some(changes), all_first: false, ask: None, in_turn: false }
    }

    /// A verb that deletes, and asks first.
    pub fn deleting(given: Given<'a>, changes: Changes, ask: Ask) -> Self {
        Work { given, changes: Some(changes), all_first: true, ask: Some(ask), in_turn: false }
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        self.changes.is_some_and(|changes| changes.dry_run)
    }
}

impl Session {
    /// Does `act` to each row, several at once, and reports them in their order.
    ///
    /// # Errors
    /// What keeps the run from starting or its results from being written; a failed row is no error.
    pub fn each(&self, work: &Work<'_>, act: impl Fn(&Row) -> Acting + Sync) -> Result {
        self.each_of(work, || work.given.rows(&self.stop), act)
    }

    /// The same with rows that come from elsewhere, a list of the service for example.
    ///
    /// # Errors
    /// As [`Session::each`].
    pub fn each_of(
        &self,
        work: &Work<'_>,
        rows: impl FnOnce() -> std::result::Result<Rows, Stop>,
        act: impl Fn(&Row) -> Acting + Sync,
    ) -> Result {
        let writes = work.changes.is_some();
        can_be_asked(work)?;
        let mut results = Results::open(self, work.given, writes, work.is_dry_run())?;
        let rows = rows()?;
        let rows = if work.all_first { self.read_all(work, rows)? } else { rows };
        let ended = AtomicBool::new(false);
        let act = |row: &Row| {
            if ended.load(Ordering::Relaxed) {
                return Err(run_ended());
            }
            let acted = if writes && !work.is_dry_run() && row.is_dry_run() {
                Err(from_dry_run())
            } else {
                act(row)
            };
            if acted.as_ref().is_err_and(|failure| failure.kind.ends_run()) {
                ended.store(true, Ordering::Relaxed);
            }
            acted
        };
        let mut broken: Option<Stop> = None;
        engine::ordered(
            if work.in_turn { 1 } else { usize::from(self.common.jobs) },
            &self.stop,
            rows,
            |item| match item {
                Ok(Item::Row(row)) => Worked::Row(act(&row), row),
                other => Worked::Not(other),
            },
            |done| match self.take(&mut results, done) {
                Ok(true) => ControlFlow::Continue(()),
                Ok(false) => ControlFlow::Break(()),
                Err(stop) => {
                    broken = Some(stop);
                    ControlFlow::Break(())
                }
            },
        );
        self.end(results, broken)
    }

    /// Ends a run of rows, whatever broke it off.
    pub(crate) fn end(&self, mut results: Results<'_>, broken: Option<Stop>) -> Result {
        if let Some(stop) = broken {
            if let Some(message) = &stop.message {
                console::say(message);
            }
            results.note(stop.exit);
        }
        results.finish()
    }

    fn take(
        &self,
        results: &mut Results<'_>,
        done: Done<std::result::Result<Item, ReadError>, Worked>,
    ) -> std::result::Result<bool, Stop> {
        self.keep_company();
        results.show_progress();
        match done {
            Done::Worked(Worked::Row(Ok(acted), _)) => {
                return results.good(acted.record, acted.outcome);
            }
            Done::Worked(Worked::Row(Err(failure), row)) => {
                results.bad(&failure, &row.record, &row.source)?;
            }
            Done::Worked(Worked::Not(item)) | Done::NotAttempted(item) => match item? {
                Item::Row(row) => results.bad(&interrupted(), &row.record, &row.source)?,
                Item::Bad(bad) => results.bad(&bad.failure, &bad.input, &bad.source)?,
            },
        }
        Ok(true)
    }

    /// Reads all rows, and asks whether to go on where that is to be asked.
    fn read_all(&self, work: &Work<'_>, rows: Rows) -> std::result::Result<Rows, Stop> {
        let mut spool = Spool::new();
        let mut first = Vec::new();
        let mut total = 0u64;
        for item in rows {
            let item = item?;
            if let Item::Row(row) = &item {
                total += 1;
                if first.len() < 20 {
                    let label = label(&row.record, work.given.noun);
                    first.push(label.unwrap_or_else(|| row.source.clone()));
                }
            }
            spool
                .push(&item)
                .map_err(|error| Stop::usage(format!("cannot keep the rows: {error}")))?;
        }
        if let (Some(ask), true, false) =
            (work.ask, total > 0, work.is_dry_run() || self.is_stopped())
        {
            self.ask_or_stop(&ask, work.given.noun, total, &first)?;
        }
        let rows = spool.read();
        Ok(Box::new(
            rows.map(|row| row.map_err(|error| ReadError::new("rows that waited", &error))),
        ))
    }

    /// [`Session::ask`], where Ctrl-C is an answer that leaves the rows to the run: it is stopped, and
    /// reports each of them as not attempted.
    pub(crate) fn ask_or_stop(
        &self,
        ask: &Ask,
        noun: &str,
        total: u64,
        first: &[String],
    ) -> std::result::Result<(), Stop> {
        self.ask(ask, noun, total, first)
            .or_else(|stop| self.is_stopped().then_some(()).ok_or(stop))
    }

    /// Asks on the terminal before something is taken away; without a terminal `--confirmed` is needed.
    ///
    /// # Errors
    /// Exit 2 without consent; nothing has been sent.
    pub fn ask(
        &self,
        ask: &Ask,
        noun: &str,
        total: u64,
        first: &[String],
    ) -> std::result::Result<(), Stop> {
        if ask.confirmed {
            return Ok(());
        }
        let plural = if total == 1 { "" } else { "s" };
        let what = format!("{} {total} {noun}{plural}", ask.verb);
        if !prompt::is_possible() {
            return Err(Stop::usage(format!(
                "this would {what}; there is no terminal to ask on, so nothing was done: add --confirmed"
            )));
        }
        let more = total.saturating_sub(first.len() as u64);
        let mut text =
            format!("This will {what} of {}:\n  {}", self.whereabouts(), first.join("\n  "));
        if more > 0 {
            text.push_str(&format!("\n  … and {more} more"));
        }
        if prompt::confirm(&text)? {
            return Ok(());
        }
        Err(Stop {
            exit: Exit::CouldNotRun,
            message: Some("not confirmed; nothing was done".into()),
        })
    }
}

/// Consent that cannot be asked for ends the command at once: a script should fail when it is written,
/// not in the night when the first row comes.
fn can_be_asked(work: &Work<'_>) -> std::result::Result<(), Stop> {
    match work.ask.filter(|ask| !ask.confirmed && !work.is_dry_run()) {
        Some(ask) if !prompt::is_possible() => Err(Stop::usage(format!(
            "there is no terminal to ask on, so nothing was done: add --confirmed to {} {}s",
            ask.verb, work.given.noun
        ))),
        _ => Ok(()),
    }
}

enum Worked {
    Row(Acting, Row),
    /// A bad row, or the end of a source that cannot be read.
    Not(std::result::Result<Item, ReadError>),
}

pub(crate) fn from_dry_run() -> Failure {
    Failure::new(Kind::BadInput, "This record comes from a dry run")
        .detail("nothing was done to it; run the command before without --dry-run")
}

pub(crate) fn run_ended() -> Failure {
    Failure::not_attempted("the run ended before this row")
}

pub(crate) fn interrupted() -> Failure {
    Failure::not_attempted("the run was interrupted before this row")
}
