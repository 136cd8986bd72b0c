//! The journal: what a run that changes something is going to do, is doing and has done, in one file.
//!
//! Careful about order. All rows are in the file before the first of them is written; which rows are under
//! way is on the disk before their request leaves; and what became of a row is in the file before it is
//! printed. So whatever ends the run, power included, the file says of every row whether it was done, was not
//! begun, or may have been done. A run that is resumed goes on in the same file.

mod answer;
mod begin;
mod command;
mod current;
mod directory;
mod file;
mod interrupted;
mod lines;
mod past;
pub mod recorded;
mod told;
mod transfers;

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use model::{Effect, ErrorKind, Record};
use pipe::Item;
use serde_json::json;
use simulated::PerRun;

use crate::Exit;
use crate::command_error::CommandError;
use crate::rows::source::Rows;
use crate::rows::{Outcome, RowResult};
use crate::terminal::environment;
use crate::terminal::interruptible::Inputs;

pub(crate) use begin::begin;
pub use begin::is_of_this_account;
pub(crate) use command::{credentials, of_verb, secrets, without_secrets};
use current::{Changes, Planned};
pub use current::{Thing, plan, plan_transfers, was_under_way, working_on};
pub(crate) use current::{repeated, repeats};
pub use directory::{Left, all, find, forget, is_held, left, run_of, time_stamp};
use file::JournalFile;
use lines::write_row;
use past::Past;
pub use past::{
    ToldBefore, command_of, each_perhaps_done_before, each_told, each_told_before, first_thing,
    goes_on, has_rows, is_under_way, steps,
};
pub(crate) use past::{
    changed_before, damage, earlier, failed_before, is_counted, lacks_rows, made_since,
    notes_things,
};
pub use recorded::{BACK, BACK_TO, IN_DOUBT, TAKES_BACK, UNDOES};
pub(crate) use told::{Told, note_told};
pub use told::{note_answered, note_answered_of, note_more, note_part, note_part_of};
pub use transfers::Transfers;

/// The journal of this run; nothing inside when it has none.
static RUN: PerRun<OnceLock<Option<Arc<Journal>>>> = PerRun::new(OnceLock::new);

/// What was read from stdin before the run was known to change something: the groups of `--dg -`.
static GIVEN: PerRun<Mutex<Vec<Item>>> = PerRun::new(Mutex::default);

/// The journal of a run under way.
struct Journal {
    file: JournalFile,
    run: String,
    /// Numbers of the rows that a resumed run takes up again, in their order.
    taken_up: Vec<u64>,
    /// The number of the first row that is new.
    first_new: u64,
    /// Rows that have come so far.
    come: AtomicU64,
    /// The rows are those of the input, or of a journal.
    rows_are_given: AtomicBool,
    /// Its rows are secrets, which are not kept.
    hides_rows: bool,
    had_account: bool,
    /// A request that changes something may have left.
    has_started: AtomicBool,
    past: Option<Arc<Past>>,
    /// What has been told of rows before the rest of what they ask for was done.
    parts: Mutex<HashMap<u64, Vec<Effect>>>,
    ended: OnceLock<()>,
}

/// The journal of a run that is still open.
fn journal() -> Option<Arc<Journal>> {
    RUN.get().get()?.clone()
}

/// Keeps no journal of this run: it changes nothing.
pub fn none() {
    RUN.get().get_or_init(|| None);
}

/// The rows that are to be taken up again, when this run is one that goes on. Who asks has all rows noted before
/// anything is done.
///
/// # Errors
/// Inside, where they cannot be read.
pub fn rows_taken_up() -> Option<Result<Rows, CommandError>> {
    let journal = journal()?;
    journal.rows_are_given.store(true, Ordering::Relaxed);
    Some(journal.past.as_ref()?.rows())
}

/// Whether it is not known yet whether this run changes something.
pub(crate) fn may_begin() -> bool {
    RUN.get().get().is_none()
}

/// What was given to the run that is resumed, to name something else than its rows.
///
/// # Errors
/// Inside, where it cannot be read.
pub fn given_before() -> Option<Result<Rows, CommandError>> {
    past::resumed().map(|past| past.and_then(|past| past.given())).transpose()
}

/// Keeps what names something else than the rows.
pub fn note_given(item: &Item) {
    match RUN.get().get() {
        None => with_given(|given| given.push(item.clone())),
        Some(Some(journal)) => journal.append_given(item),
        Some(None) => {}
    }
}

fn with_given<T>(act: impl FnOnce(&mut Vec<Item>) -> T) -> T {
    act(&mut GIVEN.get().lock().unwrap_or_else(PoisonError::into_inner))
}

/// Notes the next row that has come, before it is worked on.
pub fn note_item(item: &Item) {
    let Some(journal) = journal() else { return };
    let index = journal.come.fetch_add(1, Ordering::Relaxed);
    if (index as usize) < journal.taken_up.len() {
        return;
    }
    if index == 0 && !journal.rows_are_given.load(Ordering::Relaxed) {
        journal.file.append([json!({"type": "listed"})]);
    }
    let kind = ("row", Some(journal.number(index)));
    journal.file.append_text(|text| write_row(kind, item, journal.hides_rows, text));
}

/// Notes that the input has ended, so that all rows are in the journal.
pub fn note_end_of_input(inputs: &Inputs) {
    let Some(journal) = journal() else { return };
    if !inputs.were_cut_short() && !inputs.may_have_more() && !inputs.are_stopped() {
        let rows = journal.come.load(Ordering::Relaxed);
        journal.file.append([json!({"type": "read", "rows": rows})]);
    }
}

/// Notes how far a run has come that is more than its rows, for the run that goes on: see [`steps`]. It is on the
/// disk before the next request that changes something.
pub fn note_step(step: &Record) {
    let Some(journal) = journal() else { return };
    let mut line = step.clone();
    line.insert_text("type", "step");
    journal.file.append([line]);
    journal.file.want_sync();
    let _shown_later = journal.file.flush();
}

/// Hands to the system what has been noted.
///
/// # Errors
/// In words, when the journal cannot be written and has to be.
pub(crate) fn flush() -> Result<(), String> {
    journal().map_or(Ok(()), |journal| journal.file.flush())
}

/// The numbers of the rows that are reported as these, counted from 0.
pub fn numbers(indices: impl IntoIterator<Item = u64>) -> Vec<u64> {
    let number = |index| journal().map_or(index + 1, |journal| journal.number(index));
    indices.into_iter().map(number).collect()
}

/// Notes what is going to be done, in several requests and perhaps by several threads, to the row that is reported
/// as this, counted from 0.
pub fn note_started(index: u64, outcome: Outcome, effects: &[Effect]) {
    if let Some(journal) = journal() {
        let planned = Planned { outcome, changes: Changes::Effects(effects.to_vec()) };
        journal.start(&[journal.number(index)], None, Some(&planned));
    }
}

/// Asked by the client before each request that changes something: what is under way is on the disk then.
///
/// # Errors
/// The journal cannot be written and has to be.
pub(crate) fn before_writing() -> Result<(), api::Error> {
    let Some(journal) = journal() else { return Ok(()) };
    if journal.past.as_ref().is_some_and(|past| past.recorded.is_undone) {
        let why = "it was not done, and its run was undone since";
        return Err(api::Error::new(ErrorKind::NotAttempted, "Not attempted").detail(why));
    }
    if let Some((rows, thing, planned)) = current::take_unstarted() {
        journal.start(&rows, thing.as_ref(), planned.as_ref());
    }
    journal.file.sync().map_err(|error| {
        api::Error::new(ErrorKind::Misconfigured, "The journal cannot be written").detail(error)
    })
}

/// Whether anything may have been done, by this run or before it was resumed.
pub fn has_started() -> bool {
    journal().is_none_or(|journal| {
        let is_touched = |past: &Arc<Past>| !past.recorded.is_untouched();
        journal.has_started.load(Ordering::Relaxed) || journal.past.as_ref().is_some_and(is_touched)
    })
}

/// The name of this run, if it has a journal.
pub fn own_run() -> Option<String> {
    Some(journal()?.run.clone())
}

/// The number of the row of this thread, if the run has a journal.
pub fn row() -> Option<u64> {
    journal().and(current::row())
}

/// How the row of this thread was answered before the run was interrupted.
pub fn answered_before() -> Option<RowResult> {
    answer::read(journal()?.past.as_ref()?.recorded.answer(current::row()?)?)
}

/// What was being done to the row that is reported as this, counted from 0, when the run was interrupted, and is
/// found done; with the changes of `now`, that were made since. `None` if nothing was being done.
pub(crate) fn with_planned(
    index: u64,
    now: &[Effect],
    record: &Record,
) -> Option<(Outcome, Vec<Effect>)> {
    let journal = journal()?;
    let (outcome, planned) = journal.past.as_ref()?.recorded.planned(journal.number(index))?;
    Some((*outcome, interrupted::with_planned(planned, now.to_vec(), record)))
}

/// What was being done by the row of this thread when the run was interrupted.
pub fn planned_before() -> Vec<Effect> {
    let planned = |journal: &Journal| {
        let (_, effects) = journal.past.as_ref()?.recorded.planned(current::row()?)?;
        Some(effects.clone())
    };
    journal().and_then(|journal| planned(&journal)).unwrap_or_default()
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Nothing was begun, because somebody or a guard said no.
    Refused,
    /// Rows are left that were not attempted.
    Early,
    /// All rows have become something, and that is not all that was to be done.
    Open,
    /// All rows have become something.
    Whole,
}

/// Ends the journal, unless that has been done. A run without rows, and one that was not to be, leaves none.
pub(crate) fn end(account: Option<auth::Account>, exit: Exit, ended: Ended) {
    let Some(journal) = journal() else { return };
    if journal.ended.set(()).is_err() {
        return;
    }
    let is_nothing = journal.come.load(Ordering::Relaxed) == 0 || ended == Ended::Refused;
    if is_nothing && journal.past.is_none() {
        journal.file.remove();
        return;
    }
    let mut line = json!({"type": "end", "exit": exit.code(), "at": directory::time_stamp()});
    if let (Some(account), false) = (account, journal.had_account) {
        line["account"] = called(account).into();
    }
    let was_left = journal.past.as_ref().is_some_and(|past| past.recorded.is_left());
    if ended == Ended::Open || (ended != Ended::Whole && was_left) {
        line["unfinished"] = true.into();
    }
    journal.file.append([line]);
    match ended {
        Ended::Early | Ended::Open => _ = journal.file.flush(),
        Ended::Refused | Ended::Whole => journal.file.finish(),
    }
}

/// What an account is called in a journal.
fn called(account: auth::Account) -> String {
    account.email.or(account.username).unwrap_or(account.id)
}

impl Journal {
    fn number(&self, index: u64) -> u64 {
        let known = usize::try_from(index).ok().and_then(|index| self.taken_up.get(index));
        known.copied().unwrap_or_else(|| self.first_new + index - self.taken_up.len() as u64)
    }

    fn append_given(&self, item: &Item) {
        self.file.append_text(|text| write_row(("given", None), item, self.hides_rows, text));
    }

    fn start(&self, rows: &[u64], thing: Option<&Thing>, planned: Option<&Planned>) {
        self.has_started.store(true, Ordering::Relaxed);
        let mut line = Record::new();
        line.insert_text("type", "started");
        line.insert_json("rows", &list_of_numbers(rows));
        if let Some(thing) = thing.filter(|_| !self.hides_rows) {
            line.insert("thing", serde_json::to_value(thing).unwrap_or_default());
        }
        if let Some(planned) = planned.filter(|_| !self.hides_rows) {
            line.insert_text("outcome", planned.outcome.word());
            match &planned.changes {
                Changes::Effects(effects) => {
                    line.insert_json("changes", &answer::changes(effects));
                }
                Changes::Transfers(transfers) => {
                    line.insert_json("transfers", &transfers.to_json());
                }
            }
        }
        self.file.append([line]);
        self.file.want_sync();
    }
}

fn list_of_numbers(numbers: &[u64]) -> String {
    let mut list = String::with_capacity(8 * numbers.len() + 2);
    for number in numbers {
        list.push(if list.is_empty() { '[' } else { ',' });
        // Writing to memory cannot fail.
        let _written = write!(list, "{number}");
    }
    list.push_str(if list.is_empty() { "[]" } else { "]" });
    list
}

/// Whether nobody wants one: then nothing is looked up that only the journal needs.
pub fn is_off() -> bool {
    environment::text("IMP_JOURNAL").is_some_and(|text| text == "off")
}
