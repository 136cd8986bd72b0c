//! Verbs that do something with each row: read it, work on it, report it, in input order.
//!
//! Careful about when: verbs that change membership or existence read their input to its end before
//! the first write, because the lists that feed them are paged over live data. And about the end of a
//! run, whatever brings it about: rows that were not attempted are reported as such.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use model::{ErrorKind, Record};
use pipe::engine::{self, Done};
use pipe::{Failure, Item, ReadError, Row};

use crate::args::Changes;
use crate::command_error::{CommandError, failure};
use crate::consent::Ask;
use crate::guards::Guards;
use crate::journal::{self, Thing};
use crate::rows::ahead;
use crate::rows::outcome::{Outcome, RowDone, RowResult, SAME_AS, from_dry_run, run_ended};
use crate::rows::results::Results;
use crate::rows::source::{RowArgs, Rows};
use crate::session::Session;
use crate::{Result, consent};

/// What a verb works on, and how.
#[derive(Clone, Copy, Debug)]
pub struct RowJob<'a> {
    /// The rows.
    pub args: RowArgs<'a>,
    /// The flags of verbs that change something; `None` for those that only read.
    pub changes: Option<Changes>,
    /// Read everything before the first write.
    pub all_first: bool,
    /// What to ask before it is done: `delete`.
    pub ask: Option<Ask>,
    /// One row after the other, because later rows may need what earlier ones make.
    pub in_turn: bool,
}

impl<'a> RowJob<'a> {
    /// A verb that only reads.
    pub fn reading(args: RowArgs<'a>) -> Self {
        RowJob { args, changes: None, all_first: false, ask: None, in_turn: false }
    }

    /// A verb that changes attributes.
    pub fn changing(args: RowArgs<'a>, changes: Changes) -> Self {
        RowJob { args, changes: Some(changes), all_first: false, ask: None, in_turn: false }
    }

    /// A verb that deletes, and asks first.
    pub fn deleting(args: RowArgs<'a>, changes: Changes, ask: Ask) -> Self {
        RowJob { args, changes: Some(changes), all_first: true, ask: Some(ask), in_turn: false }
    }

    /// The same for a verb that asks something before it begins.
    #[must_use]
    pub fn asking(self, ask: Ask) -> Self {
        RowJob { ask: Some(ask), ..self }
    }

    /// Whether it is a dry run.
    pub fn is_dry_run(&self) -> bool {
        self.changes.is_some_and(|changes| changes.dry_run)
    }

    /// What has to be asked before it is done, and was not confirmed with a flag.
    pub fn question(&self) -> Option<Ask> {
        self.ask.filter(|ask| ask.is_open() && !self.is_dry_run())
    }

    /// Ends the command when consent is needed and there is nobody to ask for it.
    ///
    /// # Errors
    /// Exit 2; nothing has been sent or read.
    pub fn can_be_asked(&self) -> std::result::Result<(), CommandError> {
        let to_do = |ask: Ask| format!("{} {}s", ask.verb, self.args.source.noun);
        self.question().map_or(Ok(()), |ask| consent::can_be_asked(&to_do(ask)))
    }
}

/// Does `act` to each row of the job, several at once, and reports them in their order.
///
/// # Errors
/// What keeps the run from starting; a failed row is no error.
pub fn each(session: &Session, job: &RowJob<'_>, act: impl Fn(&Row) -> RowResult + Sync) -> Result {
    let rows = || job.args.source.rows(&session.inputs);
    Ok(carry_out(session, job, rows, act)?.finish())
}

/// The same with rows that come from elsewhere, a list of the service for example; and the run may go on.
///
/// # Errors
/// As [`each`].
pub fn carry_out<'a>(
    session: &'a Session,
    job: &RowJob<'_>,
    rows: impl FnOnce() -> std::result::Result<Rows, CommandError>,
    act: impl Fn(&Row) -> RowResult + Sync,
) -> std::result::Result<Results<'a>, CommandError> {
    let writes = job.changes.is_some();
    job.can_be_asked()?;
    let guarded = job.changes.filter(|changes| !changes.dry_run);
    guarded.map_or(Ok(()), |_| session.guards.may_change())?;
    let mut results = Results::open(session, job.args, job.changes)?;
    results.expect_rows(job.args.source.number_of_rows());
    let mut rows = rows()?;
    if writes {
        rows = ahead::read(session, job, rows, &mut results);
    }
    if let Some(changes) = job.changes {
        session.guards.count_rows(changes.max_changes, results.expected());
    }
    let act = |row: &Row| {
        if writes && !job.is_dry_run() && row.is_dry_run() {
            return Err(from_dry_run());
        }
        if let Some(answered) = journal::answered_before() {
            return answered;
        }
        let worked = with_past(job, row, act(row));
        journal::note_answered(&worked);
        if job.is_dry_run() { foreseen(session, worked) } else { worked }
    };
    let jobs = if job.in_turn { 1 } else { usize::from(session.common.jobs) };
    each_row(session, &mut results, jobs, rows, act, |results, done, row| match &done.page {
        Some(page) => results.shown(page),
        None => report(session, job, results, done.told(&row.source), row),
    });
    Ok(results)
}

/// A row of a dry run, which fails where a guard would refuse what it changes.
fn foreseen(session: &Session, worked: RowResult) -> RowResult {
    let done = worked?;
    if done.outcome != Some(Outcome::Unchanged) {
        session.guards.foresee(&done.effects).map_err(failure)?;
    }
    Ok(done)
}

/// Reports a row that was done. In a dry run it fails if it would be one too many.
fn report(
    session: &Session,
    job: &RowJob<'_>,
    results: &mut Results<'_>,
    done: RowDone,
    row: &Row,
) -> bool {
    let changes = job.is_dry_run() && done.outcome != Some(Outcome::Unchanged);
    match if changes { session.guards.foresee_row() } else { Ok(()) } {
        Ok(()) => results.good(done, &row.source),
        Err(error) => {
            results.bad(&failure(error), &row.record, &row.source);
            true
        }
    }
}

/// Works on rows in parallel and hands what came of them to `report`, in their order, until that says
/// that nobody wants more. A row that fails, and one that is not attempted because the run is over, is
/// reported here. Not one is dropped.
pub fn each_row<T: Send>(
    session: &Session,
    results: &mut Results<'_>,
    jobs: usize,
    rows: Rows,
    work: impl Fn(&Row) -> std::result::Result<T, Failure> + Sync,
    mut report: impl FnMut(&mut Results<'_>, T, &Row) -> bool,
) {
    results.show_progress();
    let over = AtomicBool::new(results.is_over());
    let first = results.reported();
    let work = |item, index| match item {
        Ok(Item::Row(row)) => {
            let work = || unless_over(&over, || work(&row));
            let (worked, thing) = journal::working_on(journal::numbers([index]), work);
            Worked::Row(worked, row, thing)
        }
        other => Worked::Not(other),
    };
    engine::ordered(
        jobs,
        &session.stop,
        rows.zip(first..),
        |(item, index)| work(item, index),
        |done| {
            session.learn_account();
            results.show_progress();
            let wanted = match done {
                Done::Worked(Worked::Row(Ok(worked), row, thing)) => {
                    results.note_thing(thing);
                    report(results, worked, &row)
                }
                Done::Worked(Worked::Row(Err(failure), row, _)) => {
                    results.bad(&failure, &row.record, &row.source);
                    true
                }
                Done::Worked(Worked::Not(item)) | Done::NotAttempted((item, _)) => {
                    results.not_attempted(item);
                    true
                }
            };
            over.fetch_or(results.is_over(), Ordering::Relaxed);
            if wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        },
    );
}

/// Works on a row unless the run is over, which it may be then.
fn unless_over<T>(
    over: &AtomicBool,
    work: impl FnOnce() -> std::result::Result<T, Failure>,
) -> std::result::Result<T, Failure> {
    if over.load(Ordering::Relaxed) {
        return Err(run_ended());
    }
    Guards::begin_row();
    let worked = work();
    if worked.as_ref().is_err_and(|failure| failure.ends_run()) {
        over.store(true, Ordering::Relaxed);
    }
    worked
}

/// What became of a row of a run that goes on, where that says more than what came of it now.
fn with_past(job: &RowJob<'_>, row: &Row, worked: RowResult) -> RowResult {
    if let Some(source) = journal::repeated() {
        let mut done = RowDone::changed(row, Record::new(), Outcome::Unchanged);
        done.record.insert(SAME_AS, source.into());
        return Ok(done);
    }
    match (worked, job.ask.map(|ask| ask.verb)) {
        // It is gone: the request of the run that was interrupted was carried out.
        (Err(failure), Some(verb @ ("delete" | "remove")))
            if failure.kind == ErrorKind::NotFound && journal::was_under_way() =>
        {
            let outcome = if verb == "delete" { Outcome::Deleted } else { Outcome::Removed };
            Ok(RowDone::changed(row, Record::new(), outcome))
        }
        (worked, _) => worked,
    }
}

enum Worked<T> {
    Row(std::result::Result<T, Failure>, Row, Option<Thing>),
    /// A bad row, or the end of a source that cannot be read.
    Not(std::result::Result<Item, ReadError>),
}
