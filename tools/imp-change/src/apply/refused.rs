//! What keeps records from being carried out at all.

use std::collections::BTreeSet;

use cli::consent::count;
use cli::{CommandError, Session, journal};
use pipe::Item;

use super::Order;
use super::run::Entry;
use crate::records::{of_row, with_values};
use crate::runs;

/// A plan of which a record cannot be read, cut off as it may be, or is none of a change, is not carried out in part.
pub fn readable(item: Item) -> Result<Item, CommandError> {
    let item = with_values(item);
    let unreadable = match &item {
        _ if journal::goes_on() => None,
        Item::Bad(bad) => Some((&bad.source, bad.failure.clone())),
        Item::Row(row) => of_row(row).err().map(|why| (&row.source, why)),
    };
    match unreadable {
        None => Ok(item),
        Some((source, why)) => {
            Err(CommandError::usage(format!("{source}: {}; nothing was done", why.sentence())))
        }
    }
}

/// What a run of this machine has done is carried out, or taken back, with the account of that run.
pub fn are_of_this_account(session: &Session, items: &[Item]) -> Result<(), CommandError> {
    let run = |item: &Item| match item {
        Item::Row(row) => cli::text(&row.record, "run").to_owned(),
        Item::Bad(_) => String::new(),
    };
    let runs: BTreeSet<String> = items.iter().map(run).collect();
    let all = if runs.iter().all(String::is_empty) { Vec::new() } else { journal::all()? };
    for path in all {
        if journal::run_of(&path).is_some_and(|run| runs.contains(run))
            && let Ok(recorded) = runs::read(&path)
        {
            journal::is_of_this_account(session, &recorded)?;
        }
    }
    Ok(())
}

/// Of a run that goes on only a part is left.
pub fn as_many_as_expected(order: &Order, found: usize) -> Result<(), CommandError> {
    match order.expect.filter(|expected| *expected != found && !journal::goes_on()) {
        None => Ok(()),
        Some(expected) => Err(CommandError::usage(format!(
            "--expect says {expected}, and the input has {}; nothing was done",
            count(found as u64, "record")
        ))),
    }
}

/// A plan that takes devices out of production is not begun without the unblessing key.
pub fn key_is_given(order: &Order, entries: &[Entry]) -> Result<(), CommandError> {
    if order.undoes || order.key.is_some() || journal::goes_on() {
        return Ok(());
    }
    let unbless = entries.iter().filter(|entry| entry.is_open() && entry.effect.unblesses());
    match unbless.count() {
        0 => Ok(()),
        found => Err(CommandError::usage(format!(
            "{} would take devices out of production, which needs the unblessing key: --unbond, --unbond-file or \
             IMP_UNBOND_KEY; nothing was done",
            count(found as u64, "record")
        ))),
    }
}
