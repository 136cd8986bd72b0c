//! The groups of many devices, each kept once.

use std::collections::HashMap;
use std::sync::Arc;

use cli::text;
use model::{GroupType, Record};
use ops::membership::Group;

/// Groups that records of devices have told of.
#[derive(Default)]
pub struct Groups(HashMap<String, Arc<Group>>);

impl Groups {
    /// The group that the record of a device says it is in.
    pub fn of(&mut self, device: &Record) -> Option<Arc<Group>> {
        let id = device.text("devicegroup_id").filter(|id| !id.is_empty())?;
        if let Some(known) = self.0.get(id) {
            return Some(known.clone());
        }
        let group = Arc::new(Group {
            id: id.to_owned(),
            kind: text(device, "devicegroup_type").to_owned(),
            product: device.text("product_id").map(str::to_owned),
        });
        self.0.insert(id.to_owned(), group.clone());
        Some(group)
    }
}

/// Whether the record of a device tells all that is needed of the group that it says.
pub fn is_group_known(device: &Record) -> bool {
    GroupType::of_api(text(device, "devicegroup_type")).is_some()
}
