//! Sends the requests of a bulk move, and finds out what became of each device.
//!
//! The call is not atomic and an answer may get lost, so after a doubtful answer every device of that
//! request is *read back*, and only one that is found not to have moved is sent again. As long as that
//! is open nothing more is sent: in an outage every further request would be one more in doubt. A refusal
//! that may be about the size of the request is tried with a smaller one, alone, before the rest follow.

use model::identifier::{Shape, shape};
use model::{ErrorKind, Secret};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use api::Error;
use api::membership::{self, Fate as Answer};
use pipe::engine::{self, Done};

use super::places::{Group, Places};
use super::plan::{Batch, Fate, Wish, batches};
use super::read_back::Doubt;
use super::size::Size;
use cli::Session;
use cli::failure;

/// Called with the fates so far; false when the run is over.
pub(super) type Settled<'a> = dyn FnMut(&[Fate], &Places, &Names) -> bool + 'a;

/// The ids of devices that were found by what looked like an agent id and is their name, by row.
pub(super) type Names = HashMap<u32, u64>;

/// A bulk move under way.
pub(super) struct Sending<'a> {
    pub session: &'a Session,
    pub wishes: &'a [Option<Wish>],
    pub places: &'a Places,
    pub fates: &'a mut [Fate],
    pub key: Option<&'a Secret>,
    /// Devices in one request.
    pub size: Size,
    /// Called after each answer: rows whose fate is known can be printed.
    pub settled: &'a mut Settled<'a>,
    /// Rows that go alone from now on.
    pub alone: HashSet<u32>,
    /// Requests sent so far.
    pub requests: u32,
    /// Devices by the id that was found for their name.
    pub ids: Names,
    /// Rows that are unknown as agents and may be names.
    pub perhaps_names: BTreeMap<u32, Error>,
    /// Members of a group that this run has put in or found there, for choosing how to read back.
    pub sizes: HashMap<u32, usize>,
    /// Why the run is over, once it is.
    pub ended: Option<Error>,
}

impl<'a> Sending<'a> {
    /// A move of the open rows of `fates`, without an unblessing key.
    pub fn new(
        session: &'a Session,
        wishes: &'a [Option<Wish>],
        places: &'a Places,
        fates: &'a mut [Fate],
        size: Size,
        settled: &'a mut Settled<'a>,
    ) -> Self {
        Sending {
            session,
            wishes,
            places,
            fates,
            key: None,
            size,
            settled,
            alone: HashSet::new(),
            requests: 0,
            ids: HashMap::new(),
            perhaps_names: BTreeMap::new(),
            sizes: HashMap::new(),
            ended: None,
        }
    }

    /// Sends until the fate of every open row is known, or the run is over; then it gives the reason.
    pub fn all(&mut self) -> Option<Error> {
        let mut tries: HashMap<u32, u8> = HashMap::new();
        loop {
            let mut open = self.open_rows();
            if open.is_empty() {
                self.try_as_names();
                open = self.open_rows();
            }
            if open.is_empty() {
                (self.settled)(self.fates, self.places, &self.ids);
                return self.ended.take();
            }
            let mut round = self.round(open);
            // The first goes alone: it shows whether requests of this size are taken at all.
            let rest = round.split_off(1.min(round.len()));
            let (mut doubts, mut over) = self.send(round);
            let held_back =
                doubts.iter().any(|doubt| doubt.about_request || is_trouble(&doubt.general));
            if over.is_none() && !held_back {
                let (more, ended) = self.send(rest);
                doubts.extend(more);
                over = ended;
            }
            if let Some(error) = over {
                self.give_up(&error);
            }
            let left = self.read_back(doubts);
            if let Some(error) = self.ended.clone() {
                self.give_up(&error);
            }
            self.again(left, &mut tries);
            if !(self.settled)(self.fates, self.places, &self.ids) {
                self.give_up(&interrupted());
            }
        }
    }

    /// The requests of the next round.
    fn round(&self, open: Vec<(u32, u32)>) -> Vec<Batch> {
        let (alone, together): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|(row, _)| self.alone.contains(row));
        let mut round = batches(alone, 1);
        round.extend(batches(together, self.size.now()));
        round.truncate(self.size.round());
        round
    }

    fn devices_of(&self, batch: &Batch) -> Vec<String> {
        batch.rows.iter().map(|row| self.text_of(*row)).collect()
    }

    /// The device as the request names it. Unassigned devices have no agent id any more, so devices that
    /// are taken out go by their own id; names are nothing to the service.
    pub(super) fn text_of(&self, row: u32) -> String {
        let Some(wish) = &self.wishes[row as usize] else { return String::new() };
        let known = || Some(self.places.of(&wish.device).ok()??.id);
        let form = shape(&wish.device);
        let needs_id = wish.target.is_none() || form == Shape::Name;
        let id = self.ids.get(&row).copied().or_else(|| if needs_id { known() } else { None });
        id.map_or_else(|| wish.device.clone(), |id| format!("{id:016x}"))
    }

    fn open_rows(&self) -> Vec<(u32, u32)> {
        let rows = self.fates.iter().zip(0u32..);
        let open = rows.filter_map(|(fate, row)| match fate {
            Fate::Open(group) => Some((row, *group)),
            _ => None,
        });
        open.filter(|(row, _)| !self.perhaps_names.contains_key(row)).collect()
    }

    /// Sends `round`; notes what is certain, gives what is not, and what ended the run.
    fn send(&mut self, round: Vec<Batch>) -> (Vec<Doubt>, Option<Error>) {
        let mut doubts = Vec::new();
        let mut over = None;
        let (session, places, key) = (self.session, self.places, self.key);
        let named: Vec<_> =
            round.into_iter().map(|batch| (self.devices_of(&batch), batch)).collect();
        let wishes = self.wishes;
        let hold_back = AtomicBool::new(false);
        engine::ordered(
            usize::from(session.common.jobs),
            &session.stop,
            named.into_iter(),
            |(devices, batch)| {
                if hold_back.load(Ordering::Relaxed) {
                    return (None, batch);
                }
                let out = batch.rows.first().is_some_and(|row| is_out(wishes, *row));
                let group = &places.groups[batch.group as usize];
                let answer = send_one(session, &devices, out, group, key);
                if matches!(&answer, Answer::Doubtful { general, .. } if is_trouble(general)) {
                    hold_back.store(true, Ordering::Relaxed);
                }
                (Some(answer), batch)
            },
            |done| {
                session.keep_company();
                let ended = match done {
                    Done::Worked((Some(answer), batch)) => self.note(answer, &batch, &mut doubts),
                    // Held back: still open.
                    Done::Worked((None, _)) => None,
                    Done::NotAttempted(_) => Some(interrupted()),
                };
                over = over.take().or(ended);
                if !(self.settled)(self.fates, places, &self.ids) {
                    over.get_or_insert_with(interrupted);
                    hold_back.store(true, Ordering::Relaxed);
                }
                ControlFlow::Continue(())
            },
        );
        (doubts, over)
    }

    /// Takes in the answer for one batch; gives the error that ends the run, if it does.
    fn note(&mut self, answer: Answer, batch: &Batch, doubts: &mut Vec<Doubt>) -> Option<Error> {
        match answer {
            Answer::Done => {
                self.size.taken();
                batch.rows.iter().for_each(|row| self.fates[*row as usize] = Fate::Moved);
                *self.sizes.entry(batch.group).or_default() += batch.rows.len();
            }
            Answer::Failed(errors) => {
                if let [error] = errors.as_slice() {
                    self.size.refused_alone(error);
                }
                batch.rows.iter().zip(errors).for_each(|(row, error)| self.fail(*row, error));
            }
            // As it seems; but it is not said that none moved.
            Answer::Refused(error) if error.status == Some(403) => {
                let named = vec![Some(error.clone()); batch.rows.len()];
                self.doubt(batch, named, &error, false, doubts);
            }
            Answer::Refused(error) => {
                batch.rows.iter().for_each(|row| self.fates[*row as usize] = failed(error.clone()));
            }
            Answer::Doubtful { named, general, about_request } => {
                self.doubt(batch, named, &general, about_request, doubts);
            }
            Answer::RunOver(error) => return Some(error),
        }
        None
    }

    /// Notes that it is open what became of a batch.
    fn doubt(
        &mut self,
        batch: &Batch,
        named: Vec<Option<Error>>,
        general: &Error,
        about_request: bool,
        doubts: &mut Vec<Doubt>,
    ) {
        self.requests += 1;
        doubts.extend(batch.rows.iter().zip(named).map(|(row, named)| Doubt {
            row: *row,
            group: batch.group,
            named,
            general: general.clone(),
            about_request,
            request: self.requests,
            together: batch.rows.len(),
        }));
        *self.sizes.entry(batch.group).or_default() += batch.rows.len();
    }

    /// The run is over: what is still open was not attempted. The reason goes to the first such row.
    fn give_up(&mut self, error: &Error) {
        let mut reason = (error.kind != ErrorKind::NotAttempted).then(|| failed(error.clone()));
        for (row, _) in self.open_rows() {
            let fate =
                reason.take().unwrap_or_else(|| Fate::Failed(Box::new(cli::rows::run_ended())));
            self.fates[row as usize] = fate;
        }
    }
}

fn send_one(
    session: &Session,
    devices: &[String],
    out: bool,
    group: &Group,
    key: Option<&Secret>,
) -> Answer {
    let request = if out {
        let key = key.filter(|_| group.is_production());
        membership::unassign(&group.id, devices, key)
    } else {
        membership::assign(&group.id, devices)
    };
    membership::judge(session.client.send(&request), devices)
}

pub(super) fn is_out(wishes: &[Option<Wish>], row: u32) -> bool {
    wishes[row as usize].as_ref().is_some_and(|wish| wish.target.is_none())
}

pub(super) fn failed(error: Error) -> Fate {
    Fate::Failed(Box::new(failure(error)))
}

fn interrupted() -> Error {
    Error::new(ErrorKind::NotAttempted, "Interrupted")
}

/// Whether the service itself was in trouble: no answer, or one that says so.
pub(super) fn is_trouble(error: &Error) -> bool {
    error.kind == ErrorKind::UnknownOutcome
}
