//! A run: stage after stage, within a stage several requests at once, devices by the batches of a bulk move.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use cli::rows::{Outcome, RowDone, interrupted, run_ended};
use cli::{Session, journal};
use model::{Effect, Record, ResourceKind, Secret};
use pipe::engine::{self, Done};
use pipe::{Failure, Row};

use super::Order;
use super::ids::Ids;
use super::order::{Stage, moves_device};

/// A row of the input.
pub struct Entry {
    pub row: Row,
    pub effect: Effect,
    pub state: State,
    /// The number of the entry that has to come before it.
    pub after: Option<usize>,
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

    /// What has become of a row.
    pub fn of(result: Result<(Outcome, Effect), Failure>) -> Self {
        match result {
            Ok((outcome, effect)) => State::Done(outcome, Box::new(effect)),
            Err(failure) => State::Failed(failure),
        }
    }
}

impl Entry {
    /// A row that has failed already.
    pub fn failed(row: Row, failure: Failure) -> Self {
        Entry { row, effect: Effect::default(), state: State::Failed(failure), after: None }
    }

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
    pub key: Option<&'a Secret>,
    /// The ids of what was made, by those that the records know.
    pub made: Ids,
    /// The deployments that were made, by those that the records know.
    pub deployed: Ids,
    /// The ids of the builds and webhooks that are to go.
    pub go_before_groups: HashSet<String>,
    /// The numbers of the entries that delete groups, by the ids of these.
    groups_that_go: HashMap<String, usize>,
    /// The run has ended: nothing more is sent.
    pub over: AtomicBool,
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
        let (made, deployed) = (Ids::default(), Ids::default());
        let over = AtomicBool::new(false);
        Run {
            session,
            entries,
            dry_run,
            key,
            made,
            deployed,
            go_before_groups,
            groups_that_go,
            over,
        }
    }

    /// Carries everything out. `report` is given the entries and the first that it has not reported, and gives
    /// the next one.
    pub fn carry_out(&mut self, mut report: impl FnMut(&[Entry], usize) -> usize) {
        let mut next = report(&self.entries, 0);
        for stage in Stage::ALL {
            for numbers in self.rounds(stage) {
                match stage {
                    Stage::Devices => self.move_devices(&numbers),
                    _ => self.each(&numbers),
                }
                next = report(&self.entries, next);
            }
        }
        self.settle_builds();
        report(&self.entries, next);
    }

    /// The entries of a stage that are open: those that follow on others come in a later round.
    fn rounds(&self, stage: Stage) -> Vec<Vec<usize>> {
        let mut rounds: Vec<Vec<usize>> = Vec::new();
        let mut round_of: HashMap<usize, usize> = HashMap::new();
        let open = self.entries.iter().enumerate().filter(|(_, entry)| entry.is_open());
        for (number, entry) in open.filter(|(_, entry)| Stage::of(&entry.effect) == stage) {
            let before = entry.after.and_then(|before| round_of.get(&before));
            let round = before.map_or(0, |before| before + 1);
            round_of.insert(number, round);
            rounds.resize_with(rounds.len().max(round + 1), Vec::new);
            rounds[round].push(number);
        }
        rounds
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
                let state = self.act_noted(*number);
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

    /// Does it, told in the journal before and after.
    fn act_noted(&self, number: usize) -> State {
        let effect = &self.entries[number].effect;
        if self.goes_with_group(effect) {
            return State::WithGroup;
        }
        if let Some(state) = self.foreseen(number) {
            return state;
        }
        let with_it = self.builds_of(effect).map(|(build, _)| build as u64);
        let rows = journal::numbers([number as u64].into_iter().chain(with_it));
        let act = || {
            let result = match (&effect.before, &effect.after) {
                (None, _) => self.create(effect),
                (_, None) => self.delete(effect),
                _ => self.update(effect),
            };
            let result = if self.dry_run { self.foreseen_guards(result) } else { result };
            let done = |(outcome, effect): &(Outcome, Effect)| {
                RowDone::new(Record::new(), *outcome).with(effect.clone())
            };
            journal::note_answered(&result.as_ref().map(done).map_err(Failure::clone));
            State::of(result)
        };
        journal::working_on(rows, act).0
    }

    /// What would be done, unless a guard would refuse it.
    fn foreseen_guards(
        &self,
        result: Result<(Outcome, Effect), Failure>,
    ) -> Result<(Outcome, Effect), Failure> {
        let (outcome, effect) = result?;
        if outcome != Outcome::Unchanged {
            let foreseen = self.session.guards.foresee(std::slice::from_ref(&effect));
            foreseen.map_err(cli::failure)?;
        }
        Ok((outcome, effect))
    }

    /// In a dry run, what becomes of a record that goes on from where one ends that would be carried out.
    pub fn foreseen(&self, number: usize) -> Option<State> {
        let Entry { effect, after, .. } = &self.entries[number];
        let State::Done(before, _) = &self.entries[(*after)?].state else { return None };
        let outcome = match &effect.after {
            _ if !self.dry_run || *before == Outcome::Unchanged => return None,
            // It has no id yet, and is known by that which it has in the plan.
            _ if *before == Outcome::Created => return None,
            None => Outcome::Deleted,
            Some(_) if !moves_device(effect) => Outcome::Updated,
            Some(after) if cli::text(after, "devicegroup_id").is_empty() => Outcome::Unassigned,
            Some(_) => Outcome::Assigned,
        };
        Some(State::Done(outcome, Box::new(effect.clone())))
    }

    /// The builds that go with a group, if it is the deletion of one.
    pub fn builds_of(&self, effect: &Effect) -> impl Iterator<Item = (usize, &Effect)> {
        let is_deletion = effect.after.is_none() && self.groups_that_go.contains_key(&effect.id);
        let id = is_deletion.then(|| effect.id.clone());
        self.entries.iter().enumerate().filter_map(move |(number, entry)| {
            let group = cli::text(entry.effect.before.as_ref()?, "devicegroup_id");
            let is_it = entry.effect.kind == "deployment" && entry.effect.after.is_none();
            let is_it = is_it && entry.is_open() && id.as_deref() == Some(group);
            is_it.then_some((number, &entry.effect))
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
}
