//! By which ids the things of the records are known: what a record makes has another one than it has in the record.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cli::journal;
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
    /// Takes in what was done before the run was interrupted.
    pub fn take_up_again(&mut self) {
        journal::each_done_before(|_, record, done| {
            if let Ok(change) = Change::of_record(record) {
                self.note_result(&change.effect, done);
            }
        });
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
    /// `not_found` for what was to be made, and has not been.
    pub fn real(&self, id: &str) -> Result<String, Failure> {
        match self.made.all().get(id) {
            Some(id) => Ok(id.clone()),
            None if id.starts_with(PLANNED) => {
                let title = format!("There is no {id}");
                Err(Failure::new(ErrorKind::NotFound, title)
                    .detail("no record of this input has made it"))
            }
            None => Ok(id.to_owned()),
        }
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
}
