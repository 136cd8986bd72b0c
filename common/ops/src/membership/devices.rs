//! The devices of a move: how its rows name them, where they are to go, and where they are now by the service's own
//! word.
//!
//! Careful about memory: a million rows take sixteen bytes each here and eight in `row`; what few rows have stands
//! beside them. It does not change while requests are under way, so that threads read it without a lock.

mod told;

use std::collections::HashMap;
use std::num::NonZeroU64;

use api::Error;
use model::ErrorKind;
use model::identifier::{Shape, shape};
use pipe::NamedBy;

use super::groups::{Group, GroupNumber, Groups, Small};
use super::named::{Named, write_id};
pub(super) use told::{Found, Location, Requested};

/// A row.
#[derive(Clone, Copy, Debug)]
struct Device {
    /// The number of an id or a MAC address; else where in the texts it begins, and how long it is.
    number: u64,
    target: Small,
    /// Bits: how it is spelled, and what the row says that it is.
    named: u8,
    group: Small,
    /// Bits: what a look-up gave, and what else is known.
    known: u8,
}

/// How a device is spelled: nothing, an id, a MAC address, a text.
const SPELLING: u8 = 0b11;
const ID: u8 = 1;
const MAC: u8 = 2;
const TEXT: u8 = 3;
/// An id or a MAC address in another spelling than the usual one.
const IS_ODD: u8 = 1 << 2;
const NAMED_BY: [NamedBy; 5] =
    [NamedBy::Any, NamedBy::Id, NamedBy::Mac, NamedBy::AgentId, NamedBy::Name];
const NAMED_BY_AT: u32 = 3;

/// What a look-up gave.
const FOUND: u8 = 0b111;
const NOWHERE: u8 = 1;
const AT: u8 = 2;
const SEVERAL: u8 = 3;
const TROUBLE: u8 = 4;
const BY_NAME: u8 = 1 << 3;
const IS_IMP001: u8 = 1 << 4;
const ROW_SAYS_IMP001: u8 = 1 << 5;
const SENT_BY_ID: u8 = 1 << 6;

const _: () = assert!(size_of::<Device>() == 16);

/// The devices of a move, by the numbers of its rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Devices {
    /// Groups that have been seen.
    pub groups: Groups,
    devices: Vec<Device>,
    /// Texts that are neither ids nor MAC addresses, one after the other.
    texts: String,
    /// The ids of devices that are named by something else; none as long as there is no such row.
    ids: Vec<u64>,
    /// Unusual spellings of ids and MAC addresses.
    odd: HashMap<u32, Box<str>>,
    conditions: HashMap<u32, Option<GroupNumber>>,
    several: HashMap<u32, u32>,
    troubles: HashMap<u32, Error>,
}

impl Devices {
    /// The same groups, and no rows.
    pub fn with_groups_of(other: &Devices) -> Devices {
        Devices { groups: other.groups.clone(), ..Devices::default() }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.devices.len()
    }

    /// Adds a row; `None`: it names no device.
    pub fn push(&mut self, requested: Option<Requested<'_>>) {
        let row = u32::try_from(self.devices.len()).expect("fewer than 2^32 rows");
        let none = Small::default();
        let mut device = Device { number: 0, target: none, named: 0, group: none, known: 0 };
        if let Some(requested) = requested {
            let (number, spelling) = match Named::of(requested.device) {
                Named::Id(id) => (id, ID),
                Named::Mac(mac) => (mac, MAC),
                Named::Text(text) => (self.keep(text), TEXT),
            };
            let named_by = NAMED_BY.iter().position(|one| *one == requested.named_by);
            device.number = number;
            device.target = Small::of(requested.target);
            device.named = spelling | (named_by.unwrap_or_default() as u8) << NAMED_BY_AT;
            if spelling != TEXT && requested.device.bytes().any(|byte| byte.is_ascii_uppercase()) {
                device.named |= IS_ODD;
                self.odd.insert(row, requested.device.into());
            }
            if requested.is_imp001 {
                device.known |= ROW_SAYS_IMP001;
            }
        }
        self.devices.push(device);
    }

    fn keep(&mut self, text: &str) -> u64 {
        let start = u32::try_from(self.texts.len()).expect("less than 4 GiB of names");
        self.texts.push_str(text);
        u64::from(start) << 32 | text.len() as u64 & u64::from(u32::MAX)
    }

    /// No rows are added any more: what there is to spare is needed now.
    pub fn shrink(&mut self) {
        self.devices.shrink_to_fit();
    }

    /// The rows that name a device.
    pub fn asking(&self) -> impl Iterator<Item = u32> {
        let rows = (0..).zip(&self.devices);
        rows.filter(|(_, device)| device.named & SPELLING != 0).map(|(row, _)| row)
    }

    /// Whether the row names a device.
    pub fn is_asking(&self, row: u32) -> bool {
        self.device(row).named & SPELLING != 0
    }

    fn device(&self, row: u32) -> &Device {
        &self.devices[row as usize]
    }

    /// What names the device; an empty text when there is none.
    pub fn named(&self, row: u32) -> Named<'_> {
        let device = self.device(row);
        match device.named & SPELLING {
            ID => Named::Id(device.number),
            MAC => Named::Mac(device.number),
            TEXT => {
                let start = (device.number >> 32) as usize;
                let length = (device.number & u64::from(u32::MAX)) as usize;
                Named::Text(&self.texts[start..start + length])
            }
            _ => Named::Text(""),
        }
    }

    /// What tells the device from others: its id if that is known.
    pub fn identity(&self, row: u32) -> Named<'_> {
        let named = self.named(row);
        let is_found = self.device(row).known & FOUND == AT;
        // What is named by its id is known by it.
        if matches!(named, Named::Id(_)) || !is_found {
            return named;
        }
        self.id(row).map_or(named, |id| Named::Id(id.get()))
    }

    /// The device, as the row names it.
    pub fn text(&self, row: u32) -> String {
        match self.odd.get(&row) {
            Some(text) => (**text).to_owned(),
            None => self.named(row).text(),
        }
    }

    /// The shape of that text.
    pub fn shape(&self, row: u32) -> Shape {
        match self.named(row) {
            Named::Id(_) => Shape::Id,
            Named::Mac(_) => Shape::Mac,
            Named::Text(text) => shape(text),
        }
    }

    /// Whether the rows name devices in several ways: then two may name the same one.
    pub fn are_of_several_shapes(&self) -> bool {
        let mut shapes = self.asking().map(|row| self.shape(row));
        let first = shapes.next();
        shapes.any(|shape| Some(shape) != first)
    }

    /// What the row says that this text is.
    pub fn named_by(&self, row: u32) -> NamedBy {
        NAMED_BY[usize::from(self.device(row).named >> NAMED_BY_AT)]
    }

    /// The group to go to.
    pub fn target(&self, row: u32) -> Option<GroupNumber> {
        self.device(row).target.group()
    }

    /// Whether the device is to leave its group for none.
    pub fn leaves(&self, row: u32) -> bool {
        self.is_asking(row) && self.target(row).is_none()
    }

    /// Sets the condition that the device is in this group, or in none.
    pub fn expect(&mut self, row: u32, group: Option<GroupNumber>) {
        self.conditions.insert(row, group);
    }

    /// That condition, if there is one.
    pub fn expected(&self, row: u32) -> Option<Option<GroupNumber>> {
        self.conditions.get(&row).copied()
    }

    /// Whether it is known that the device is an imp001, of the row or of the service.
    pub fn is_imp001(&self, row: u32) -> bool {
        self.device(row).known & (ROW_SAYS_IMP001 | IS_IMP001) != 0
    }

    /// What the look-up gave.
    pub fn found(&self, row: u32) -> Found {
        let device = self.device(row);
        match device.known & FOUND {
            NOWHERE => Found::Nowhere,
            AT => Found::At(Location {
                id: self.id(row),
                group: device.group.group(),
                by_name: device.known & BY_NAME != 0,
                is_imp001: device.known & IS_IMP001 != 0,
            }),
            SEVERAL => Found::Several(self.several.get(&row).copied().unwrap_or_default()),
            TROUBLE => Found::Trouble,
            _ => Found::Unknown,
        }
    }

    /// Where the device is, as far as it is known.
    pub fn location(&self, row: u32) -> Option<Location> {
        match self.found(row) {
            Found::At(location) => Some(location),
            _ => None,
        }
    }

    fn id(&self, row: u32) -> Option<NonZeroU64> {
        match self.named(row) {
            Named::Id(id) => NonZeroU64::new(id),
            _ => NonZeroU64::new(self.ids.get(row as usize).copied().unwrap_or_default()),
        }
    }

    /// Why the look-up gave no answer for the row.
    ///
    /// # Errors
    /// `ambiguous` for a name of several, `not_found` when there is none for certain.
    pub fn is_looked_up(&self, row: u32) -> Result<(), Error> {
        match self.found(row) {
            Found::Unknown | Found::At(_) => Ok(()),
            Found::Nowhere => Err(self.no_device(row)),
            Found::Several(count) => {
                let title = format!("{count} devices are called `{}`", self.text(row));
                let error = Error::new(ErrorKind::Ambiguous, title);
                Err(error.detail("use the id or the MAC address"))
            }
            Found::Trouble => {
                let unknown = || Error::new(ErrorKind::Unexpected, "It could not be looked up");
                Err(self.troubles.get(&row).cloned().unwrap_or_else(unknown))
            }
        }
    }

    /// There is no such device, by what the look-up gave.
    pub fn no_device(&self, row: u32) -> Error {
        let title = format!("No device `{}`", self.text(row));
        let error = Error::new(ErrorKind::NotFound, title);
        if self.found(row) == Found::Unknown {
            return error;
        }
        error.detail("this account has no device with this id, MAC address, agent id or name")
    }

    /// Notes what a look-up gave.
    pub fn note(&mut self, row: u32, found: Found) {
        let bits = match found {
            Found::Unknown => 0,
            Found::Nowhere => NOWHERE,
            Found::Trouble => TROUBLE,
            Found::Several(count) => {
                self.several.insert(row, count);
                SEVERAL
            }
            Found::At(location) => {
                self.note_id(row, location.id);
                self.devices[row as usize].group = Small::of(location.group);
                let by_name = if location.by_name { BY_NAME } else { 0 };
                AT | by_name | if location.is_imp001 { IS_IMP001 } else { 0 }
            }
        };
        let known = &mut self.devices[row as usize].known;
        *known = *known & (ROW_SAYS_IMP001 | SENT_BY_ID) | bits;
    }

    fn note_id(&mut self, row: u32, id: Option<NonZeroU64>) {
        if matches!(self.named(row), Named::Id(_)) {
            return;
        }
        if self.ids.len() < self.devices.len() {
            self.ids.reserve_exact(self.devices.len() - self.ids.len());
            self.ids.resize(self.devices.len(), 0);
        }
        self.ids[row as usize] = id.map_or(0, NonZeroU64::get);
    }

    /// Notes why the device could not be looked up.
    pub fn cannot_tell(&mut self, row: u32, error: Error) {
        self.note(row, Found::Trouble);
        self.troubles.insert(row, error);
    }

    /// Notes where the device is whose name the row gives, and which is sent by its id from now on.
    pub fn note_name(&mut self, row: u32, location: Location) {
        self.note(row, Found::At(Location { by_name: true, ..location }));
        self.devices[row as usize].known |= SENT_BY_ID;
    }

    /// Whether the row gives a name that looks like something else.
    pub fn is_sent_by_id(&self, row: u32) -> bool {
        self.device(row).known & SENT_BY_ID != 0
    }

    /// Appends the device as a request names it. Unassigned devices have no agent id any more, so devices that are
    /// taken out go by their own id; names are nothing to the service.
    pub fn write_on_the_wire(&self, row: u32, out: &mut String) {
        let needs_id =
            self.is_sent_by_id(row) || self.leaves(row) || self.shape(row) == Shape::Name;
        let location = if needs_id { self.location(row) } else { None };
        match location.and_then(|location| location.id) {
            Some(id) => write_id(id.get(), out),
            None => match self.odd.get(&row) {
                Some(text) => out.push_str(text),
                None => self.named(row).write(out),
            },
        }
    }

    /// The same as a text of its own.
    pub fn on_the_wire(&self, row: u32) -> String {
        let mut text = String::with_capacity(17);
        self.write_on_the_wire(row, &mut text);
        text
    }

    /// The group with this number.
    pub fn group(&self, number: GroupNumber) -> &Group {
        self.groups.group(number)
    }
}
