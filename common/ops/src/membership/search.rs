//! Finding the rows of a device that the service lists.
//!
//! A list of a million devices passes through here. The rows are sorted once by what names their devices, so that
//! those of a device are found by id, MAC address, agent id or name alike, and nothing is kept of other devices.

use std::num::NonZeroU64;

use model::Record;

use super::devices::{Devices, Found, Location};
use super::groups::{Group, GroupNumber};
use super::named::{Named, Sorted};

/// The fields of a device that tell where it is and what it is called.
pub(super) const FIELDS: &[&str] = &[
    "id",
    "mac_address",
    "agent_id",
    "name",
    "imp_type",
    "devicegroup_id",
    "devicegroup_type",
    "product_id",
];

/// Rows whose devices are looked for.
pub(super) struct Search(Sorted);

impl Search {
    /// For the devices of these rows.
    pub fn new(devices: &Devices, rows: Vec<u32>) -> Search {
        Search(Sorted::new(rows.into_iter(), |row| devices.named(row)))
    }

    /// Those that are not found from now on are nowhere.
    pub fn among_all(&self, devices: &mut Devices) {
        for row in self.rows() {
            if devices.found(row) == Found::Unknown {
                devices.note(row, Found::Nowhere);
            }
        }
    }

    /// All of the rows, by what names their devices.
    pub fn rows(&self) -> impl Iterator<Item = u32> {
        self.0.all().flatten().copied()
    }

    /// The rows that name a device so.
    fn rows_of(&self, devices: &Devices, named: Named<'_>) -> &[u32] {
        let rows = match named {
            Named::Id(_) => &self.0.ids,
            Named::Mac(_) => &self.0.macs,
            Named::Text(_) => &self.0.texts,
        };
        let before = rows.partition_point(|row| devices.named(*row) < named);
        let rows = &rows[before..];
        let equal = rows.iter().take_while(|row| devices.named(**row) == named).count();
        &rows[..equal]
    }

    /// Notes a device's record, which comes from the service, at the rows that name it.
    pub fn note(&self, devices: &mut Devices, record: &Record) {
        let mut location = None;
        let only_ids = self.0.macs.is_empty() && self.0.texts.is_empty();
        let fields = ["id", "mac_address", "agent_id"];
        for name in if only_ids { &fields[..1] } else { &fields[..] } {
            let Some(own) = record.text(name).filter(|own| !own.is_empty()) else { continue };
            for row in self.rows_of(devices, Named::of(own)) {
                let location = *location.get_or_insert_with(|| location_of(devices, record));
                devices.note(*row, Found::At(location));
            }
        }
        if self.0.texts.is_empty() {
            return;
        }
        let name = record.text("name").unwrap_or_default();
        // What looks like an id or a MAC address is never a name: it is another device's, perhaps.
        let named = Named::of(name);
        if name.is_empty() || !matches!(named, Named::Text(_)) {
            return;
        }
        for row in self.rows_of(devices, named) {
            let location = *location.get_or_insert_with(|| location_of(devices, record));
            let found = match devices.found(*row) {
                Found::Several(count) => Found::Several(count + 1),
                Found::At(other) if location.id.is_none() || other.id != location.id => {
                    Found::Several(2)
                }
                _ => Found::At(Location { by_name: true, ..location }),
            };
            devices.note(*row, found);
        }
    }
}

/// Where the device of a record is.
pub(super) fn location_of(devices: &mut Devices, record: &Record) -> Location {
    let text = |name: &str| record.text(name).filter(|text| !text.is_empty());
    let id = text("id").and_then(|id| match Named::of(id) {
        Named::Id(id) => Some(id),
        _ => u64::from_str_radix(id, 16).ok(),
    });
    let id = id.and_then(NonZeroU64::new);
    let group = text("devicegroup_id").map(|id| group_of(devices, id, record));
    let is_imp001 = text("imp_type") == Some("imp001");
    Location { id, group, by_name: false, is_imp001 }
}

fn group_of(devices: &mut Devices, id: &str, record: &Record) -> GroupNumber {
    let text = |name: &str| record.text(name).filter(|text| !text.is_empty());
    devices.groups.number_of(id, || Group {
        id: id.to_owned(),
        kind: text("devicegroup_type").unwrap_or_default().to_string(),
        product: text("product_id").map(|product| product.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::devices::Requested;
    use super::*;
    use model::ErrorKind;
    use pipe::NamedBy;
    use serde_json::json;

    fn looked_for(texts: &[&str]) -> (Devices, Search) {
        let mut devices = Devices::default();
        for text in texts {
            devices.push(Some(Requested::new(text, NamedBy::Any, None)));
        }
        let search = Search::new(&devices, devices.asking().collect());
        search.among_all(&mut devices);
        (devices, search)
    }

    fn device(id: &str, mac: &str, name: &str, group: Option<&str>) -> Record {
        let mut device = json!({"type":"device","id":id,"mac_address":mac,"name":name});
        if let Some(group) = group {
            device["devicegroup_id"] = group.into();
        }
        serde_json::from_value(device).unwrap()
    }

    #[test]
    fn a_device_is_found_by_any_of_its_identifiers() {
        let texts = [
            "two",
            "three",
            "40000c2a69000001",
            "one",
            "40000C2A69000001",
            "0C:2A:69:00:00:01",
            "0c:2a:69:00:00:01",
        ];
        let (mut devices, search) = looked_for(&texts);
        for device in [
            device("40000c2a69000001", "0c:2a:69:00:00:01", "one", Some("g")),
            device("40000c2a69000002", "0c:2a:69:00:00:02", "two", None),
            device("40000c2a69000003", "0c:2a:69:00:00:03", "40000c2a69000004", None),
        ] {
            search.note(&mut devices, &device);
        }
        for (row, text) in (2..).zip(&texts[2..]) {
            let location = devices.location(row).expect("there");
            let group = location.group.map(|group| devices.group(group).id.as_str());
            assert_eq!((group, devices.text(row).as_str()), (Some("g"), *text));
            assert_eq!(location.id.map(NonZeroU64::get), Some(0x4000_0c2a_6900_0001), "{text}");
            assert_eq!(location.by_name, *text == "one");
        }
        assert_eq!(devices.location(0).expect("there").group, None);
        assert_eq!(devices.is_looked_up(1).unwrap_err().kind, ErrorKind::NotFound);
    }

    #[test]
    fn a_name_of_several_is_ambiguous() {
        let (mut devices, search) = looked_for(&["twin", "other", "twin"]);
        for (id, mac) in [("1", "a"), ("2", "b"), ("3", "c")] {
            search.note(&mut devices, &device(id, mac, "twin", None));
        }
        for row in [0, 2] {
            let error = devices.is_looked_up(row).unwrap_err();
            assert_eq!(
                (error.kind, &*error.title),
                (ErrorKind::Ambiguous, "3 devices are called `twin`")
            );
        }
        assert_eq!(devices.found(1), Found::Nowhere);
    }

    #[test]
    fn every_row_of_many_is_found_and_no_other() {
        let texts: Vec<String> = (0..1000_u64)
            .map(|number| match number % 3 {
                0 => format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
                1 => format!("0c:2a:69:00:{:02x}:{:02x}", number / 256, number % 256),
                _ => format!("name {}", number * 7 % 1000),
            })
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (mut devices, search) = looked_for(&texts);
        for (number, text) in texts.iter().enumerate().filter(|(number, _)| number % 2 == 0) {
            let named = |kind: usize| if number % 3 == kind { *text } else { "" };
            let group = format!("g{number}");
            search.note(&mut devices, &device(named(0), named(1), named(2), Some(&group)));
        }
        for row in 0..1000 {
            let group = devices.location(row).and_then(|location| location.group);
            let group = group.map(|group| devices.group(group).id.clone());
            assert_eq!(group, (row % 2 == 0).then(|| format!("g{row}")));
        }
    }
}
