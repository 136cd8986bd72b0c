//! Deleting device groups and products, with what stands in the way: devices, flagged deployments, groups
//! that name them as targets.
//!
//! Everything is looked up before the first write, said with numbers, and asked for. Then it is carried out
//! in an order in which each step is allowed: devices out of all groups, flags off, fixture groups (which
//! name others as targets) deleted, then the others, deployments of no group, and products last. What was
//! looked up is the service's own state, so the same command again goes on where it was interrupted.

mod look;
mod steps;
mod subject;

use model::{ResourceKind, Secret};
use pipe::{Item, Row};

use cli::CommandError;
use cli::Session;
use cli::consent::count;
use cli::rows::results::{Results, label};
use cli::rows::{Ask, Outcome, RowDone, RowJob, from_dry_run, run_ended};
use cli::{consent, terminal::stderr};
use steps::Steps;
use subject::Subject;

/// A deletion that may clear the way first.
pub struct Clearing<'a> {
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
pub fn delete(session: &Session, thing: ResourceKind, order: &Clearing<'_>) -> cli::Result {
    let job = &order.job;
    job.can_be_asked()?;
    let mut results = Results::open(session, job.args, true, job.is_dry_run())?;
    let mut subjects = Vec::new();
    for item in job.args.source.rows(&session.inputs)? {
        subjects.push(match item {
            Ok(Item::Row(row)) if row.is_dry_run() && !job.is_dry_run() => {
                Subject::bad(row.record, row.source, from_dry_run())
            }
            // A list of devices leads to their group, and one of groups to their product.
            Ok(Item::Row(row)) => Subject::new(row.seen_as(thing)),
            Ok(Item::Bad(bad)) => Subject::bad(bad.input, bad.source, bad.failure),
            Err(error) => {
                results.end_run(error.into());
                break;
            }
        });
    }
    let mut steps = Steps::new(session, order, subjects);
    if !results.is_over() {
        look::identify(&mut steps, thing);
        look::look(&mut steps, thing);
        if !session.is_stopped()
            && let Err(error) = consent_to(session, order, &steps.subjects)
        {
            results.end_run(error);
        }
    }
    if results.is_over() {
        let open = steps.subjects.iter_mut().filter(|subject| subject.is_open());
        open.for_each(|subject| subject.failure = Some(run_ended()));
    } else if !job.is_dry_run() {
        steps.carry_out(thing);
    }
    report(&mut results, &steps.subjects);
    Ok(results.finish())
}

/// Says what is to be done; asks where that is to be asked.
fn consent_to(
    session: &Session,
    order: &Clearing<'_>,
    subjects: &[Subject],
) -> Result<(), CommandError> {
    let open: Vec<&Subject> = subjects.iter().filter(|subject| subject.is_open()).collect();
    if open.is_empty() {
        return Ok(());
    }
    let noun = order.job.args.source.noun;
    let plan = subject::plan(&open);
    let total = count(open.len() as u64, noun);
    let Some(Ask { verb, .. }) = order.job.question() else {
        if !plan.is_empty() {
            stderr::say(&format!("to delete {total}: {}", plan.join(", ")));
        }
        return Ok(());
    };
    let labels = open.iter().filter_map(|subject| label(&subject.named(), noun));
    let mut question = format!(
        "This will {verb} {total} of {}:\n  {}",
        session.account_and_endpoint(),
        consent::first(open.len() as u64, labels)
    );
    if !plan.is_empty() {
        question.push_str(&format!("\nand for that\n  {}", plan.join("\n  ")));
    }
    consent::ask(&question)
}

/// The rows in their order, each with what became of it.
fn report(results: &mut Results<'_>, subjects: &[Subject]) {
    for subject in subjects {
        let first = subject.same_as.map_or(subject, |first| &subjects[first]);
        if let Some(failure) = subject.failure.as_ref().or(first.failure.as_ref()) {
            let mut told = failure.clone();
            if first.is_begun {
                told = told.after(
                    "It is not deleted, but a part of what was in its way is gone",
                    "the same command goes on from there",
                );
                // It may be fed back in without looking.
                told.kind = failure.kind;
            }
            results.bad(&told, &subject.input, &subject.source);
            continue;
        }
        let outcome = if subject.same_as.is_some() { Outcome::Unchanged } else { Outcome::Deleted };
        let row = Row { record: subject.input.clone(), source: subject.source.clone() };
        let acted = RowDone::changed(&row, first.record.clone(), outcome);
        results.good(acted.record, acted.outcome);
    }
}
