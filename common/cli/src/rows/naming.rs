//! A record that began as nothing but an identifier, made one that the next command can read.

use model::Record;
use model::identifier::{Shape, shape};
use pipe::{Identifier, NamedBy};

/// Gives a bare identifier of a device the field that it is (`mac_address`, `name` …), and every record
/// of a device its type and, where it is known, its id.
pub fn name_device(record: &mut Record, device: &Identifier, id: Option<String>) {
    if record.len() == 1 && record.contains_key("id") {
        let field = match (device.named_by, shape(&device.text)) {
            (NamedBy::Name, _) => "name",
            (NamedBy::Mac, _) | (_, Shape::Mac) => "mac_address",
            (_, Shape::Agent) => "agent_id",
            (_, Shape::Id) => "id",
            _ => "name",
        };
        record.clear();
        record.insert(field.into(), device.text.clone().into());
    }
    if !record.contains_key("type") {
        record.shift_insert(0, "type".into(), "device".into());
    }
    if let (Some(id), false) = (id, record.get("id").is_some_and(|id| !id.is_null())) {
        record.shift_insert(1, "id".into(), id.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_bare_identifier_becomes_the_field_that_it_is() {
        for (text, field) in [
            ("40000c2a69000001", "id"),
            ("0c:2a:69:00:00:01", "mac_address"),
            ("-jXp_9QaLm2Z", "agent_id"),
            ("Left", "name"),
            ("kitchen_lamp", "agent_id"),
        ] {
            let mut record = Record::from_iter([("id".to_owned(), text.into())]);
            let device = Identifier { named_by: NamedBy::Any, text: text.into() };
            name_device(&mut record, &device, None);
            assert_eq!(Value::Object(record), json!({"type": "device", field: text}));
        }
        let mut record = Record::from_iter([("id".to_owned(), "kitchen_lamp".into())]);
        let device = Identifier { named_by: NamedBy::Name, text: "kitchen_lamp".into() };
        name_device(&mut record, &device, Some("40000c2a69000001".into()));
        let named = json!({"type": "device", "id": "40000c2a69000001", "name": "kitchen_lamp"});
        assert_eq!(Value::Object(record), named);
    }
}
