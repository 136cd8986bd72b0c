//! What is kept of a device that the service shows: a hundred thousand of them have to fit into little memory.

use std::sync::Arc;
use std::time::SystemTime;

use cli::{service_time, text};
use model::Record;
use ops::membership::Group;
use serde_json::Value;

/// A device, as the service shows it.
#[derive(Debug)]
pub struct Device {
    /// Its id, MAC address and name with a NUL between them; of these, only a name could hold one.
    texts: Box<str>,
    /// The group that it is in.
    pub group: Option<Arc<Group>>,
    /// Whether the service says so.
    pub is_online: bool,
    /// Since when that has been so.
    pub changed_at: Option<SystemTime>,
}

impl Device {
    /// What the record of a device in this group tells.
    pub fn new(record: &Record, group: Option<Arc<Group>>) -> Self {
        let texts = ["id", "mac_address", "name"].map(|name| text(record, name)).join("\0");
        Device {
            texts: texts.into(),
            group,
            is_online: record.get("device_online") == Some(&Value::Bool(true)),
            changed_at: service_time(text(record, "device_state_changed_at")),
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.texts.split('\0').next().unwrap_or_default()
    }

    /// The fields that name it, each with its text.
    pub fn names(&self) -> impl Iterator<Item = (&'static str, &str)> {
        ["id", "mac_address", "name"].into_iter().zip(self.texts.splitn(3, '\0'))
    }
}
