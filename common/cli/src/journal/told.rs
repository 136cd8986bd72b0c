//! What is told of a row: how its request was answered, which parts of it are done, and at last what became of it.
//!
//! Careful about undo: each change is told once, whether it came alone or with the whole row.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

use model::{Change, Effect, Record};
use pipe::Failure;

use super::current::{self, Thing};
use super::lines::hide;
use super::{Journal, answer, directory, journal};
use crate::invocation;
use crate::rows::{Outcome, RowResult};

/// Tells at once of a change that is a part of what the row of this thread asks for: it is done, whatever becomes
/// of the rest.
pub fn note_part(outcome: Outcome, effect: &Effect) {
    if let Some((journal, row)) = journal().zip(current::row()) {
        journal.tell_part(row, outcome, effect);
    }
}

/// The same of the row that is reported as this, counted from 0.
pub fn note_part_of(index: u64, outcome: Outcome, effect: &Effect) {
    if let Some(journal) = journal() {
        journal.tell_part(journal.number(index), outcome, effect);
    }
}

/// Notes how the row of this thread was answered, if anything was sent that changes something: it may be long until
/// it is reported, because rows before it are still under way.
pub fn note_answered(worked: &RowResult) {
    if let Some((journal, (row, thing))) = journal().zip(current::started()) {
        journal.answered(row, thing.as_ref(), worked);
    }
}

/// The same of the row that is reported as this, counted from 0, which was written together with others.
pub fn note_answered_of(index: u64, worked: &RowResult) {
    if let Some(journal) = journal() {
        journal.answered(journal.number(index), None, worked);
    }
}

/// What became of a row.
pub(crate) enum Told<'a> {
    Done { record: &'a Record, effects: &'a [Effect], outcome: Outcome },
    Failed(&'a Failure),
}

/// Notes what became of the row that is reported as this, counted from 0.
///
/// # Errors
/// The journal cannot be written and has to be.
pub(crate) fn note_told(
    index: u64,
    source: &str,
    told: &Told<'_>,
    thing: Option<&Thing>,
) -> Result<(), String> {
    let Some(journal) = journal() else { return Ok(()) };
    let number = journal.number(index);
    let mut lines = match told {
        Told::Done { record, effects, outcome } => {
            let told_before = journal.take_parts(number);
            let effects = effects.iter().filter(|effect| !told_before.contains(effect));
            let changes = effects.map(|effect| journal.change(effect.clone(), *outcome, source));
            let changes: Vec<Record> = changes.collect();
            let outcome = if told_before.is_empty() { *outcome } else { Outcome::Unchanged };
            match changes.is_empty() {
                true => vec![journal.change(Effect::action(record), outcome, source)],
                false => changes,
            }
        }
        Told::Failed(failure) => vec![Record::from_iter([
            ("type".to_owned(), "failed".into()),
            ("error".to_owned(), serde_json::to_value(failure).unwrap_or_default()),
            ("partly".to_owned(), failure.partly.into()),
        ])],
    };
    for line in &mut lines {
        line.insert("row", number.into());
        if let Some(thing) = thing.filter(|_| !journal.hides_rows) {
            line.insert("thing", serde_json::to_value(thing).unwrap_or_default());
        }
    }
    // At once, so that a row is done as a whole or not at all.
    journal.file.append(lines);
    journal.file.flush()
}

impl Journal {
    fn answered(&self, row: u64, thing: Option<&Thing>, worked: &RowResult) {
        let mut line = match worked {
            Ok(done) => answer::of_done(done),
            Err(failure) if answer::is_final(failure) => answer::of_failure(failure),
            Err(_) => return,
        };
        line.insert("row", row.into());
        if let Some(thing) = thing {
            line.insert("thing", serde_json::to_value(thing).unwrap_or_default());
        }
        if !self.hides_rows {
            self.file.append([line]);
            let _shown_later = self.file.flush();
        }
    }

    fn tell_part(&self, row: u64, outcome: Outcome, effect: &Effect) {
        let is_told = |told: &[Effect]| told.contains(effect);
        let told_before = self.past.as_ref().is_some_and(|past| is_told(past.recorded.parts(row)));
        if told_before || self.parts().get(&row).is_some_and(|parts| is_told(parts)) {
            return;
        }
        let mut line = self.change(effect.clone(), outcome, "");
        line.insert("row", row.into());
        line.insert("partly", true.into());
        self.parts().entry(row).or_default().push(effect.clone());
        self.file.append([line]);
        let _shown_later = self.file.flush();
    }

    /// What was told of a row before the rest of it, in whichever run.
    fn take_parts(&self, row: u64) -> Vec<Effect> {
        let mut parts = self.parts().remove(&row).unwrap_or_default();
        if let Some(past) = &self.past {
            parts.extend_from_slice(past.recorded.parts(row));
        }
        parts
    }

    fn parts(&self) -> MutexGuard<'_, HashMap<u64, Vec<Effect>>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, effect: Effect, outcome: Outcome, source: &str) -> Record {
        let effect = if self.hides_rows { hide(effect) } else { effect };
        let change = Change {
            verb: invocation::verb(),
            effect,
            source: source.to_owned(),
            run: self.run.clone(),
            outcome: outcome.word().to_owned(),
            at: directory::time_stamp(),
        };
        change.to_record()
    }
}
