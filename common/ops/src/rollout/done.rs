//! What was done: what was changed from what to what, and the records that a gate is asked about.
//!
//! Careful about memory: of a device that was moved its id is kept and the numbers of two groups, and the records of
//! a wave go to a file as they come.

use std::collections::{HashMap, HashSet};
use std::io;

use cli::Session;
use cli::rows::SAME_AS;
use cli::rows::results::Kept;
use cli::text;
use model::{Effect, Record};

use super::gate::{Asked, Records, Verdict};
use super::members::is_offline;

/// A thing that was changed, by numbers of what it was before and is since.
struct Changed {
    id: String,
    from: u32,
    to: u32,
    wave: u32,
    /// A device that was offline before.
    was_offline: bool,
    /// It is not known whether it was changed.
    is_doubtful: bool,
}

/// A thing that was changed in a rollout, for the way back.
pub struct Rolled<'a> {
    /// Its id.
    pub id: &'a str,
    /// What it was before; empty for nothing.
    pub from: &'a str,
    /// What the rollout made of it; empty where it is not known whether it has made it that.
    pub to: &'a str,
    /// A device that was offline before, as its row said.
    pub was_offline: bool,
}

/// What was done so far.
pub struct Done {
    /// The field that is changed.
    field: &'static str,
    /// Things that were changed, or perhaps were.
    changed: Vec<Changed>,
    /// Where the doubtful ones of them are, by their ids.
    doubtful: HashMap<String, u32>,
    values: Vec<String>,
    numbers: HashMap<String, u32>,
    /// The number of devices behind a row, where it is not one.
    weights: HashMap<String, u64>,
    wave: u32,
    /// Rows of the present wave that are as it wants them.
    good: u64,
    /// Things of the present wave that were done before the run was resumed.
    before: HashSet<String>,
    /// The records of the present wave.
    records: Option<Records>,
    /// Why they are not complete.
    error: Option<io::Error>,
    goes_back: bool,
    back: Back,
}

/// What was taken back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Back {
    /// Rows that were.
    pub rows: u64,
    /// Those of them of which it was not known whether they were changed.
    pub doubtful: u64,
    /// Devices behind all of them.
    pub devices: u64,
    /// Rows that were to be taken back and turned out to be of things that were never changed.
    pub never_changed: u64,
}

impl Done {
    /// Nothing yet, of what changes this field.
    pub fn new(field: &'static str, weights: HashMap<String, u64>) -> Self {
        Done {
            field,
            changed: Vec::new(),
            doubtful: HashMap::new(),
            values: Vec::new(),
            numbers: HashMap::new(),
            weights,
            wave: 0,
            good: 0,
            before: HashSet::new(),
            records: None,
            error: None,
            goes_back: false,
            back: Back::default(),
        }
    }

    /// Takes in a row that was done.
    pub fn take(&mut self, row: &Kept) {
        let wave = self.wave;
        match (row.is_in_doubt, self.goes_back) {
            (true, true) => return,
            (true, false) => {
                return row.effects.iter().for_each(|effect| self.note_perhaps(effect, wave));
            }
            (false, true) => return self.take_back(row),
            (false, false) => {}
        }
        row.effects.iter().for_each(|effect| self.note_changed(effect, &row.record, wave));
        // A gate judges things, however many rows are about one.
        if !row.record.contains_key(SAME_AS) && !self.before.contains(text(&row.record, "id")) {
            self.add_good(&row.record);
        }
    }

    fn take_back(&mut self, row: &Kept) {
        let id = text(&row.record, "id");
        let is_doubtful = self.is_doubtful(id);
        if row.effects.is_empty() && is_doubtful {
            self.back.never_changed += 1;
            return;
        }
        self.back.rows += 1;
        self.back.doubtful += u64::from(is_doubtful);
        self.back.devices += self.weight(id);
    }

    /// Notes from what to what something was changed in a wave; `record` is what was known of it before.
    pub fn note_changed(&mut self, effect: &Effect, record: &Record, wave: u32) {
        let after = effect.after.as_ref().map_or("", |after| text(after, self.field));
        let Some(changed) = self.changed(effect, after, wave) else { return };
        let was_offline = is_offline(record);
        self.put(Changed { was_offline, ..changed });
    }

    /// Notes that something was perhaps changed in a wave: on the way back it has to be looked at.
    pub fn note_perhaps(&mut self, effect: &Effect, wave: u32) {
        let Some(changed) = self.changed(effect, "", wave) else { return };
        let place = self.put(Changed { is_doubtful: true, ..changed });
        self.doubtful.insert(effect.id.clone(), place);
    }

    /// Puts it in place of the doubtful one with its id, if there is one; gives where it is.
    fn put(&mut self, changed: Changed) -> u32 {
        if let Some(place) = self.doubtful.remove(&changed.id) {
            self.changed[place as usize] = changed;
            return place;
        }
        self.changed.push(changed);
        u32::try_from(self.changed.len() - 1).expect("fewer than 2^32 things")
    }

    fn changed(&mut self, effect: &Effect, to: &str, wave: u32) -> Option<Changed> {
        let before = effect.before.as_ref().filter(|_| !effect.is_action())?;
        let [from, to] = [text(before, self.field), to].map(|value| self.number_of(value));
        let id = effect.id.clone();
        Some(Changed { id, from, to, wave, was_offline: false, is_doubtful: false })
    }

    fn number_of(&mut self, value: &str) -> u32 {
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        let number = u32::try_from(self.values.len()).expect("fewer than 2^32 values");
        self.values.push(value.to_owned());
        self.numbers.insert(value.to_owned(), number);
        number
    }

    /// A wave begins.
    pub fn begin_wave(&mut self, wave: u32) {
        (self.wave, self.good) = (wave, 0);
        self.before.clear();
        self.forget_records();
    }

    /// The gate has been given nothing of the present wave.
    pub fn forget_records(&mut self) {
        match Records::new() {
            Ok(records) => self.records = Some(records),
            Err(error) => self.error = Some(error),
        }
    }

    /// A row of the present wave was done before the run was resumed.
    pub fn add_before(&mut self, record: &Record) {
        if self.before.insert(text(record, "id").to_owned()) {
            self.add_good(record);
        }
    }

    /// A row of the present wave is as the wave wants it.
    fn add_good(&mut self, record: &Record) {
        self.good += 1;
        self.add_record(record);
    }

    /// Adds a record of the present wave.
    pub fn add_record(&mut self, record: &Record) {
        if let Some(Err(error)) = self.records.as_mut().map(|records| records.add(record)) {
            self.error.get_or_insert(error);
        }
    }

    /// Asks the gate about the present wave; it is to be ended then.
    pub fn ask(&mut self, session: &Session, gate: &str) -> io::Result<(Verdict, Asked)> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.records.get_or_insert(Records::new()?).ask(session, gate),
        }
    }

    /// Whether no row of the present wave is as the wave wants it.
    pub fn is_wave_empty(&self) -> bool {
        self.good == 0
    }

    /// From now on things are taken back.
    pub fn turn_back(&mut self) {
        self.goes_back = true;
    }

    /// To how many devices it was done: in a wave, or at all.
    pub fn devices(&self, wave: Option<usize>) -> u64 {
        let of_wave = |one: &&Changed| wave.is_none_or(|wave| one.wave as usize == wave);
        self.certain().filter(of_wave).map(|one| self.weight(&one.id)).sum()
    }

    /// How many things were changed, or may have been: in the waves before this one, and since.
    pub fn numbers(&self, wave: usize) -> (u64, u64) {
        let before = self.changed.iter().filter(|one| (one.wave as usize) < wave).count();
        (before as u64, (self.changed.len() - before) as u64)
    }

    /// What has been taken back.
    pub fn back(&self) -> Back {
        self.back
    }

    /// Whether it is not known of a thing whether it was changed.
    pub fn is_doubtful(&self, id: &str) -> bool {
        self.doubtful.contains_key(id)
    }

    /// The number of devices behind a row.
    fn weight(&self, id: &str) -> u64 {
        self.weights.get(id).copied().unwrap_or(1)
    }

    /// Each thing that was certainly changed.
    pub fn each_rolled(&self) -> impl Iterator<Item = Rolled<'_>> {
        self.certain().map(|one| self.rolled(one))
    }

    /// Each thing that was changed, or may have been; those that were nothing before come last.
    pub fn each_to_take_back(&self) -> impl Iterator<Item = Rolled<'_>> {
        let of = move |has_before: bool| {
            let all = self.changed.iter().map(|one| self.rolled(one));
            all.filter(move |one| one.from.is_empty() != has_before)
        };
        of(true).chain(of(false))
    }

    fn certain(&self) -> impl Iterator<Item = &Changed> {
        self.changed.iter().filter(|one| !one.is_doubtful)
    }

    fn rolled<'a>(&'a self, one: &'a Changed) -> Rolled<'a> {
        let value = |number: u32| self.values[number as usize].as_str();
        Rolled {
            id: &one.id,
            from: value(one.from),
            to: value(one.to),
            was_offline: one.was_offline,
        }
    }
}
