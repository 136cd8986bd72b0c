//! Rows of a run that goes on which it does not take up again: what became of them counts for those that it does.

use std::collections::{BTreeMap, HashSet};

use cli::journal::{self, ToldBefore};
use pipe::Row;

use super::run::State;

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
