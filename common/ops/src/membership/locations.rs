//! Where devices are now, by the service's own word: one list, or one GET a device, whichever is less.
//!
//! A list of 100,000 devices passes through here, so only devices that are asked for are kept, under
//! hashed keys: a device is found by id, MAC address, agent id or name alike.

use model::GroupType;
use model::identifier::{Shape, shape};
use model::{ErrorKind, Record};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::{NonZeroU32, NonZeroU64};

use api::Error;
use serde_json::Value;

/// A group, as far as moving devices needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// Its specific type.
    pub kind: String,
    /// The product that it belongs to.
    pub product: Option<String>,
}

impl Group {
    /// Its type, if it is one that we know.
    pub fn kind(&self) -> Option<GroupType> {
        GroupType::of_api(&self.kind)
    }

    /// Only blessed devices are in it.
    pub fn is_blessed(&self) -> bool {
        self.kind().is_some_and(GroupType::is_blessed)
    }

    /// Its devices are unblessed when they leave it, and that needs the key.
    pub fn is_production(&self) -> bool {
        self.kind() == Some(GroupType::Production)
    }

    /// From the record of a group.
    pub fn of(record: &Record) -> Self {
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        Group {
            id: text("id").unwrap_or_default(),
            kind: text("type").unwrap_or_default(),
            product: text("product_id"),
        }
    }
}

/// The number of a group in [`Locations`]; small, because each row of a move has some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct GroupNumber(NonZeroU32);

/// Where a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// Its id, which is 64 bits in hex; `None` when the service gave something else.
    pub id: Option<NonZeroU64>,
    /// The group; `None` while unassigned.
    pub group: Option<GroupNumber>,
    /// What it was looked for by is its name.
    pub by_name: bool,
    /// It is an imp001.
    pub is_imp001: bool,
}

/// What is known of the locations of devices.
#[derive(Debug, Default)]
pub struct Locations {
    /// Groups seen.
    groups: Vec<Group>,
    found: HashMap<u64, Found>,
    /// Why a device could not be looked up.
    errors: HashMap<u64, Error>,
}

#[derive(Clone, Copy, Debug)]
enum Found {
    At(Location),
    /// Several devices have this name.
    Several(u32),
    /// There is none in the account.
    Nowhere,
}

impl Locations {
    /// The location of the device called `text`.
    ///
    /// # Errors
    /// `ambiguous` for a name of several, `not_found` when there is none for certain.
    pub fn of(&self, text: &str) -> Result<Option<Location>, Error> {
        let key = key(text);
        if let Some(error) = self.errors.get(&key) {
            return Err(error.clone());
        }
        match self.found.get(&key) {
            Some(Found::At(location)) => Ok(Some(*location)),
            Some(Found::Several(count)) => Err(Error::new(
                ErrorKind::Ambiguous,
                format!("{count} devices are called `{text}`"),
            )
            .detail("use the id or the MAC address")),
            Some(Found::Nowhere) => {
                Err(Error::new(ErrorKind::NotFound, format!("No device `{text}`")).detail(
                    "this account has no device with this id, MAC address, agent id or name",
                ))
            }
            None => Ok(None),
        }
    }

    /// The same groups, and nothing known of devices.
    pub fn with_groups_only(&self) -> Locations {
        Locations { groups: self.groups.clone(), ..Locations::default() }
    }

    /// The group with this number.
    pub fn group(&self, number: GroupNumber) -> &Group {
        &self.groups[number.0.get() as usize - 1]
    }

    /// The number of a group, which is noted if it is new.
    pub fn number(&mut self, group: &Group) -> GroupNumber {
        let known = self.groups.iter().position(|known| known.id == group.id);
        let number = known.unwrap_or_else(|| {
            self.groups.push(group.clone());
            self.groups.len() - 1
        });
        let number = u32::try_from(number + 1).ok().and_then(NonZeroU32::new);
        GroupNumber(number.expect("fewer than 2^32 groups"))
    }

    /// Notes why the device called `text` could not be looked up.
    pub fn cannot_tell(&mut self, text: &str, error: Error) {
        self.errors.insert(key(text), error);
    }

    /// These are looked for among all devices of the account: those that are not noted then are nowhere.
    pub fn look_for(&mut self, texts: &[&str]) {
        self.found.reserve(texts.len());
        for text in texts {
            self.found.entry(key(text)).or_insert(Found::Nowhere);
        }
    }

    /// Notes a device's record, which comes from the service, under those of its keys that are `wanted`, which is
    /// given the key and whether it is known already.
    pub fn note(&mut self, device: &Record, wanted: impl Fn(u64, bool) -> bool) {
        let text =
            |name: &str| device.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let group = text("devicegroup_id").map(|id| {
            let kind = text("devicegroup_type").unwrap_or_default().to_owned();
            let group =
                Group { id: id.to_owned(), kind, product: text("product_id").map(str::to_owned) };
            self.number(&group)
        });
        let id =
            text("id").and_then(|id| u64::from_str_radix(id, 16).ok()).and_then(NonZeroU64::new);
        let is_imp001 = text("imp_type") == Some("imp001");
        let location = Location { id, group, by_name: false, is_imp001 };
        for own in ["id", "mac_address", "agent_id"].into_iter().filter_map(text) {
            let key = key(own);
            if wanted(key, self.found.contains_key(&key)) {
                self.found.insert(key, Found::At(location));
            }
        }
        // What looks like an id or a MAC address is never a name: it is another device's, perhaps.
        let is_name = |name: &&str| !matches!(shape(name), Shape::Id | Shape::Mac);
        let name = text("name").filter(is_name).map(key);
        if let Some(name) = name.filter(|key| wanted(*key, self.found.contains_key(key))) {
            let location = Location { by_name: true, ..location };
            let several = |found: &Found| match found {
                Found::Several(count) => Found::Several(count + 1),
                Found::At(other) if id.is_none() || other.id != id => Found::Several(2),
                Found::At(_) | Found::Nowhere => Found::At(location),
            };
            let found = self.found.get(&name).map_or(Found::At(location), several);
            self.found.insert(name, found);
        }
    }
}

/// The key of a text that identifies a device.
pub fn key(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    match shape(text) {
        // Hex digits and MAC addresses mean the same in either case.
        Shape::Id | Shape::Mac => text.to_ascii_lowercase().hash(&mut hasher),
        _ => text.hash(&mut hasher),
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn device(id: &str, mac: &str, name: &str, group: Option<&str>) -> Record {
        let mut device = json!({"type":"device","id":id,"mac_address":mac,"name":name});
        if let Some(group) = group {
            device["devicegroup_id"] = group.into();
        }
        serde_json::from_value(device).unwrap()
    }

    #[test]
    fn a_device_is_found_by_any_of_its_identifiers() {
        let mut locations = Locations::default();
        locations
            .note(&device("40000c2a69000001", "0c:2a:69:00:00:01", "one", Some("g")), |_, _| true);
        locations.note(&device("40000c2a69000002", "0c:2a:69:00:00:02", "two", None), |_, _| true);
        locations.look_for(&["one", "three"]);
        for text in ["40000c2a69000001", "40000C2A69000001", "0C:2A:69:00:00:01", "one"] {
            let location = locations.of(text).expect("known").expect("there");
            assert_eq!(
                location.group.map(|group| locations.group(group).id.as_str()),
                Some("g"),
                "{text}"
            );
        }
        assert_eq!(locations.of("two").expect("known").expect("there").group, None);
        assert_eq!(locations.of("three").unwrap_err().kind, ErrorKind::NotFound);
        assert_eq!(locations.of("not looked for"), Ok(None));
    }

    #[test]
    fn a_name_of_several_is_ambiguous() {
        let mut locations = Locations::default();
        locations.note(&device("1", "a", "twin", None), |_, _| true);
        locations.note(&device("2", "b", "twin", None), |_, _| true);
        assert_eq!(locations.of("twin").unwrap_err().kind, ErrorKind::Ambiguous);
        assert_eq!(locations.of("other"), Ok(None));
    }
}
