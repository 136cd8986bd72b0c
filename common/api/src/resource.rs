//! From the API's resources to records: one mechanical rule for every type (`imp-records(7)`).
//!
//! `type` and `id` first, every attribute at the top level under its own name and in its own type,
//! every relationship `r` as `r_id` and `r_type`. What we do not know passes through.

use model::record::MOST_FIELDS;
use model::{ErrorKind, Record};
use serde_json::{Map, Value, json};

use crate::{Answer, Error};

impl Answer {
    /// The record in the `data` of the answer.
    ///
    /// # Errors
    /// `unexpected` when there is none, or one without an id: an id goes into paths, and a path that ends
    /// before it would mean the whole collection.
    pub fn record(&self) -> Result<Record, Error> {
        to_record(&self.body["data"])
    }

    /// The record that a creation has made.
    ///
    /// # Errors
    /// `unknown_outcome` when it does not say which: something was made, and must not be made again.
    pub fn created(&self) -> Result<Record, Error> {
        self.record().map_err(|_| {
            let title = "The service says that it was made, but not its id";
            Error::new(ErrorKind::UnknownOutcome, title).detail("look before you repeat it")
        })
    }

    /// The same after a change, which a service may answer without a body: then the record is empty.
    pub fn record_if_any(&self) -> Record {
        fields(&self.body["data"])
    }
}

/// The record of one resource, which has an id.
///
/// # Errors
/// `unexpected` when it has none.
pub fn to_record(resource: &Value) -> Result<Record, Error> {
    with_id(fields(resource))
}

/// The same of what has been read.
///
/// # Errors
/// As [`to_record`].
pub(crate) fn with_id(record: Record) -> Result<Record, Error> {
    match record.text("id") {
        Some(id) if !id.is_empty() => Ok(record),
        _ => {
            let title = "The service sent a record without an id";
            Err(Error::new(ErrorKind::Unexpected, title).detail("nothing can be done with it"))
        }
    }
}

/// The fields of one resource; something that is no resource (a log entry) comes out as it is.
pub(crate) fn fields(resource: &Value) -> Record {
    let mut record = Record::new();
    let Some(members) = resource.as_object() else {
        return record;
    };
    if !members.contains_key("attributes") && !members.contains_key("relationships") {
        return members.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    }
    let object = |name| members.get(name).and_then(Value::as_object);
    let (attributes, relationships) = (object("attributes"), object("relationships"));
    if attributes.map_or(0, Map::len) + relationships.map_or(0, Map::len) > MOST_FIELDS {
        // Without an id it is refused: nobody could wait for what is done with so many.
        return record;
    }
    for name in ["type", "id"] {
        if let Some(value) = members.get(name) {
            record.insert(name, value.clone());
        }
    }
    for (name, value) in attributes.into_iter().flatten() {
        // An attribute must not hide what the record is.
        if name != "type" && name != "id" {
            record.insert(name, value.clone());
        }
    }
    for (name, value) in relationships.into_iter().flatten() {
        relate(&mut record, name, value);
    }
    record
}

/// A relationship is a bare identifier here (imp-service(7), section 1.5); strict JSON:API would
/// wrap it in `data`.
pub(crate) fn relate(record: &mut Record, name: &str, value: &Value) {
    let value = value.get("data").unwrap_or(value);
    match value {
        Value::Object(target) => {
            for part in ["id", "type"] {
                let value = target.get(part).cloned().unwrap_or(Value::Null);
                record.insert(&format!("{name}_{part}"), value);
            }
        }
        Value::Array(targets) => {
            let ids = targets.iter().map(|target| target["id"].clone()).collect();
            record.insert(&format!("{name}_ids"), Value::Array(ids));
        }
        _ => {}
    }
}

/// The identifier of a resource, as relationships and bulk requests hold it.
pub fn identifier(kind: &str, id: &str) -> Value {
    json!({"type": kind, "id": id})
}

/// A body that creates a resource.
pub fn create_body(kind: &str, attributes: Record, relationships: Record) -> Value {
    let mut data = Map::new();
    data.insert("type".into(), kind.into());
    data.insert("attributes".into(), attributes.into());
    if !relationships.is_empty() {
        data.insert("relationships".into(), relationships.into());
    }
    json!({ "data": data })
}

/// A body that updates a resource. The service wants the real type, for device groups too.
pub fn update_body(kind: &str, id: &str, attributes: Record, relationships: Record) -> Value {
    let mut body = create_body(kind, attributes, relationships);
    body["data"]["id"] = id.into();
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_lifted_and_nothing_changes_its_type() {
        let resource = json!({"type":"device","id":"23","links":{"self":"x"},
            "attributes":{"name":null,"device_online":false,"rssi":-40,"type":"hidden"},
            "relationships":{"devicegroup":{"type":"dut_devicegroup","id":"g"},"owner":{"data":{"type":"account","id":"a"}},
                             "versions":[{"type":"v","id":"1"},{"type":"v","id":"2"}]}});
        let expected = json!({"type":"device","id":"23","name":null,"device_online":false,"rssi":-40,
            "devicegroup_id":"g","devicegroup_type":"dut_devicegroup","owner_id":"a","owner_type":"account",
            "versions_ids":["1","2"]});
        assert_eq!(Value::from(fields(&resource)), expected);
    }

    #[test]
    fn plain_objects_pass() {
        let entry = json!({"ts":"t","type":"status","msg":"m"});
        assert_eq!(Value::from(fields(&entry)), entry);
    }

    #[test]
    fn names_that_no_record_can_have_are_left_out() {
        let name = "$serde_json::private::of";
        let inside = json!([{"a": {name: 1, "b": 2}}]);
        let resource = json!({"type": "device", "id": "5",
            "attributes": {name: 1, "rssi": 2, "deep": inside},
            "relationships": {name: {"id": "g"}, "to": {"id": {name: 1}, "type": "t"},
                "in": {"data": {"id": [{name: 1}]}}, "many": [{"id": {name: 1}}]}});
        let text = json!({"data": resource}).to_string();
        let expected = json!({"type": "device", "id": "5", "rssi": 2, "deep": [{"a": {"b": 2}}],
            "to_id": {}, "to_type": "t", "in_id": [{}], "in_type": null, "many_ids": [{}]});
        let record = crate::reading::answer(200, &text).unwrap().record().unwrap();
        assert_eq!(Value::from(&record), expected);
        let page = json!({"data": [resource]}).to_string();
        assert_eq!(crate::reading::page(&page).unwrap(), [record]);
        let log = json!({"data": {name: 1, "msg": "m"}}).to_string();
        let log = crate::reading::answer(200, &log).unwrap().record_if_any();
        assert_eq!(log.to_string(), r#"{"msg":"m"}"#);
    }

    #[test]
    fn nobody_waits_for_a_resource_of_very_many_fields() {
        let attributes: Map<String, Value> =
            (0..=MOST_FIELDS).map(|number| (number.to_string(), number.into())).collect();
        let resource = json!({"type": "device", "id": "5", "attributes": attributes});
        assert_eq!(to_record(&resource).unwrap_err().kind, ErrorKind::Unexpected);
        let page = json!({"data": [resource]}).to_string();
        assert_eq!(crate::reading::page(&page).unwrap(), [Record::new()], "which has no id");
    }

    #[test]
    fn a_record_without_an_id_is_refused() {
        for data in [json!(null), json!({}), json!({"id": ""}), json!({"id": 5, "attributes": {}})]
        {
            assert_eq!(to_record(&data).unwrap_err().kind, ErrorKind::Unexpected, "{data}");
        }
        assert!(to_record(&json!({"type": "device", "id": "5"})).is_ok());
        let made = Answer { body: json!({"data": {"type": "product"}}), records: None };
        assert_eq!(made.created().unwrap_err().kind, ErrorKind::UnknownOutcome);
        assert!(made.record_if_any().contains_key("type"));
    }
}
