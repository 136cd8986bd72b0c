//! What devices and agents run, when that changes, and what they log on the way.
//!
//! A device takes its group's current deployment when it starts: after a restart or an assignment if
//! it is online, else at its next connection, which counts as a cold boot. The agent of an offline
//! device keeps its code unless that is older than the group's minimum.

use std::sync::Arc;

use super::Programs;
use super::State;
use super::devices::{Device, Firmware};
use super::groups::Group;
use super::ids::{Id, Timestamp};
use super::journal::HistoryEvent;
use super::refusal::Refusal;
use crate::squirrel::check::compile;
use crate::squirrel::program::Program;
use crate::variants::Variants;

/// Bytes of source that fill a device's program storage, as simulated.
const STORAGE: f64 = 131_072.0;

impl State {
    /// Devices that are there from the start run what their groups have.
    pub fn start_all(&mut self) {
        for (group, current) in self.groups.values().map(|it| (it.id, it.current_deployment)) {
            for slot in self.devices.of_group(group).to_vec() {
                if let Some(device) = self.devices.get_mut(slot) {
                    device.firmware.device = current;
                    device.firmware.agent = current.filter(|_| device.agent_running);
                }
            }
        }
    }

    /// Refuses unless the logs of a device are open to its account.
    pub fn may_read_logs(
        &self,
        device: super::ids::DeviceId,
        variants: &Variants,
    ) -> Result<(), Refusal> {
        let slot = self.devices.find(&device.to_string());
        let found = slot.and_then(|slot| self.devices.get(slot));
        match found.and_then(|device| self.group_of(device)) {
            Some(group) if !has_logs(group, variants) => Err(Refusal::no_logs(device)),
            _ => Ok(()),
        }
    }

    /// The group a device is in.
    pub fn group_of(&self, device: &Device) -> Option<&Group> {
        device.group.and_then(|group| self.groups.get(&group))
    }

    /// A device is instructed to restart, with its agent.
    pub fn boot(&mut self, slot: u32, variants: &Variants, now: Timestamp) {
        let Some(device) = self.devices.get(slot) else { return };
        let Some(group) = self.group_of(device) else { return };
        if self.is_back_with(slot, group.current_deployment) {
            return self.set_online(slot, true, variants, now);
        }
        let (online, before, current) = (device.online, device.firmware, group.current_deployment);
        let logs = has_logs(group, variants);
        let keeps_agent = !online && !self.is_too_old(before.agent, group);
        let agent = if keeps_agent { before.agent } else { current };
        let agent = agent.filter(|_| device.agent_running);
        let loads = online && !before.waits;
        let after =
            Firmware { device: if loads { current } else { before.device }, agent, ..before };
        if let Some(device) = self.devices.get_mut(slot) {
            device.firmware = after;
        }
        self.has_started(slot, now);
        if !logs {
            return;
        }
        self.log(slot, "status", "Agent restarted: reload.", now);
        if loads {
            self.log_download(slot, current, before.device != current, now);
        }
        self.log_program(slot, agent, true, now);
        if online {
            self.log_program(slot, after.device, false, now);
        }
    }

    /// The same, unless the device puts it off: one at or above the minimum whose program handles
    /// shutdowns puts it off until it starts for another reason. False if it does.
    pub fn boot_unless_put_off(&mut self, slot: u32, variants: &Variants, now: Timestamp) -> bool {
        let Some(device) = self.devices.get(slot) else { return true };
        let Some(group) = self.group_of(device) else { return true };
        let (online, running) = (device.online, device.firmware.device);
        let can_put_off = online && !self.is_too_old(running, group);
        let handles = |programs: Arc<Programs>| programs.device.handles_shutdown;
        if can_put_off && running.and_then(|id| self.programs(id)).is_some_and(handles) {
            return false;
        }
        self.boot(slot, variants, now);
        true
    }

    /// A device is there again, or gone. A new connection is a cold boot.
    pub fn set_online(&mut self, slot: u32, online: bool, variants: &Variants, now: Timestamp) {
        let Some(device) = self.devices.get_mut(slot) else { return };
        if device.online == online {
            return;
        }
        device.online = online;
        device.silenced = false;
        device.device_state_changed_at = now;
        let (before, running) = (device.firmware, device.agent_running);
        let device = &*device;
        let group = device.group.and_then(|group| self.groups.get(&group));
        let logs = group.is_none_or(|group| has_logs(group, variants));
        let current = group.and_then(|group| group.current_deployment);
        if logs {
            let line = if online { "Device connected" } else { "Device disconnected" };
            self.log(slot, "status", line, now);
        }
        if !online || before.waits {
            return;
        }
        if let Some(device) = self.devices.get_mut(slot) {
            device.firmware.device = current;
            device.firmware.agent = current.filter(|_| running);
        }
        self.has_started(slot, now);
        if logs && before.device != current {
            self.log_download(slot, current, true, now);
            self.log_program(slot, current, true, now);
        }
        if logs {
            self.log_program(slot, current, false, now);
        }
    }

    /// Adds a line to a device's log and to the streams that have it.
    pub fn log(
        &mut self,
        slot: u32,
        kind: &'static str,
        text: impl Into<Arc<str>>,
        now: Timestamp,
    ) {
        if let Some(id) = self.devices.get(slot).map(|device| device.id) {
            let entry = self.live.journal.log(id, kind, text.into(), now);
            self.live.streams.publish(id, &entry);
        }
    }

    /// Adds an event to a device's history.
    pub fn record_event(&mut self, slot: u32, event: &'static str, actor: Id, now: Timestamp) {
        if let Some(device) = self.devices.get(slot) {
            let (timestamp, owner_id, actor_id) = (now, device.owner, actor);
            let event = HistoryEvent { timestamp, event, owner_id, actor_id };
            self.live.journal.record_event(device.id, event);
        }
    }

    fn log_download(&mut self, slot: u32, build: Option<Id>, new: bool, now: Timestamp) {
        let Some(programs) = build.and_then(|build| self.programs(build)) else { return };
        let share = programs.storage;
        let text = format!("Downloading new code; {share:.2}% program storage used");
        self.log(slot, "status", text, now);
        if new {
            self.log(slot, "status", "Agent restarted: new_bytecode_version.", now);
        }
    }

    fn log_program(&mut self, slot: u32, build: Option<Id>, agent: bool, now: Timestamp) {
        let Some(programs) = build.and_then(|build| self.programs(build)) else { return };
        let program = if agent { &programs.agent } else { &programs.device };
        for line in &program.lines {
            let kind = match (agent, line.error) {
                (true, false) => "agent.log",
                (true, true) => "agent.error",
                (false, false) => "server.log",
                (false, true) => "server.error",
            };
            self.log(slot, kind, line.text.as_str(), now);
        }
    }

    /// What a deployment does. Kept, for a group restart asks once for each device.
    fn programs(&mut self, build: Id) -> Option<Arc<Programs>> {
        if let Some(known) = self.live.programs.get(&build) {
            return Some(known.clone());
        }
        let build = self.deployments.get(&build)?;
        let program =
            |source: &str| compile(source).map(|tokens| Program::of(&tokens)).unwrap_or_default();
        let storage = (build.device_code.len() as f64 / STORAGE * 100.0).clamp(0.01, 99.99);
        let (device, agent) = (program(&build.device_code), program(&build.agent_code));
        let programs = Arc::new(Programs { device, agent, storage });
        self.live.programs.insert(build.id, programs.clone());
        Some(programs)
    }

    /// Whether a deployment is below the minimum of a group, or none of the group's.
    fn is_too_old(&self, build: Option<Id>, group: &Group) -> bool {
        let own = build.filter(|id| {
            self.deployments.get(id).is_some_and(|build| build.group == Some(group.id))
        });
        own.is_none_or(|id| {
            let minimum = group.min_supported_deployment;
            self.deployments.get_index_of(&id)
                < minimum.and_then(|minimum| self.deployments.get_index_of(&minimum))
        })
    }
}

/// Blessed devices have no log.
fn has_logs(group: &Group, variants: &Variants) -> bool {
    match group.kind {
        super::groups::GroupType::Production => false,
        super::groups::GroupType::PreProduction => variants.pre_production_logs,
        _ => true,
    }
}
