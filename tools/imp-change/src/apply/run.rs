//! A run: round after round, within a round several requests at once, devices by the batches of a bulk move.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use cli::rows::{Outcome, RowDone, interrupted, run_ended};
use cli::{Session, journal};
use model::change::{CONDITIONAL, PLAN, STEP};
use model::{Effect, Record, ResourceKind, Secret};
use pipe::engine::{self, Done};
use pipe::{Failure, Row};
use serde_json::Value;

use super::Order;
use super::ids::Ids;
use super::restart::BeforeRestarts;
use super::rounds::{Open, Round, rounds};
use super::with_group::WithGroup;

/// A row of the input.
pub struct Entry {
    pub row: Row,
    pub effect: Effect,
    pub state: State,
    /// The number of the entry that has to come before it.
    pub after: Option<usize>,
}

/// The plan of a row.
pub fn plan_of(row: &Row) -> &str {
    cli::text(&row.record, PLAN)
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
    /// Whether it is still to be done.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// The plan that it is of; empty if it is of none that is carried out once.
    pub fn plan(&self) -> &str {
        plan_of(&self.row)
    }

    /// Its place, if it has one.
    pub fn step(&self) -> Option<u64> {
        self.row.record.get(STEP).and_then(Value::as_u64)
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
    /// Which builds go with which groups.
    pub with_group: WithGroup,
    /// What comes before restarts without a step.
    pub before_restarts: BeforeRestarts,
    /// The run has ended: nothing more is sent.
    pub over: AtomicBool,
}

impl<'a> Run<'a> {
    pub fn new(session: &'a Session, entries: Vec<Entry>, order: &'a Order) -> Self {
        let with_group = WithGroup::of(&entries);
        let before_restarts = BeforeRestarts::of(&entries);
        let (dry_run, key) = (order.changes.dry_run, order.key.as_ref());
        let (made, deployed) = (Ids::default(), Ids::default());
        let over = AtomicBool::new(false);
        Run { session, entries, dry_run, key, made, deployed, with_group, before_restarts, over }
    }

    /// Carries everything out. `report` is given the entries and the first that it has not reported, and gives
    /// the next one.
    pub fn carry_out(&mut self, mut report: impl FnMut(&[Entry], usize) -> usize) {
        let mut next = report(&self.entries, 0);
        for round in self.rounds() {
            if round.is_step {
                // Names may be those of other things than when they were looked up.
                self.session.resolver.forget(ResourceKind::Product);
                self.session.resolver.forget(ResourceKind::DeviceGroup);
            }
            match round.moves_devices {
                true => self.move_devices(&round.numbers),
                false => self.each(&round.numbers),
            }
            next = report(&self.entries, next);
        }
        self.settle_builds();
        report(&self.entries, next);
    }

    fn rounds(&self) -> Vec<Round> {
        let open = self.entries.iter().enumerate().filter(|(_, entry)| entry.is_open());
        let open = open.map(|(number, entry)| {
            let Entry { effect, after, .. } = entry;
            Open { number, effect, after: *after, step: entry.step() }
        });
        rounds(&open.collect::<Vec<_>>())
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
        if self.goes_with_group(number) {
            return State::WithGroup;
        }
        if let Some(failure) = self.lacks_what_came_before(number) {
            return State::Failed(failure);
        }
        if let Some(state) = self.foreseen(number) {
            return state;
        }
        let with_it = self.builds_of(number).map(|build| build as u64);
        let rows = journal::numbers([number as u64].into_iter().chain(with_it));
        let act = || {
            let result = match (&effect.before, &effect.after) {
                _ if effect.is_action() => {
                    let conditional = cli::truth_option(&self.entries[number].row, CONDITIONAL);
                    conditional.and_then(|it| self.restart(effect, it.unwrap_or_default()))
                }
                (None, _) => self.create(number),
                (_, None) => self.delete(number),
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
}
