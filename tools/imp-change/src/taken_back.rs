//! What a run has taken back itself, as a rollout does: nothing of that is left to be undone.

use std::collections::{HashMap, HashSet};

use cli::journal::recorded::takes_back;
use model::{Change, Record};
use pipe::{Item, Row};
use serde_json::Value;

/// The changes of a run, but for those that it has taken back.
#[derive(Default)]
pub struct Left {
    items: Vec<Option<Item>>,
    /// The last change of each thing.
    last: HashMap<String, usize>,
    /// Rows that take something back.
    rows_back: HashSet<u64>,
}

impl Left {
    /// Takes in a row of the journal, before what became of it.
    pub fn note_row(&mut self, line: &Record) {
        let is_back = takes_back(line);
        self.rows_back.extend(line.get("row").and_then(Value::as_u64).filter(|_| is_back));
    }

    /// Takes in a change. One that takes back another goes with it.
    pub fn add(&mut self, row: Row) {
        let Ok(change) = Change::of_record(&row.record) else {
            return self.items.push(Some(Item::Row(row)));
        };
        let number = row.record.get("row").and_then(Value::as_u64);
        let is_back = number.is_some_and(|number| self.rows_back.contains(&number));
        let is_action = change.effect.is_action() && change.outcome != "unchanged";
        if is_back && !is_action {
            if let Some(place) = self.last.remove(&change.effect.id) {
                self.items[place] = None;
                return;
            }
        } else if !is_action && change.outcome != "unchanged" {
            self.last.insert(change.effect.id, self.items.len());
        }
        self.items.push(Some(Item::Row(row)));
    }

    /// All that is left, in its order.
    pub fn items(self) -> Vec<Item> {
        self.items.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use cli::journal::{BACK_TO, TAKES_BACK};

    use super::*;
    use serde_json::json;

    #[test]
    fn what_went_back_leaves_nothing_and_what_did_not_is_left() {
        let mut left = Left::default();
        let record = |value: Value| serde_json::from_value::<Record>(value).unwrap();
        let mut add = |row: u64, id: &str, outcome: &str, [from, to]: [&str; 2]| {
            let record = record(json!({"type": "change", "kind": "device", "id": id, "row": row,
                "outcome": outcome, "before": {"devicegroup_id": from}, "after": {"devicegroup_id": to}}));
            left.add(Row { record, source: String::new() });
        };
        add(1, "d1", "assigned", ["a", "b"]);
        add(2, "d2", "assigned", ["a", "b"]);
        add(3, "d3", "assigned", ["a", "b"]);
        for (row, source) in [(4, TAKES_BACK), (5, TAKES_BACK), (6, "in:6")] {
            let input = json!({"id": "d", BACK_TO: "a"});
            left.note_row(&record(json!({"row": row, "source": source, "input": input})));
        }
        let mut add = |row: u64, id: &str, outcome: &str| {
            let record = record(json!({"type": "change", "kind": "device", "id": id, "row": row,
                "outcome": outcome, "before": {"devicegroup_id": "b"}, "after": {"devicegroup_id": "a"}}));
            left.add(Row { record, source: String::new() });
        };
        add(4, "d1", "assigned");
        add(5, "d2", "unchanged");
        add(6, "d3", "assigned");
        let rows: Vec<u64> = left
            .items()
            .into_iter()
            .map(|item| match item {
                Item::Row(row) => row.record["row"].as_u64().unwrap(),
                Item::Bad(_) => panic!("a row"),
            })
            .collect();
        assert_eq!(rows, [3, 6]);
    }
}
