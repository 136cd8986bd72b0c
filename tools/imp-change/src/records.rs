//! Change records among the rows of an input, and the same the other way round.

use std::collections::HashMap;

use model::change::{BUILD, CHANGE, CHANGE_RECORD, CURRENT, MINIMUM, STEP};
use model::identifier::{is_uuid, usual_spelling};
use model::{Change, Effect, ErrorKind, Record, ResourceKind};
use pipe::source::BadRow;
use pipe::{Failure, Item, Row};
use serde_json::Value;

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

/// An item whose cells have their values, where it came as CSV.
pub fn with_values(mut item: Item) -> Item {
    if let Item::Row(row) = &mut item
        && cli::text(&row.record, "type") == CHANGE
    {
        CHANGE_RECORD.read_cells(&mut row.record);
    }
    item
}

/// The change of a row.
///
/// # Errors
/// `wrong_type` for a record of another kind, `bad_input` for one that cannot be read.
pub fn of_row(row: &Row) -> Result<Change, Failure> {
    let kind = cli::text(&row.record, "type");
    if kind != CHANGE {
        let detail = "--plan prints change records, and so do `imp-change show` and `reverse`";
        return Err(Failure::new(ErrorKind::WrongType, "It is no change record").detail(detail));
    }
    let mut change = Change::of_record(&row.record).map_err(|why| {
        Failure::new(ErrorKind::BadInput, "The change record cannot be read").detail(why)
    })?;
    with_usual_ids(&mut change.effect);
    Ok(change)
}

/// Capitals do not count in ids.
fn with_usual_ids(effect: &mut Effect) {
    let usual = |id: &str| match is_uuid(id) {
        true => id.to_ascii_lowercase(),
        false => usual_spelling(id).into_owned(),
    };
    effect.id = usual(&effect.id);
    for side in [&mut effect.before, &mut effect.after].into_iter().flatten() {
        let ids = side.iter().filter(|(name, _)| name.ends_with("_id"));
        let ids = ids.filter_map(|(name, id)| Some((name.to_owned(), usual(id.as_str()?))));
        let ids: Vec<(String, String)> = ids.collect();
        ids.iter().for_each(|(name, id)| side.insert_text(name, id));
    }
}

/// The places of the rows of a journal: what became of a row is told without it.
#[derive(Default)]
pub struct Steps(HashMap<u64, Value>);

impl Steps {
    /// Takes in a line of the journal, in their order; one of a change gets the place of its row.
    pub fn tell(&mut self, line: &mut Record) {
        let Some(row) = line.get("row").and_then(Value::as_u64) else { return };
        if let Some(step) = line.record("input").and_then(|mut input| input.remove(STEP)) {
            self.0.insert(row, step);
        } else if let (CHANGE, Some(step)) = (cli::text(line, "type"), self.0.get(&row)) {
            line.insert(STEP, step.clone());
        }
    }
}

/// What a row changed; none of what was so already, and of what is no change of a thing.
pub fn changed(row: &Row) -> Option<Effect> {
    let change = of_row(row).ok().filter(|_| !is_nothing(&row.record))?;
    Some(change.effect).filter(|effect| !effect.is_action())
}

/// Whether a row changed nothing: it was so already, it failed, or it is another line of a journal.
fn is_nothing(record: &Record) -> bool {
    let text = |name| cli::text(record, name);
    text("outcome") == "unchanged"
        || text("type") == "failed"
        || OF_A_JOURNAL.contains(&text("type"))
}

/// What takes back the changes of `items`: the last first, without those that changed nothing. What has no way
/// back, or is no change record, is a row that fails. What was deployed to a group that the changes made goes with
/// it, for to take back that it was made is to delete it.
pub fn reversed(items: Vec<Item>) -> Vec<Item> {
    let all: Vec<Item> = items
        .into_iter()
        .filter(|item| !matches!(item, Item::Row(row) if is_nothing(&row.record)))
        .collect();
    let turning = Turning::of(&all);
    all.into_iter().rev().filter_map(|item| turning.turned(item)).collect()
}

/// What is to be known of all changes, to turn one of them round.
#[derive(Default)]
struct Turning {
    /// The groups that they made, by their ids, with the places of that.
    made_groups: HashMap<String, Option<u64>>,
    /// The last place that one of them has.
    last_step: u64,
}

impl Turning {
    fn of(items: &[Item]) -> Turning {
        let mut turning = Turning::default();
        let rows = items.iter().filter_map(|item| match item {
            Item::Row(row) => of_row(row).ok(),
            Item::Bad(_) => None,
        });
        for Change { effect, step, .. } in rows {
            turning.last_step = turning.last_step.max(step.unwrap_or_default());
            if effect.before.is_none() && is_group(&effect) {
                turning.made_groups.insert(effect.id, step);
            }
        }
        turning
    }

    fn turned(&self, item: Item) -> Option<Item> {
        let Item::Row(row) = item else { return Some(item) };
        Some(match self.back(&row).transpose()? {
            Ok(record) => Item::Row(Row { record, ..row }),
            Err(failure) => {
                let Row { record: input, source } = row;
                Item::Bad(BadRow { failure, input, source })
            }
        })
    }

    /// The change record that takes back that of a row; none where nothing is left to be done.
    fn back(&self, row: &Row) -> Result<Option<Record>, Failure> {
        let Change { verb, effect, source, step, .. } = of_row(row)?;
        let Some(effect) = self.goes_with_made_group(effect) else { return Ok(None) };
        if let Some(why) = effect.no_way_back() {
            return Err(Failure::new(ErrorKind::Refused, "There is no way back").detail(why));
        }
        // A build may go with its group that cannot be deleted before.
        let of_group = |build: &Record| self.made_groups.get(cli::text(build, "devicegroup_id"));
        let is_build = effect.kind == "deployment" && effect.before.is_none();
        let group = effect.after.as_ref().filter(|_| is_build).and_then(of_group);
        let step = group.copied().unwrap_or(step).map(|step| self.last_step + 1 - step);
        let effect = effect.reversed();
        Ok(Some(Change { verb, effect, source, step, ..Change::default() }.to_record()))
    }

    /// A change without what goes with the group when that is deleted which the changes made: a build that was
    /// deployed to it counts as made, and there is nothing to be done for a minimum and for a build that is gone.
    fn goes_with_made_group(&self, mut effect: Effect) -> Option<Effect> {
        let (Some(before), after) = (&mut effect.before, &mut effect.after) else {
            return Some(effect);
        };
        let is_made = |id: &str| self.made_groups.contains_key(id);
        let Some(after) = after else {
            let is_gone =
                effect.kind == "deployment" && is_made(cli::text(before, "devicegroup_id"));
            return (!is_gone).then_some(effect);
        };
        if !is_made(&effect.id) {
            return Some(effect);
        }
        if after.contains_key(CURRENT) {
            return Some(made_for(&effect.id, after));
        }
        let was_minimum = after.remove(MINIMUM).is_some();
        before.remove(MINIMUM);
        let is_nothing = was_minimum && after.is_empty();
        (!is_nothing).then_some(effect)
    }
}

fn is_group(effect: &Effect) -> bool {
    ResourceKind::of_type(&effect.kind) == Some(ResourceKind::DeviceGroup)
}

/// A build that was made for a group.
fn made_for(group: &str, after: &Record) -> Effect {
    let mut made = Record::new();
    made.insert_text("devicegroup_id", group);
    let (kind, id) = ("deployment".to_owned(), cli::text(after, CURRENT).to_owned());
    Effect { kind, id, after: Some(made), ..Effect::default() }
}

/// The fields of a side; what a build is made of comes with its id.
pub fn fields(side: &Record) -> impl Iterator<Item = (&str, &Value)> {
    side.iter().filter(|(name, _)| *name != BUILD)
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
            .map(|item| match item {
                Item::Row(row) => (row.record["id"].as_str(), false),
                Item::Bad(bad) => (bad.input["id"].as_str(), true),
            })
            .collect();
        assert_eq!(told, [(Some("3"), true), (Some("1"), false)]);
        let Item::Row(row) = &reversed[1] else { panic!("a row") };
        let back = json!({"type": "change", "kind": "product", "id": "1",
            "before": {"name": "b"}, "after": {"name": "a"}});
        assert_eq!(Value::from(&row.record), back);
    }
    #[test]
    fn what_was_deployed_to_a_group_that_was_made_goes_with_it_and_places_are_turned() {
        let item = |step: u64, id: &str, before: Value, after: Value| {
            let record = json!({"type": "change", "kind": "dut_devicegroup", "id": id,
                "before": before, "after": after, "step": step});
            let record = serde_json::from_value(record).unwrap();
            Item::Row(Row { record, source: "in:1".into() })
        };
        let deployed = |id: &str| json!({CURRENT: id});
        let items = vec![
            item(1, "g", Value::Null, json!({"name": "G"})),
            item(2, "g", json!({CURRENT: null}), deployed("b")),
            item(3, "g", json!({MINIMUM: "b"}), json!({MINIMUM: "c"})),
            item(4, "h", json!({CURRENT: null}), deployed("d")),
        ];
        let told = |item: Item| {
            let (record, failed) = match item {
                Item::Row(row) => (row.record, false),
                Item::Bad(bad) => (bad.input, true),
            };
            let text = |name: &str| cli::text(&record, name).to_owned();
            (text("kind"), text("id"), record["step"].clone(), failed)
        };
        let told: Vec<_> = reversed(items).into_iter().map(told).collect();
        let [group, build] = ["dut_devicegroup", "deployment"].map(str::to_owned);
        let expected = [
            (group.clone(), "h".to_owned(), json!(4), true),
            (build, "b".to_owned(), json!(4), false),
            (group, "g".to_owned(), json!(4), false),
        ];
        assert_eq!(told, expected);
    }
}
