//! After a doubtful answer: where the devices are, and what is done with those that did not move. The service
//! is asked, nothing is concluded from before.

use model::ErrorKind;
use std::collections::{BTreeMap, HashMap};

use api::Error;
use serde_json::json;

use super::look_up::{Within, look_up};
use super::plan::Fate;
use super::send::{Sending, failed, is_out, is_trouble};

/// So often is a device sent, at most.
const TRIES: u8 = 6;

/// A row whose fate an answer left open, with what it said.
pub(super) struct Doubt {
    pub row: u32,
    pub group: u32,
    pub named: Option<Error>,
    pub general: Error,
    pub about_request: bool,
    /// The number of the request, and how many devices it had.
    pub request: u32,
    pub together: usize,
}

impl Sending<'_> {
    /// Looks where the doubtful devices are. Gives those that did not move and may be sent again.
    pub(super) fn read_back(&mut self, doubts: Vec<Doubt>) -> Vec<Doubt> {
        let mut by_group: BTreeMap<u32, Vec<Doubt>> = BTreeMap::new();
        for doubt in doubts {
            by_group.entry(doubt.group).or_default().push(doubt);
        }
        let mut left = Vec::new();
        for (group, doubts) in by_group {
            left.extend(self.read_back_group(group, doubts));
        }
        left
    }

    fn read_back_group(&mut self, group: u32, doubts: Vec<Doubt>) -> Vec<Doubt> {
        let texts: Vec<String> = doubts.iter().map(|doubt| self.text_of(doubt.row)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        // A new look: what was known before is no answer.
        let mut now = self.places.with_groups_only();
        let id = self.places.groups[group as usize].id.clone();
        let size = self.sizes.get(&group).copied();
        if let Err(error) = look_up(self.session, &mut now, &texts, Within::Group(&id), size) {
            doubts.iter().for_each(|doubt| self.fates[doubt.row as usize] = unknown(doubt, &error));
            self.ended = self.ended.take().or(Some(error).filter(Error::ends_run));
            return Vec::new();
        }
        let mut left = Vec::new();
        for (doubt, text) in doubts.into_iter().zip(texts) {
            let inside = match now.of(text) {
                Ok(place) => place.is_some_and(|place| place.group == Some(group)),
                Err(error) if error.kind == ErrorKind::NotFound => false,
                // A look that failed shows nothing: neither that it moved nor that it did not.
                Err(error) => {
                    self.fates[doubt.row as usize] = unknown(&doubt, &error);
                    continue;
                }
            };
            if inside != is_out(self.wishes, doubt.row) {
                self.fates[doubt.row as usize] = Fate::Moved;
            } else {
                left.push(doubt);
            }
        }
        left
    }

    /// Decides about devices that did not move: failed, or once more.
    pub(super) fn again(&mut self, left: Vec<Doubt>, tries: &mut HashMap<u32, u8>) {
        let mut left_of: HashMap<u32, usize> = HashMap::new();
        for doubt in &left {
            *left_of.entry(doubt.request).or_default() += 1;
        }
        for doubt in left {
            let of_request = left_of[&doubt.request];
            if let Some(own) = &doubt.named {
                self.fail(doubt.row, own.clone());
            } else if is_trouble(&doubt.general) {
                // A refusal of the size of the request is no try.
                let tried = tries.entry(doubt.row).or_default();
                *tried += 1;
                if *tried >= TRIES {
                    self.fates[doubt.row as usize] = failed(not_moved(&doubt.general, *tried));
                } else if *tried + 1 >= TRIES {
                    self.alone.insert(doubt.row);
                }
            } else if of_request == 1 {
                // All others of the request moved: what was refused is this one.
                self.fail(doubt.row, doubt.general);
            } else if doubt.about_request && of_request == doubt.together {
                self.size.refused(doubt.together, &doubt.general);
            } else {
                self.alone.insert(doubt.row);
            }
        }
    }
}

/// No answer was good, but the last look shows that the device is where it was: that is known.
fn not_moved(general: &Error, tries: u8) -> Error {
    let last = match general.status {
        Some(status) => Error::from_answer(status, &json!({"errors": general.errors})).words(),
        None => "no answer".to_owned(),
    };
    Error {
        kind: ErrorKind::Unexpected,
        attempts: tries.into(),
        title: format!("The service failed {tries} times, and the device did not move"),
        detail: Some(last),
        ..general.clone()
    }
}

fn unknown(doubt: &Doubt, error: &Error) -> Fate {
    let error = Error {
        kind: ErrorKind::UnknownOutcome,
        attempts: doubt.general.attempts,
        ..Error::new(ErrorKind::UnknownOutcome, "It is not known whether this device moved")
            .detail(format!("it could not be read back: {error}"))
    };
    failed(error)
}
