//! A run: stage after stage, within a stage several requests at once, devices by the batches of a bulk move.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use cli::Session;
use cli::rows::{Outcome, interrupted, run_ended};
use model::change::PLANNED;
use model::{Effect, ErrorKind, Record, ResourceKind, Secret};
use ops::membership::{Group, Transfer, transfer};
use pipe::engine::{self, Done};
use pipe::{Failure, Row};
use serde_json::Value;

use super::Order;
use super::order::Stage;

/// A row of the input.
pub struct Entry {
    pub row: Row,
    pub effect: Effect,
    pub state: State,
}

/// What has become of a row.
#[derive(Clone, Debug)]
pub enum State {
    /// Still to be done.
    Open,
    /// As the row with this number, which is the same.
    As(usize),
    /// A build that goes with its group, which is still to be deleted.
    WithGroup,
    /// Done, with what that changed.
    Done(Outcome, Box<Effect>),
    Failed(Failure),
}

impl State {
    /// Of a row that asks for what is so.
    pub fn unchanged() -> Self {
        State::Done(Outcome::Unchanged, Box::default())
    }

    fn of(result: Result<(Outcome, Effect), Failure>) -> Self {
        match result {
            Ok((outcome, effect)) => State::Done(outcome, Box::new(effect)),
            Err(failure) => State::Failed(failure),
        }
    }
}

impl Entry {
    /// Whether it is still to be done.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }
}

/// Changes on their way.
pub struct Run<'a> {
    pub session: &'a Session,
    pub entries: Vec<Entry>,
    pub dry_run: bool,
    key: Option<&'a Secret>,
    /// The ids of what was made, by those that the records know.
    made: Mutex<HashMap<String, String>>,
    /// The ids of the builds and webhooks that are to go.
    pub go_before_groups: HashSet<String>,
    /// The numbers of the entries that delete groups, by the ids of these.
    groups_that_go: HashMap<String, usize>,
    over: AtomicBool,
}

impl<'a> Run<'a> {
    pub fn new(session: &'a Session, entries: Vec<Entry>, order: &'a Order) -> Self {
        let deleted = |kind: ResourceKind| {
            let is_it = move |(number, entry): (usize, &Entry)| {
                let Effect { kind: type_name, id, before, after, .. } = &entry.effect;
                let is_deletion = before.is_some() && after.is_none();
                let is_it = is_deletion && kind.types().contains(&type_name.as_str());
                is_it.then(|| (id.clone(), number))
            };
            entries.iter().enumerate().filter_map(is_it)
        };
        let hooks = deleted(ResourceKind::Webhook);
        let go_before_groups =
            deleted(ResourceKind::Deployment).chain(hooks).map(|(id, _)| id).collect();
        let groups_that_go = deleted(ResourceKind::DeviceGroup).collect();
        let (dry_run, key) = (order.changes.dry_run, order.key.as_ref());
        let (made, over) = (Mutex::default(), AtomicBool::new(false));
        Run { session, entries, dry_run, key, made, go_before_groups, groups_that_go, over }
    }

    /// Carries everything out. `report` is given the entries and the first that it has not reported, and gives
    /// the next one.
    pub fn carry_out(&mut self, mut report: impl FnMut(&[Entry], usize) -> usize) {
        let mut next = report(&self.entries, 0);
        for stage in Stage::ALL {
            let of_stage = |entry: &Entry| entry.is_open() && Stage::of(&entry.effect) == stage;
            let numbers: Vec<usize> =
                (0..self.entries.len()).filter(|number| of_stage(&self.entries[*number])).collect();
            match stage {
                Stage::Devices => self.move_devices(&numbers),
                _ => self.each(&numbers),
            }
            next = report(&self.entries, next);
        }
        self.settle_builds();
        report(&self.entries, next);
    }

    /// Fails everything that is open.
    pub fn give_up(&mut self, why: &Failure) {
        let open = self.entries.iter_mut().filter(|entry| entry.is_open());
        open.for_each(|entry| entry.state = State::Failed(why.clone()));
    }

    fn each(&mut self, numbers: &[usize]) {
        let mut states = Vec::new();
        engine::ordered(
            usize::from(self.session.common.jobs),
            &self.session.stop,
            numbers.iter(),
            |number| {
                if self.over.load(Ordering::Relaxed) {
                    return State::Failed(run_ended());
                }
                let state = self.act(&self.entries[*number].effect);
                if matches!(&state, State::Failed(failure) if failure.kind.ends_run()) {
                    self.over.store(true, Ordering::Relaxed);
                }
                state
            },
            |done| {
                self.session.learn_account();
                states.push(match done {
                    Done::Worked(state) => state,
                    Done::NotAttempted(_) => State::Failed(interrupted()),
                });
                ControlFlow::Continue(())
            },
        );
        for (number, state) in numbers.iter().zip(states) {
            self.entries[*number].state = state;
        }
    }

    fn act(&self, effect: &Effect) -> State {
        if self.goes_with_group(effect) {
            return State::WithGroup;
        }
        State::of(match (&effect.before, &effect.after) {
            (None, _) => self.create(effect),
            (_, None) => self.delete(effect),
            _ => self.update(effect),
        })
    }

    /// Whether it is a build whose group is to be deleted.
    fn goes_with_group(&self, effect: &Effect) -> bool {
        let is_build = effect.kind == "deployment" && effect.after.is_none();
        is_build && effect.before.as_ref().is_some_and(|build| self.group_of(build).is_some())
    }

    /// The entry that deletes the group of a build.
    fn group_of(&self, build: &Record) -> Option<&Entry> {
        let number = self.groups_that_go.get(cli::text(build, "devicegroup_id"))?;
        Some(&self.entries[*number])
    }

    /// Builds are gone if their group is.
    fn settle_builds(&mut self) {
        let waits = |entry: &Entry| matches!(entry.state, State::WithGroup);
        let numbers = (0..self.entries.len()).filter(|number| waits(&self.entries[*number]));
        let settled: Vec<(usize, State)> = numbers
            .map(|number| {
                let effect = &self.entries[number].effect;
                let group = effect.before.as_ref().and_then(|build| self.group_of(build));
                let state = match group.map(|group| &group.state) {
                    Some(State::Done(Outcome::Deleted, _)) => {
                        State::Done(Outcome::Deleted, Box::new(effect.clone()))
                    }
                    Some(State::Done(..)) => State::unchanged(),
                    _ => State::Failed(Failure::not_attempted("its group was not deleted")),
                };
                (number, state)
            })
            .collect();
        for (number, state) in settled {
            self.entries[number].state = state;
        }
    }

    fn move_devices(&mut self, numbers: &[usize]) {
        let mut moves = Vec::new();
        for number in numbers {
            let state = match self.transfer(&self.entries[*number].effect) {
                _ if self.over.load(Ordering::Relaxed) => State::Failed(run_ended()),
                _ if self.session.is_stopped() => State::Failed(interrupted()),
                Err(failure) => State::Failed(failure),
                Ok(transfer) => {
                    moves.push((*number, transfer));
                    continue;
                }
            };
            self.entries[*number].state = state;
        }
        let (numbers, transfers): (Vec<usize>, Vec<Transfer>) = moves.into_iter().unzip();
        let outcomes = transfer(self.session, &transfers, self.key, self.dry_run);
        for ((number, transfer), outcome) in numbers.into_iter().zip(transfers).zip(outcomes) {
            if outcome.as_ref().is_err_and(|failure| failure.kind.ends_run()) {
                self.over.store(true, Ordering::Relaxed);
            }
            let entry = &mut self.entries[number];
            let mut effect = entry.effect.clone();
            let ids = [transfer.from, transfer.to.map(|group| group.id)];
            for (side, id) in [&mut effect.before, &mut effect.after].into_iter().zip(ids) {
                let id = id.map_or(Value::Null, Value::String);
                side.get_or_insert_default().insert("devicegroup_id".into(), id);
            }
            entry.state = State::of(outcome.map(|outcome| (outcome, effect)));
        }
    }

    fn transfer(&self, effect: &Effect) -> Result<Transfer, Failure> {
        let group = |side: &Option<Record>| {
            let id = side.as_ref().map_or("", |side| cli::text(side, "devicegroup_id"));
            if id.is_empty() { Ok(None) } else { self.real(id).map(Some) }
        };
        let kind = effect.after.as_ref().map_or("", |after| cli::text(after, "devicegroup_type"));
        let to = match group(&effect.after)? {
            None => None,
            Some(id) if id.starts_with(PLANNED) => {
                Some(Group { id, kind: kind.to_owned(), product: None })
            }
            Some(id) => Some(Group::of(&self.session.find(ResourceKind::DeviceGroup, &id)?)),
        };
        Ok(Transfer { device: effect.id.clone(), from: group(&effect.before)?, to })
    }

    /// Notes what has become of a thing that a record makes.
    pub fn note_made(&self, id_of_record: &str, id: &str) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if !id_of_record.is_empty() {
            made.insert(id_of_record.to_owned(), id.to_owned());
        }
    }

    /// The id of a thing that a record names. In a dry run what would be made has one of those of plans.
    ///
    /// # Errors
    /// `not_found` for what was to be made, and has not been.
    pub fn real(&self, id: &str) -> Result<String, Failure> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        match made.get(id) {
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
        for (name, value) in &mut real {
            let is_made_before = name.ends_with("_id") && name != model::change::CURRENT;
            if let (true, Value::String(id)) = (is_made_before, value) {
                *id = self.real(id)?;
            }
        }
        Ok(real)
    }
}
