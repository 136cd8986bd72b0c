//! By which ids the things of the records are known: what a record makes has another one than it has in the record.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cli::journal::{self, ToldBefore};
use cli::rows::Outcome;
use model::change::{CURRENT, PLANNED};
use model::{Change, Effect, ErrorKind, Record};
use pipe::Failure;
use serde_json::Value;

use super::run::{Run, State};

/// The ids of things, by those that the records know.
#[derive(Default)]
pub struct Ids(Mutex<HashMap<String, String>>);

impl Ids {
    fn all(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, of_record: &str, id: &str) {
        if !of_record.is_empty() && !id.is_empty() {
            self.all().insert(of_record.to_owned(), id.to_owned());
        }
    }
}

impl Run<'_> {
    /// Takes in what was done before the run was interrupted, and by other runs.
    pub fn take_up_again(&mut self) {
        journal::each_told_before(|_, row, told| {
            if let (ToldBefore::Done(_, done), Ok(change)) = (told, Change::of_record(&row.record))
            {
                self.note_result(&change.effect, &done);
            }
        });
        for entry in &self.entries {
            if let State::Done(_, done) = &entry.state {
                self.note_result(&entry.effect, done);
            }
        }
        for number in 0..self.entries.len() {
            if !self.entries[number].is_open() {
                continue;
            }
            let rows = journal::numbers([number as u64]);
            let (answered, _) = journal::working_on(rows, journal::answered_before);
            let Some(answered) = answered else { continue };
            let result = answered.map(|done| {
                let effect = done.effects.into_iter().next().unwrap_or_default();
                (done.outcome.unwrap_or(Outcome::Unchanged), effect)
            });
            if let Ok((_, made)) = &result {
                self.note_result(&self.entries[number].effect, made);
            }
            self.entries[number].state = State::of(result);
        }
    }

    /// Notes by which ids things are known now that `done` has been done, which was told by a record before.
    fn note_result(&self, of_record: &Effect, done: &Effect) {
        if !done.id.is_empty() && done.id != of_record.id {
            self.note_made(&of_record.id, &done.id);
        }
        let current = |effect: &Effect| {
            effect.after.as_ref().map_or(String::new(), |after| cli::text(after, CURRENT).into())
        };
        self.note_deployed(&current(of_record), &current(done));
    }

    /// Notes what has become of a thing that a record makes.
    pub fn note_made(&self, of_record: &str, id: &str) {
        self.made.note(of_record, id);
    }

    /// Notes that a deployment was made: of the build that a record names, or is to be called by a name.
    pub fn note_deployed(&self, of_record: &str, id: &str) {
        self.deployed.note(of_record, id);
    }

    /// The deployment that was made of what a record names.
    pub fn deployed(&self, of_record: &str) -> Option<String> {
        self.deployed.all().get(of_record).cloned()
    }

    /// The id of a thing that a record names. In a dry run what would be made has one of those of plans.
    ///
    /// # Errors
    /// `conflict` for what was to be made and has not been, `not_found` if no record makes it.
    pub fn real(&self, id: &str) -> Result<String, Failure> {
        if let Some(id) = self.made.all().get(id) {
            return Ok(id.clone());
        }
        if !id.starts_with(PLANNED) {
            return Ok(id.to_owned());
        }
        self.deployed(id).ok_or_else(|| self.never_made(id))
    }

    /// Why there is no thing of an id that only records know.
    fn never_made(&self, id: &str) -> Failure {
        let Some(maker) = self.entries.iter().find(|entry| makes(&entry.effect, id)) else {
            let detail = "no record of this input makes it; what failed in a run that has made it is done with \
                          `imp-change resume RUN --failed-too`";
            return Failure::new(ErrorKind::NotFound, format!("There is no {id}")).detail(detail);
        };
        let is_doubtful = |failure: &Failure| failure.kind == ErrorKind::UnknownOutcome;
        let (title, why) = match &maker.state {
            State::Failed(failure) if is_doubtful(failure) => (
                format!("Not attempted: {id} may have been made"),
                "it is not known what became of the record that makes it",
            ),
            _ => (
                format!("Not attempted: {id} was not made"),
                "the record that makes it was not carried out",
            ),
        };
        let source = &maker.row.source;
        Failure::new(ErrorKind::Conflict, title).detail(format!("{source}: {why}"))
    }

    /// Whether it was made by this run, under whichever id of a record.
    pub fn was_made_here(&self, id: &str) -> bool {
        self.made.all().values().any(|made| made == id)
    }

    /// The fields of a record with the ids of what there is.
    ///
    /// # Errors
    /// As [`Run::real`].
    pub fn with_real_ids(&self, side: &Record) -> Result<Record, Failure> {
        let mut real = side.clone();
        for (name, value) in side.iter() {
            let is_made_before = name.ends_with("_id") && name != model::change::CURRENT;
            if let (true, Value::String(id)) = (is_made_before, value) {
                real.insert_text(name, &self.real(id)?);
            }
        }
        Ok(real)
    }

    /// A change as far as possible by the ids of what there is.
    pub fn by_real_ids(&self, effect: &Effect) -> Effect {
        let side = |side: &Option<Record>| {
            side.as_ref().map(|side| self.with_real_ids(side).unwrap_or_else(|_| side.clone()))
        };
        let (before, after) = (side(&effect.before), side(&effect.after));
        let id = self.real(&effect.id).unwrap_or_else(|_| effect.id.clone());
        Effect { before, after, ..effect.clone() }.called(&id)
    }
}

/// Whether a change makes the thing that has this id in the records.
fn makes(effect: &Effect, id: &str) -> bool {
    let deploys = |after: &Record| cli::text(after, CURRENT) == id;
    (effect.before.is_none() && effect.id == id) || effect.after.as_ref().is_some_and(deploys)
}
