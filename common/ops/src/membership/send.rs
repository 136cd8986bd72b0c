//! Sends the requests of a bulk move, and finds out what became of each device.
//!
//! The call is not atomic and an answer may get lost, so after a doubtful answer every device of that
//! request is *read back*, and only one that is found not to have moved is sent again. As long as that
//! is open nothing more is sent: in an outage every further request would be one more in doubt. A refusal
//! that may be about the size of the request is tried with a smaller one, alone, before the rest follow.

use model::{ErrorKind, Secret};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api::membership::{self, BatchResult};
use api::{Error, Request};
use pipe::engine::{self, Done};

use super::batch_size::BatchSize;
use super::decide::{Batch, Batches};
use super::groups::{Group, GroupNumber};
use super::names::look_for_names;
use super::noted::{InInput, LaidOut, send_noted};
use super::read_back::UnknownOutcome;
use super::row::{MoveRows, RowState};
use cli::{Session, failure};

/// Called after each answer with the rows as they are: those that are settled can be printed. False when the
/// run is over.
pub(super) type OnAnswer<'a> = dyn FnMut(&MoveRows) -> bool + 'a;

/// A bulk move under way.
pub(super) struct MoveRun<'a> {
    pub session: &'a Session,
    pub rows: &'a mut MoveRows,
    pub key: Option<&'a Secret>,
    pub batch_size: BatchSize,
    pub on_answer: &'a mut OnAnswer<'a>,
    /// Requests sent so far whose outcome was unknown.
    pub unknown_requests: usize,
    /// About how many devices of a group this run has written, for choosing how to read back.
    pub group_sizes: HashMap<GroupNumber, usize>,
    /// Why the run is over, once it is.
    pub ended: Option<Error>,
    in_input: InInput<'a>,
}

impl<'a> MoveRun<'a> {
    /// A move of the open rows.
    pub fn new(
        session: &'a Session,
        rows: &'a mut MoveRows,
        (batch_size, key): (usize, Option<&'a Secret>),
        on_answer: &'a mut OnAnswer<'a>,
    ) -> Self {
        MoveRun {
            session,
            rows,
            key,
            batch_size: BatchSize::new(batch_size),
            on_answer,
            unknown_requests: 0,
            group_sizes: HashMap::new(),
            ended: None,
            in_input: InInput::Not,
        }
    }

    /// The same for rows of the input.
    pub fn of_input(self, in_input: InInput<'a>) -> Self {
        MoveRun { in_input, ..self }
    }

    /// Sends until it is known what became of every open row, or the run is over; then it gives the reason.
    pub fn carry_out(&mut self) -> Option<Error> {
        loop {
            let mut round = self.round();
            if round.is_empty() {
                let ended = look_for_names(self.session, self.rows);
                self.ended = self.ended.take().or(ended);
                round = self.round();
            }
            if round.is_empty() {
                self.report();
                return self.ended.take();
            }
            // The first goes alone: it shows whether requests of this size are taken at all.
            let rest = round.split_off(1.min(round.len()));
            let (mut unknown, mut over) = self.send(round);
            let held_back = unknown.iter().any(|one| one.about_request || is_trouble(&one.general));
            if over.is_none() && !held_back {
                let (more, ended) = self.send(rest);
                unknown.extend(more);
                over = ended;
            }
            if let Some(error) = over {
                self.give_up(&error);
            }
            let not_moved = self.read_back(unknown);
            if let Some(error) = self.ended.clone() {
                self.give_up(&error);
            }
            self.send_again_or_fail(not_moved);
            if !self.report() {
                self.give_up(&interrupted());
            }
        }
    }

    /// Lets the rows that are settled be printed; false when the run is over.
    fn report(&mut self) -> bool {
        (self.on_answer)(self.rows)
    }

    /// The requests of the next round.
    fn round(&self) -> Vec<Batch> {
        // One request puts devices into a group, or takes some out.
        let mut alone = Batches::new(1);
        let [mut out, mut into] = [(); 2].map(|()| Batches::new(self.batch_size.now()));
        for (row, group) in self.rows.all_open() {
            if self.rows.is_sent_alone(row) {
                alone.push(row, group);
            } else if self.rows.devices.leaves(row) {
                out.push(row, group);
            } else {
                into.push(row, group);
            }
        }
        let mut round = alone.all();
        round.extend(out.all());
        round.extend(into.all());
        round.truncate(self.batch_size.round());
        round
    }

    /// Sends `round`; notes what is certain, gives what is not, and what ended the run.
    fn send(&mut self, round: Vec<Batch>) -> (Vec<UnknownOutcome>, Option<Error>) {
        let (mut unknown, mut over) = (Vec::new(), None);
        let (session, in_input, key) = (self.session, self.in_input, self.key);
        let devices = Arc::clone(&self.rows.devices);
        let hold_back = AtomicBool::new(false);
        engine::ordered(
            usize::from(session.common.jobs),
            &session.stop,
            round.into_iter(),
            |batch: Batch| {
                if hold_back.load(Ordering::Relaxed) {
                    return (None, batch);
                }
                // Only now, since there may be thousands of requests.
                let one = LaidOut::of(batch, &devices);
                let group = devices.group(one.batch.group);
                let request = request(&one.devices, one.leave, group, key);
                let answer = send_noted(session, &request, &one, &devices, in_input);
                let result = membership::interpret(answer, &one.devices);
                if matches!(&result, BatchResult::Unknown { general, .. } if is_trouble(general)) {
                    hold_back.store(true, Ordering::Relaxed);
                }
                (Some(result), one.batch)
            },
            |done| {
                session.learn_account();
                let ended = match done {
                    Done::Worked((Some(result), batch)) => self.note(result, &batch, &mut unknown),
                    // Held back: still open.
                    Done::Worked((None, _)) => None,
                    Done::NotAttempted(_) => Some(interrupted()),
                };
                over = over.take().or(ended);
                if !self.report() {
                    over.get_or_insert_with(interrupted);
                    hold_back.store(true, Ordering::Relaxed);
                }
                ControlFlow::Continue(())
            },
        );
        (unknown, over)
    }

    /// Takes in the result of one batch; gives the error that ends the run, if it does.
    fn note(
        &mut self,
        result: BatchResult,
        batch: &Batch,
        unknown: &mut Vec<UnknownOutcome>,
    ) -> Option<Error> {
        match result {
            BatchResult::Done => {
                self.batch_size.taken();
                batch.rows.iter().for_each(|row| self.rows.set(*row, RowState::Moved));
                *self.group_sizes.entry(batch.group).or_default() += batch.rows.len();
            }
            BatchResult::Failed(errors) => {
                if let [error] = errors.as_slice() {
                    self.batch_size.refused_alone(error);
                }
                batch.rows.iter().zip(errors).for_each(|(row, error)| self.refused(*row, error));
            }
            // As it seems; but it is not said that none moved.
            BatchResult::Refused(error) if error.status == Some(403) => {
                let named = vec![Some(error.clone()); batch.rows.len()];
                unknown.extend(self.unknown(batch, named, &error, false));
            }
            BatchResult::Refused(error) => {
                for row in &batch.rows {
                    self.rows.fail_with(*row, error.clone());
                }
            }
            BatchResult::Unknown { named, general, about_request } => {
                unknown.extend(self.unknown(batch, named, &general, about_request));
            }
            BatchResult::RunOver(error) => return Some(error),
        }
        None
    }

    /// The service refused the device of a row: it failed, unless what was sent as an agent id may be a name.
    pub fn refused(&mut self, row: u32, error: Error) {
        let devices = &self.rows.devices;
        let may_be_name = devices.target(row).is_some()
            && !devices.is_sent_by_id(row)
            && devices.shape(row).may_be_a_name_when_not_found();
        let is_unknown = error.kind == ErrorKind::NotFound;
        let failure = self.rows.failure_number(failure(error));
        self.rows.set(
            row,
            match may_be_name && is_unknown {
                true => RowState::PerhapsName(failure),
                false => RowState::Failed(failure),
            },
        );
    }

    /// The run is over: what is still open was not attempted. The reason goes to the first such row.
    fn give_up(&mut self, error: &Error) {
        self.rows.give_up(error, |rows, row| rows.open(row).is_some());
    }
}

/// The request for the devices of one group.
fn request(devices: &[String], leave: bool, group: &Group, key: Option<&Secret>) -> Request {
    if leave {
        membership::unassign(&group.id, devices, key.filter(|_| group.is_production()))
    } else {
        membership::assign(&group.id, devices)
    }
}

fn interrupted() -> Error {
    Error::new(ErrorKind::NotAttempted, "Interrupted")
}

/// Whether the service itself was in trouble: no answer, or one that says so.
pub(super) fn is_trouble(error: &Error) -> bool {
    error.kind == ErrorKind::UnknownOutcome
}
