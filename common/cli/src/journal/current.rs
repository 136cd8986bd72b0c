//! The rows that a thread works on: a request that changes something is theirs.

use std::cell::RefCell;

use model::{Effect, Record};
use serde::{Deserialize, Serialize};

use super::transfers::Transfers;
use crate::rows::Outcome;

/// What a row does something to, for telling that another row means the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thing {
    /// All that it is called.
    pub names: Vec<String>,
    /// A digest of what is wanted of it.
    pub wanted: String,
}

impl Thing {
    /// The thing of these names, of which `wanted` is wanted.
    pub(crate) fn new(names: &[&str], wanted: &Record) -> Self {
        let wanted = wanted.meaning();
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Thing { names, wanted: auth::digest(&[wanted.as_bytes()])[..16].to_owned() }
    }
}

/// What is going to be done to rows.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub outcome: Outcome,
    pub changes: Changes,
}

/// The changes that that makes.
#[derive(Clone, Debug)]
pub(crate) enum Changes {
    /// One for each row, or all those of one row.
    Effects(Vec<Effect>),
    /// The device of each row goes from one group to another.
    Transfers(Transfers),
}

#[derive(Default)]
struct Current {
    rows: Vec<u64>,
    planned: Option<Planned>,
    /// That it is under way has been noted, as far as it is planned.
    started: bool,
    /// Something may have been sent for it.
    was_sent: bool,
    thing: Option<Thing>,
    /// It was under way when the run that is resumed was interrupted.
    under_way: bool,
    /// It means what the row from there meant, which was done before the run was interrupted.
    repeats: Option<String>,
}

thread_local! {
    static CURRENT: RefCell<Current> = RefCell::default();
}

/// Works on rows: what is sent meanwhile by this thread is theirs. Gives as well what it was done to.
pub fn working_on<T>(rows: Vec<u64>, work: impl FnOnce() -> T) -> (T, Option<Thing>) {
    let under_way = rows.iter().any(|row| super::is_under_way(*row));
    CURRENT.set(Current { rows, under_way, ..Current::default() });
    let worked = work();
    (worked, CURRENT.take().thing)
}

/// The rows of this thread, if that they are under way has not been noted.
pub(super) fn take_unstarted() -> Option<(Vec<u64>, Option<Thing>, Option<Planned>)> {
    CURRENT.with_borrow_mut(|current| {
        let is_new = !current.started && !current.rows.is_empty();
        (current.started, current.was_sent) = (true, true);
        is_new.then(|| (current.rows.clone(), current.thing.clone(), current.planned.take()))
    })
}

/// The row of this thread and what it is about, once something has been sent for it.
pub(super) fn started() -> Option<(u64, Option<Thing>)> {
    CURRENT.with_borrow(|current| match current.rows[..] {
        [row, ..] if current.was_sent => Some((row, current.thing.clone())),
        _ => None,
    })
}

/// The row of this thread: the first, where others come with it.
pub(super) fn row() -> Option<u64> {
    CURRENT.with_borrow(|current| current.rows.first().copied())
}

/// Notes what is going to be done to the rows of this thread next: an effect for each, or all those of the one
/// row. When it is under way, and the run that goes on finds it done, then this is what was done.
pub fn plan(outcome: Outcome, effects: Vec<Effect>) {
    CURRENT.with_borrow_mut(|current| {
        current.planned = Some(Planned { outcome, changes: Changes::Effects(effects) });
        current.started = false;
    });
}

/// The same of devices that go from one group to another, one for each row.
pub fn plan_transfers(outcome: Outcome, transfers: Transfers) {
    CURRENT.with_borrow_mut(|current| {
        current.planned = Some(Planned { outcome, changes: Changes::Transfers(transfers) });
        current.started = false;
    });
}

pub(super) fn note_thing(thing: &Thing) {
    CURRENT.with_borrow_mut(|current| current.thing = Some(thing.clone()));
}

pub(super) fn note_under_way() {
    CURRENT.with_borrow_mut(|current| current.under_way = true);
}

/// Notes that the row means what that from `source` meant, which has been done.
pub(crate) fn repeats(source: &str) {
    CURRENT.with_borrow_mut(|current| current.repeats = Some(source.to_owned()));
}

/// Where the row came from which did what this one means.
pub(crate) fn repeated() -> Option<String> {
    CURRENT.with_borrow(|current| current.repeats.clone())
}

/// Whether this row was under way when the run that is resumed was interrupted: it may have been done.
pub fn was_under_way() -> bool {
    CURRENT.with_borrow(|current| current.under_way)
}
