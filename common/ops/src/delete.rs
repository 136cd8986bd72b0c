//! Deleting device groups and products, with what stands in the way: devices, flagged deployments, groups
//! that name them as targets.
//!
//! Everything is looked up before the first write, said with numbers, and asked for. Then it is carried out
//! in an order in which each step is allowed: devices out of all groups, flags off, fixture groups (which
//! name others as targets) deleted, then the others, deployments of no group, and products last. What was
//! looked up is the service's own state, so the same command again goes on where it was interrupted.

mod carry_out;
mod obstacles;
mod plan;

use model::{ErrorKind, Record, ResourceKind, Secret};
use pipe::{Failure, Item, Row};

use carry_out::DeletionRun;
use cli::CommandError;
use cli::Session;
use cli::consent::count;
use cli::rows::results::Results;
use cli::rows::{Ask, Outcome, RowDone, RowJob, SAME_AS, from_dry_run, run_ended};
use cli::{consent, journal, terminal::stderr};
use plan::DeleteRow;

/// A deletion that may clear the way first.
pub struct Deletion<'a> {
    /// Rows, flags, consent.
    pub job: RowJob<'a>,
    /// Remove what stands in the way.
    pub force: bool,
    /// For products: delete their deployments that belong to no group, too.
    pub builds: bool,
    /// The unblessing key.
    pub key: Option<Secret>,
}

/// Deletes the device groups (`ResourceKind::DeviceGroup`) or products of the rows.
///
/// # Errors
/// What keeps the run from starting or its results from being written; a failed row is no error.
pub fn delete(session: &Session, kind: ResourceKind, order: &Deletion<'_>) -> cli::Result {
    let job = &order.job;
    job.can_be_asked()?;
    if !job.is_dry_run() {
        session.guards.may_change()?;
    }
    let mut results = Results::open(session, job.args, job.changes)?;
    let rows = read(session, kind, job, &mut results)?;
    let mut run = DeletionRun::new(session, order, rows);
    if !results.is_over() {
        obstacles::identify(&mut run, kind);
        obstacles::look(&mut run, kind);
        run.rows.iter_mut().filter(|row| row.is_open()).for_each(DeleteRow::foresee);
        if job.is_dry_run() {
            foresee_guards(session, &mut run.rows);
        }
        if !session.is_stopped()
            && let Err(error) = may_delete_so_many(&mut results, order, &run.rows)
                .and_then(|()| consent_to(session, kind, order, &run.rows))
        {
            results.not_agreed(error);
        }
    }
    if results.is_over() {
        let open = run.rows.iter_mut().filter(|row| row.is_open());
        open.for_each(|row| row.failure = Some(run_ended()));
    } else if !job.is_dry_run() {
        for (row, index) in run.rows.iter().zip(0..).filter(|(row, _)| row.is_open()) {
            journal::note_started(index, Outcome::Deleted, &row.effects);
        }
        run.carry_out(kind);
    }
    report(&mut results, &run.rows);
    Ok(results.finish())
}

/// Refuses the whole where more would be deleted than may be.
fn may_delete_so_many(
    results: &mut Results<'_>,
    order: &Deletion<'_>,
    rows: &[DeleteRow],
) -> Result<(), CommandError> {
    let open = rows.iter().zip(0..).filter(|(row, _)| row.is_open());
    let open = open.map(|(_, index)| index);
    results.may_change_so_many(order.job.changes, open, rows.len() as u64)
}

/// Fails the rows of a dry run that a guard would refuse.
fn foresee_guards(session: &Session, rows: &mut [DeleteRow]) {
    for row in rows.iter_mut().filter(|row| row.is_open()) {
        row.failure = session.guards.foresee(&row.effects).err().map(cli::failure);
    }
}

/// Reads all rows.
fn read(
    session: &Session,
    kind: ResourceKind,
    job: &RowJob<'_>,
    results: &mut Results<'_>,
) -> Result<Vec<DeleteRow>, CommandError> {
    let mut rows = Vec::new();
    for item in job.args.source.rows(&session.inputs)? {
        let item = match item {
            Ok(item) => item,
            Err(error) => {
                results.end_run(error.into());
                return Ok(rows);
            }
        };
        journal::note_item(&item);
        rows.push(match item {
            Item::Row(row) if row.is_dry_run() && !job.is_dry_run() => {
                DeleteRow::bad(row.record, row.source, from_dry_run())
            }
            // A list of devices leads to their group, and one of groups to their product.
            Item::Row(row) => DeleteRow::new(row.as_reference_to(kind)),
            Item::Bad(bad) => DeleteRow::bad(bad.input, bad.source, bad.failure),
        });
    }
    journal::note_end_of_input(&session.inputs);
    Ok(rows)
}

/// Says what is to be done; asks where that is to be asked.
fn consent_to(
    session: &Session,
    kind: ResourceKind,
    order: &Deletion<'_>,
    rows: &[DeleteRow],
) -> Result<(), CommandError> {
    let open: Vec<&DeleteRow> = rows.iter().filter(|row| row.is_open()).collect();
    if open.is_empty() {
        return Ok(());
    }
    let noun = order.job.args.source.noun;
    let plan = plan::plan(&open);
    let total = count(open.len() as u64, noun);
    let Some(Ask { verb, .. }) = order.job.question() else {
        if !plan.is_empty() {
            stderr::say(&format!("to delete {total}: {}", plan.join(", ")));
        }
        return Ok(());
    };
    let labels = open.iter().map(|row| session.described(kind, &row.record));
    let mut question = format!(
        "This will {verb} {total} of {}:\n  {}",
        session.account_and_endpoint(),
        consent::first(open.len() as u64, labels)
    );
    if !plan.is_empty() {
        let how = if order.force { "for that" } else { "with that" };
        question.push_str(&format!("\nand {how}\n  {}", plan.join("\n  ")));
    }
    consent::ask(&question)
}

/// The rows in their order, each with what became of it.
fn report(results: &mut Results<'_>, rows: &[DeleteRow]) {
    for (row, number) in rows.iter().zip(journal::numbers(0..rows.len() as u64)) {
        let first = row.same_as.map_or(row, |first| &rows[first]);
        let is_gone = |failure: &Failure| {
            failure.kind == ErrorKind::NotFound && journal::is_under_way(number)
        };
        if row.failure.as_ref().is_some_and(is_gone) {
            let row = Row { record: row.input.clone(), source: row.source.clone() };
            let done = RowDone::changed(&row, Record::new(), Outcome::Deleted);
            results.good(done, &row.source);
            continue;
        }
        if let Some(failure) = row.failure.as_ref().or(first.failure.as_ref()) {
            let mut told = failure.clone();
            if first.is_begun {
                told = told.after(
                    "It is not deleted, but a part of what was in its way is gone",
                    "the same command goes on from there",
                );
                // It may be fed back in without looking.
                told.kind = failure.kind;
                for effect in row.done.iter().filter(|_| row.same_as.is_none()) {
                    journal::note_part_of(results.reported(), Outcome::Deleted, effect);
                }
            }
            results.bad(&told, &row.input, &row.source);
            continue;
        }
        let outcome = if row.same_as.is_some() { Outcome::Unchanged } else { Outcome::Deleted };
        let row = Row { record: row.input.clone(), source: row.source.clone() };
        let mut acted = RowDone::changed(&row, first.record.clone(), outcome);
        if outcome == Outcome::Deleted {
            acted.effects.clone_from(&first.effects);
        } else {
            acted.record.insert(SAME_AS, first.source.clone().into());
        }
        results.good(acted, &row.source);
    }
}
