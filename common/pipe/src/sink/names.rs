//! Names of groups, products and devices, in the place of their ids.

use model::Record;
use serde_json::Value;

/// Gives the name of a group, product or device for its type and id, if it is known.
pub type Names = Box<dyn Fn(&str, &str) -> Option<String> + Send>;

/// The relations to things whose name says more than their id.
const NAMED: [&str; 4] = ["devicegroup", "product", "production_target", "dut_target"];

/// Whether a field is the id of something whose name says more.
pub(super) fn refers_to_named(field: &str) -> bool {
    field.strip_suffix("_id").is_some_and(|relation| NAMED.contains(&relation))
}

/// The field with the id for one with a name that can be asked for: `devicegroup_name`.
pub(super) fn named_by(field: &str) -> Option<String> {
    let relation = field.strip_suffix("_name").filter(|relation| NAMED.contains(relation))?;
    Some(format!("{relation}_id"))
}

/// Where names are looked up, if they can be.
#[derive(Default)]
pub(super) struct NameLookup(pub(super) Option<Names>);

impl NameLookup {
    /// The name of what the `field` of a record refers to.
    pub(super) fn of(&self, record: &Record, field: &str) -> Option<String> {
        let relation = field.strip_suffix("_id").filter(|_| refers_to_named(field))?;
        let id = record.get(field)?.as_str()?;
        let kind = record.get(&format!("{relation}_type")).and_then(Value::as_str);
        let name = self.0.as_ref()?(kind.unwrap_or(relation), id)?;
        Some(name).filter(|name| !name.trim().is_empty())
    }

    /// The name of a device.
    pub(super) fn of_device(&self, id: &str) -> Option<String> {
        let name = self.0.as_ref()?("device", id)?;
        Some(name).filter(|name| !name.trim().is_empty())
    }

    /// The value of a field that was asked for; names are looked up for ids.
    pub(super) fn value(&self, record: &Record, field: &str) -> Value {
        match (record.get(field), named_by(field)) {
            (Some(value), _) => value.clone(),
            (None, Some(id)) => self.of(record, &id).map_or(Value::Null, Value::from),
            (None, None) => Value::Null,
        }
    }
}
