//! `--changes`: what was done to the service, as the change records that `imp-change apply` reads.
//!
//! Taken from each request that took effect, whichever program sent it, by a look at what it is about before and
//! after it. While changes are noted, requests that change something are served one at a time, so that nothing
//! comes in between. The form of the records is that of imp-records(7), written here without any code of the
//! clients.

mod file;
mod noting;
mod thing;

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

pub use file::{ChangesFile, are_same_file};
pub use noting::noting;
use thing::Change;

use crate::state::ids::{Id, Timestamp};

/// How the ids begin of things that were made meanwhile. No id and no name of a thing in such a field does.
const MADE: &str = "new:";

/// One and several of what no change record can tell of.
type Noun = [&'static str; 2];

/// What was changed so far.
pub struct Changes {
    file: ChangesFile,
    /// What tells these records from those of any other run.
    plan: String,
    /// What the ids of things that were made are called in the records: a kind and a number.
    made: HashMap<Id, (&'static str, usize)>,
    /// How many of each kind were made.
    numbers: HashMap<&'static str, usize>,
    /// How often something was done that no record tells of.
    left_out: BTreeMap<Noun, usize>,
    /// The number of the last request that is told of.
    step: usize,
}

impl Changes {
    /// Notes changes in this file from now on.
    pub fn new(file: ChangesFile, now: Timestamp) -> Self {
        Self {
            file,
            plan: now.to_string(),
            made: HashMap::new(),
            numbers: HashMap::new(),
            left_out: BTreeMap::new(),
            step: 0,
        }
    }

    /// What was in the file before is replaced.
    pub fn begin(&mut self) {
        self.file.begin();
    }

    /// A request is done, and has changed this.
    fn note(&mut self, verb: &str, changed: &[Change]) {
        if changed.is_empty() {
            return;
        }
        self.step += 1;
        for (kind, id) in changed.iter().filter_map(|change| change.made) {
            let number = self.numbers.entry(kind).or_default();
            *number += 1;
            self.made.insert(id, (kind, *number));
        }
        let lines = changed.iter().map(|change| format!("{}\n", self.record(verb, change)));
        let lines: String = lines.collect();
        self.file.append(&lines);
    }

    /// A request is done that no record can tell of.
    fn leave_out(&mut self, what: Noun) {
        *self.left_out.entry(what).or_default() += 1;
    }

    fn record(&self, verb: &str, change: &Change) -> Value {
        let side = |side: &Option<Map<String, Value>>| {
            side.as_ref().map_or(Value::Null, |side| self.of_any_account(side))
        };
        let mut before = side(&change.before);
        if let ("deployment", Value::Object(before)) = (change.kind, &mut before)
            && self.made_as(&change.id).is_some()
        {
            // Where it is made again, its sha may be calculated otherwise.
            before.remove("sha");
        }
        let fields = [
            ("type", "change".into()),
            ("verb", verb.into()),
            ("kind", change.kind.into()),
            ("id", self.called(&change.id).into()),
            ("name", change.name.as_str().into()),
            ("before", before),
            ("after", side(&change.after)),
            ("step", self.step.into()),
            ("plan", self.plan.as_str().into()),
            ("conditional", change.conditional.into()),
        ];
        let is_told = |(name, value): &(&str, Value)| match *name {
            "name" => value != "",
            "conditional" => value == true,
            _ => true,
        };
        let told = fields.into_iter().filter(is_told);
        Value::Object(told.map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Fields with the names of what was made meanwhile in the place of its ids.
    fn of_any_account(&self, side: &Map<String, Value>) -> Value {
        let named = side.iter().map(|(name, value)| {
            let value = match value {
                Value::String(id) if name.ends_with("_id") => self.called(id).into(),
                value => value.clone(),
            };
            (name.clone(), value)
        });
        Value::Object(named.collect())
    }

    fn called(&self, id: &str) -> String {
        self.made_as(id).unwrap_or_else(|| id.to_owned())
    }

    /// What it is called in the records, if it was made meanwhile.
    fn made_as(&self, id: &str) -> Option<String> {
        let known: Id = id.parse().ok()?;
        let (kind, number) = self.made.get(&known)?;
        Some(format!("{MADE}{kind}:{number}"))
    }

    /// Nothing more is to come. Gives what no record tells of, in words, if there is anything.
    pub fn finish(&mut self) -> anyhow::Result<Option<String>> {
        self.file.finish()?;
        let (file, left_out) = (self.file.shown(), self.left_out());
        Ok(left_out.map(|what| format!("not in {file}, for no change record says it: {what}")))
    }

    /// What was done and no record tells of; None if there is nothing.
    pub fn left_out(&self) -> Option<String> {
        let counted = |(what, number): (&Noun, &usize)| {
            format!("{number} {}", what[usize::from(*number > 1)])
        };
        let all: Vec<String> = self.left_out.iter().map(counted).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }
}

#[cfg(test)]
mod tests;
