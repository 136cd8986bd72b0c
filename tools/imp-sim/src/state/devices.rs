//! The devices and the order in which lists show them.
//!
//! A hundred thousand devices are paged by number, so every list is a run of slots that is kept in
//! order: one per account, one for its unassigned devices, one per group. A page is then a slice.
//! All changes of membership go through this file, so that the runs can never disagree.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize, Serializer};

use super::ids::{AgentId, DeviceId, Id, Mac, Timestamp};

/// What a device runs, and what the factory did with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firmware {
    /// The deployment on the device.
    pub device: Option<Id>,
    /// The deployment of its agent.
    pub agent: Option<Id>,
    /// The fixture group whose fixture did the last factory BlinkUp.
    pub fixture_group: Option<Id>,
    /// The application is loaded at the next BlinkUp only.
    pub waits: bool,
}

/// One device.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Device {
    /// Shown as `id`.
    pub id: DeviceId,
    /// Shown as `mac_address`.
    pub mac: Mac,
    /// None is shown as null.
    pub name: Option<String>,
    /// The account it was enrolled into.
    pub owner: Id,
    /// Its device group.
    pub group: Option<Id>,
    /// Its agent's id, shown and usable only while `agent_running`.
    pub agent: AgentId,
    /// Whether the agent exists and runs.
    pub agent_running: bool,
    /// When the agent last started.
    pub agent_state_changed_at: Option<Timestamp>,
    /// Connected now, as far as the service knows.
    pub online: bool,
    /// When `online` last changed.
    pub device_state_changed_at: Timestamp,
    /// The last BlinkUp.
    pub last_enrolled_at: Option<Timestamp>,
    /// `imp001`, `imp004m` …
    pub imp_type: Option<String>,
    /// Its public address.
    pub ip_address: Option<Ipv4Addr>,
    /// Bytes.
    pub free_memory: Option<u32>,
    /// dBm.
    pub rssi: Option<i16>,
    /// The version of impOS, a composed text.
    pub swversion: Option<String>,
    /// The end user's plan, for activated production devices.
    pub plan_id: Option<String>,
    /// What it runs.
    #[serde(default)]
    pub firmware: Firmware,
    /// What was done to it, for tests.
    #[serde(default)]
    pub events: Events,
    /// Offline because of the build it runs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silenced: bool,
}

impl Device {
    /// Whether it is an imp001. Where the type is not known, the form of the id tells.
    pub fn is_imp001(&self) -> bool {
        let [first, .., last] = self.id.0.to_be_bytes();
        self.imp_type.as_deref().map_or((first, last) == (0x23, 0xee), |kind| kind == "imp001")
    }
}

/// How often each thing was done to a device. Only the control address shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    /// Put into a group, also into the same one again. Each restarts the device.
    pub assigned: u32,
    /// Taken out of a group.
    pub unassigned: u32,
    /// Restarted by a restart request for it or for its group.
    pub restarted: u32,
    /// Updated by a PATCH.
    pub updated: u32,
}

/// Slots of devices in the order of lists.
pub type Run = Vec<u32>;

#[derive(Default)]
struct Owned {
    all: Run,
    unassigned: Run,
}

/// All devices. Written without the runs and indexes, which are built anew.
#[derive(Default, Deserialize)]
#[serde(from = "Vec<Device>")]
pub struct Devices {
    slots: Vec<Option<Device>>,
    by_id: HashMap<DeviceId, u32>,
    by_mac: HashMap<Mac, u32>,
    by_agent: HashMap<AgentId, u32>,
    owned: HashMap<Id, Owned>,
    groups: HashMap<Id, Run>,
}

impl Devices {
    /// Adds a device behind all others. False if its id or MAC address is taken.
    pub fn add(&mut self, device: Device) -> bool {
        if self.by_id.contains_key(&device.id) || self.by_mac.contains_key(&device.mac) {
            return false;
        }
        let slot = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.by_id.insert(device.id, slot);
        self.by_mac.insert(device.mac, slot);
        if device.agent_running {
            self.by_agent.insert(device.agent, slot);
        }
        let owned = self.owned.entry(device.owner).or_default();
        owned.all.push(slot);
        match device.group {
            Some(group) => self.groups.entry(group).or_default().push(slot),
            None => owned.unassigned.push(slot),
        }
        self.slots.push(Some(device));
        true
    }

    /// Takes a device out of the account.
    pub fn remove(&mut self, slot: u32) {
        let Some(device) = self.slots[slot as usize].take() else {
            return;
        };
        self.by_id.remove(&device.id);
        self.by_mac.remove(&device.mac);
        self.by_agent.remove(&device.agent);
        let owned = self.owned.entry(device.owner).or_default();
        take_out(&mut owned.all, slot);
        match device.group {
            Some(group) => take_out(self.groups.entry(group).or_default(), slot),
            None => take_out(&mut owned.unassigned, slot),
        }
    }

    /// The slot of a device id, MAC address or, for devices with an agent, agent id.
    pub fn find(&self, text: &str) -> Option<u32> {
        if let Ok(id) = text.parse() {
            return self.by_id.get(&id).copied();
        }
        if let Ok(mac) = text.parse() {
            return self.by_mac.get(&mac).copied();
        }
        text.parse().ok().and_then(|agent| self.by_agent.get(&agent)).copied()
    }

    /// The device in a slot that `find` or a run gave.
    pub fn get(&self, slot: u32) -> Option<&Device> {
        self.slots.get(slot as usize).and_then(Option::as_ref)
    }

    /// The same, to be changed in what no run depends on: not owner, group or agent.
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Device> {
        self.slots.get_mut(slot as usize).and_then(Option::as_mut)
    }

    /// Moves a device into a group, or out of any. `agent` says whether its agent runs from now on.
    pub fn move_to(&mut self, slot: u32, group: Option<Id>, agent: bool, now: Timestamp) {
        let Some(device) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return;
        };
        let owned = self.owned.entry(device.owner).or_default();
        if device.group != group {
            match device.group {
                Some(old) => take_out(self.groups.entry(old).or_default(), slot),
                None => take_out(&mut owned.unassigned, slot),
            }
            match group {
                Some(new) => put_in(self.groups.entry(new).or_default(), slot),
                None => put_in(&mut owned.unassigned, slot),
            }
            device.group = group;
        }
        device.agent_running = agent;
        if agent {
            device.agent_state_changed_at = Some(now);
            self.by_agent.insert(device.agent, slot);
        } else {
            device.agent_state_changed_at = None;
            self.by_agent.remove(&device.agent);
        }
    }

    /// All devices of an account.
    pub fn of_account(&self, account: Id) -> &[u32] {
        self.owned.get(&account).map_or(&[], |owned| &owned.all)
    }

    /// The unassigned devices of an account.
    pub fn unassigned_of(&self, account: Id) -> &[u32] {
        self.owned.get(&account).map_or(&[], |owned| &owned.unassigned)
    }

    /// The devices of a group.
    pub fn of_group(&self, group: Id) -> &[u32] {
        self.groups.get(&group).map_or(&[], Vec::as_slice)
    }

    /// All slots there are; those of devices that were removed are empty.
    pub fn slots(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    /// Every device, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Device> {
        self.slots.iter().flatten()
    }

    /// Begins to count events anew.
    pub fn forget_events(&mut self) {
        self.slots.iter_mut().flatten().for_each(|device| device.events = Events::default());
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }
}

impl Serialize for Devices {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl From<Vec<Device>> for Devices {
    fn from(written: Vec<Device>) -> Self {
        let mut devices = Self::default();
        for device in written {
            devices.add(device);
        }
        devices
    }
}

/// Runs are sorted by slot, so that a device keeps its place in lists wherever it is.
fn put_in(run: &mut Run, slot: u32) {
    if let Err(place) = run.binary_search(&slot) {
        run.insert(place, slot);
    }
}

fn take_out(run: &mut Run, slot: u32) {
    if let Ok(place) = run.binary_search(&slot) {
        run.remove(place);
    }
}
