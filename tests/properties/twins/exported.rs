//! Exports of two accounts, comparable though what is new has other ids and times in each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// The ids of all records.
pub(super) fn ids_in(export: &[Value]) -> BTreeSet<String> {
    export.iter().map(|record| text(record, "id")).collect()
}

/// Each record that only one of the two has. `known` are the ids of what both began with.
pub(super) fn differences(twin: &[Value], now: &[Value], known: &BTreeSet<String>) -> Vec<String> {
    let (mut missing, mut added) = (lines(twin, known), Vec::new());
    for line in lines(now, known) {
        match missing.iter().position(|one| *one == line) {
            Some(place) => drop(missing.remove(place)),
            None => added.push(format!("+ {line}")),
        }
    }
    missing.iter().map(|line| format!("- {line}")).chain(added).collect()
}

fn text(record: &Value, name: &str) -> String {
    record[name].as_str().unwrap_or_default().to_owned()
}

/// The records without times, and with what tells it apart in the place of the id of a thing that is new.
fn lines(export: &[Value], known: &BTreeSet<String>) -> Vec<String> {
    let mut called: BTreeMap<String, String> = BTreeMap::new();
    let mut number: BTreeMap<String, usize> = BTreeMap::new();
    // What is named by others comes before them.
    for record in export {
        let of =
            |name: &str| called.get(&text(record, name)).cloned().unwrap_or(text(record, name));
        let told = ["product_id", "devicegroup_id"].map(of);
        let mut told = json!([record["type"], told, record["name"], record["tags"], record["url"]]);
        if record["type"] == "deployment" {
            // Which build of its group it is.
            let number = number.entry(told[1][1].to_string()).or_default();
            *number += 1;
            told[4] = (*number).into();
        }
        if !known.contains(&text(record, "id")) {
            called.insert(text(record, "id"), told.to_string());
        }
    }
    let shown = |record: &Value| {
        let fields = record.as_object().into_iter().flatten();
        let is_new = called.contains_key(&text(record, "id"));
        // How a sha is calculated may differ, and the code is there.
        let is_told = |name: &str| !(name.ends_with("_at") || is_new && name == "sha");
        let fields = fields.filter(|(name, _)| is_told(name));
        let told = |(name, value): (&String, &Value)| {
            let is_id = name == "id" || name.ends_with("_id");
            let new = value.as_str().filter(|_| is_id).and_then(|id| called.get(id));
            (name.clone(), new.map_or_else(|| value.clone(), |new| new.as_str().into()))
        };
        Value::Object(fields.map(told).collect()).to_string()
    };
    export.iter().map(shown).collect()
}
