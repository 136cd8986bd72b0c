//! Rows of a run that goes on which it does not take up again: what became of them counts for those that it does.

use std::collections::{BTreeMap, HashMap, HashSet};

use cli::journal::{self, ToldBefore};
use model::Record;
use pipe::Row;
use serde_json::Value;

use super::run::State;

/// The fields of a note in the journal: the ids of webhooks which are equal to one that is to be made, and its row.
const BESIDE: &str = "beside";
const OF_ROW: &str = "of_row";

/// The rows that are not among the `taken_up`, by their numbers, with what became of them.
pub fn earlier(taken_up: &[u64]) -> BTreeMap<u64, (Row, State)> {
    let taken_up: HashSet<&u64> = taken_up.iter().collect();
    let mut rows = BTreeMap::new();
    journal::each_told_before(|number, row, told| {
        if !taken_up.contains(&number) {
            let state = match told {
                ToldBefore::Done(outcome, effect) => State::Done(outcome, Box::new(effect)),
                ToldBefore::Failed(failure) => State::Failed(failure),
            };
            rows.insert(number, (row.clone(), state));
        }
    });
    rows
}

/// Notes which webhooks there were before the row with this number made one that is equal to them.
pub fn note_beside(row: u64, hooks: &[String]) {
    let mut note = Record::from_iter([(OF_ROW.to_owned(), row.into())]);
    note.insert(BESIDE, hooks.into());
    journal::note_step(&note);
}

/// What was noted of that before the run was interrupted.
pub fn beside_before() -> HashMap<u64, HashSet<String>> {
    let mut beside: HashMap<u64, HashSet<String>> = HashMap::new();
    for note in journal::steps() {
        let hooks = note.get(BESIDE).and_then(Value::as_array).into_iter().flatten();
        let hooks = hooks.filter_map(Value::as_str).map(str::to_owned);
        if let Some(row) = note.get(OF_ROW).and_then(Value::as_u64) {
            beside.entry(row).or_default().extend(hooks);
        }
    }
    beside
}
