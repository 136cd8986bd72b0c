//! One row of input.

use model::{Record, ResourceKind};
use serde_json::Value;

use crate::sink::stated_columns;

/// A record as it was read, and the place that it was read from.
#[derive(Clone, Debug, PartialEq)]
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
        names.iter().filter_map(|name| self.record.get(name)).find(|value| !value.is_null())
    }

    /// The row of the `kind` that this row refers to. Of a record of another kind, such as a device
    /// for its device group, only the reference and columns added by the user are kept: its `name`
    /// is not the name of what it refers to.
    pub fn as_reference_to(&self, kind: ResourceKind) -> Row {
        let text = |name: &str| self.record.get(name).and_then(Value::as_str);
        let type_name = self.kind();
        let reference = |ending: &str| format!("{}_{ending}", kind.reference());
        let Some(id) = text(&reference("id")).filter(|_| stated_columns(type_name).is_some())
        else {
            return self.clone();
        };
        if kind.types().contains(&type_name) {
            return self.clone();
        }
        let own = text(&reference("type")).or(kind.types().first().copied()).unwrap_or_default();
        let mut record =
            Record::from_iter([("type".to_owned(), own.into()), ("id".to_owned(), id.into())]);
        for name in self.own_fields() {
            record.copy(name, &self.record);
        }
        Row { record, source: self.source.clone() }
    }

    /// The record's type, if it is one of ours: the column of a factory may be called so, too.
    pub fn kind(&self) -> &str {
        let text = self.record.text("type").map_or("", str::trim);
        let logged = ["server.", "agent."].iter().any(|start| text.starts_with(start));
        if logged || stated_columns(text).is_some() { text } else { "" }
    }

    /// The fields that are the user's own: of a record of ours those that were added to it, of any
    /// other all.
    pub fn own_fields(&self) -> impl Iterator<Item = &str> {
        let of_service = stated_columns(self.kind());
        self.record.keys().filter(move |name| is_own(name, of_service))
    }

    /// Whether a dry run printed this record.
    pub fn is_dry_run(&self) -> bool {
        says(&self.record, "dry_run", "true")
    }
}

/// Whether a field is `true`, or `false`, as asked for. CSV gives that as text.
pub fn says(record: &Record, name: &str, truth: &str) -> bool {
    match record.json(name) {
        Some(json) if json == truth => true,
        Some(_) => record.text(name).is_some_and(|text| text.trim().eq_ignore_ascii_case(truth)),
        None => false,
    }
}

/// Whether a field is none of those that the service gives a thing with these columns.
fn is_own(name: &str, of_service: Option<&[&str]>) -> bool {
    let of_service = of_service.is_some_and(|columns| {
        columns.contains(&name)
            || ["type", "id"].contains(&name)
            || ["_id", "_type"].iter().any(|ending| name.ends_with(ending))
    });
    !of_service && !["outcome", "same_as"].contains(&name)
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
    fn a_record_of_another_kind_is_seen_as_what_it_refers_to() {
        let device = row(json!({"type": "device", "id": "1", "name": "Left", "rssi": -60,
            "devicegroup_id": "g", "devicegroup_type": "dut_devicegroup", "product_id": "p",
            "outcome": "assigned", "dry_run": true, "descr": "mine"}));
        let group = device.as_reference_to(ResourceKind::DeviceGroup).record;
        let expected =
            json!({"type": "dut_devicegroup", "id": "g", "dry_run": true, "descr": "mine"});
        assert_eq!(Value::from(group), expected);
        assert_eq!(device.as_reference_to(ResourceKind::Product).record["type"], "product");
        assert_eq!(device.as_reference_to(ResourceKind::Device), device);
        let free = row(json!({"type": "device", "id": "1", "name": "Left"}));
        assert_eq!(free.as_reference_to(ResourceKind::DeviceGroup), free, "it fails as what it is");
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
