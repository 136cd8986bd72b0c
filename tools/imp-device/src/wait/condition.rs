//! What has to be so of a device, and what is to be told of one that is not so.

use std::str::FromStr;

use cli::text;
use model::schema::resources::DEVICE;
use model::{GroupType, Record};
use pipe::AskedFields;
use serde_json::Value;

/// Something that a device's record shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    Online,
    Offline,
    /// In the group with this id.
    InGroup(String),
    /// In a production or pre-production group.
    Blessed,
    /// A field has a value.
    Field(FieldIs),
}

impl Condition {
    /// Whether the record shows it.
    pub fn holds(&self, device: &Record) -> bool {
        match self {
            Condition::Online => is_online(device),
            Condition::Offline => !is_online(device),
            Condition::InGroup(id) => text(device, "devicegroup_id") == id,
            Condition::Blessed => GroupType::of_api(text(device, "devicegroup_type"))
                .is_some_and(GroupType::is_blessed),
            Condition::Field(wanted) => wanted.holds(device),
        }
    }

    /// What is to be told of a device of which it does not hold.
    pub fn words(&self, is_assigned: bool) -> String {
        match self {
            Condition::Online => "it is offline".to_owned(),
            Condition::Offline => "it is online".to_owned(),
            Condition::InGroup(_) if is_assigned => "it is in another device group".to_owned(),
            Condition::InGroup(_) => "it is in no device group".to_owned(),
            Condition::Blessed => "it is in no production or pre-production group".to_owned(),
            Condition::Field(wanted) if wanted.value.is_empty() => {
                format!("its `{}` is not empty", wanted.name)
            }
            Condition::Field(wanted) => format!("its `{}` is not `{}`", wanted.name, wanted.value),
        }
    }
}

/// Whether the service says that a device is online.
pub fn is_online(device: &Record) -> bool {
    device.get("device_online") == Some(&Value::Bool(true))
}

/// A field of the record, and the value that it is to have, as text; none for a field that is to be empty.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldIs {
    name: String,
    value: String,
}

impl FieldIs {
    /// Why it can be the field of no device; nothing if it may be one.
    pub fn unknown(&self) -> Option<String> {
        if DEVICE.fields.iter().any(|field| field.name == self.name) {
            return None;
        }
        let mut asked = AskedFields::new("--where", std::slice::from_ref(&self.name));
        asked.see(&Record::new(), Some(DEVICE.name));
        let of_another = || format!("--where: the record of a device has no `{}`", self.name);
        Some(asked.complaints().into_iter().next().unwrap_or_else(of_another))
    }

    /// Whether the service may know it minutes late.
    pub fn is_known_late(&self) -> bool {
        self.name == "device_online"
    }

    fn holds(&self, device: &Record) -> bool {
        match device.get(&self.name) {
            None | Some(Value::Null) => self.value.is_empty(),
            Some(Value::String(text)) => *text == self.value,
            Some(_) => device.json(&self.name) == Some(self.value.as_str()),
        }
    }
}

impl FromStr for FieldIs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                Ok(FieldIs { name: name.trim().to_owned(), value: value.to_owned() })
            }
            _ => Err("write it as FIELD=VALUE, as swversion=a1b2c3 - release-42.1".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conditions_are_read_off_the_record() {
        let device = json!({
            "type": "device", "id": "1", "device_online": true, "rssi": -60, "name": null,
            "devicegroup_id": "g", "devicegroup_type": "pre_production_devicegroup",
        });
        let device: Record = serde_json::from_value(device).unwrap();
        let field = |text: &str| Condition::Field(text.parse().unwrap());
        for (condition, holds) in [
            (Condition::Online, true),
            (Condition::Offline, false),
            (Condition::InGroup("g".into()), true),
            (Condition::InGroup("h".into()), false),
            (Condition::Blessed, true),
            (field("rssi=-60"), true),
            (field("device_online=true"), true),
            (field("name="), true),
            (field("nothing="), true),
            (field("nothing=1"), false),
            (field("devicegroup_id=g"), true),
        ] {
            assert_eq!(condition.holds(&device), holds, "{condition:?}");
        }
        assert!("=1".parse::<FieldIs>().is_err());
        assert!("rssi".parse::<FieldIs>().is_err());
    }
}
