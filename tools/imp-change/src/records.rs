//! Change records among the rows of an input, and the same the other way round.

use model::{Change, ErrorKind, Record};
use pipe::{Failure, Item, Row};

/// The lines of a journal that are no change records.
const OF_A_JOURNAL: [&str; 11] = [
    "run",
    "row",
    "given",
    "listed",
    "read",
    "started",
    "answered",
    "step",
    "resumed",
    "forgotten",
    "end",
];

/// The change of a row.
///
/// # Errors
/// `wrong_type` for a record of another kind, `bad_input` for one that cannot be read.
pub fn of_row(row: &Row) -> Result<Change, Failure> {
    let kind = cli::text(&row.record, "type");
    if kind != model::change::CHANGE {
        let detail = "--plan prints change records, and so do `imp-change show` and `reverse`";
        return Err(Failure::new(ErrorKind::WrongType, "It is no change record").detail(detail));
    }
    Change::of_record(&row.record).map_err(|why| {
        Failure::new(ErrorKind::BadInput, "The change record cannot be read").detail(why)
    })
}

/// Whether a row changed nothing: it was so already, it failed, or it is another line of a journal.
fn is_nothing(record: &Record) -> bool {
    let text = |name| cli::text(record, name);
    text("outcome") == "unchanged"
        || text("type") == "failed"
        || OF_A_JOURNAL.contains(&text("type"))
}

/// What takes back the changes of `items`: the last first, without those that changed nothing. What has no way
/// back, or is no change record, is a row that fails.
pub fn reversed(items: Vec<Item>) -> Vec<(Item, Option<Failure>)> {
    let rows = items.into_iter().rev().filter(|item| match item {
        Item::Row(row) => !is_nothing(&row.record),
        Item::Bad(_) => true,
    });
    let turned = rows.map(|item| match item {
        Item::Bad(bad) => (Item::Bad(bad), None),
        Item::Row(row) => match back(&row) {
            Ok(record) => (Item::Row(Row { record, ..row }), None),
            Err(failure) => (Item::Row(row), Some(failure)),
        },
    });
    turned.collect()
}

/// The change record that takes back that of a row.
fn back(row: &Row) -> Result<Record, Failure> {
    let change = of_row(row)?;
    if let Some(why) = change.effect.no_way_back() {
        return Err(Failure::new(ErrorKind::Refused, "There is no way back").detail(why));
    }
    let Change { verb, effect, source, .. } = change;
    let effect = effect.reversed();
    Ok(Change { verb, effect, source, ..Change::default() }.to_record())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn the_last_comes_first_and_what_changed_nothing_is_left_out() {
        let item = |value: Value| {
            let record = serde_json::from_value(value).unwrap();
            Item::Row(Row { record, source: "in:1".into() })
        };
        let update = |id: &str, outcome: &str| {
            item(json!({"type": "change", "kind": "product", "id": id, "outcome": outcome,
                "before": {"name": "a"}, "after": {"name": "b"}, "run": "r", "at": "t"}))
        };
        let restart =
            json!({"type": "change", "kind": "device", "id": "3", "before": {}, "after": {}});
        let items = vec![
            item(json!({"type": "run", "run": "r"})),
            update("1", "updated"),
            update("2", "unchanged"),
            item(restart),
            item(json!({"type": "step", "event": "gate_passed", "wave": 1})),
            item(json!({"type": "end", "exit": 0})),
        ];
        let reversed = reversed(items);
        let told: Vec<_> = reversed
            .iter()
            .map(|(item, failure)| match item {
                Item::Row(row) => (row.record["id"].as_str(), failure.is_some()),
                Item::Bad(_) => (None, true),
            })
            .collect();
        assert_eq!(told, [(Some("3"), true), (Some("1"), false)]);
        let Item::Row(row) = &reversed[1].0 else { panic!("a row") };
        let back = json!({"type": "change", "kind": "product", "id": "1",
            "before": {"name": "b"}, "after": {"name": "a"}});
        assert_eq!(Value::from(&row.record), back);
    }
}
