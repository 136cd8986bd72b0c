//! Sends the requests of a bulk move, and finds out what became of each device.
//!
//! The call is not atomic and an answer may get lost, so after a doubtful answer every device of that
//! request is *read back*, and only one that is found not to have moved is sent again. As long as that
//! is open nothing more is sent: in an outage every further request would be one more in doubt. A refusal
//! that may be about the size of the request is tried with a smaller one, alone, before the rest follow.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use api::membership::{self, Fate as Answer};
use api::{Error, Kind, Secret, devices};
use pipe::engine::{self, Done};
use serde_json::json;

use super::places::{Group, Places};
use super::plan::{Batch, Fate, Wish, batches};
use crate::session::Session;
use crate::stop::{Stop, failure};

/// So often is a device sent, at most.
const TRIES: u8 = 4;

/// Called with the fates so far.
pub(super) type Settled<'a> = dyn FnMut(&[Fate], &Places) -> Result<(), Stop> + 'a;

/// A bulk move under way.
pub(super) struct Sending<'a> {
    pub session: &'a Session,
    pub wishes: &'a [Option<Wish>],
    pub places: &'a Places,
    pub fates: &'a mut [Fate],
    pub key: Option<&'a Secret>,
    /// Devices in one request, at most; becomes smaller when the service takes fewer.
    pub size: usize,
    /// Called after each answer: rows whose fate is known can be printed.
    pub settled: &'a mut Settled<'a>,
    /// Devices by the id that was found for their name.
    pub ids: HashMap<u32, u64>,
    /// Rows that are unknown as agents and may be names.
    pub perhaps_names: BTreeMap<u32, Error>,
    /// How the service refused a request that may have been too large.
    pub size_refusal: Option<Error>,
    /// Members of a group that this run has put in or found there, for choosing how to read back.
    pub sizes: HashMap<u32, usize>,
    /// Why the run is over, once it is.
    pub ended: Option<Error>,
}

/// A row whose fate an answer left open, with what it said.
pub(super) struct Doubt {
    pub row: u32,
    pub group: u32,
    pub named: Option<Error>,
    pub general: Error,
    pub about_request: bool,
    /// How many devices the request had.
    pub together: usize,
}

impl Sending<'_> {
    /// Sends until the fate of every open row is known, or the run is over; then it gives the reason.
    ///
    /// # Errors
    /// Only when results cannot be written.
    pub fn all(&mut self) -> Result<Option<Error>, Stop> {
        let mut tries: HashMap<u32, u8> = HashMap::new();
        let mut alone = false;
        loop {
            let mut open = self.open_rows();
            if open.is_empty() {
                self.try_as_names();
                open = self.open_rows();
            }
            if open.is_empty() {
                (self.settled)(self.fates, self.places)?;
                return Ok(self.ended.take());
            }
            let mut round = batches(open, if alone { 1 } else { self.size });
            // The first goes alone: it shows whether requests of this size are taken at all.
            let mut rest = round.split_off(1.min(round.len()));
            let (mut doubts, mut over) = self.send(round)?;
            let too_large = doubts.iter().any(|doubt| doubt.about_request);
            let in_trouble = doubts.iter().any(|doubt| is_trouble(&doubt.general));
            self.learn_from_one(&mut rest);
            if over.is_none() && !too_large && !in_trouble {
                let (more, ended) = self.send(rest)?;
                doubts.extend(more);
                over = ended;
            }
            if let Some(error) = over {
                self.give_up(&error);
            }
            if let Some(doubt) = doubts.iter().find(|doubt| doubt.about_request) {
                self.size_refusal = Some(doubt.general.clone());
            }
            let left = self.read_back(doubts);
            if let Some(error) = self.ended.clone() {
                self.give_up(&error);
            }
            alone = self.again(left, &mut tries);
            (self.settled)(self.fates, self.places)?;
        }
    }

    /// A request that was refused as a whole has been made smaller down to one device: if that one is
    /// refused in the same words, it was never about the size, and the others need not be tried.
    fn learn_from_one(&mut self, rest: &mut Vec<Batch>) {
        let (1, Some(refusal)) = (self.size, &self.size_refusal) else {
            return;
        };
        let same = |failure: &pipe::Failure| {
            (failure.status, failure.title.as_str()) == (refusal.status, refusal.title.as_str())
        };
        if self.fates.iter().any(|fate| matches!(fate, Fate::Failed(failure) if same(failure))) {
            for row in rest.drain(..).flat_map(|batch| batch.rows) {
                self.fates[row as usize] = failed(refusal.clone());
            }
        }
    }

    fn devices_of(&self, batch: &Batch) -> Vec<String> {
        batch.rows.iter().map(|row| self.text_of(*row)).collect()
    }

    /// The device as the request names it. Unassigned devices have no agent id any more, so devices that
    /// are taken out go by their own id; names are nothing to the service.
    pub(super) fn text_of(&self, row: u32) -> String {
        let Some(wish) = &self.wishes[row as usize] else { return String::new() };
        let known = || Some(self.places.of(&wish.device).ok()??.id);
        let form = devices::form(&wish.device);
        let needs_id = wish.target.is_none() || form == devices::Form::Name;
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
    fn send(&mut self, round: Vec<Batch>) -> Result<(Vec<Doubt>, Option<Error>), Stop> {
        let mut doubts = Vec::new();
        let mut over = None;
        let mut broken = None;
        let (session, places, key) = (self.session, self.places, self.key);
        let named: Vec<_> =
            round.into_iter().map(|batch| (self.devices_of(&batch), batch)).collect();
        let wishes = self.wishes;
        let in_trouble = AtomicBool::new(false);
        engine::ordered(
            usize::from(session.common.jobs),
            &session.stop,
            named.into_iter(),
            |(devices, batch)| {
                if in_trouble.load(Ordering::Relaxed) {
                    return (None, batch);
                }
                let out = batch.rows.first().is_some_and(|row| is_out(wishes, *row));
                let group = &places.groups[batch.group as usize];
                let answer = send_one(session, &devices, out, group, key);
                if matches!(&answer, Answer::Doubtful { general, .. } if is_trouble(general)) {
                    in_trouble.store(true, Ordering::Relaxed);
                }
                (Some(answer), batch)
            },
            |done| {
                session.keep_company();
                let ended = match done {
                    Done::Worked((Some(answer), batch)) => self.note(answer, &batch, &mut doubts),
                    // Held back: still open.
                    Done::Worked((None, _)) => None,
                    Done::NotAttempted(_) => Some(Error::new(Kind::NotAttempted, "Interrupted")),
                };
                over = over.take().or(ended);
                broken = (self.settled)(self.fates, places).err();
                if broken.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        broken.map_or(Ok((doubts, over)), Err)
    }

    /// Takes in the answer for one batch; gives the error that ends the run, if it does.
    fn note(&mut self, answer: Answer, batch: &Batch, doubts: &mut Vec<Doubt>) -> Option<Error> {
        match answer {
            Answer::Done => {
                batch.rows.iter().for_each(|row| self.fates[*row as usize] = Fate::Moved);
                *self.sizes.entry(batch.group).or_default() += batch.rows.len();
            }
            Answer::Failed(errors) => {
                batch.rows.iter().zip(errors).for_each(|(row, error)| self.fail(*row, error));
            }
            Answer::Refused(error) => {
                batch.rows.iter().for_each(|row| self.fates[*row as usize] = failed(error.clone()));
            }
            Answer::Doubtful { named, general, about_request } => {
                doubts.extend(batch.rows.iter().zip(named).map(|(row, named)| Doubt {
                    row: *row,
                    group: batch.group,
                    named,
                    general: general.clone(),
                    about_request,
                    together: batch.rows.len(),
                }));
                *self.sizes.entry(batch.group).or_default() += batch.rows.len();
            }
            Answer::RunOver(error) => return Some(error),
        }
        None
    }

    /// The run is over: what is still open was not attempted. The reason goes to the first such row.
    fn give_up(&mut self, error: &Error) {
        let mut reason = (error.kind != Kind::NotAttempted).then(|| failed(error.clone()));
        for (row, _) in self.open_rows() {
            let fate =
                reason.take().unwrap_or_else(|| Fate::Failed(Box::new(crate::each::run_ended())));
            self.fates[row as usize] = fate;
        }
    }

    /// Decides about devices that did not move: failed, or once more. True if they have to go alone now.
    fn again(&mut self, left: Vec<Doubt>, tries: &mut HashMap<u32, u8>) -> bool {
        let mut alone = false;
        for doubt in left {
            let tried = tries.entry(doubt.row).or_default();
            *tried += 1;
            let fate = match &doubt.named {
                Some(own) => {
                    self.fail(doubt.row, own.clone());
                    continue;
                }
                None if doubt.about_request && doubt.together > 1 => {
                    self.size = self.size.min(doubt.together.div_ceil(2));
                    *tried = 0;
                    continue;
                }
                None if *tried >= TRIES => failed(not_moved(&doubt.general, *tried)),
                None => {
                    alone |= *tried + 1 >= TRIES;
                    continue;
                }
            };
            self.fates[doubt.row as usize] = fate;
        }
        alone
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
        let key = key.filter(|_| group.kind == "production_devicegroup");
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

/// No answer was good, but the last look shows that the device is where it was: that is known.
fn not_moved(general: &Error, tries: u8) -> Error {
    if !is_trouble(general) {
        return general.clone();
    }
    let last = match general.status {
        Some(status) => Error::from_answer(status, &json!({"errors": general.errors})).words(),
        None => "no answer".to_owned(),
    };
    Error {
        kind: Kind::Unexpected,
        attempts: tries.into(),
        title: format!("The service failed {tries} times, and the device did not move"),
        detail: Some(last),
        ..general.clone()
    }
}

/// Whether the service itself was in trouble: no answer, or one that says so.
fn is_trouble(error: &Error) -> bool {
    error.kind == Kind::UnknownOutcome
}
