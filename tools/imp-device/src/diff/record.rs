//! The record of a difference.

use std::collections::HashMap;

use cli::Session;
use model::schema::Kind::{Anything, Text, Time, Truth, Words, WordsOf};
use model::schema::{Field, RecordType};
use model::{Record, ResourceKind};
use pipe::Row;
use serde_json::Value;

use super::device::Device;
use super::state::{Place, State};

/// The `type` of the records.
const TYPE: &str = "device_difference";

/// What is said of a device that should be there, or should not.
pub static DIFFERENCE: RecordType = RecordType {
    name: TYPE,
    about: "A device that should be there, or is there and should not. What a row has of its own comes behind.",
    fields: &[
        Field::new("type", Words(&[TYPE]), "What the record is.").required(),
        Field::new("state", WordsOf(State::words), "What is said of the device.").required(),
        Field::new("source", Text, "The row that names it."),
        Field::new("id", Anything, "Its id; where the service does not show it, what the row has."),
        Field::new("mac_address", Anything, "The address of its radio."),
        Field::new("name", Anything, "What people call it."),
        Field::new("device_online", Truth, "Whether it is connected."),
        Field::new("devicegroup_id", Text, "The group that it is in."),
        Field::new("devicegroup_type", Text, "The type of that group."),
        Field::new(
            "devicegroup_name",
            Text,
            "Its name, where that is not the one it should be in.",
        ),
        Field::new("product_id", Text, "The product of the group that it is in."),
        Field::new("product_name", Text, "Its name, as that of the group."),
        Field::new("expected_devicegroup_id", Text, "The group that it should be in."),
        Field::new("expected_product_id", Text, "The product that it should be in."),
        Field::new("blessed_at", Time, "When a webhook told that it was blessed; with --events.")
            .or_null(),
        Field::new("doubled_of", Text, "The row before that names the same device."),
    ],
};

/// The fields by which a row names its device, in the service's spelling.
const NAMES: [&str; 4] = ["id", "mac_address", "agent_id", "name"];

/// What a record is made of.
pub struct Difference<'a> {
    pub state: State,
    /// The row; none for a device that is in none.
    pub row: Option<&'a Row>,
    pub device: Option<&'a Device>,
    pub place: Option<&'a Place>,
    pub blessed_at: Option<Value>,
    /// The row before that names the same device.
    pub doubled_of: Option<&'a str>,
}

/// Names of groups and products, each looked up once.
pub struct Names<'a> {
    session: &'a Session,
    known: HashMap<(ResourceKind, String), Option<String>>,
}

impl<'a> Names<'a> {
    pub fn new(session: &'a Session) -> Self {
        Names { session, known: HashMap::new() }
    }

    fn of(&mut self, kind: ResourceKind, id: &str) -> Option<&str> {
        let look_up = || self.session.resolver.name_of(kind, id);
        self.known.entry((kind, id.to_owned())).or_insert_with(look_up).as_deref()
    }
}

impl Difference<'_> {
    /// The record.
    pub fn record(&self, names: &mut Names<'_>) -> Record {
        let mut record = Record::with_room_for(16, 640);
        record.push_text("type", TYPE);
        record.push_text("state", self.state.word());
        if let Some(row) = self.row {
            record.push_text("source", &row.source);
        }
        match (self.device, self.row) {
            (Some(device), _) => self.push_device(device, names, &mut record),
            (None, Some(row)) => {
                NAMES.iter().filter(|name| row.record.contains_key(name)).for_each(|name| {
                    record.copy(name, &row.record);
                });
            }
            (None, None) => {}
        }
        match self.place {
            Some(Place::Group(group)) => record.push_text("expected_devicegroup_id", &group.id),
            Some(Place::Product(id)) => record.push_text("expected_product_id", id),
            Some(Place::Account) | None => {}
        }
        if let Some(blessed_at) = &self.blessed_at {
            record.insert("blessed_at", blessed_at.clone());
        }
        if let Some(first) = self.doubled_of {
            record.push_text("doubled_of", first);
        }
        self.push_own(&mut record);
        record
    }

    fn push_device(&self, device: &Device, names: &mut Names<'_>, record: &mut Record) {
        for (field, text) in device.names().filter(|(_, text)| !text.is_empty()) {
            record.push_text(field, text);
        }
        record.insert("device_online", device.is_online.into());
        let Some(group) = device.group.as_deref() else { return };
        // Names are looked up where somebody has to go and look.
        let is_told = !matches!(self.state, State::Present | State::Doubled);
        record.push_text("devicegroup_id", &group.id);
        record.push_text("devicegroup_type", &group.kind);
        if is_told && let Some(name) = names.of(ResourceKind::DeviceGroup, &group.id) {
            record.push_text("devicegroup_name", name);
        }
        let Some(product) = &group.product else { return };
        record.push_text("product_id", product);
        if is_told && let Some(name) = names.of(ResourceKind::Product, product) {
            record.push_text("product_name", name);
        }
    }

    /// What the row has of its own; nothing that another field of ours tells.
    fn push_own(&self, record: &mut Record) {
        let Some(row) = self.row else { return };
        let is_ours = |name: &str| DIFFERENCE.fields.iter().any(|field| field.name == name);
        for name in row.own_fields().filter(|name| !is_ours(name)) {
            if !record.contains_key(name) {
                record.copy(name, &row.record);
            }
        }
    }
}
