//! What other runs have carried out of a rehearsed plan. Such a plan makes webhooks beside others that are equal, and
//! things that are deleted again: what of it was done cannot be seen, and is known from the journals.
//!
//! Careful about runs that were undone since: what they did is to be done again.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use cli::consent::count;
use cli::journal::{self, ToldBefore};
use cli::rows::Outcome;
use cli::terminal::stderr;
use cli::{CommandError, Session};
use model::change::STEP;
use model::{Change, Effect, ErrorKind};
use pipe::{Failure, Row};

use super::run::{Entry, State, plan_of};
use crate::runs;

/// Settles what other runs have carried out, or may have, of the plans of `entries`. Gives all that these runs did of
/// the plans, which comes after the entries.
///
/// # Errors
/// Exit 2 where a run that carries out the same has not ended.
pub fn settle_applied(
    session: &Session,
    entries: &mut [Entry],
) -> Result<Vec<Entry>, CommandError> {
    let plans = entries.iter().map(|entry| entry.plan().to_owned());
    let plans: BTreeSet<String> = plans.filter(|plan| !plan.is_empty()).collect();
    let applied = if plans.is_empty() { Vec::new() } else { applied(session, &plans)? };
    let first = entries.len();
    let mut places = HashMap::new();
    for (number, entry) in applied.iter().enumerate() {
        places.insert(place(entry, &entry.effect), first + number);
        if let State::Done(_, effect) = &entry.state {
            places.insert(place(entry, effect), first + number);
        }
    }
    let (mut settled, mut of_runs) = (0, BTreeSet::new());
    for entry in entries.iter_mut().filter(|entry| entry.is_open() && !entry.plan().is_empty()) {
        let Some(number) = places.get(&place(entry, &entry.effect)) else { continue };
        let of_run = &applied[number - first];
        if matches!(of_run.state, State::Done(..)) {
            settled += 1;
            of_runs.extend(of_run.row.source.split(':').next());
        }
        entry.state = State::As(*number);
    }
    say(settled, &of_runs);
    Ok(applied)
}

/// What the runs of this account did of these plans, but for those that were undone.
fn applied(session: &Session, plans: &BTreeSet<String>) -> Result<Vec<Entry>, CommandError> {
    let (own, all) = (journal::own_run(), journal::all()?);
    let undone = undone(&all);
    let mut applied = Vec::new();
    for path in all.iter().filter(|path| tells_of(path, plans)) {
        let run = journal::run_of(path).unwrap_or_default();
        let recorded = runs::read(path)?;
        let counts = own.as_deref() != Some(run)
            && !undone.contains(run)
            && journal::is_of_this_account(session, &recorded).is_ok();
        if counts {
            has_ended(run, runs::state(path, &recorded))?;
            applied.extend(told(path, recorded.length, run, plans));
        }
    }
    Ok(applied)
}

/// What a record of a plan is known by: it may have been edited since.
fn place(entry: &Entry, effect: &Effect) -> String {
    let step = entry.row.record.json(STEP).unwrap_or_default();
    let meaning = |side: &Option<model::Record>| side.as_ref().map(model::Record::meaning);
    let [before, after] = [&effect.before, &effect.after].map(meaning);
    format!("{} {step} {} {} {before:?} {after:?}", entry.plan(), effect.kind, effect.id)
}

fn say(settled: u64, runs: &BTreeSet<&str>) {
    if settled > 0 {
        let runs: Vec<&str> = runs.iter().copied().collect();
        stderr::say(&format!(
            "carried out already by run {}, and left as it is: {}; without its field plan, as `jq -c 'del(.plan)'` \
             prints it, a record is carried out again",
            runs.join(", "),
            count(settled, "record")
        ));
    }
}

/// Refuses to carry out a plan beside a run that has not ended: what it has under way would be done twice.
fn has_ended(run: &str, state: &str) -> Result<(), CommandError> {
    Err(CommandError::usage(match state {
        runs::UNDER_WAY => {
            format!("run {run} carries out the same plan just now; nothing was done")
        }
        runs::INTERRUPTED => format!(
            "run {run} of the same plan was interrupted: `imp-change resume {run}` finishes it; nothing was done"
        ),
        _ => return Ok(()),
    }))
}

/// The runs that were undone, and whose undo was not undone in turn.
fn undone(all: &[PathBuf]) -> BTreeSet<String> {
    let mut undone = BTreeSet::new();
    for path in all.iter().rev().filter(|path| is_of(path, "undo")) {
        let run = journal::run_of(path).unwrap_or_default();
        if !undone.contains(run)
            && let Ok(recorded) = runs::read(path)
        {
            undone.extend(recorded.undoes);
        }
    }
    undone
}

/// Whether the journal is that of a run of this verb.
fn is_of(path: &Path, verb: &str) -> bool {
    journal::run_of(path).is_some_and(|run| run.split('-').nth(1) == Some(verb))
}

/// Whether a journal tells of one of these plans.
fn tells_of(path: &Path, plans: &BTreeSet<String>) -> bool {
    let is_told = |line: &String| plans.iter().any(|plan| line.contains(plan));
    let lines = File::open(path).map(|file| BufReader::new(file).lines().map_while(Result::ok));
    is_of(path, "apply") && lines.is_ok_and(|mut lines| lines.any(|line| is_told(&line)))
}

/// The rows of these plans that a run has carried out, or may have.
fn told(path: &Path, length: u64, run: &str, plans: &BTreeSet<String>) -> Vec<Entry> {
    let mut all = BTreeMap::new();
    journal::each_told(path, length, |number, row, told| {
        if !plans.contains(plan_of(row)) {
            return;
        }
        let state = match told {
            ToldBefore::Done(outcome, effect) if outcome != Outcome::Unchanged => {
                State::Done(outcome, Box::new(effect))
            }
            ToldBefore::Failed(failure) if failure.kind == ErrorKind::UnknownOutcome => {
                State::Failed(in_doubt(run, row))
            }
            _ => return drop(all.remove(&number)),
        };
        all.insert(number, (row.clone(), state));
    });
    let entries = all.into_iter().filter_map(|(number, (row, state))| {
        let effect = Change::of_record(&row.record).ok()?.effect;
        let row = Row { source: format!("{run}:{number}"), ..row };
        Some(Entry { row, effect, state, after: None })
    });
    entries.collect()
}

/// The runs that have carried out what is in these plans, but for those that were undone.
pub fn carried_out_by(
    session: &Session,
    plans: &BTreeSet<String>,
) -> Result<Vec<String>, CommandError> {
    let applied = applied(session, plans)?;
    let done = applied.iter().filter(|entry| matches!(entry.state, State::Done(..)));
    let runs: BTreeSet<&str> =
        done.filter_map(|entry| entry.row.source.split(':').next()).collect();
    Ok(runs.into_iter().map(str::to_owned).collect())
}

/// This run has not sent it: what is to be found out is up to the other. Of a restart nothing can be found out.
fn in_doubt(run: &str, row: &Row) -> Failure {
    let is_restart = Change::of_record(&row.record).is_ok_and(|change| change.effect.is_action());
    let title = format!("It may have been done by run {run}");
    let detail = match is_restart {
        true => "it cannot be found out whether a restart was: leave the record out, or, to restart once more, take \
                 its field plan away, as `jq -c 'del(.plan)'` does"
            .to_owned(),
        false => format!("`imp-change resume {run} --failed-too` finds out"),
    };
    Failure::new(ErrorKind::Conflict, title).detail(detail)
}
