//! Rows that name one device in different ways: by its id, its MAC address, its agent id or its name.
//!
//! Careful about requests: as long as all rows name their devices in the same way, nobody is asked. And about
//! names: several devices may have the same, so that it says which device is meant only where it stands alone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use cli::rows::LookedUp;
use cli::{CommandError, RowSource, Rows, Session};
use model::identifier::{Shape, shape};
use model::{Record, ResourceKind};
use pipe::{Failure, Identifier, NamedBy};

/// The kind of identifier of the first row that has one of its own, no name; of a run that goes on, of the first
/// row of all.
#[derive(Default)]
pub struct FirstShape(OnceLock<Shape>);

impl FirstShape {
    /// Whether the row of this device is one of those that have the same kind of identifier as the first.
    pub fn is_as_first(&self, device: &Identifier) -> bool {
        let own = shape(&device.text);
        let first = || cli::journal::first_thing().map_or(own, |text| shape(&text));
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
    device.insert("type", "device".into());
    if !device.contains_key("id") {
        let other = ["mac_address", "agent_id"].iter().find_map(|name| device.get(name));
        let id = other.cloned().unwrap_or_default();
        device.insert("id", id);
    }
    device
}

/// Devices that are removed in this run. Where rows name theirs differently, all are looked up before the first
/// is removed.
#[derive(Default)]
pub struct KnownDevices {
    differ: Arc<Kinds>,
    ids: LookedUp<String>,
}

/// The kind of identifier of the first row (none: a name), and whether there are others.
#[derive(Default)]
struct Kinds {
    first: OnceLock<Option<Shape>>,
    others: AtomicBool,
}

impl Kinds {
    /// All are looked up, if any.
    fn note(&self, device: &Identifier) -> bool {
        // All names are one kind here: two rows with one name mean one device.
        let own = (!is_name(device)).then(|| shape(&device.text));
        if *self.first.get_or_init(|| own) != own {
            self.others.store(true, Ordering::Relaxed);
        }
        true
    }
}

impl KnownDevices {
    /// The rows, of which all are read before the first is worked on.
    ///
    /// # Errors
    /// As [`RowSource::rows`].
    pub fn rows(&self, session: &Session, source: &RowSource<'_>) -> Result<Rows, CommandError> {
        let kinds = self.differ.clone();
        self.ids.rows(session, source, ResourceKind::Device, move |_, device| kinds.note(device))
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
        if !self.differ.others.load(Ordering::Relaxed) {
            return Ok(device.clone());
        }
        let id = |device: &Identifier| Ok(names_of(session, device)?.swap_remove(0));
        let text = self.ids.thing(session, device, id)?;
        Ok(Identifier { named_by: NamedBy::Id, text })
    }
}
