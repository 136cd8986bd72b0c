//! Reading a journal: what became of each row, as far as it is written there.
//!
//! Careful about its end: a line that was cut off by what ended the run is no line. And about whole lines that
//! cannot be read, as after a crash of the system: any of them may have told that a row is under way.

mod back;
mod damage;
mod lines;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use model::{Change, Effect, Record};
use serde_json::Value;

use super::answer;
use super::current::Thing;
use super::interrupted::overtakes;
use crate::rows::Outcome;

pub use back::{BACK, BACK_TO, Back, IN_DOUBT, TAKES_BACK, takes_back};
pub use lines::{Header, each_line, header};

/// The field of what was given to an undo: a run that it takes back.
pub const UNDOES: &str = "undoes";

/// What is known of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowState {
    /// Nothing was done about it.
    Open,
    /// It may have been done: the run ended before that was known.
    UnderWay,
    /// It was answered, but the run ended before it was reported.
    Answered,
    /// It was done.
    Done,
    /// It was so already.
    Unchanged,
    /// It failed.
    Failed,
    /// It failed, and may have been done.
    Unknown,
}

/// A journal that was read.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Its first line.
    pub header: Header,
    /// The account, as far as it became known.
    pub account: Option<String>,
    /// All rows are in it.
    pub was_read: bool,
    /// The exit code, once the run has ended.
    pub exit: Option<u64>,
    /// When that was.
    pub ended_at: Option<String>,
    /// It ended before all was done, whatever its rows say.
    is_unfinished: bool,
    /// It was interrupted, and what it lacks is not to be done.
    pub is_forgotten: bool,
    /// That is because it was undone.
    pub is_undone: bool,
    /// How far it has come is more than its rows, as with a rollout.
    pub has_steps: bool,
    /// It has turned back, as a rollout does.
    turned_back: bool,
    /// The rows are what the service listed, and a run that goes on lists them anew.
    is_listed: bool,
    /// The runs that it takes back.
    pub undoes: Vec<String>,
    /// Its whole lines have so many bytes.
    pub length: u64,
    lines: u64,
    /// The numbers of whole lines that cannot be read.
    damaged: Vec<u64>,
    rows: BTreeMap<u64, RowState>,
    /// Those of them that are none of the input, but take back what was done to one of it, and whether that is known.
    rows_back: BTreeMap<u64, Back>,
    /// Rows of which something is told, but not what they are.
    lost: BTreeSet<u64>,
    /// Of rows that were answered and not reported.
    answers: BTreeMap<u64, Record>,
    /// What was going to be done to rows that are under way.
    planned: BTreeMap<u64, (Outcome, Vec<Effect>)>,
    /// Rows that ended without an answer.
    unanswered: BTreeSet<u64>,
    /// Changes that were told of rows before the rest of what they ask for was done.
    parts: BTreeMap<u64, Vec<Effect>>,
    things: BTreeMap<u64, (Thing, String)>,
}

impl Recorded {
    /// Reads a journal.
    ///
    /// # Errors
    /// Those of reading; or it is none.
    pub fn read(path: &Path) -> io::Result<Recorded> {
        let mut recorded = Recorded::default();
        recorded.length = each_line(path, u64::MAX, |line| recorded.take(line))?;
        if recorded.header.run.is_empty() {
            return Err(io::Error::other("it is no journal: its first line is none of a run"));
        }
        Ok(recorded)
    }

    fn take(&mut self, line: Option<Record>) {
        self.lines += 1;
        match line {
            Some(line) => self.take_line(line),
            None => self.take_damaged(),
        }
    }

    fn take_line(&mut self, line: Record) {
        let text = |name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned);
        let row = line.get("row").and_then(Value::as_u64);
        match (line.get("type").and_then(Value::as_str).unwrap_or_default(), row) {
            ("run", _) => {
                self.header = serde_json::from_value(line.into()).unwrap_or_default();
                self.account.clone_from(&self.header.account);
            }
            ("listed", _) => self.is_listed = true,
            ("given", _) => self.undoes.extend(undone(&line)),
            ("row", Some(row)) => {
                self.rows.entry(row).or_insert(RowState::Open);
                if takes_back(&line) {
                    self.rows_back.insert(row, Back::of(&line));
                }
            }
            ("forgotten", _) => {
                self.is_forgotten = true;
                self.is_undone |= line.get("undone") == Some(&true.into());
            }
            ("step", _) => self.take_step(line.text("event")),
            ("read", _) => self.was_read = true,
            ("started", _) => self.start(&line),
            ("answered", Some(row)) => {
                self.settle(row, RowState::Answered, &line);
                self.answers.insert(row, line);
            }
            ("change", Some(row)) => self.take_change(row, &line),
            ("failed", Some(row)) => self.settle(row, failed(&line), &line),
            ("resumed", _) => self.resume(),
            ("end", _) => {
                self.exit = line.get("exit").and_then(Value::as_u64);
                self.ended_at = text("at");
                self.is_unfinished = line.get("unfinished") == Some(&true.into());
                self.account = text("account").or(self.account.take());
            }
            _ => {}
        }
    }

    /// Of webhooks it is noted, too, which were there before: that is no event.
    fn take_step(&mut self, event: Option<&str>) {
        self.has_steps |= event.is_some();
        self.turned_back |= event == Some(BACK);
    }

    fn resume(&mut self) {
        (self.exit, self.ended_at, self.is_unfinished) = (None, None, false);
        if self.rows_come_anew() {
            self.rows.retain(|_, state| *state != RowState::Open && *state != RowState::UnderWay);
        }
    }

    fn start(&mut self, line: &Record) {
        let rows = line.get("rows").and_then(Value::as_array).into_iter().flatten();
        let rows: Vec<u64> = rows.filter_map(Value::as_u64).collect();
        let (outcome, changes) = answer::planned(line).unzip();
        let mut changes = changes.unwrap_or_default().into_iter();
        for row in &rows {
            self.set(*row, RowState::UnderWay);
            self.note_thing(*row, line);
            let of_row = if rows.len() == 1 { usize::MAX } else { 1 };
            let of_row: Vec<Effect> = changes.by_ref().take(of_row).collect();
            if let Some(outcome) = outcome.filter(|_| !of_row.is_empty()) {
                let (known, planned) = self.planned.entry(*row).or_insert((outcome, Vec::new()));
                *known = outcome;
                // The first says how it was before.
                let is_new = |effect: &Effect| !planned.iter().any(|one| overtakes(one, effect));
                let new: Vec<Effect> = of_row.into_iter().filter(is_new).collect();
                planned.extend(new);
            }
        }
    }

    fn take_change(&mut self, row: u64, line: &Record) {
        if line.get("partly") == Some(&true.into()) {
            let change = Change::of_record(line);
            self.parts.entry(row).or_default().extend(change.map(|change| change.effect));
            return;
        }
        let is_so = line.get("outcome") == Some(&Outcome::Unchanged.word().into());
        let is_so = is_so && !self.parts.contains_key(&row);
        self.settle(row, if is_so { RowState::Unchanged } else { RowState::Done }, line);
    }

    fn set(&mut self, row: u64, state: RowState) {
        if self.rows.insert(row, state).is_none() {
            self.lost.insert(row);
        }
    }

    fn settle(&mut self, row: u64, state: RowState, line: &Record) {
        self.set(row, state);
        match kind_of_failure(line) == "unknown_outcome" {
            true => self.unanswered.insert(row),
            false => self.unanswered.remove(&row),
        };
        self.answers.remove(&row);
        if state != RowState::Unknown {
            self.planned.remove(&row);
        }
        let nothing_done = state == RowState::Answered && line.contains_key("error");
        if nothing_done || state == RowState::Open || state == RowState::Failed {
            self.things.remove(&row);
        } else {
            self.note_thing(row, line);
        }
    }

    fn note_thing(&mut self, row: u64, line: &Record) {
        let thing = line.get("thing").cloned().and_then(|thing| serde_json::from_value(thing).ok());
        if let Some(thing) = thing {
            let source = line.get("source").and_then(Value::as_str);
            let source = source.map_or_else(|| format!("row {row}"), str::to_owned);
            self.things.insert(row, (thing, source));
        }
    }

    /// Whether a run that goes on finds its rows anew: they are what the service listed, or those of runs that are
    /// taken back and had not all been noted.
    pub fn rows_come_anew(&self) -> bool {
        let is_listed_anew = self.is_listed || (!self.was_read && !self.undoes.is_empty());
        is_listed_anew && !self.is_undone
    }

    /// How many rows are in this state.
    pub fn count(&self, state: RowState) -> u64 {
        self.rows.values().filter(|own| **own == state).count() as u64
    }

    /// How many rows were changed, or may have been.
    pub(super) fn changed(&self) -> u64 {
        let answered = |line: &&Record| {
            line.get("outcome").is_some_and(|outcome| *outcome != Outcome::Unchanged.word())
        };
        let sure = self.count(RowState::Done) + self.count(RowState::UnderWay);
        sure + self.count(RowState::Unknown) + self.answers.values().filter(answered).count() as u64
    }

    /// The number of rows.
    pub fn rows(&self) -> u64 {
        self.rows.len() as u64
    }

    /// The state of a row.
    pub fn state(&self, row: u64) -> RowState {
        self.rows.get(&row).copied().unwrap_or(RowState::Open)
    }

    /// Rows that a run that goes on has to take up, with or without those that failed. Of one that was undone only those
    /// of which it is not known whether they were done.
    pub fn to_do(&self, failed_too: bool) -> Vec<u64> {
        let is_to_do = |state: RowState| match state {
            RowState::UnderWay | RowState::Answered => true,
            RowState::Unknown => failed_too,
            RowState::Open => !self.is_undone,
            RowState::Failed => failed_too && !self.is_undone,
            RowState::Done | RowState::Unchanged => false,
        };
        let is_lost = |row: &u64| self.is_damaged() && self.lost.contains(row);
        let to_do = self.rows.iter().filter(|(row, state)| is_to_do(**state) && !is_lost(row));
        to_do.map(|(row, _)| *row).collect()
    }

    /// Whether something is left to do besides its rows: it did not end, or before all was done.
    pub fn is_left(&self) -> bool {
        self.exit.is_none() || self.is_unfinished
    }

    /// How a row was answered that has not been reported.
    pub(super) fn answer(&self, row: u64) -> Option<&Record> {
        self.answers.get(&row)
    }

    /// What was going to be done to a row that is under way.
    pub(super) fn planned(&self, row: u64) -> Option<&(Outcome, Vec<Effect>)> {
        self.planned.get(&row)
    }

    /// What may have been done to rows of which it is not noted what became of them.
    pub(super) fn perhaps_done(&self) -> impl Iterator<Item = (u64, Effect)> {
        let planned = self
            .planned
            .iter()
            .flat_map(|(row, (_, planned))| planned.iter().map(|effect| (*row, effect.clone())));
        let answered = self.answers.iter().flat_map(|(row, line)| {
            let effects = answer::read(line).and_then(Result::ok).map(|done| done.effects);
            effects.unwrap_or_default().into_iter().map(|effect| (*row, effect))
        });
        planned.chain(answered)
    }

    /// How many rows ended without an answer of which more may have been done than is told, and can be taken back.
    pub fn perhaps_more(&self) -> u64 {
        let is_untold = |row: &u64| {
            let planned = self.planned.get(row).map_or(&[][..], |(_, planned)| planned);
            let is_told = |one: &Effect| self.parts(*row).iter().any(|part| overtakes(one, part));
            planned.iter().any(|one| !one.is_action() && !is_told(one))
        };
        self.unanswered.iter().filter(|row| is_untold(row)).count() as u64
    }

    /// The changes that were told of a row that had not become anything as a whole.
    pub(super) fn parts(&self, row: u64) -> &[Effect] {
        self.parts.get(&row).map_or(&[], Vec::as_slice)
    }

    /// Whether a row may have been done.
    pub fn is_under_way(&self, row: u64) -> bool {
        matches!(self.state(row), RowState::UnderWay | RowState::Unknown)
    }

    /// Whether it ended before its rows were known, so that there is nothing to go on with.
    pub fn has_not_begun(&self) -> bool {
        !self.was_read && self.is_untouched() && !self.rows_come_anew()
    }

    /// Whether nothing was done and nothing was begun.
    pub fn is_untouched(&self) -> bool {
        self.rows.values().all(|state| *state == RowState::Open)
    }

    /// Whether it has ended, and what all its rows asked for was so already.
    pub fn changed_nothing(&self) -> bool {
        let unchanged = self.count(RowState::Unchanged);
        unchanged > 0 && unchanged == self.rows()
    }

    /// The number of the last row.
    pub fn last_row(&self) -> u64 {
        self.rows.last_key_value().map_or(0, |(row, _)| *row)
    }

    /// What something was or may have been done to, with the row and where that came from.
    pub(super) fn things(&self) -> impl Iterator<Item = (u64, &Thing, &str)> {
        self.things.iter().map(|(row, (thing, source))| (*row, thing, source.as_str()))
    }
}

/// The run that a line of what was given names, if that is to be taken back.
fn undone(line: &Record) -> Option<String> {
    Some(line.record("input")?.text(UNDOES)?.to_owned())
}

/// A row that the end of the run came before is as one that was not begun.
fn failed(line: &Record) -> RowState {
    // A part of it was done, which must not be done again without looking.
    if line.get("partly") == Some(&true.into()) {
        return RowState::Unknown;
    }
    match kind_of_failure(line) {
        "not_attempted" | "unreachable" | "not_signed_in" | "misconfigured" => RowState::Open,
        "unknown_outcome" => RowState::Unknown,
        _ => RowState::Failed,
    }
}

fn kind_of_failure(line: &Record) -> &str {
    line.get("error").and_then(|error| error["kind"].as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
