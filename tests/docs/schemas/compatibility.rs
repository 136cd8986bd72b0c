//! What a new schema breaks for a program that was written by the old one. Pure.
//!
//! Careful about the direction: the program reads. So what it may count on must stay, and nothing may come that it
//! does not know how to read; more fields, and fewer kinds of values, are no harm.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What it breaks, a line each.
pub fn breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", old, new, &mut found);
    found
}

fn compare(place: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    let here = if place.is_empty() { "/" } else { place };
    let mut broken = |what: String| found.push(format!("{here}: {what}"));
    let (old_types, new_types) = (words(&old["type"]), words(&new["type"]));
    if !old_types.is_empty() && (new_types.is_empty() || !new_types.is_subset(&old_types)) {
        broken(format!("the type was {old_types:?} and is {new_types:?}"));
    }
    let (old_words, new_words) = (words(&old["enum"]), words(&new["enum"]));
    if old_words != new_words && !old_words.is_empty() {
        broken(format!("the words were {old_words:?} and are {new_words:?}"));
    }
    for name in ["format", "$ref"] {
        if old.get(name).is_some() && old.get(name) != new.get(name) {
            broken(format!("{name} was {} and is {}", old[name], new[name]));
        }
    }
    let (old_required, new_required) = (words(&old["required"]), words(&new["required"]));
    for name in old_required.difference(&new_required) {
        broken(format!("{name} may be missing now"));
    }
    for part in ["properties", "$defs"] {
        for (name, old) in members(&old[part]) {
            let place = format!("{place}/{name}");
            match new[part].get(name) {
                Some(new) => compare(&place, old, new, found),
                None => found.push(format!("{place}: it is gone")),
            }
        }
    }
    if let Some(old) = old.get("items") {
        compare(&format!("{place}/[]"), old, &new["items"], found);
    }
}

/// The texts of a list, or the one that stands for a list; null in a list is a word, too.
fn words(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Null => BTreeSet::new(),
        Value::Array(values) => values.iter().map(text).collect(),
        value => [text(value)].into(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn device() -> Value {
        json!({
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "rssi": {"type": ["integer", "null"]},
                "outcome": {"type": "string", "enum": ["assigned", "unchanged"]},
                "at": {"type": "string", "format": "date-time"},
                "error": {"type": "object", "properties": {"kind": {"type": "string"}}},
                "tags": {"type": "array", "items": {"type": "string"}},
                "builds": {"type": "array", "items": {"$ref": "#/$defs/build"}},
            },
            "required": ["id"],
            "$defs": {"build": {"type": "object", "properties": {"sha": {"type": "string"}}}},
        })
    }

    /// What is broken when the value at this place is another one, or gone.
    fn broken_by(place: &str, value: Value) -> Vec<String> {
        let mut new = device();
        match value {
            Value::Null => {
                let (parent, name) = place.rsplit_once('/').expect("a place");
                new.pointer_mut(parent).and_then(Value::as_object_mut).expect("it").remove(name);
            }
            value => *new.pointer_mut(place).expect("it is there") = value,
        }
        breaks(&device(), &new)
    }

    #[test]
    fn what_programs_count_on_must_stay() {
        for (place, value, told) in [
            ("/properties/id", Value::Null, "/id: it is gone"),
            ("/required", json!([]), "/: id may be missing now"),
            (
                "/properties/id/type",
                json!(["string", "null"]),
                r#"/id: the type was {"string"} and is {"null", "string"}"#,
            ),
            (
                "/properties/rssi/type",
                json!("string"),
                r#"/rssi: the type was {"integer", "null"} and is {"string"}"#,
            ),
            ("/properties/id/type", Value::Null, r#"/id: the type was {"string"} and is {}"#),
            (
                "/properties/outcome/enum",
                json!(["assigned", "moved", "unchanged"]),
                r#"/outcome: the words were {"assigned", "unchanged"} and are {"assigned", "moved", "unchanged"}"#,
            ),
            (
                "/properties/outcome/enum",
                json!(["assigned"]),
                r#"/outcome: the words were {"assigned", "unchanged"} and are {"assigned"}"#,
            ),
            ("/properties/at/format", Value::Null, r#"/at: format was "date-time" and is null"#),
            ("/properties/error/properties/kind", Value::Null, "/error/kind: it is gone"),
            (
                "/properties/tags/items/type",
                json!("integer"),
                r#"/tags/[]: the type was {"string"} and is {"integer"}"#,
            ),
            ("/$defs/build/properties/sha", Value::Null, "/build/sha: it is gone"),
        ] {
            assert_eq!(broken_by(place, value.clone()), [told], "{place} {value}");
        }
    }

    #[test]
    fn what_comes_on_top_breaks_nothing() {
        let none: [&str; 0] = [];
        assert_eq!(
            broken_by("/properties/rssi/type", json!("integer")),
            none,
            "it is never null now"
        );
        assert_eq!(broken_by("/required", json!(["id", "rssi"])), none);
        let mut new = device();
        new["properties"]["new"] = json!({"type": "string"});
        new["description"] = "another".into();
        new["properties"]["id"]["format"] = "uuid".into();
        assert_eq!(breaks(&device(), &new), none);
    }
}
