//! `imp-change apply`, and the run that `undo` shares with it: the records are read to their end, shown and
//! agreed to, carried out in the order in which they depend on each other, and reported in their own.

mod act;
mod applied;
mod deploy;
mod devices;
mod earlier;
mod follows;
mod foreseen;
mod hooks;
mod ids;
mod moves;
mod order;
mod possible;
mod refused;
mod related;
mod restart;
mod rounds;
mod run;
mod state;
mod with_group;

use clap::Args;
use cli::consent::{self, count};
use cli::rows::results::Results;
use cli::rows::{Outcome, RowDone, SAME_AS, from_dry_run, run_ended};
use cli::terminal::prompt;
use cli::{Changes, CommandError, Input, RowArgs, Session, journal};
use model::change::CURRENT;
use model::{Change, Effect, GroupType, Secret};
use pipe::source::BadRow;
use pipe::{Item, Row};

use crate::described::line;
use crate::records::of_row;
pub use applied::carried_out_by;
use applied::settle_applied;
use earlier::earlier;
pub use order::place;
use possible::possible;
use refused::{are_of_this_account, as_many_as_expected, key_is_given, readable};
use related::{are_of_one_plan, relate};
use run::{Entry, Run, State};

/// Carry out change records
///
/// A thing that is not as its record says that it was before is left alone. Deletions are asked for.
#[derive(Args)]
pub struct Apply {
    /// Do nothing unless there are exactly this many records
    #[arg(long, value_name = "N")]
    expect: Option<usize>,
    /// Do not ask
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    key: cli::UnblessingKey,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    common: cli::Common,
}

impl Apply {
    pub fn run(&self) -> cli::Result {
        let key = self.key.key()?;
        let session = Session::open(&self.common)?;
        let args = self.input.row_args("change", "--input", &[]);
        let read = || {
            let rows = args.source.rows(&session.inputs)?;
            // Half a plan is none: what came is not told either, since the plan is still there.
            rows.map(|item| readable(item?)).collect()
        };
        let order = Order {
            changes: self.changes.into(),
            key,
            undoes: false,
            confirmed: self.confirmed,
            expect: self.expect,
        };
        carry_out(&session, args, &order, read)
    }
}

/// The outcome of a record that changed nothing.
const UNCHANGED: &str = "unchanged";

/// How changes are to be carried out.
pub struct Order {
    /// The flags of verbs that change something.
    pub changes: Changes,
    /// The unblessing key.
    pub key: Option<Secret>,
    /// They undo runs: then it is asked whatever they are, not only for deletions, and runs are no plans.
    pub undoes: bool,
    /// Do not ask.
    pub confirmed: bool,
    /// How many records there have to be.
    pub expect: Option<usize>,
}

/// Carries out the change records that `read` gives.
///
/// # Errors
/// What keeps the run from starting; a failed row is no error.
pub fn carry_out(
    session: &Session,
    args: RowArgs<'_>,
    order: &Order,
    read: impl FnOnce() -> Result<Vec<Item>, CommandError>,
) -> cli::Result {
    let dry_run = order.changes.dry_run;
    if !dry_run {
        session.guards.may_change()?;
    }
    // First, because a run that goes on has its records from the journal.
    let mut results = Results::open(session, args, Some(order.changes))?;
    let items = read()?;
    as_many_as_expected(order, items.len())?;
    are_of_this_account(session, &items)?;
    let entries = items.into_iter().map(|item| entry(item, dry_run));
    let mut entries: Vec<Entry> = entries.collect();
    key_is_given(order, &entries)?;
    let own = entries.len();
    let applied = settle_applied(session, &mut entries)?;
    entries.extend(applied);
    devices::by_their_ids(session, &mut entries[..own]);
    add_earlier(&mut entries, own, order.undoes)?;
    let mut run = Run::new(session, entries, order);
    note_in_journal(session, &run.entries[..own]);
    run.take_up_again();
    let may = may_change_so_many(&mut results, order, &run.entries[..own]);
    if let Err(error) = may.and_then(|()| agreed(session, order, &run.entries)) {
        results.not_agreed(error);
        run.give_up(&run_ended());
    }
    run.carry_out(|entries, next| report_settled(&mut results, entries, own, next));
    Ok(results.finish())
}

/// Finds out what the records have to do with each other, and with those of a run that goes on which it does not take
/// up again: these are added.
fn add_earlier(entries: &mut Vec<Entry>, own: usize, undoes: bool) -> Result<(), CommandError> {
    let mut rows = journal::numbers(0..own as u64);
    let first = entries.len();
    // Those of other runs are settled, and come after nothing.
    rows.resize(first, 0);
    let mut states = Vec::new();
    for (number, (row, state)) in earlier(&rows) {
        entries.push(entry(Item::Row(row), false));
        rows.push(number);
        states.push(state);
    }
    if !undoes {
        are_of_one_plan(entries)?;
    }
    relate(entries, &rows);
    for (earlier, state) in entries[first..].iter_mut().zip(states) {
        earlier.state = state;
    }
    Ok(())
}

/// All records are in the journal before the first is carried out.
fn note_in_journal(session: &Session, entries: &[Entry]) {
    entries.iter().for_each(|entry| journal::note_item(&item_of(entry)));
    journal::note_end_of_input(&session.inputs);
}

/// The row of an entry, as it was read: one that is no change has failed.
fn item_of(entry: &Entry) -> Item {
    let Row { record, source } = entry.row.clone();
    match &entry.state {
        State::Failed(failure) if entry.effect.kind.is_empty() => {
            Item::Bad(BadRow { failure: failure.clone(), input: record, source })
        }
        _ => Item::Row(Row { record, source }),
    }
}

fn entry(item: Item, dry_run: bool) -> Entry {
    let row = match item {
        Item::Row(row) => row,
        Item::Bad(bad) => {
            let row = Row { record: bad.input, source: bad.source };
            let state = State::Failed(bad.failure);
            return Entry { row, effect: Effect::default(), state, after: None };
        }
    };
    let is_dry_run = row.is_dry_run() && !dry_run;
    let (effect, state) = match of_row(&row) {
        Err(why) => (Effect::default(), State::Failed(why)),
        Ok(Change { effect, .. }) if is_dry_run => (effect, State::Failed(from_dry_run())),
        // What was so already is not checked again.
        Ok(Change { effect, outcome, .. }) if outcome == UNCHANGED => (effect, State::unchanged()),
        Ok(Change { effect, .. }) => {
            let state = possible(&effect).map_or_else(State::Failed, |_| State::Open);
            (effect, state)
        }
    };
    Entry { row, effect, state, after: None }
}

/// Refuses the whole where more would be changed than may be.
fn may_change_so_many(
    results: &mut Results<'_>,
    order: &Order,
    entries: &[Entry],
) -> Result<(), CommandError> {
    let open = entries.iter().zip(0..).filter(|(entry, _)| entry.is_open());
    let open = open.map(|(_, index)| index);
    results.may_change_so_many(Some(order.changes), open, entries.len() as u64)
}

/// Shows what is to be done and asks, where that is to be asked.
fn agreed(session: &Session, order: &Order, entries: &[Entry]) -> Result<(), CommandError> {
    let open = || entries.iter().filter(|entry| entry.is_open()).map(|entry| &entry.effect);
    let is_asked = |effect: &Effect| {
        order.undoes
            || effect.after.is_none()
            || effect.no_way_back().is_some()
            || (deploys_to_production(effect) && prompt::is_possible())
    };
    if order.changes.dry_run || order.confirmed || !open().any(is_asked) {
        return Ok(());
    }
    let total = open().count() as u64;
    let to_do = format!("carry out {}", count(total, "change"));
    consent::can_be_asked(&to_do)?;
    consent::ask(&format!(
        "This will {to_do} of {}:\n  {}",
        session.account_and_endpoint(),
        consent::first(total, open().map(line))
    ))
}

/// As the verbs do, this asks only where there is somebody to ask.
fn deploys_to_production(effect: &Effect) -> bool {
    let is_production = GroupType::of_api(&effect.kind) == Some(GroupType::Production);
    is_production && effect.after.as_ref().is_some_and(|after| after.contains_key(CURRENT))
}

/// Reports the entries from `next` on that are settled, in their order, of those that are the run's `own`; gives the
/// first that is not.
fn report_settled(
    results: &mut Results<'_>,
    entries: &[Entry],
    own: usize,
    mut next: usize,
) -> usize {
    while let Some(entry) = entries[..own].get(next) {
        let row = &entry.row;
        match &entry.state {
            State::Open | State::WithGroup => return next,
            State::As(first) => repeat(results, row, &entries[*first]),
            State::Failed(failure) => results.bad(failure, &row.record, &row.source),
            State::Done(outcome, effect) => {
                let done = RowDone::changed(row, told(effect), *outcome).with((**effect).clone());
                results.good(done.told(&row.source), &row.source);
            }
        }
        next += 1;
    }
    next
}

/// A row that is the same as an earlier one.
fn repeat(results: &mut Results<'_>, row: &Row, first: &Entry) {
    if let State::Failed(failure) = &first.state {
        results.bad(failure, &row.record, &row.source);
        return;
    }
    let same_as = [(SAME_AS.to_owned(), first.row.source.clone().into())];
    let done = RowDone::changed(row, same_as.into_iter().collect(), Outcome::Unchanged);
    results.good(done, &row.source);
}

/// What has become known of a change since it was planned.
fn told(effect: &Effect) -> model::Record {
    let sides = [("before", &effect.before), ("after", &effect.after)];
    let sides = sides.into_iter().filter_map(|(name, side)| Some((name, side.clone()?.into())));
    let id = (!effect.id.is_empty()).then(|| ("id", effect.id.clone().into()));
    id.into_iter().chain(sides).map(|(name, value)| (name.to_owned(), value)).collect()
}
