//! The devices that should be there, and which of those that the service shows they are.
//!
//! Careful about names: several devices may have the same, so that a row which gives it means none of them for
//! certain. And about two rows that name one device in different ways: the second is a double.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cli::text;
use model::identifier::{Shape, shape, usual_spelling};
use model::{ErrorKind, Record};
use pipe::Failure;

use crate::groups::Groups;

use super::device::Device;
use super::state::Place;

/// What a row names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// No device so far.
    Nothing,
    /// This one, by its place among the devices.
    Device { number: u32, by_name: bool },
    /// So many of the same name.
    Several(u32),
}

/// A row: where its device should be, and what it is.
struct Wanted {
    place: Arc<Place>,
    found: Found,
    /// The row before that names the same device.
    double_of: Option<u32>,
}

/// All rows, by their places.
#[derive(Default)]
pub struct Expected {
    /// The first row that names its device so.
    keys: HashMap<Box<str>, u32>,
    /// How rows name their devices of which nobody knows where they should be.
    failed: HashSet<Box<str>>,
    rows: Vec<Wanted>,
    devices: Vec<Device>,
    /// The groups of the devices.
    pub groups: Groups,
    /// Why nothing can be said of a row.
    failures: HashMap<u32, Failure>,
}

impl Expected {
    /// Adds a row that names its device so, which should be in this place. Where that cannot be found the device is
    /// named all the same.
    ///
    /// # Errors
    /// Why it cannot be found.
    pub fn add(&mut self, device: &str, place: Result<Arc<Place>, Failure>) -> Result<(), Failure> {
        let place = place.inspect_err(|_| {
            self.failed.insert(usual_spelling(device).into());
        })?;
        let row = number(self.rows.len());
        let first = *self.keys.entry(usual_spelling(device).into()).or_insert(row);
        let double_of = (first != row).then_some(first);
        self.rows.push(Wanted { place, found: Found::Nothing, double_of });
        Ok(())
    }

    /// Takes note of a device that the service shows. False when no row names it.
    pub fn note(&mut self, record: &Record) -> bool {
        let this = number(self.devices.len());
        let mut is_named = false;
        for field in ["id", "mac_address", "agent_id", "name"] {
            let value = text(record, field);
            let by_name = field == "name";
            // What looks like an id or a MAC address is never a name.
            if value.is_empty() || (by_name && matches!(shape(value), Shape::Id | Shape::Mac)) {
                continue;
            }
            is_named |= self.failed.contains(&*usual_spelling(value));
            let Some(row) = self.keys.get(&*usual_spelling(value)) else { continue };
            let found = &mut self.rows[*row as usize].found;
            *found = with(*found, this, by_name);
            is_named = true;
        }
        if is_named {
            let group = self.groups.of(record);
            self.devices.push(Device::new(record, group));
        }
        is_named
    }

    /// The rows of which nothing has been found yet, in their order, and how they name their devices. From now on
    /// these alone are looked for.
    pub fn open(&mut self) -> Vec<(u32, String)> {
        let rows = &self.rows;
        self.keys.retain(|_, row| rows[*row as usize].found == Found::Nothing);
        let mut open: Vec<(u32, String)> =
            self.keys.iter().map(|(key, row)| (*row, key.to_string())).collect();
        open.sort_unstable();
        open
    }

    /// Nothing can be said of a row, for this reason.
    pub fn fail(&mut self, row: u32, why: Failure) {
        self.failures.insert(row, why);
    }

    /// All has been shown: which rows name a device that one before them names.
    pub fn settle_doubles(&mut self) {
        let mut first: Vec<Option<u32>> = vec![None; self.devices.len()];
        for (row, wanted) in (0..).zip(&mut self.rows) {
            let Found::Device { number, .. } = wanted.found else { continue };
            match first[number as usize] {
                Some(before) => wanted.double_of = Some(before),
                None => first[number as usize] = Some(row),
            }
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> u32 {
        number(self.rows.len())
    }

    /// The row before that names the same device.
    pub fn double_of(&self, row: u32) -> Option<u32> {
        self.rows[row as usize].double_of
    }

    /// Where the device of a row should be.
    pub fn place(&self, row: u32) -> &Place {
        &self.rows[row as usize].place
    }

    /// The device of a row, if there is one. A double has that of the row before.
    ///
    /// # Errors
    /// `ambiguous` for a name of several, and why the device could not be looked up.
    pub fn device(&self, row: u32) -> Result<Option<&Device>, Failure> {
        let row = self.double_of(row).unwrap_or(row);
        if let Some(why) = self.failures.get(&row) {
            return Err(why.clone());
        }
        match self.rows[row as usize].found {
            Found::Nothing => Ok(None),
            Found::Device { number, .. } => Ok(Some(&self.devices[number as usize])),
            Found::Several(number) => {
                let title = format!("{number} devices have this name");
                let why = Failure::new(ErrorKind::Ambiguous, title);
                Err(why.detail("use the id or the MAC address"))
            }
        }
    }
}

/// What a row names after another device has come that it may mean.
fn with(found: Found, number: u32, by_name: bool) -> Found {
    let this = Found::Device { number, by_name };
    match found {
        // By its agent id, it is this one whatever is called so.
        _ if !by_name => this,
        Found::Nothing => this,
        Found::Device { by_name: false, .. } => found,
        Found::Device { .. } => Found::Several(2),
        Found::Several(number) => Found::Several(number + 1),
    }
}

fn number(length: usize) -> u32 {
    u32::try_from(length).expect("fewer than 2^32 rows")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn expected(texts: &[&str]) -> Expected {
        let mut expected = Expected::default();
        for text in texts {
            expected.add(text, Ok(Arc::new(Place::Account))).unwrap();
        }
        expected
    }

    fn show(expected: &mut Expected, id: &str, mac: &str, agent: &str, name: &str) -> bool {
        let record = json!({"type": "device", "id": id, "mac_address": mac, "agent_id": agent,
            "name": name});
        expected.note(&serde_json::from_value(record).unwrap())
    }

    fn id_of(expected: &Expected, row: u32) -> Option<String> {
        let device = expected.device(row).unwrap()?;
        Some(device.id().to_owned())
    }

    #[test]
    fn devices_are_found_by_whatever_names_them_and_each_once() {
        let mut expected = expected(&[
            "40000C2A69000001",
            "0c:2a:69:00:00:02",
            "-jXp_9QaLm2Z",
            "one",
            "0C:2A:69:00:00:01",
            "one",
            "40000c2a69000009",
        ]);
        assert!(show(&mut expected, "40000c2a69000001", "0c:2a:69:00:00:01", "", "one"));
        assert!(show(
            &mut expected,
            "40000c2a69000002",
            "0c:2a:69:00:00:02",
            "",
            "40000c2a69000009"
        ));
        assert!(show(&mut expected, "40000c2a69000003", "", "-jXp_9QaLm2Z", ""));
        assert!(!show(&mut expected, "40000c2a69000004", "", "", "two"));
        expected.settle_doubles();
        let doubles: Vec<Option<u32>> = (0..7).map(|row| expected.double_of(row)).collect();
        assert_eq!(doubles, [None, None, None, Some(0), Some(0), Some(3), None]);
        assert_eq!(id_of(&expected, 0).as_deref(), Some("40000c2a69000001"));
        assert_eq!(id_of(&expected, 2).as_deref(), Some("40000c2a69000003"));
        assert_eq!(id_of(&expected, 5).as_deref(), Some("40000c2a69000001"));
        assert_eq!(id_of(&expected, 6), None, "what looks like an id is never a name");
        assert_eq!(expected.open(), [(6, "40000c2a69000009".to_owned())]);
    }

    #[test]
    fn a_name_of_several_means_none_but_an_agent_id_does() {
        let mut expected = expected(&["twin", "agent_id_007"]);
        for id in ["1", "2", "3"] {
            show(&mut expected, id, "", "", "twin");
        }
        show(&mut expected, "4", "", "", "agent_id_007");
        show(&mut expected, "5", "", "agent_id_007", "");
        show(&mut expected, "6", "", "", "agent_id_007");
        let why = expected.device(0).unwrap_err();
        assert_eq!((why.kind, &*why.title), (ErrorKind::Ambiguous, "3 devices have this name"));
        assert_eq!(id_of(&expected, 1).as_deref(), Some("5"));
        assert!(expected.open().is_empty());
    }
}
