//! How far a rollout has come: which rows belong to which wave, what was changed from what, which waves were found
//! good. A run that goes on knows it from the journal.
//!
//! Careful about the order: rows stand in the journal in that of the waves, so that each has become something
//! before those of the next wave do.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

pub use cli::journal::BACK_TO;
use cli::journal::{self, BACK, IN_DOUBT, TAKES_BACK, ToldBefore};
use cli::rows::results::Results;
use cli::{Changes, CommandError, Session, text};
use model::{Effect, Record};
use pipe::spool::Spool;
use pipe::{Item, Row};

use super::done::{Done, Rolled};
use super::event::GATE_PASSED;
use super::waves;

/// The step that begins a run, and tells what is rolled out.
const PLANNED: &str = "planned";
/// A rollout, as far as it has come.
pub struct Course {
    /// How many rows the first wave, the first two waves, … have.
    pub ends: Vec<u64>,
    /// How many devices each wave has, where that is not its rows.
    devices: Option<Vec<u64>>,
    /// The rows of the input that are left, in the order of the waves.
    pub rows: Spool,
    /// Their numbers, counted from 1.
    numbers: Vec<u64>,
    /// How many of them have been taken.
    taken: usize,
    /// Rows that take things back, and are left from the run that was interrupted.
    back_rows: Vec<Row>,
    /// Why the rollout is taken back, once it is.
    pub back: Option<String>,
    /// Waves that were found good.
    pub passed: usize,
    /// What was done; results give to it what they do.
    pub done: Rc<RefCell<Done>>,
    /// Things for which there is a row that takes them back.
    with_back_row: HashSet<String>,
    /// What became of rows before this run was resumed: their waves, and their records.
    before: Vec<(usize, Record)>,
}

/// How the rows of a rollout lie in its waves.
pub struct Layout {
    /// How many rows the first wave, the first two waves, … have.
    pub ends: Vec<u64>,
    /// How many devices each wave has, where that is not its rows.
    pub devices: Option<Vec<u64>>,
    /// The wave of each row, in the order of the input.
    pub of_each: Vec<usize>,
}

/// What was noted when the rollout began that goes on now; `None` for one that begins.
///
/// # Errors
/// Exit 2 when it was interrupted before anything was noted.
pub fn began_with() -> Result<Option<Record>, CommandError> {
    let began = journal::steps().into_iter().find(|step| text(step, "event") == PLANNED);
    match began {
        None if journal::goes_on() => Err(CommandError::usage(
            "the rollout had not begun when it was interrupted: give the command again",
        )),
        began => Ok(began),
    }
}

/// Whether the rollout that goes on was being taken back.
pub fn was_turned_back() -> bool {
    journal::steps().iter().any(|step| text(step, "event") == BACK)
}

impl Course {
    /// The course of a rollout that begins, of which `planned` is noted for a run that goes on; or that of the one
    /// that goes on.
    ///
    /// # Errors
    /// When rows that waited cannot be read.
    pub fn new(
        session: &Session,
        read: &Spool,
        layout: Layout,
        planned: Record,
        done: Done,
    ) -> Result<Course, CommandError> {
        let mut course = Course {
            ends: layout.ends,
            devices: layout.devices,
            rows: Spool::new(),
            numbers: Vec::new(),
            taken: 0,
            back_rows: Vec::new(),
            back: None,
            passed: 0,
            done: Rc::new(RefCell::new(done)),
            with_back_row: HashSet::new(),
            before: Vec::new(),
        };
        match journal::goes_on() {
            true => course.take_up(read)?,
            false => course.begin(read, &layout.of_each, planned)?,
        }
        journal::note_end_of_input(&session.inputs);
        Ok(course)
    }

    /// Puts the rows of a new run in order, wave by wave.
    fn begin(
        &mut self,
        read: &Spool,
        of_each: &[usize],
        mut planned: Record,
    ) -> Result<(), CommandError> {
        planned.insert_text("event", PLANNED);
        journal::note_step(&planned);
        for wave in 0..self.ends.len() {
            for (item, _) in read.read().zip(of_each).filter(|(_, of_row)| **of_row == wave) {
                self.add_row(&item.map_err(|error| CommandError::cannot_keep(&error))?)?;
            }
        }
        self.numbers = (1..=of_each.len() as u64).collect();
        Ok(())
    }

    fn add_row(&mut self, item: &Item) -> Result<(), CommandError> {
        journal::note_item(item);
        self.rows.push(item).map_err(|error| CommandError::cannot_keep(&error))
    }

    /// Takes in what the journal of the run that goes on tells.
    fn take_up(&mut self, read: &Spool) -> Result<(), CommandError> {
        let all = self.rows();
        for step in journal::steps() {
            let number = |name: &str| step.get(name).and_then(serde_json::Value::as_u64);
            match text(&step, "event") {
                GATE_PASSED => self.passed = number("wave").unwrap_or_default() as usize,
                BACK => self.back = Some(text(&step, "reason").to_owned()),
                _ => {}
            }
        }
        let mut done = Vec::new();
        journal::each_told_before(|number, row, told| {
            if let ToldBefore::Done(_, effect) = told {
                done.push((number, row.record.clone(), effect));
            }
        });
        done.into_iter().for_each(|(number, input, effect)| {
            self.was_done(number, input, &effect);
        });
        journal::each_perhaps_done_before(|number, effect| {
            if number <= all {
                let wave = waves::wave_of(number, &self.ends);
                self.done.borrow_mut().note_perhaps(effect, wave as u32);
            }
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
        if number > self.rows() {
            self.with_back_row.insert(text(&input, "id").to_owned());
            return;
        }
        let wave = waves::wave_of(number, &self.ends);
        self.done.borrow_mut().note_changed(effect, &input, wave as u32);
        if wave < self.passed {
            return;
        }
        let mut record = input;
        // However the row names it.
        record.insert_text("id", &effect.id);
        for name in ["devicegroup_id", "devicegroup_type"] {
            if let Some(after) = effect.after.as_ref().filter(|after| after.contains_key(name)) {
                record.copy(name, after);
            }
        }
        self.before.push((wave, record));
    }

    /// Refuses a rollout that would change more rows than may be, of those that `counts` by their numbers. What is
    /// taken back does not count.
    ///
    /// # Errors
    /// Exit 2; nothing has been done.
    pub fn may_change_so_many(
        &self,
        changes: Option<Changes>,
        counts: impl Fn(u64) -> bool,
        results: &mut Results<'_>,
    ) -> Result<(), CommandError> {
        if self.back.is_some() {
            return Ok(());
        }
        let open = (0..).zip(&self.numbers).filter(|(_, number)| counts(**number));
        let all = self.numbers.len() as u64;
        results.may_change_so_many(changes, open.map(|(index, _)| index), all)?;
        // A share is one of all rows, and not of those of a wave.
        results.limit_no_more();
        Ok(())
    }

    /// The numbers of the rows that are left, in their order.
    pub fn numbers(&self) -> &[u64] {
        &self.numbers
    }

    /// How many rows come next with this wave: its own, and what is left of those before it.
    pub fn left_until(&mut self, wave: usize) -> usize {
        let end = self.ends.get(wave).copied().unwrap_or_default();
        let all = self.numbers.partition_point(|number| *number <= end);
        let left = all.saturating_sub(self.taken);
        self.taken += left;
        left
    }

    /// Whether rows are left at all.
    pub fn has_left(&self) -> bool {
        self.taken < self.numbers.len()
    }

    /// The number of devices of a wave.
    pub fn devices_of(&self, wave: usize) -> u64 {
        if let Some(devices) = &self.devices {
            return devices[wave];
        }
        let before = wave.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.ends[wave] - before
    }

    /// The number of all devices.
    pub fn all_devices(&self) -> u64 {
        self.devices.as_ref().map_or_else(|| self.rows(), |devices| devices.iter().sum())
    }

    /// The number of all rows.
    pub fn rows(&self) -> u64 {
        self.ends.last().copied().unwrap_or_default()
    }

    /// A wave begins: what was done of it before this run was resumed belongs to it.
    pub fn begin_wave(&mut self, wave: usize) {
        let mut done = self.done.borrow_mut();
        done.begin_wave(wave as u32);
        for (of_row, record) in std::mem::take(&mut self.before) {
            if of_row == wave {
                done.add_before(&record);
            }
        }
    }

    /// Whether something of the wave that comes next was done, or may have been, before this run was resumed.
    pub fn has_begun(&self) -> bool {
        let (_, since) = self.done.borrow().numbers(self.passed);
        since > 0 || self.before.iter().any(|(wave, _)| *wave == self.passed)
    }

    /// The wave was found good.
    pub fn pass(&mut self) {
        self.passed += 1;
        journal::note_step(&step(GATE_PASSED, &[("wave", self.passed.into())]));
    }

    /// The rollout is taken back from now on.
    pub fn turn_back(&mut self, reason: &str) {
        self.back = Some(reason.to_owned());
        note_turned_back(reason);
    }

    /// How many things are still to be taken back.
    pub fn left_to_take_back(&self) -> u64 {
        let done = self.done.borrow();
        let new = done.each_to_take_back().filter(|one| !self.with_back_row.contains(one.id));
        (self.back_rows.len() + new.count()) as u64
    }

    /// The rows that take back what was changed, or may have been: those that there are already, and new ones, which are in the journal
    /// from then on. Those of things that were nothing before come last.
    pub fn rows_back(&mut self, record_of: impl Fn(&Rolled<'_>) -> Record) -> Vec<Row> {
        let mut rows = std::mem::take(&mut self.back_rows);
        let done = self.done.borrow();
        let is_new = |one: &Rolled<'_>| !self.with_back_row.contains(one.id);
        for rolled in done.each_to_take_back().filter(is_new) {
            let mut record = record_of(&rolled);
            if done.is_doubtful(rolled.id) {
                record.insert(IN_DOUBT, true.into());
            }
            let row = Row { record, source: TAKES_BACK.to_owned() };
            journal::note_item(&Item::Row(row.clone()));
            rows.push(row);
        }
        rows
    }
}

/// Notes that the rollout is taken back from now on, whatever ends this run.
pub fn note_turned_back(reason: &str) {
    journal::note_step(&step(BACK, &[("reason", reason.into())]));
}

fn step(event: &str, fields: &[(&str, serde_json::Value)]) -> Record {
    let mut step = Record::new();
    step.insert_text("event", event);
    fields.iter().for_each(|(name, value)| step.insert(name, value.clone()));
    step
}
