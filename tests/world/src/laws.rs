//! The laws: what holds of a command whatever went wrong.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use simulated::Ended;

use crate::draw::{Drawn, Row, Want};
use crate::state::State;

/// What became of a row.
#[derive(Clone, Debug)]
pub enum Fate {
    /// It was printed as this.
    Good(Value),
    /// It failed with this line.
    Failed(Value),
}

/// One command as it was seen from outside.
pub struct Seen<'a> {
    /// What was typed.
    pub drawn: &'a Drawn,
    /// How it ended.
    pub ended: &'a Ended,
    /// What is in its file of failed rows.
    pub failed: &'a str,
    /// What is in its report.
    pub report: &'a str,
    /// Its journal.
    pub journal: &'a str,
    /// The state before it.
    pub before: &'a State,
    /// The state after it.
    pub after: &'a State,
    /// What another client has changed meanwhile.
    pub others: &'a [String],
    /// How often a device was written to, by id: assigned, unassigned, restarted.
    pub events: &'a BTreeMap<String, [u64; 3]>,
}

/// A law that is broken.
pub type Broken = String;

impl Seen<'_> {
    /// Checks all laws of a run that has ended by itself.
    ///
    /// # Errors
    /// The first that is broken.
    pub fn check(&self) -> Result<(), Broken> {
        made_no_mistake(self.ended)?;
        let exit = self.ended.exit.ok_or("it did not end")?;
        let Some(report) = json(self.report) else {
            return Err(format!("there is no report: {:?}", self.report));
        };
        if report["rows"] == 0 {
            return self.could_not_run(exit, &report);
        }
        let fates = self.fates()?;
        self.tallies(exit, &report, &fates)?;
        for (row, fate) in self.drawn.rows.iter().zip(&fates) {
            self.row(row, fate)
                .map_err(|why| format!("{why}: row {} ended as {fate:?}", row.line))?;
        }
        self.nothing_else_changed()?;
        self.nothing_is_made_twice()?;
        self.nothing_is_written_twice(&fates)?;
        self.journal_agrees(exit, &fates)
    }

    /// Checks those that hold of a run that was killed.
    ///
    /// # Errors
    /// The first that is broken.
    pub fn check_killed(&self) -> Result<(), Broken> {
        made_no_mistake(self.ended)?;
        self.nothing_else_changed()?;
        self.nothing_is_made_twice()
    }

    fn could_not_run(&self, exit: u8, report: &Value) -> Result<(), Broken> {
        if !matches!(exit, 2..=4) || report["exit"] != exit {
            return Err(format!("no row was read, and it ends with {exit}: {report}"));
        }
        if !self.ended.stdout.is_empty() {
            return Err("no row was read, and there is output".to_owned());
        }
        let changed = self.before.changed(self.after);
        let own = changed.iter().find(|key| !self.others.contains(key));
        own.map_or(Ok(()), |key| Err(format!("no row was read, and {key} changed")))
    }

    /// Every input row has exactly one outcome.
    fn fates(&self) -> Result<Vec<Fate>, Broken> {
        let mut fates: Vec<Option<Fate>> = vec![None; self.drawn.rows.len()];
        for line in self.failed.lines() {
            let line = json(line).ok_or("a failed row is no JSON")?;
            let place = line["source"].as_str().and_then(|source| source.strip_prefix("stdin:"));
            let place: Option<usize> = place.and_then(|place| place.parse().ok());
            let fate = place.and_then(|place| fates.get_mut(place.wrapping_sub(1)));
            match fate.ok_or_else(|| format!("a failed row from nowhere: {line}"))? {
                Some(_) => return Err(format!("a row failed twice: {line}")),
                none => *none = Some(Fate::Failed(line)),
            }
        }
        let mut records = self.ended.stdout.lines();
        for fate in fates.iter_mut().filter(|fate| fate.is_none()) {
            let record = records.next().ok_or("a row has no outcome")?;
            *fate = Some(Fate::Good(json(record).ok_or("a record is no JSON")?));
        }
        match records.next() {
            Some(record) => Err(format!("a record of no row: {record}")),
            None => Ok(fates.into_iter().flatten().collect()),
        }
    }

    /// Exit code, report, stdout and the file of failed rows agree.
    fn tallies(&self, exit: u8, report: &Value, fates: &[Fate]) -> Result<(), Broken> {
        let number = |name: &str| report[name].as_u64().unwrap_or_default() as usize;
        let failed = fates.iter().filter(|fate| matches!(fate, Fate::Failed(_))).count();
        let good = fates.len() - failed;
        let counted = (number("rows"), number("ok") + number("unchanged"), number("failed"));
        if counted != (fates.len(), good, failed) || report["exit"] != exit {
            return Err(format!("the report is {report}, {failed} of {} rows failed", fates.len()));
        }
        let is_right = if failed == 0 { exit == 0 } else { matches!(exit, 1..=4) };
        if is_right {
            Ok(())
        } else {
            Err(format!("it ends with {exit}, and {failed} rows failed"))
        }
    }

    /// What is said of a row is so.
    fn row(&self, row: &Row, fate: &Fate) -> Result<(), Broken> {
        let is_others = row.thing.as_ref().is_some_and(|thing| self.others.contains(thing));
        match (fate, &row.thing) {
            (Fate::Good(_), _) if row.want == Want::Nothing => Err("a bad row is good".to_owned()),
            (Fate::Good(record), thing) => {
                let is_same =
                    |thing: &String| thing.ends_with(record["id"].as_str().unwrap_or("-"));
                if thing.as_ref().is_some_and(|thing| !is_same(thing)) {
                    return Err("it is another thing".to_owned());
                }
                if is_others || self.holds(row) { Ok(()) } else { Err("it is not so".to_owned()) }
            }
            (Fate::Failed(line), Some(thing)) => {
                let is_in_doubt =
                    line["error"]["kind"] == "unknown_outcome" || self.is_partly(line);
                let is_as_before = self.before.get(thing) == self.after.get(thing);
                let is_done_by_another = self.has_good_twin(row);
                if is_as_before || is_in_doubt || is_others || is_done_by_another {
                    return Ok(());
                }
                Err(format!("{} became {}", self.before.get(thing), self.after.get(thing)))
            }
            (Fate::Failed(line), None) => {
                let is_in_doubt =
                    line["error"]["kind"] == "unknown_outcome" || self.is_partly(line);
                let is_made = matches!(row.want, Want::New(..)) && self.news(row).next().is_some();
                if !is_made || is_in_doubt || self.has_good_twin(row) {
                    return Ok(());
                }
                Err("it was made".to_owned())
            }
        }
    }

    fn has_good_twin(&self, row: &Row) -> bool {
        self.drawn
            .rows
            .iter()
            .filter(|other| other.want == row.want && other.thing == row.thing)
            .count()
            > 1
    }

    /// Whether the error says that a part was done.
    fn is_partly(&self, line: &Value) -> bool {
        let place = line["source"].as_str().and_then(|source| source.strip_prefix("stdin:"));
        let Some(number) = place.and_then(|place| place.parse::<u64>().ok()) else { return false };
        let is_it = |told: Value| {
            told["type"] == "failed" && told["row"] == number && told["partly"] == true
        };
        self.journal.lines().filter_map(json).any(is_it)
    }

    /// Whether it is as the row wants it.
    pub fn holds(&self, row: &Row) -> bool {
        holds(row, self.before, self.after)
    }

    fn news<'s>(&'s self, row: &'s Row) -> impl Iterator<Item = String> + 's {
        news(row, self.before, self.after)
    }

    fn nothing_else_changed(&self) -> Result<(), Broken> {
        let things: BTreeSet<&String> =
            self.drawn.rows.iter().filter_map(|row| row.thing.as_ref()).collect();
        let is_new = |key: &str| {
            let news = self.drawn.rows.iter().filter(|row| matches!(row.want, Want::New(..)));
            news.into_iter().any(|row| is_wanted(row, key, self.after))
        };
        for key in self.before.changed(self.after) {
            let is_meant = things.contains(&key)
                || self.others.contains(&key)
                || self.drawn.also.iter().any(|also| key.starts_with(also.as_str()))
                || (!self.before.0.contains_key(&key) && is_new(&key));
            if !is_meant {
                let (before, after) = (self.before.get(&key), self.after.get(&key));
                return Err(format!("{key} is not in the input: {before} became {after}"));
            }
        }
        Ok(())
    }

    fn nothing_is_made_twice(&self) -> Result<(), Broken> {
        for row in &self.drawn.rows {
            let number = self.news(row).count();
            if number > 1 {
                return Err(format!("{} was made {number} times", row.line));
            }
        }
        Ok(())
    }

    /// What was in place was not written, and nothing was written twice.
    fn nothing_is_written_twice(&self, fates: &[Fate]) -> Result<(), Broken> {
        for (row, fate) in self.drawn.rows.iter().zip(fates) {
            let Some(thing) = row.thing.as_ref().filter(|thing| !self.others.contains(thing))
            else {
                continue;
            };
            let id = thing.split_once('/').map_or("", |it| it.1);
            let Some([assigned, unassigned, restarted]) = self.events.get(id) else { continue };
            let most = match (&row.want, fate) {
                (Want::Field("devicegroup_id", _), Fate::Good(_)) => {
                    u64::from(!holds(row, self.before, self.before))
                }
                (Want::Field("devicegroup_id", _) | Want::Restart | Want::Gone, _) => 1,
                _ => 0,
            };
            let writes = *[assigned, unassigned, restarted].into_iter().max().unwrap_or(&0);
            if self.drawn.verb.starts_with("device") && writes > most {
                return Err(format!(
                    "{thing} was assigned, unassigned, restarted {assigned}, {unassigned}, {restarted} times: {}",
                    row.line
                ));
            }
        }
        Ok(())
    }

    fn journal_agrees(&self, exit: u8, fates: &[Fate]) -> Result<(), Broken> {
        let is_unbegun = |fate: &Fate| match fate {
            Fate::Failed(line) => {
                ["not_attempted", "bad_input"].iter().any(|kind| line["error"]["kind"] == *kind)
            }
            Fate::Good(_) => false,
        };
        // It may have ended before it was clear that it changes something.
        if self.journal.is_empty() && fates.iter().all(is_unbegun) {
            return Ok(());
        }
        let lines: Vec<Value> = self.journal.lines().filter_map(json).collect();
        let end = lines.iter().rev().find(|line| line["type"] == "end");
        if end.is_none_or(|end| end["exit"] != exit) {
            return Err(format!("the journal ends with {end:?}, the run with {exit}"));
        }
        for (at, fate) in fates.iter().enumerate() {
            let of_row = |line: &&Value| line["row"] == at as u64 + 1;
            let failed =
                lines.iter().filter(of_row).filter(|line| line["type"] == "failed").count();
            let done = lines.iter().filter(of_row).filter(|line| line["type"] == "change").count();
            let is_right = match fate {
                Fate::Good(_) => failed == 0 && done > 0,
                Fate::Failed(line) => failed == 1 || line["error"]["kind"] == "not_attempted",
            };
            if !is_right {
                return Err(format!(
                    "the journal has {failed} and {done} lines for row {}: {fate:?}",
                    at + 1
                ));
            }
        }
        Ok(())
    }
}

/// No thread of it panicked or waited for another for ever.
///
/// # Errors
/// One did.
pub fn made_no_mistake(ended: &Ended) -> Result<(), Broken> {
    match ended.mistakes.first() {
        Some(mistake) => Err(format!("a mistake of the tools: {mistake}")),
        None => Ok(()),
    }
}

/// The rows that a journal says have failed last, by their numbers, and whether it is in doubt what became of them.
pub fn failures(journal: &str) -> BTreeMap<u64, bool> {
    let mut failures = BTreeMap::new();
    for line in journal.lines().filter_map(json) {
        let Some(row) = line["row"].as_u64() else { continue };
        if line["type"] == "failed" {
            let in_doubt = line["error"]["kind"] == "unknown_outcome" || line["partly"] == true;
            failures.insert(row, in_doubt);
        } else if line["type"] == "change" {
            failures.remove(&row);
        }
    }
    failures
}

/// Whether it is as the row wants it.
pub fn holds(row: &Row, before: &State, after: &State) -> bool {
    match (&row.want, &row.thing) {
        (Want::Field(field, wanted), Some(thing)) => after.get(thing)[*field] == *wanted,
        (Want::Gone, Some(thing)) => !after.0.contains_key(thing),
        // Where the code was the same nothing was made.
        (Want::New("deployments", _), _) | (Want::Restart | Want::Nothing, _) => true,
        (Want::New(..), _) => news(row, before, after).next().is_some(),
        (Want::Field(..) | Want::Gone, None) => false,
    }
}

fn news<'s>(row: &'s Row, before: &State, after: &'s State) -> impl Iterator<Item = String> + 's {
    before.made(after).into_iter().filter(move |key| is_wanted(row, key, after))
}

/// Whether a thing is what the row wants to be made.
fn is_wanted(row: &Row, key: &str, state: &State) -> bool {
    let Want::New(collection, fields) = &row.want else { return false };
    let is_kind = key.split('/').next() == Some(collection);
    is_kind && fields.iter().all(|(name, value)| state.get(key)[*name] == *value)
}

fn json(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}
