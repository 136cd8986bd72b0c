//! What happens on the line and at the end user's: BlinkUp, blessing, activation.
//!
//! A fixture enrols a device under test, which goes to the `dut_target` of the fixture's group.
//! Blessed, it goes to the `production_target` that the same group has at that moment. Nothing here
//! needs a request of the API; the hardware does it.

use super::State;
use super::device_maker::DeviceMaker;
use super::devices::Device;
use super::devices::Firmware;
use super::groups::{Group, GroupType};
use super::hooks::{HookEvent, blessing};
use super::ids::{AgentId, DeviceId, Id, Timestamp};
use super::refusal::Refusal;
use crate::variants::Variants;

impl State {
    /// The slot of a device by id, MAC address, agent id or, if only one has it, name.
    pub fn hardware_slot(&self, text: &str) -> Result<u32, Refusal> {
        if let Some(slot) = self.devices.find(text) {
            return Ok(slot);
        }
        let mut named = self.devices.iter().filter(|device| device.name.as_deref() == Some(text));
        match (named.next(), named.next()) {
            (Some(device), None) => self
                .devices
                .find(&device.id.to_string())
                .ok_or_else(|| Refusal::not_found("Device", text)),
            (Some(_), Some(_)) => Err(Refusal::hardware(format!(
                "Several devices are called {text}; name one by its id."
            ))),
            _ => Err(Refusal::not_found("Device", text)),
        }
    }

    /// A group by id or, if only one has it, name.
    pub fn hardware_group(&self, text: &str) -> Result<&Group, Refusal> {
        if let Some(group) = text.parse().ok().and_then(|id: Id| self.groups.get(&id)) {
            return Ok(group);
        }
        let mut named = self.groups.values().filter(|group| group.name == text);
        match (named.next(), named.next()) {
            (Some(group), None) => Ok(group),
            (Some(_), Some(_)) => Err(Refusal::hardware(format!(
                "Several devicegroups are called {text}; name one by its id."
            ))),
            _ => Err(Refusal::not_found("Devicegroup", text)),
        }
    }

    /// A new device, as one that was just switched on for the first time.
    pub fn new_device(
        &mut self,
        owner: Id,
        name: Option<&str>,
        imp_type: Option<&str>,
        now: Timestamp,
    ) -> Result<u32, Refusal> {
        let mut maker = DeviceMaker::new(self.random.below(u64::MAX), 1);
        loop {
            let name = name.map(|name| format!("{name}-{:06}", self.devices.len()));
            let device = match imp_type {
                None => Some(maker.device(owner, name)),
                Some(imp_type) => maker.device_of_type(owner, name, imp_type),
            };
            let unknown = || Refusal::hardware("There is no such imp_type.");
            let mut device = device.ok_or_else(unknown)?;
            (device.last_enrolled_at, device.device_state_changed_at) = (Some(now), now);
            let id = device.id;
            if self.devices.add(device) {
                let slot = self.devices.find(&id.to_string());
                return slot.ok_or_else(|| Refusal::not_found("Device", &id.to_string()));
            }
        }
    }

    /// BlinkUp by the maker's app: a new development device of an account.
    pub fn app_blinkup(
        &mut self,
        owner: Id,
        imp_type: Option<&str>,
        now: Timestamp,
    ) -> Result<u32, Refusal> {
        let slot = self.new_device(owner, Some("added"), imp_type, now)?;
        self.record_event(slot, "enrolled", owner, now);
        Ok(slot)
    }

    /// A fixture, or the first one online in a fixture group of that name or id.
    fn fixture(&self, text: &str) -> Result<&Device, Refusal> {
        let missing = || Refusal::not_found("Device", text);
        match (self.hardware_slot(text), self.hardware_group(text)) {
            (Ok(slot), _) => self.devices.get(slot).ok_or_else(missing),
            (Err(_), Ok(group)) => {
                let slots = self.devices.of_group(group.id).iter();
                let devices = slots.filter_map(|&slot| self.devices.get(slot));
                let mut online = devices.filter(|device| device.online);
                let none = || Refusal::hardware(format!("No fixture of {text} is online."));
                online.next().ok_or_else(none)
            }
            (Err(refusal), Err(_)) => Err(refusal),
        }
    }

    /// Factory BlinkUp by a fixture, of a new device or of one that is under test already.
    pub fn factory_blinkup(
        &mut self,
        fixture: &str,
        device: Option<&str>,
        variants: &Variants,
        now: Timestamp,
    ) -> Result<u32, Refusal> {
        let no = |why: &str| Refusal::hardware(format!("Fixture {fixture} {why}."));
        let found = self.fixture(fixture)?;
        let group = self.group_of(found).filter(|group| group.kind.is_fixture());
        let group = group.ok_or_else(|| no("is not in a fixture group"))?;
        if !found.online {
            return Err(no("is offline"));
        }
        let (fixture_group, owner, zone) = (group.id, group.owner, group.kind.zone());
        let target = group.dut_target.ok_or_else(|| no("has no dut_target"))?;
        let slot = match device {
            None => self.new_device(owner, None, Some("imp004m"), now)?,
            Some(device) => {
                let slot = self.hardware_slot(device)?;
                let present = self.devices.get(slot).and_then(|device| self.group_of(device));
                let under_test = |group: &&Group| group.kind.is_dut() && group.kind.zone() == zone;
                if present.filter(under_test).is_none() {
                    return Err(Refusal::hardware(format!("Device {device} is not under test.")));
                }
                slot
            }
        };
        self.devices.move_to(slot, Some(target), true, now);
        if let Some(device) = self.devices.get_mut(slot) {
            device.online = true;
            device.last_enrolled_at = Some(now);
            device.firmware.fixture_group = Some(fixture_group);
        }
        self.record_event(slot, "enrolled", owner, now);
        self.boot(slot, variants, now);
        Ok(slot)
    }

    /// A device under test calls `server.bless(pass)`. The group it is in afterwards.
    pub fn bless(
        &mut self,
        device: &str,
        pass: bool,
        variants: &Variants,
        now: Timestamp,
    ) -> Result<(DeviceId, Id), Refusal> {
        let slot = self.hardware_slot(device)?;
        let no = |why: &str| Refusal::hardware(format!("Device {device} {why}."));
        let found = self.devices.get(slot).ok_or_else(|| Refusal::not_found("Device", device))?;
        let group = self.group_of(found).filter(|group| group.kind.is_dut());
        let group = group.ok_or_else(|| no("is not under test"))?;
        if !found.online {
            return Err(no("is offline"));
        }
        let (id, mac, owner) = (found.id, found.mac, found.owner);
        if !pass {
            let group = group.id;
            self.log(slot, "status", "Blessing failed: the device did not pass its test.", now);
            return Ok((id, group));
        }
        let fixture_group = found.firmware.fixture_group.and_then(|id| self.groups.get(&id));
        let target = fixture_group.and_then(|group| group.production_target);
        let target = target.and_then(|target| self.groups.get(&target));
        let target = target
            .ok_or_else(|| no("was not enrolled by a fixture that has a production_target"))?;
        let (target, loads) = (target.id, target.load_code_after_blessing);
        self.devices.move_to(slot, Some(target), false, now);
        if let Some(device) = self.devices.get_mut(slot) {
            device.plan_id = None;
            device.firmware = Firmware { agent: None, waits: !loads, ..device.firmware };
        }
        self.live.streams.drop_device(id);
        self.record_event(slot, "blessed", owner, now);
        self.fire(target, HookEvent::Blessing, &blessing(id, mac), now);
        self.boot(slot, variants, now);
        Ok((id, target))
    }

    /// Refuses unless end users can activate a device; else its group.
    pub fn check_activation(&self, slot: u32) -> Result<Id, Refusal> {
        let found = self.devices.get(slot);
        let found = found.ok_or_else(|| Refusal::not_found("Device", "of that slot"))?;
        let group = self.group_of(found).filter(|group| group.kind.is_blessed());
        let id = found.id;
        group
            .map(|group| group.id)
            .ok_or_else(|| Refusal::hardware(format!("Device {id} is not blessed.")))
    }

    /// BlinkUp by an end user: the device gets its plan, its agent and, if it waited, its code.
    pub fn activate(
        &mut self,
        slot: u32,
        plan: Option<&str>,
        variants: &Variants,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let found = self.devices.get(slot);
        let found = found.ok_or_else(|| Refusal::not_found("Device", "of that slot"))?;
        let (id, owner, activated) = (found.id, found.owner, found.plan_id.is_some());
        let group = self.check_activation(slot)?;
        let plan = plan.map_or_else(|| self.random.hex(16), str::to_owned);
        let token = self.random.hex(12);
        // The agent of another plan ends with it.
        self.devices.move_to(slot, Some(group), false, now);
        if let Some(device) = self.devices.get_mut(slot) {
            device.agent = AgentId::of(id, &plan);
            device.plan_id = Some(plan.clone());
            device.last_enrolled_at = Some(now);
            device.firmware.waits = false;
        }
        self.devices.move_to(slot, Some(group), true, now);
        self.set_online(slot, true, variants, now);
        self.boot(slot, variants, now);
        self.record_event(slot, if activated { "enrolled" } else { "activated" }, owner, now);
        if !(activated && variants.blinkup_hook_once) {
            let body = serde_json::json!({"device_id": id, "plan_id": plan, "token": token});
            self.fire(group, HookEvent::Blinkup, &body, now);
        }
        Ok(())
    }

    /// New firmware for fixtures or devices under test starts by itself, by variant.
    pub fn restart_factory(&mut self, build: Id, variants: &Variants, now: Timestamp) {
        let group = self.deployments.get(&build).and_then(|build| build.group);
        let group = group.and_then(|group| self.groups.get(&group));
        let group = group.filter(|group| group.kind.is_fixture() || group.kind.is_dut());
        let slots = group.map(|group| self.devices.of_group(group.id).to_vec());
        for slot in slots.unwrap_or_default() {
            self.boot(slot, variants, now);
        }
    }

    /// The blessed devices of a group that no end user has activated yet.
    pub fn not_activated(&self, group: &Group) -> Result<Vec<u32>, Refusal> {
        if !matches!(group.kind, GroupType::Production | GroupType::PreProduction) {
            return Err(Refusal::hardware(format!("{} holds no blessed devices.", group.name)));
        }
        let waiting =
            |slot: &&u32| self.devices.get(**slot).is_some_and(|device| device.plan_id.is_none());
        Ok(self.devices.of_group(group.id).iter().filter(waiting).copied().collect())
    }
}
