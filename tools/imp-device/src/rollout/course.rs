//! How far a rollout has come: which rows belong to which wave, what was moved from where, which waves were found
//! good. A run that goes on knows it from the journal.
//!
//! Careful about the order: rows stand in the journal in that of the waves, so that each has become something
//! before those of the next wave do.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use cli::journal;
use cli::rows::results::Results;
use cli::{CommandError, Session, text};
use model::{Effect, Record, ResourceKind};
use pipe::spool::Spool;
use pipe::{Item, Row};

use super::done::Done;
use super::event::GATE_PASSED;
use super::waves;

/// The step of a run that takes back what it has done.
const BACK: &str = "back";
/// The field of a row that takes a device back: the group that it came from.
pub const BACK_TO: &str = "back_to";
/// A rollout, as far as it has come.
pub struct Course {
    /// How many devices the first wave, the first two waves, … have.
    pub ends: Vec<u64>,
    /// The rows of the input that are left, in the order of the waves.
    pub rows: Spool,
    /// Their numbers, counted from 1.
    pub numbers: Vec<u64>,
    /// How many of them have been moved.
    taken: usize,
    /// Rows that take devices back, and are left from the run that was interrupted.
    pub back_rows: Vec<Row>,
    /// Why the rollout is taken back, once it is.
    pub back: Option<String>,
    /// Waves that were found good.
    pub passed: usize,
    /// What was done; results give to it what they do.
    pub done: Rc<RefCell<Done>>,
    /// Devices for which there is a row that takes them back.
    pub with_back_row: HashSet<String>,
    /// What became of rows before this run was resumed: their waves, and their records.
    before: Vec<(usize, Record)>,
}

impl Course {
    /// Reads the rows that go to the group with the id `target` to their end, and puts them in the order of the waves.
    /// `None` when the input cannot be read to its end: then all have been reported.
    ///
    /// # Errors
    /// What keeps the run from starting.
    pub fn read(
        session: &Session,
        target: &str,
        rows: impl Iterator<Item = Result<Item, pipe::ReadError>>,
        (ends_of, key_of): (impl Fn(u64) -> Vec<u64>, impl Fn(u64, &str) -> u64),
        results: &mut Results<'_>,
    ) -> Result<Option<Course>, CommandError> {
        let (mut read, mut keys) = (Spool::new(), Vec::new());
        for item in rows {
            match item {
                Ok(item) => {
                    keys.push(key_of(keys.len() as u64, &name_of(&item)));
                    read.push(&item).map_err(|error| CommandError::cannot_keep(&error))?;
                }
                Err(error) => results.end_run(error.into()),
            }
        }
        if results.is_over() || session.is_stopped() {
            for item in read.read() {
                let item = item.map_err(|error| CommandError::cannot_keep(&error))?;
                journal::note_item(&item);
                results.not_attempted(Ok(item));
            }
            return Ok(None);
        }
        let mut course = Course::empty();
        match journal::goes_on() {
            true => course.take_up(target, &read, ends_of)?,
            false => course.begin(target, &read, &keys, ends_of)?,
        }
        journal::note_end_of_input(&session.inputs);
        Ok(Some(course))
    }

    fn empty() -> Course {
        Course {
            ends: Vec::new(),
            rows: Spool::new(),
            numbers: Vec::new(),
            taken: 0,
            back_rows: Vec::new(),
            back: None,
            passed: 0,
            done: Rc::default(),
            with_back_row: HashSet::new(),
            before: Vec::new(),
        }
    }

    /// Puts the rows of a new run in order, wave by wave.
    fn begin(
        &mut self,
        target: &str,
        read: &Spool,
        keys: &[u64],
        ends_of: impl Fn(u64) -> Vec<u64>,
    ) -> Result<(), CommandError> {
        let all = keys.len() as u64;
        self.ends = ends_of(all);
        let of_each = waves::of_each(keys, &self.ends);
        journal::note_step(&step("planned", &[("devices", all.into()), ("to", target.into())]));
        for wave in 0..self.ends.len() {
            for (item, _) in read.read().zip(&of_each).filter(|(_, of_row)| **of_row == wave) {
                self.add_row(&item.map_err(|error| CommandError::cannot_keep(&error))?)?;
            }
        }
        self.numbers = (1..=all).collect();
        Ok(())
    }

    fn add_row(&mut self, item: &Item) -> Result<(), CommandError> {
        journal::note_item(item);
        self.rows.push(item).map_err(|error| CommandError::cannot_keep(&error))
    }

    /// Takes in what the journal of the run that goes on tells.
    fn take_up(
        &mut self,
        target: &str,
        read: &Spool,
        ends_of: impl Fn(u64) -> Vec<u64>,
    ) -> Result<(), CommandError> {
        let mut all = 0;
        for step in journal::steps() {
            is_of(&step, target)?;
            let number = |name: &str| step.get(name).and_then(serde_json::Value::as_u64);
            match text(&step, "event") {
                GATE_PASSED => self.passed = number("wave").unwrap_or_default() as usize,
                BACK => self.back = Some(text(&step, "reason").to_owned()),
                _ => all = number("devices").unwrap_or(all),
            }
        }
        self.ends = ends_of(all);
        let mut done = Vec::new();
        journal::each_done_before(|number, input, effect| {
            done.push((number, input.clone(), effect.clone()));
        });
        done.into_iter().for_each(|(number, input, effect)| {
            self.was_done(number, input, &effect);
        });
        for (index, item) in (0..).zip(read.read()) {
            let item = item.map_err(|error| CommandError::cannot_keep(&error))?;
            let numbers = journal::numbers([index]);
            match item {
                // Rows of the way back come after all others; fields with that name may be anybody's.
                Item::Row(row) if numbers[0] > all => {
                    journal::note_item(&Item::Row(row.clone()));
                    self.with_back_row.insert(text(&row.record, "id").to_owned());
                    self.back_rows.push(row);
                }
                item => {
                    self.add_row(&item)?;
                    self.numbers.extend(numbers);
                }
            }
        }
        Ok(())
    }

    fn was_done(&mut self, number: u64, input: Record, effect: &Effect) {
        if number > self.all() {
            self.with_back_row.insert(text(&input, "id").to_owned());
            return;
        }
        self.done.borrow_mut().note_moved(effect);
        let wave = waves::wave_of(number, &self.ends);
        if wave < self.passed {
            return;
        }
        let mut record = input;
        for name in ["devicegroup_id", "devicegroup_type"] {
            if let Some(after) = effect.after.as_ref().filter(|after| after.contains_key(name)) {
                record.copy(name, after);
            }
        }
        self.before.push((wave, record));
    }

    /// How many rows come next with this wave: its own, and what is left of those before it.
    pub fn left_until(&mut self, wave: usize) -> usize {
        let end = self.ends.get(wave).copied().unwrap_or_default();
        let all = self.numbers.iter().filter(|number| **number <= end).count();
        all - std::mem::replace(&mut self.taken, all)
    }

    /// The number of devices of a wave.
    pub fn size_of(&self, wave: usize) -> u64 {
        let before = wave.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.ends[wave] - before
    }

    /// The number of all devices.
    pub fn all(&self) -> u64 {
        self.ends.last().copied().unwrap_or_default()
    }

    /// A wave begins: what was done of it before this run was resumed belongs to it.
    pub fn begin_wave(&mut self, wave: usize) {
        let mut done = self.done.borrow_mut();
        done.begin_wave();
        for (of_row, record) in std::mem::take(&mut self.before) {
            if of_row == wave {
                done.add_record(&record);
            }
        }
    }

    /// The wave was found good.
    pub fn pass(&mut self) {
        self.passed += 1;
        journal::note_step(&step(GATE_PASSED, &[("wave", self.passed.into())]));
    }

    /// The rollout is taken back from now on.
    pub fn turn_back(&mut self, reason: &str) {
        self.back = Some(reason.to_owned());
        journal::note_step(&step(BACK, &[("reason", reason.into())]));
    }

    /// The rows that take back what was moved: those that there are already, and new ones, which are in the journal
    /// from then on. Those of devices that were in no group come last.
    pub fn rows_back(&mut self, target: &str) -> Vec<Row> {
        let mut rows = std::mem::take(&mut self.back_rows);
        let done = self.done.borrow();
        let is_new = |(device, _): &(&str, &str)| !self.with_back_row.contains(*device);
        for (device, from) in done.each_moved().filter(is_new) {
            let mut record = Record::new();
            record.insert_text("type", ResourceKind::Device.noun());
            record.insert_text("id", device);
            record.insert_text("devicegroup_id", target);
            record.insert_text(BACK_TO, from);
            let row = Row { record, source: "--back".to_owned() };
            journal::note_item(&Item::Row(row.clone()));
            rows.push(row);
        }
        rows
    }
}

/// A name may be that of another group by now, and nothing must go there.
fn is_of(step: &Record, target: &str) -> Result<(), CommandError> {
    let group = text(step, "to");
    if group.is_empty() || group == target {
        return Ok(());
    }
    Err(CommandError::usage(format!(
        "--to named the device group {group} when this rollout began, and names {target} now: rename them as they were"
    )))
}

fn step(event: &str, fields: &[(&str, serde_json::Value)]) -> Record {
    let mut step = Record::new();
    step.insert_text("event", event);
    fields.iter().for_each(|(name, value)| step.insert(name, value.clone()));
    step
}

/// What names the device of a row; nothing if nothing does.
pub fn name_of(item: &Item) -> String {
    let Item::Row(row) = item else { return String::new() };
    row.identifier(ResourceKind::Device, &[]).map(|device| device.text).unwrap_or_default()
}
