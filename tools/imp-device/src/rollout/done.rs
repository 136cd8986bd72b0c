//! What was done: which devices were moved from where, and the records that a gate is asked about.
//!
//! Careful about memory: of a device that was moved its id is kept and the number of a group, and the records of a
//! wave go to a file as they come.

use std::collections::HashMap;
use std::io;

use cli::rows::results::Kept;
use cli::text;
use cli::{Common, Session};
use model::{Effect, Record};

use super::gate::{Records, Verdict};

/// Where a device was before.
struct Moved {
    device: String,
    /// The number of the group; none for a device that was in no group.
    from: Option<usize>,
}

/// What was done so far.
#[derive(Default)]
pub struct Done {
    moved: Vec<Moved>,
    groups: Vec<String>,
    places: HashMap<String, usize>,
    /// Those of the present wave.
    records: Option<Records>,
    /// Why they are not complete.
    error: Option<io::Error>,
    goes_back: bool,
    back: u64,
}

impl Done {
    /// Takes in a row that was done.
    pub fn take(&mut self, row: &Kept) {
        if self.goes_back {
            self.back += 1;
            return;
        }
        row.effects.iter().for_each(|effect| self.note_moved(effect));
        self.add_record(&row.record);
    }

    /// Notes from where a device was moved.
    pub fn note_moved(&mut self, effect: &Effect) {
        let Some(before) = effect.before.as_ref().filter(|_| !effect.is_action()) else { return };
        let group = text(before, "devicegroup_id");
        let from = (!group.is_empty()).then(|| {
            *self.places.entry(group.to_owned()).or_insert_with_key(|id| {
                self.groups.push(id.clone());
                self.groups.len() - 1
            })
        });
        self.moved.push(Moved { device: effect.id.clone(), from });
    }

    /// A wave begins.
    pub fn begin_wave(&mut self) {
        match Records::new() {
            Ok(records) => self.records = Some(records),
            Err(error) => self.error = Some(error),
        }
    }

    /// Adds a record of the present wave.
    pub fn add_record(&mut self, record: &Record) {
        if let Some(Err(error)) = self.records.as_mut().map(|records| records.add(record)) {
            self.error.get_or_insert(error);
        }
    }

    /// Asks the gate about the present wave.
    pub fn ask(&mut self, session: &Session, account: &Common, gate: &str) -> io::Result<Verdict> {
        match (self.error.take(), &mut self.records) {
            (Some(error), _) => Err(error),
            (None, Some(records)) => records.ask(session, account, gate),
            (None, None) => Ok(Verdict::Passed),
        }
    }

    /// Whether no device of the present wave is where the wave goes.
    pub fn is_wave_empty(&self) -> bool {
        self.records.as_ref().is_some_and(Records::are_none)
    }

    /// From now on devices go back.
    pub fn turn_back(&mut self) {
        self.goes_back = true;
    }

    /// How many were moved.
    pub fn moved(&self) -> u64 {
        self.moved.len() as u64
    }

    /// How many have gone back.
    pub fn back(&self) -> u64 {
        self.back
    }

    /// Each device that was moved, and the group that it came from, nothing if it was in none: those last.
    pub fn each_moved(&self) -> impl Iterator<Item = (&str, &str)> {
        let of = |has_group: bool| {
            self.moved.iter().filter(move |moved| moved.from.is_some() == has_group)
        };
        let group = |moved: &Moved| moved.from.map_or("", |group| self.groups[group].as_str());
        of(true).chain(of(false)).map(move |moved| (moved.device.as_str(), group(moved)))
    }
}
