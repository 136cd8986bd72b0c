//! What is told of a row: how its request was answered, which parts of it are done, and at last what became of it.
//!
//! Careful about undo: each change is told once, whether it came alone or with the whole row.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

use model::change::Provenance;
use model::{Effect, Record, Transfer};
use pipe::Failure;

use super::current::{self, Thing};
use super::lines::{hide, write_number};
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

/// Tells of the row with this number, of which it is told already what became of it, that something more was done.
pub fn note_more(row: u64, outcome: Outcome, effect: &Effect) {
    if let Some(journal) = journal() {
        journal.write_part(row, outcome, effect);
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
    Done {
        record: &'a Record,
        effects: &'a [Effect],
        outcome: Outcome,
    },
    /// A device that was moved, of which nothing was told before.
    Moved {
        transfer: &'a Transfer<'a>,
        outcome: Outcome,
    },
    Failed(&'a Failure),
}

/// Notes what became of the row that is reported as this, counted from 0. It is printed once the journal has been
/// flushed.
pub(crate) fn note_told(index: u64, source: &str, told: &Told<'_>, thing: Option<&Thing>) {
    let Some(journal) = journal() else { return };
    let number = journal.number(index);
    let thing = thing.filter(|_| !journal.hides_rows);
    // Those of a row at once, so that it is done as a whole or not at all.
    journal.file.append_lines(|lines| match told {
        Told::Done { record, effects, outcome } => {
            let told_before = journal.take_parts(number);
            let mut changes =
                effects.iter().filter(|effect| !told_before.contains(effect)).peekable();
            let mut add = |effect: &Effect, outcome| {
                lines.add(|text| {
                    journal.write_change(effect, outcome, source, text);
                    end_of_line(number, thing, text);
                });
            };
            if changes.peek().is_none() {
                let so = if told_before.is_empty() { *outcome } else { Outcome::Unchanged };
                return add(&Effect::action(record), so);
            }
            changes.for_each(|effect| add(effect, *outcome));
        }
        Told::Moved { transfer, outcome } => lines.add(|text| {
            journal
                .with_provenance(*outcome, source, |provenance| transfer.write(provenance, text));
            end_of_line(number, thing, text);
        }),
        Told::Failed(failure) => lines.add(|text| {
            text.push_str("{\"type\":\"failed\",\"error\":");
            text.push_str(&serde_json::to_string(failure).unwrap_or_else(|_| "null".to_owned()));
            text.push_str(if failure.partly { ",\"partly\":true" } else { ",\"partly\":false" });
            end_of_line(number, thing, text);
        }),
    });
}

/// Appends of which row a line tells, and ends it.
fn end_of_line(row: u64, thing: Option<&Thing>, text: &mut String) {
    write_number("row", row, text);
    if let Some(thing) = thing.and_then(|thing| serde_json::to_string(thing).ok()) {
        text.push_str(",\"thing\":");
        text.push_str(&thing);
    }
    text.push('}');
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
        self.parts().entry(row).or_default().push(effect.clone());
        self.write_part(row, outcome, effect);
    }

    fn write_part(&self, row: u64, outcome: Outcome, effect: &Effect) {
        self.file.append_text(|text| {
            self.write_change(effect, outcome, "", text);
            write_number("row", row, text);
            text.push_str(",\"partly\":true}");
        });
        let _shown_later = self.file.flush();
    }

    /// What was told of a row before the rest of it, in whichever run.
    fn take_parts(&self, row: u64) -> Vec<Effect> {
        let mut told = self.parts();
        // Few runs have any, and each row is asked for.
        let mut parts = if told.is_empty() { None } else { told.remove(&row) }.unwrap_or_default();
        if let Some(past) = &self.past {
            parts.extend_from_slice(past.recorded.parts(row));
        }
        parts
    }

    fn parts(&self) -> MutexGuard<'_, HashMap<u64, Vec<Effect>>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a change record, but for its last brace.
    fn write_change(&self, effect: &Effect, outcome: Outcome, source: &str, text: &mut String) {
        self.with_provenance(outcome, source, |provenance| match self.hides_rows {
            true => hide(effect.clone()).write(provenance, text),
            false => effect.write(provenance, text),
        });
    }

    fn with_provenance(&self, outcome: Outcome, source: &str, write: impl FnOnce(&Provenance<'_>)) {
        let (verb, at) = (invocation::verb(), directory::time_stamp());
        let (verb, at, run, outcome) = (&*verb, &*at, &*self.run, outcome.word());
        write(&Provenance { verb, source, run, outcome, at });
    }
}
