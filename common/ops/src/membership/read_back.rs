//! Devices of which it is not known whether they moved: they are read back, and only one that is found not to have
//! moved is sent again, at most so often.

use std::collections::{BTreeMap, HashMap};

use api::Error;
use model::ErrorKind;
use pipe::NamedBy;
use serde_json::json;

use super::decide::Batch;
use super::devices::{Devices, Requested};
use super::groups::GroupNumber;
use super::locate::{Within, locate};
use super::row::RowState;
use super::send::{MoveRun, is_trouble};

/// Maximum attempts per device.
const ATTEMPTS: u8 = 6;

/// A device of which it is not known whether it moved, with what the answer said.
pub(super) struct UnknownOutcome {
    /// The number of its row.
    row: u32,
    group: GroupNumber,
    named: Option<Error>,
    pub general: Error,
    pub about_request: bool,
    /// The number of the request, and how many devices it had.
    request: usize,
    together: usize,
}

impl MoveRun<'_> {
    /// It is open what became of the devices of a batch.
    pub fn unknown(
        &mut self,
        batch: &Batch,
        named: Vec<Option<Error>>,
        general: &Error,
        about_request: bool,
    ) -> Vec<UnknownOutcome> {
        self.unknown_requests += 1;
        *self.group_sizes.entry(batch.group).or_default() += batch.rows.len();
        let of_row = |(row, named): (&u32, Option<Error>)| UnknownOutcome {
            row: *row,
            group: batch.group,
            named,
            general: general.clone(),
            about_request,
            request: self.unknown_requests,
            together: batch.rows.len(),
        };
        batch.rows.iter().zip(named).map(of_row).collect()
    }

    /// Looks where the devices are. Gives those that did not move and may be sent again.
    pub fn read_back(&mut self, unknown: Vec<UnknownOutcome>) -> Vec<UnknownOutcome> {
        let mut by_group: BTreeMap<GroupNumber, Vec<UnknownOutcome>> = BTreeMap::new();
        for one in unknown {
            by_group.entry(one.group).or_default().push(one);
        }
        let mut not_moved = Vec::new();
        for (group, unknown) in by_group {
            not_moved.extend(self.read_back_group(group, unknown));
        }
        not_moved
    }

    fn read_back_group(
        &mut self,
        group: GroupNumber,
        unknown: Vec<UnknownOutcome>,
    ) -> Vec<UnknownOutcome> {
        // A new look: what was known before is no answer.
        let devices = &self.rows.devices;
        let mut now = Devices::with_groups_of(devices);
        for one in &unknown {
            let device = devices.on_the_wire(one.row);
            now.push(Some(Requested::new(&device, NamedBy::Any, None)));
        }
        let within = Within::Group(&devices.group(group).id);
        let size = self.group_sizes.get(&group).copied();
        let all = (0..).take(unknown.len()).collect();
        if let Err(error) = locate(self.session, &mut now, all, within, size) {
            for one in &unknown {
                self.rows.fail_with(one.row, not_read_back(one, &error));
            }
            self.ended = self.ended.take().or(Some(error).filter(Error::ends_run));
            return Vec::new();
        }
        let mut not_moved = Vec::new();
        for (number, one) in (0..).zip(unknown) {
            let inside = match now.is_looked_up(number) {
                Ok(()) => now.location(number).is_some_and(|now| now.group == Some(group)),
                Err(error) if error.kind == ErrorKind::NotFound => false,
                // A look that failed shows nothing: neither that it moved nor that it did not.
                Err(error) => {
                    self.rows.fail_with(one.row, not_read_back(&one, &error));
                    continue;
                }
            };
            if inside == self.rows.devices.leaves(one.row) {
                not_moved.push(one);
            } else {
                self.rows.set(one.row, RowState::Moved);
            }
        }
        not_moved
    }

    /// Decides about devices that did not move: failed, or once more. A row that stays open goes into the next
    /// round.
    pub fn send_again_or_fail(&mut self, not_moved: Vec<UnknownOutcome>) {
        let mut left_of: HashMap<usize, usize> = HashMap::new();
        for one in &not_moved {
            *left_of.entry(one.request).or_default() += 1;
        }
        for one in not_moved {
            let of_request = left_of[&one.request];
            if let Some(own) = one.named {
                self.refused(one.row, own);
            } else if is_trouble(&one.general) {
                // A refusal of the size of the request is no attempt.
                let attempts = self.rows.count_attempt(one.row);
                if attempts >= ATTEMPTS {
                    self.rows.fail_with(one.row, did_not_move(&one.general, attempts));
                } else if attempts + 1 >= ATTEMPTS {
                    self.rows.send_alone(one.row);
                }
            } else if of_request == 1 {
                // All others of the request moved: what was refused is this one.
                self.refused(one.row, one.general);
            } else if one.about_request && of_request == one.together {
                self.batch_size.refused(one.together, &one.general);
            } else {
                self.rows.send_alone(one.row);
            }
        }
    }
}

/// No answer was good, but the last look shows that the device is where it was: that is known.
fn did_not_move(general: &Error, attempts: u8) -> Error {
    let last = match general.status {
        Some(status) => Error::from_answer(status, &json!({"errors": general.errors})).words(),
        None => "no answer".to_owned(),
    };
    Error {
        kind: ErrorKind::Unexpected,
        attempts: attempts.into(),
        title: format!("The service failed {attempts} times, and the device did not move"),
        detail: Some(last),
        ..general.clone()
    }
}

fn not_read_back(one: &UnknownOutcome, error: &Error) -> Error {
    Error {
        kind: ErrorKind::UnknownOutcome,
        attempts: one.general.attempts,
        ..Error::new(ErrorKind::UnknownOutcome, "It is not known whether this device moved")
            .detail(format!("it could not be read back: {error}"))
    }
}
