//! One row of input.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Record;

/// A record as it was read, and the place that it was read from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The fields of the row.
    pub record: Record,
    /// Where the row begins, for messages: `devices.csv:17`.
    pub source: String,
}

impl Row {
    /// A row with nothing but an identifier, as options of the command line give it.
    pub fn bare(identifier: &str, source: impl Into<String>) -> Row {
        let record = Record::from_iter([("id".to_owned(), Value::from(identifier))]);
        Row { record, source: source.into() }
    }

    /// The row's own value of an option of the verb: the first of the columns `names` that has
    /// one. An empty CSV field is `null` and so no value.
    pub fn option(&self, names: &[&str]) -> Option<&Value> {
        names.iter().filter_map(|name| self.record.get(*name)).find(|value| !value.is_null())
    }

    /// Whether a dry run printed this record. CSV gives the mark as text.
    pub fn is_dry_run(&self) -> bool {
        match self.record.get("dry_run") {
            Some(Value::Bool(dry)) => *dry,
            Some(Value::String(text)) => text.trim().eq_ignore_ascii_case("true"),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(value: Value) -> Row {
        Row { record: serde_json::from_value(value).expect("an object"), source: String::new() }
    }

    #[test]
    fn an_option_is_the_first_column_with_a_value() {
        let row = row(json!({"dg": null, "devicegroup": "A", "descr": ""}));
        assert_eq!(row.option(&["dg", "devicegroup"]), Some(&json!("A")));
        assert_eq!(row.option(&["descr", "description"]), Some(&json!("")));
        assert_eq!(row.option(&["name"]), None);
    }

    #[test]
    fn the_mark_of_a_dry_run_survives_csv() {
        for (mark, dry) in
            [(json!(true), true), (json!("TRUE"), true), (json!("false"), false), (json!(1), false)]
        {
            assert_eq!(row(json!({ "dry_run": mark })).is_dry_run(), dry);
        }
        assert!(!row(json!({})).is_dry_run());
    }
}
