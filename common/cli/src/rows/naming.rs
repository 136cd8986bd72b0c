//! A record that began as nothing but an identifier, made one that the next command can read.

use model::Record;
use model::identifier::{Shape, shape};
use pipe::NamedBy;

/// Gives a bare identifier of a device the field that it is (`mac_address`, `name` …), and every record
/// of a device its type and, where it is known, its id.
pub fn name_device(
    record: &mut Record,
    (named_by, text): (NamedBy, &str),
    id: impl FnOnce() -> Option<String>,
) {
    if record.len() == 1 && record.contains_key("id") {
        let field = match (named_by, shape(text)) {
            (NamedBy::Name, _) => "name",
            (NamedBy::Mac, _) | (_, Shape::Mac) => "mac_address",
            (_, Shape::Agent) => "agent_id",
            (_, Shape::Id) => "id",
            _ => "name",
        };
        *record = Record::new();
        record.insert_text(field, text);
    }
    let has_id = record.json("id").is_some_and(|id| id != "null");
    let id = if has_id { None } else { id() };
    if record.contains_key("type") && id.is_none() {
        return;
    }
    let rest = std::mem::take(record);
    record.insert_json("type", rest.json("type").unwrap_or("\"device\""));
    match &id {
        Some(id) => record.insert_text("id", id),
        None => record.copy("id", &rest),
    }
    for name in rest.keys().filter(|name| *name != "type" && (id.is_none() || *name != "id")) {
        record.copy(name, &rest);
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
            name_device(&mut record, (NamedBy::Any, text), || None);
            assert_eq!(Value::from(record), json!({"type": "device", field: text}));
        }
        let mut record = Record::from_iter([("id".to_owned(), "kitchen_lamp".into())]);
        let device = (NamedBy::Name, "kitchen_lamp");
        name_device(&mut record, device, || Some("40000c2a69000001".into()));
        let named = json!({"type": "device", "id": "40000c2a69000001", "name": "kitchen_lamp"});
        assert_eq!(Value::from(record), named);
    }
}
