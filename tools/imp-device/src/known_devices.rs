//! Rows that name one device in different ways: by its id, its MAC address, its agent id or its name.
//!
//! Careful about requests: as long as all rows name their devices in the same way, nobody is asked. And about
//! names: several devices may have the same, so that it says which device is meant only where it stands alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use cli::Session;
use model::identifier::{Shape, shape};
use model::{Record, ResourceKind};
use pipe::{Failure, Identifier, Item, NamedBy, ReadError};

/// The kind of identifier of the first row that has one of its own, no name; of a run that goes on, of the first
/// row of all.
#[derive(Default)]
pub struct FirstShape(OnceLock<Shape>);

impl FirstShape {
    /// Whether the row of this device is one of those that have the same kind of identifier as the first.
    pub fn is_as_first(&self, device: &Identifier) -> bool {
        let own = shape(&device.text);
        let first = || cli::journal::first_thing().map_or(own, shape);
        !is_name(device) && *self.0.get_or_init(first) == own
    }
}

fn is_name(device: &Identifier) -> bool {
    device.named_by == NamedBy::Name || shape(&device.text).is_name()
}

/// The id of a device, and all else that can mean only it, of which any may stand in a row.
///
/// # Errors
/// As [`Session::device`].
pub fn names_of(session: &Session, device: &Identifier) -> Result<Vec<String>, Failure> {
    // A name is looked for in any case, and once.
    let state = match is_name(device) {
        true => session.find(ResourceKind::Device, &device.text)?,
        false => session.device(device)?,
    };
    let own = ["id", "mac_address", "agent_id"].map(|name| cli::text(&state, name));
    let own = own.into_iter().filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(own.chain([device.text.clone()]).collect())
}

/// What a row tells of its device, as the record of one. Its MAC address stands for an id that is not known.
pub fn as_device(row: &Record) -> Record {
    let mut device = row.clone();
    device.insert("type".into(), "device".into());
    if !device.contains_key("id") {
        let other = ["mac_address", "agent_id"].iter().find_map(|name| device.get(*name));
        let id = other.cloned().unwrap_or_default();
        device.insert("id".into(), id);
    }
    device
}

/// Devices that are removed in this run. A row may name in another way what is gone by then, so where rows name
/// them differently each is looked up first.
#[derive(Clone, Default)]
pub struct KnownDevices(Arc<Known>);

#[derive(Default)]
struct Known {
    first: OnceLock<Option<Shape>>,
    differ: OnceLock<()>,
    ids: Mutex<HashMap<String, String>>,
}

impl KnownDevices {
    /// Takes note of a row before the first of them is worked on.
    pub fn note(&self, item: &Result<Item, ReadError>) {
        if let Ok(Item::Row(row)) = item
            && let Ok(device) = row.identifier(ResourceKind::Device, &[])
        {
            // All names are one kind here: two rows with one name mean one device.
            let own = (!is_name(&device)).then(|| shape(&device.text));
            if *self.0.first.get_or_init(|| own) == own {
                return;
            }
            self.0.differ.get_or_init(|| ());
        }
    }

    /// The device by what no other row can call differently.
    ///
    /// # Errors
    /// As [`Session::device`].
    pub fn unmistakable(
        &self,
        session: &Session,
        device: &Identifier,
    ) -> Result<Identifier, Failure> {
        if self.0.differ.get().is_none() {
            return Ok(device.clone());
        }
        let known = || {
            let text = self.ids().get(&device.text).cloned()?;
            Some(Identifier { named_by: NamedBy::Id, text })
        };
        if let Some(known) = known() {
            return Ok(known);
        }
        match names_of(session, device) {
            Ok(names) => {
                let id = names[0].clone();
                self.ids().extend(names.into_iter().map(|name| (name, id.clone())));
                Ok(Identifier { named_by: NamedBy::Id, text: id })
            }
            // Another row may have removed it while it was asked for.
            Err(failure) => known().ok_or(failure),
        }
    }

    fn ids(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
