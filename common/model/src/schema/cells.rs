//! Values that came as cells of CSV, which has texts alone.

use serde_json::Value;

use super::{Kind, RecordType};
use crate::Record;

impl RecordType {
    /// Gives the fields of a record their values again: numbers, truths, lists and objects stand in cells as JSON, and
    /// nothing stands there for null. What is a text, or cannot be read so, stays as it is.
    /// Says whether there was anything to read.
    pub fn read_cells(&self, record: &mut Record) -> bool {
        let mut came_as_cells = false;
        for field in self.fields {
            let Some(text) = record.get(field.name).and_then(Value::as_str) else { continue };
            let value = match text {
                _ if field.kind.is_text() => continue,
                "" => Some(Value::Null),
                text => serde_json::from_str(text).ok(),
            };
            if let Some(value) = value {
                record.insert(field.name, value);
                came_as_cells = true;
            }
        }
        came_as_cells
    }
}

impl Kind {
    fn is_text(&self) -> bool {
        matches!(self, Kind::Text | Kind::Time | Kind::Words(_) | Kind::WordsOf(_))
    }
}

#[cfg(test)]
mod tests {
    use super::super::resources::{DEPLOYMENT, DEVICE, DEVICE_GROUP};

    #[test]
    fn cells_get_their_values_back() {
        for (of, cells, expected) in [
            (
                &DEVICE_GROUP,
                r#"{"name":"12","region":"","load_code_after_blessing":"false","env_vars":"{\"a\":1}"}"#,
                r#"{"name":"12","region":"","load_code_after_blessing":false,"env_vars":{"a":1}}"#,
            ),
            (
                &DEPLOYMENT,
                r#"{"description":"","flagged":"true","tags":"[\"1.0\"]","own":"[1]"}"#,
                r#"{"description":"","flagged":true,"tags":["1.0"],"own":"[1]"}"#,
            ),
            (&DEVICE, r#"{"rssi":"-70","free_memory":""}"#, r#"{"rssi":-70,"free_memory":null}"#),
            (&DEVICE, r#"{"rssi":"loud","name":null}"#, r#"{"rssi":"loud","name":null}"#),
        ] {
            let mut record = crate::Record::read(cells).unwrap();
            let came_as_cells = of.read_cells(&mut record);
            assert_eq!(
                (record.to_string(), came_as_cells),
                (expected.to_owned(), cells != expected)
            );
        }
    }
}
