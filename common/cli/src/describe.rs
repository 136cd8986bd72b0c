//! Things as a question names them, so that a person can judge what is about to go: by name, address, age, and
//! what they belong to.
//!
//! Careful about what a row does not say: it is looked up, for the few things that are shown. What cannot be
//! looked up is named as the row names it.

use model::{Record, ResourceKind};
use pipe::{Identifier, NamedBy, Row};

use crate::page::{ago, group_type};
use crate::rows::label::label;
use crate::session::{Session, text};

impl Session {
    /// The thing of a row.
    pub fn described_row(&self, kind: ResourceKind, row: &Row) -> String {
        let record = match row.identifier(kind, &[]) {
            Ok(identifier) if row.kind().is_empty() => {
                let named = ("id".to_owned(), identifier.text.into());
                Record::from_iter([named])
            }
            Ok(_) => row.record.clone(),
            Err(_) => return label(&row.record, kind.noun()).unwrap_or_else(|| row.source.clone()),
        };
        self.described(kind, &record)
    }

    /// The thing of a record, which may hold no more than its id.
    pub fn described(&self, kind: ResourceKind, record: &Record) -> String {
        let whole = if is_whole(kind, record) { None } else { self.looked_up(kind, record) };
        let record = whole.as_ref().unwrap_or(record);
        let group = || match text(record, "devicegroup_id") {
            "" => "no group".to_owned(),
            id => self.name_of(ResourceKind::DeviceGroup, id),
        };
        let parts = match kind {
            _ if !is_whole(kind, record) => vec![],
            ResourceKind::Device => {
                vec![text(record, "mac_address").into(), format!("in {}", group())]
            }
            ResourceKind::Deployment => {
                let age = ago(text(record, "created_at")).unwrap_or_default();
                vec![age, format!("of {}", group())]
            }
            ResourceKind::Webhook => {
                let (event, url) = (text(record, "event"), text(record, "url"));
                vec![format!("{event} to {url}"), format!("of {}", group())]
            }
            ResourceKind::DeviceGroup => {
                let product = self.name_of(ResourceKind::Product, text(record, "product_id"));
                vec![group_type(text(record, "type")).to_owned(), format!("of {product}")]
            }
            _ => vec![],
        };
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        let line = std::iter::once(named(kind, record)).chain(parts).collect::<Vec<_>>();
        model::text::one_line(&line.join(", "))
    }

    fn looked_up(&self, kind: ResourceKind, record: &Record) -> Option<Record> {
        let id = text(record, "id");
        match kind {
            ResourceKind::Device => {
                let named_by = match model::identifier::shape(id).is_name() {
                    true => NamedBy::Name,
                    false => NamedBy::Id,
                };
                self.device(&Identifier { named_by, text: id.to_owned() }).ok()
            }
            ResourceKind::Webhook => self.get("webhooks", id).ok(),
            ResourceKind::LoginKey => None,
            _ => self.find(kind, id).ok(),
        }
    }

    fn name_of(&self, kind: ResourceKind, id: &str) -> String {
        let found = if id.is_empty() { None } else { self.find(kind, id).ok() };
        let name = found.as_ref().map_or("", |found| text(found, "name"));
        if name.is_empty() { id.to_owned() } else { name.to_owned() }
    }
}

/// Whether the record says all that is told of it.
fn is_whole(kind: ResourceKind, record: &Record) -> bool {
    let told = match kind {
        ResourceKind::Device => "mac_address",
        ResourceKind::Deployment => "created_at",
        ResourceKind::Webhook => "url",
        _ => "name",
    };
    kind.types().contains(&text(record, "type")) && !text(record, told).is_empty()
}

/// The name and the id; of a deployment, which has none, the tags or the description.
fn named(kind: ResourceKind, record: &Record) -> String {
    let id = label(&Record::from_iter([("id".to_owned(), text(record, "id").into())]), kind.noun());
    let id = id.unwrap_or_default();
    if kind == ResourceKind::Deployment {
        let tags = record.get("tags").and_then(|tags| tags.as_array()).into_iter().flatten();
        let tags: Vec<&str> = tags.filter_map(|tag| tag.as_str()).collect();
        let told =
            if tags.is_empty() { text(record, "description").into() } else { tags.join(", ") };
        return if told.is_empty() { id } else { format!("{id} ({})", shortened(&told)) };
    }
    match text(record, "name") {
        name if name.is_empty() || kind == ResourceKind::LoginKey => id,
        name => format!("{} ({id})", shortened(name)),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn things_are_named_by_what_is_known_of_them() {
        let record = |value: Value| serde_json::from_value::<Record>(value).unwrap();
        let device = record(json!({"type": "device", "id": "4a", "name": "Left"}));
        assert_eq!(named(ResourceKind::Device, &device), "Left (4a)");
        assert!(!is_whole(ResourceKind::Device, &device), "its address is not known");
        for (told, expected) in [
            (json!({"id": "b"}), "b"),
            (json!({"id": "b", "description": "old", "tags": []}), "b (old)"),
            (json!({"id": "b", "description": "old", "tags": ["v1", "RC1"]}), "b (v1, RC1)"),
        ] {
            assert_eq!(named(ResourceKind::Deployment, &record(told)), expected);
        }
        let key = record(json!({"type": "login_key", "id": "7d8e6670aa285e9d"}));
        assert_eq!(named(ResourceKind::LoginKey, &key), "7d8e…", "it is a secret");
    }
}
