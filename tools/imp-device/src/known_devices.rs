//! Rows that name one device in different ways: by its id, its MAC address, its agent id or its name.
//!
//! Careful about requests: as long as all rows name their devices in the same way, nobody is asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use cli::Session;
use model::identifier::{Shape, shape};
use model::{Record, ResourceKind};
use pipe::{Failure, Identifier, Item, NamedBy, ReadError};

/// The way in which the first row names its device; of a run that goes on, the first row of all.
#[derive(Default)]
pub struct FirstShape(OnceLock<Shape>);

impl FirstShape {
    /// Whether this device is named in the same way as that of the first row, and by what is its own.
    pub fn is_id_as_first(&self, device: &str) -> bool {
        shape(device) != Shape::Name && self.is_as_first(device)
    }

    /// Whether this device is named in the same way as that of the first row.
    pub fn is_as_first(&self, device: &str) -> bool {
        let own = shape(device);
        *self.0.get_or_init(|| cli::journal::first_thing().map_or(own, shape)) == own
    }
}

/// All that a device is called, of which any may stand in a row.
///
/// # Errors
/// As [`Session::device`].
pub fn names_of(session: &Session, device: &Identifier) -> Result<Vec<String>, Failure> {
    Ok(called(&session.device(device)?, device, &["id", "mac_address", "agent_id", "name"]))
}

/// What no other device is called: several may have one name.
///
/// # Errors
/// As [`Session::device`].
pub fn ids_of(session: &Session, device: &Identifier) -> Result<Vec<String>, Failure> {
    let state = match shape(&device.text) {
        // The list that tells which device it is tells its ids as well.
        Shape::Name => session.find(ResourceKind::Device, &device.text)?,
        _ => session.device(device)?,
    };
    Ok(called(&state, device, &["id", "mac_address", "agent_id"]))
}

fn called(state: &Record, device: &Identifier, fields: &[&str]) -> Vec<String> {
    let names = fields.iter().map(|name| cli::text(state, name));
    let names = names.filter(|name| !name.is_empty()).map(str::to_owned);
    names.chain([device.text.clone()]).collect()
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
    first: FirstShape,
    differ: OnceLock<()>,
    ids: Mutex<HashMap<String, String>>,
}

impl KnownDevices {
    /// Takes note of a row before the first of them is worked on.
    pub fn note(&self, item: &Result<Item, ReadError>) {
        if let Ok(Item::Row(row)) = item
            && let Ok(device) = row.identifier(ResourceKind::Device, &[])
            && !self.0.first.is_as_first(&device.text)
        {
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
