//! Records from and to what else holds fields.

use std::collections::BTreeMap;

use serde::de::Deserializer;
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Record;

impl PartialEq for Record {
    /// The same fields with the same values, in whatever order.
    fn eq(&self, other: &Record) -> bool {
        self.len() == other.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl Eq for Record {}

impl<N: AsRef<str>> Extend<(N, Value)> for Record {
    fn extend<I: IntoIterator<Item = (N, Value)>>(&mut self, fields: I) {
        for (name, value) in fields {
            self.insert(name.as_ref(), value);
        }
    }
}

impl<N: AsRef<str>> FromIterator<(N, Value)> for Record {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(fields: I) -> Record {
        let mut record = Record::new();
        record.extend(fields);
        record
    }
}

impl Record {
    /// Gives the record the fields of another, each as [`Record::insert`].
    pub fn add(&mut self, other: &Record) {
        for field in &other.fields {
            self.insert_json(other.name(field), other.slice(field.value));
        }
    }

    /// What it says, the same for all records that are equal: in JSON, in the order of the names.
    pub fn meaning(&self) -> String {
        let fields: BTreeMap<&str, &Value> = self.iter().collect();
        serde_json::to_string(&fields).unwrap_or_default()
    }

    /// Gives a field another record as its value.
    pub fn insert_record(&mut self, name: &str, value: &Record) {
        self.insert_json(name, &value.to_string());
    }

    /// Gives the record a field of another, spelled as it is there, if it is there.
    pub fn copy(&mut self, name: &str, other: &Record) {
        if let Some(json) = other.json(name) {
            self.insert_json(name, json);
        }
    }
}

impl IntoIterator for Record {
    type Item = (String, Value);
    type IntoIter = std::vec::IntoIter<(String, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        let fields: Vec<_> =
            self.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
        fields.into_iter()
    }
}

impl From<Map<String, Value>> for Record {
    fn from(fields: Map<String, Value>) -> Record {
        fields.into_iter().collect()
    }
}

impl From<Record> for Value {
    fn from(record: Record) -> Value {
        Value::Object(record.into_iter().collect())
    }
}

impl From<&Record> for Value {
    fn from(record: &Record) -> Value {
        let fields = record.iter().map(|(name, value)| (name.to_owned(), value.clone()));
        Value::Object(fields.collect())
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for field in &self.fields {
            let json: &RawValue =
                serde_json::from_str(self.slice(field.value)).map_err(serde::ser::Error::custom)?;
            map.serialize_entry(self.name(field), json)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Record {
    /// Of a name that stands twice the last value counts.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Record, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        Record::read_lenient(json.get()).map_err(serde::de::Error::custom)
    }
}
