//! The record of a change.

use model::Record;
use model::schema::Kind::{AnyObject, Text, Time, Truth, Words, WordsOf};
use model::schema::{Field, RecordType};

use super::fleet::{Change, Changed};

/// The `type` of the records.
const TYPE: &str = "device_change";

/// A change of a device between two looks at it.
pub static DEVICE_CHANGE: RecordType = RecordType {
    name: TYPE,
    about: "Something that is otherwise with a device than when it was looked at before.",
    fields: &[
        Field::new("type", Words(&[TYPE]), "What the record is.").required(),
        Field::new("change", WordsOf(Change::words), "What has happened.").required(),
        Field::new("id", Text, "The device.").required(),
        Field::new("mac_address", Text, "The address of its radio."),
        Field::new("name", Text, "What people call it; of one that is renamed, now."),
        Field::new("before", AnyObject, "What was so; null if it was not there.")
            .required()
            .or_null(),
        Field::new("after", AnyObject, "What is so; null if it is gone.").required().or_null(),
        Field::new("since", Time, "When it was looked at before.").required(),
        Field::new("seen_at", Time, "When the change was seen.").required(),
        Field::new("incomplete", Truth, "True if the list could not be read whole."),
        Field::new("repeat", Truth, "True if it may have been printed before."),
    ],
};

/// The times of the look before and of this one, and whether this one showed all devices.
pub struct Look<'a> {
    pub since: &'a str,
    pub seen_at: &'a str,
    pub is_whole: bool,
}

/// The record of a change that a look has shown.
pub fn record(changed: &Changed, look: &Look<'_>) -> Record {
    let mut record = Record::with_room_for(11, 512);
    record.push_text("type", TYPE);
    record.push_text("change", changed.change.word());
    record.push_text("id", &changed.id);
    for (field, text) in [("mac_address", &changed.mac_address), ("name", &changed.name)] {
        if !text.is_empty() {
            record.push_text(field, text);
        }
    }
    record.insert("before", changed.before.clone());
    record.insert("after", changed.after.clone());
    record.push_text("since", look.since);
    record.push_text("seen_at", look.seen_at);
    if !look.is_whole {
        record.insert("incomplete", true.into());
    }
    record
}
