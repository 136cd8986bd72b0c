//! Devices as they were seen, and what has changed from one time to the next: decided without a service.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cli::text;
use model::Record;
use ops::membership::Group;
use serde_json::{Value, json};

use crate::groups::Groups;

/// A device as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    mac_address: Box<str>,
    name: Box<str>,
    is_online: bool,
    group: Option<Arc<Group>>,
}

impl Seen {
    fn group(&self) -> Value {
        match &self.group {
            None => json!({"devicegroup_id": null}),
            Some(group) => json!({"devicegroup_id": group.id, "devicegroup_type": group.kind,
                "product_id": group.product}),
        }
    }

    fn name(&self) -> Value {
        let name = Some(&*self.name).filter(|name| !name.is_empty());
        json!({ "name": name })
    }

    fn online(&self) -> Value {
        json!({"device_online": self.is_online})
    }

    /// All that is watched.
    fn whole(&self) -> Value {
        let mut whole = self.name();
        for part in [self.online(), self.group()] {
            if let (Value::Object(whole), Value::Object(part)) = (&mut whole, part) {
                whole.extend(part);
            }
        }
        whole
    }

    fn is_blessed(&self) -> bool {
        self.group.as_deref().is_some_and(Group::is_blessed)
    }
}

/// What has happened to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Online,
    Offline,
    Assigned,
    Unassigned,
    Renamed,
    Blessed,
    Appeared,
    Gone,
}

impl Change {
    const ALL: [Change; 8] = [
        Change::Online,
        Change::Offline,
        Change::Assigned,
        Change::Unassigned,
        Change::Renamed,
        Change::Blessed,
        Change::Appeared,
        Change::Gone,
    ];

    /// The word in records.
    pub fn word(self) -> &'static str {
        match self {
            Change::Online => "online",
            Change::Offline => "offline",
            Change::Assigned => "assigned",
            Change::Unassigned => "unassigned",
            Change::Renamed => "renamed",
            Change::Blessed => "blessed",
            Change::Appeared => "appeared",
            Change::Gone => "gone",
        }
    }

    /// The words of all.
    pub fn words() -> Vec<String> {
        Change::ALL.map(|change| change.word().to_owned()).into()
    }
}

/// A change of one device.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    pub change: Change,
    pub id: Box<str>,
    pub mac_address: Box<str>,
    pub name: Box<str>,
    pub before: Value,
    pub after: Value,
}

/// The devices that are watched, by their ids.
#[derive(Default)]
pub struct Fleet {
    devices: HashMap<Box<str>, Seen>,
    groups: Groups,
}

impl Fleet {
    /// Takes in the record of a device.
    pub fn see(&mut self, record: &Record) {
        let seen = Seen {
            mac_address: text(record, "mac_address").into(),
            name: text(record, "name").into(),
            is_online: record.get("device_online") == Some(&Value::Bool(true)),
            group: self.groups.of(record),
        };
        self.devices.insert(text(record, "id").into(), seen);
    }

    pub fn len(&self) -> usize {
        self.devices.len()
    }

    /// Whether a device is known that is called so.
    pub fn knows(&self, key: &str) -> bool {
        let is_called =
            |seen: &Seen| [&seen.mac_address, &seen.name].into_iter().any(|it| **it == *key);
        self.devices.contains_key(key) || self.devices.values().any(is_called)
    }

    /// Takes in what is known of devices that another look at the fleet did not show.
    pub fn keep_of(&mut self, before: &Fleet) {
        for (id, seen) in &before.devices {
            if !self.devices.contains_key(id) {
                self.devices.insert(id.clone(), seen.clone());
            }
        }
    }

    /// The ids of devices that were there before and are not here.
    pub fn lacks<'a>(&'a self, before: &'a Fleet) -> impl Iterator<Item = &'a str> {
        before.devices.keys().filter(|id| !self.devices.contains_key(*id)).map(|id| &**id)
    }

    /// Takes in the devices of another look that are in one of these groups or products.
    pub fn add_those_in(&mut self, found: Fleet, ids: &HashSet<&str>) {
        let is_in = |seen: &Seen| {
            let group = seen.group.as_deref();
            let product = group.and_then(|group| group.product.as_deref());
            let places = [group.map(|group| group.id.as_str()), product];
            places.into_iter().flatten().any(|place| ids.contains(place))
        };
        self.devices.extend(found.devices.into_iter().filter(|(_, seen)| is_in(seen)));
    }

    /// The devices as records, one a line, as [`Fleet::see`] reads them.
    pub fn write(&self, out: &mut String) {
        for (id, seen) in &self.devices {
            let mut record = Record::with_room_for(8, 256);
            record.push_text("id", id);
            record.push_text("mac_address", &seen.mac_address);
            record.push_text("name", &seen.name);
            record.insert("device_online", seen.is_online.into());
            if let Some(group) = &seen.group {
                record.push_text("devicegroup_id", &group.id);
                record.push_text("devicegroup_type", &group.kind);
                if let Some(product) = &group.product {
                    record.push_text("product_id", product);
                }
            }
            record.write_json(out);
            out.push('\n');
        }
    }

    /// What has changed since, device by device in the order of their ids.
    pub fn changes_since(&self, before: &Fleet) -> Vec<Changed> {
        let mut all = Vec::new();
        for (id, now) in &self.devices {
            match before.devices.get(id) {
                None => all.push(changed(Change::Appeared, id, now, Value::Null, now.whole())),
                Some(then) if then != now => compare(id, then, now, &mut all),
                Some(_) => {}
            }
        }
        for (id, then) in &before.devices {
            if !self.devices.contains_key(id) {
                all.push(changed(Change::Gone, id, then, then.whole(), Value::Null));
            }
        }
        // Those of one device stay in the order in which they were found.
        all.sort_by(|one, other| one.id.cmp(&other.id));
        all
    }
}

fn changed(change: Change, id: &str, seen: &Seen, before: Value, after: Value) -> Changed {
    let (mac_address, name) = (seen.mac_address.clone(), seen.name.clone());
    Changed { change, id: id.into(), mac_address, name, before, after }
}

/// What has changed of a device that was there before.
fn compare(id: &str, then: &Seen, now: &Seen, all: &mut Vec<Changed>) {
    let id_of = |seen: &Seen| seen.group.as_ref().map(|group| group.id.clone());
    if id_of(then) != id_of(now) {
        let change = match () {
            () if now.group.is_none() => Change::Unassigned,
            () if now.is_blessed() && !then.is_blessed() => Change::Blessed,
            () => Change::Assigned,
        };
        all.push(changed(change, id, now, then.group(), now.group()));
    }
    if then.name != now.name {
        all.push(changed(Change::Renamed, id, now, then.name(), now.name()));
    }
    if then.is_online != now.is_online {
        let change = if now.is_online { Change::Online } else { Change::Offline };
        all.push(changed(change, id, now, then.online(), now.online()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fleet(devices: &[Value]) -> Fleet {
        let mut fleet = Fleet::default();
        for device in devices {
            fleet.see(&serde_json::from_value(device.clone()).unwrap());
        }
        fleet
    }

    fn words(changes: &[Changed]) -> Vec<String> {
        changes.iter().map(|changed| format!("{} {}", changed.id, changed.change.word())).collect()
    }

    fn group(id: &str, kind: &str) -> Value {
        json!({"devicegroup_id": id, "devicegroup_type": format!("{kind}_devicegroup"),
            "product_id": "p"})
    }

    fn device(id: &str, name: &str, is_online: bool, group: &Value) -> Value {
        let mut device = json!({"id": id, "name": name, "device_online": is_online});
        device.as_object_mut().unwrap().extend(group.as_object().unwrap().clone());
        device
    }

    /// How devices were, and how they are.
    fn then_and_now() -> (Fleet, Fleet) {
        let (none, bench) = (json!({}), group("b", "development"));
        let (dut, shipped) = (group("d", "dut"), group("s", "production"));
        let then = fleet(&[
            device("1", "a", true, &none),
            device("2", "b", true, &bench),
            device("3", "c", false, &dut),
            device("4", "d", true, &shipped),
            device("5", "e", true, &none),
        ]);
        let now = fleet(&[
            device("1", "x", false, &bench),
            device("2", "b", true, &none),
            device("3", "c", true, &shipped),
            device("4", "d", true, &shipped),
            device("6", "f", true, &none),
        ]);
        (then, now)
    }

    #[test]
    fn each_change_is_told_with_what_was_and_what_is() {
        let (then, now) = then_and_now();
        let changes = now.changes_since(&then);
        let expected = "1 assigned, 1 renamed, 1 offline, 2 unassigned, 3 blessed, 3 online, 5 gone, \
            6 appeared";
        assert_eq!(words(&changes).join(", "), expected);
        assert_eq!(changes[0].before, json!({"devicegroup_id": null}));
        assert_eq!(changes[0].after, group("b", "development"));
        let names = (&changes[1].before, &changes[1].after);
        assert_eq!(names, (&json!({"name": "a"}), &json!({"name": "x"})));
        assert_eq!(changes[6].after, Value::Null);
        let new = json!({"name": "f", "device_online": true, "devicegroup_id": null});
        assert_eq!(changes[7].after, new);
    }

    #[test]
    fn what_was_not_shown_is_kept_and_not_gone() {
        let (then, _) = then_and_now();
        let mut part = fleet(&[device("1", "x", false, &group("b", "development"))]);
        part.keep_of(&then);
        let changes = words(&part.changes_since(&then));
        assert_eq!(changes, ["1 assigned", "1 renamed", "1 offline"]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let devices = [
            json!({"id": "1", "mac_address": "0c:2a:69:00:00:01", "name": "Kü\"che", "device_online": true}),
            json!({"id": "2", "name": null, "devicegroup_id": "g", "devicegroup_type": "dut_devicegroup"}),
        ];
        let then = fleet(&devices);
        let mut text = String::new();
        then.write(&mut text);
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(fleet(&lines).changes_since(&then).is_empty(), "{text}");
        assert!(then.changes_since(&fleet(&lines)).is_empty(), "{text}");
    }
}
