//! Who may be put into which group, by whom: the table of assignments, unassigning, restarts.
//!
//! A request for many devices is not atomic. Every device is judged for itself, in the order of the
//! request, so a device that is named twice is written twice.

use super::State;
use super::accounts::Role;
use super::devices::Device;
use super::devices::Firmware;
use super::groups::{Group, GroupType};
use super::ids::{AgentId, Id, Timestamp};
use super::refusal::Refusal;
use crate::variants::Variants;

impl State {
    /// The slot of a device that the caller sees, by device id, MAC address or agent id.
    pub fn device_slot(&self, caller: Id, text: &str) -> Result<u32, Refusal> {
        self.devices
            .find(text)
            .filter(|&slot| {
                self.devices.get(slot).is_some_and(|device| self.sees(caller, device.owner))
            })
            .ok_or_else(|| Refusal::not_found("Device", text))
    }

    /// A device that the caller sees.
    pub fn device(&self, caller: Id, text: &str) -> Result<&Device, Refusal> {
        let slot = self.device_slot(caller, text)?;
        self.devices.get(slot).ok_or_else(|| Refusal::not_found("Device", text))
    }

    /// Whether the caller may put devices into the group. Support may move production devices.
    pub fn may_add_members(&self, caller: Id, group: &Group) -> Result<(), Refusal> {
        let moves = self.role(caller, group.owner) == Some(Role::Support)
            && group.kind == GroupType::Production;
        if moves { Ok(()) } else { self.may_remove_members(caller, group) }
    }

    /// Whether the caller may take devices out of the group.
    pub fn may_remove_members(&self, caller: Id, group: &Group) -> Result<(), Refusal> {
        self.may_write(caller, group.owner, group.kind.zone())
    }

    /// Puts one device into a group. The device restarts, also if it was there already.
    pub fn assign(
        &mut self,
        caller: Id,
        group: Id,
        device: &str,
        variants: &Variants,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let slot = self.device_slot(caller, device)?;
        let found = self.devices.get(slot).zip(self.groups.get(&group));
        let (found, group) = found.ok_or_else(|| Refusal::not_found("Device", device))?;
        self.check_assignment(found, group, variants)?;
        // A production device has no agent until its end user has activated it.
        let agent = !group.kind.is_blessed() || found.plan_id.is_some();
        let group = group.id;
        self.devices.move_to(slot, Some(group), agent, now);
        if let Some(device) = self.devices.get_mut(slot) {
            device.events.assigned += 1;
        }
        self.record_event(slot, "assigned", caller, now);
        self.boot(slot, variants, now);
        Ok(())
    }

    fn check_assignment(
        &self,
        device: &Device,
        group: &Group,
        variants: &Variants,
    ) -> Result<(), Refusal> {
        let id = device.id;
        let no = |why: &str| Err(Refusal::assignment(format!("Device {id} {why}.")));
        if device.owner != group.owner {
            return no("belongs to another account than the devicegroup");
        }
        if device.group == Some(group.id) {
            return if variants.readd_refused {
                no("is in the devicegroup already")
            } else {
                Ok(())
            };
        }
        let present = device.group.and_then(|group| self.groups.get(&group));
        if let Some(present) = present.filter(|present| present.kind.is_blessed()) {
            return if present.kind != group.kind {
                no("is blessed: unassign it first")
            } else if present.product != group.product {
                no("is blessed and cannot change to another product")
            } else {
                Ok(())
            };
        }
        if group.kind.is_blessed() {
            return no("can only get into a production devicegroup by blessing");
        }
        if group.kind != GroupType::Development && device.is_imp001() {
            return no("is an imp001, which factory devicegroups do not take");
        }
        if group.kind.is_dut() && variants.dut_by_hand_refused {
            return no("can only get into a DUT devicegroup by factory BlinkUp");
        }
        Ok(())
    }

    /// Unassigning from a production group needs the unblessing key of the group's owner.
    pub fn check_unblessing_key(&self, group: &Group, key: Option<&str>) -> Result<(), Refusal> {
        let right = self.accounts.get(&group.owner).map(|account| account.unblessing_key.as_str());
        if group.kind != GroupType::Production || (key.is_some() && key == right) {
            Ok(())
        } else {
            Err(Refusal::unblessing_key())
        }
    }

    /// Takes one device out of a group. A blessed one becomes a development device.
    pub fn unassign(
        &mut self,
        caller: Id,
        group: Id,
        device: &str,
        variants: &Variants,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let slot = self.device_slot(caller, device)?;
        if self.devices.get(slot).is_none_or(|found| found.group != Some(group)) {
            return Err(Refusal::not_found("Device", device));
        }
        self.devices.move_to(slot, None, false, now);
        if let Some(device) = self.devices.get_mut(slot) {
            if device.plan_id.take().is_some() {
                device.agent = AgentId::of(device.id, &device.owner.to_string());
            }
            device.events.unassigned += 1;
            device.firmware = Firmware::default();
        }
        if self.is_back_with(slot, None) {
            self.set_online(slot, true, variants, now);
        }
        self.record_event(slot, "unassigned", caller, now);
        Ok(())
    }

    /// Restarts one device, in any case or unless it puts that off. An offline one restarts when it
    /// is back.
    pub fn restart_device(
        &mut self,
        (caller, conditional): (Id, bool),
        device: &str,
        variants: &Variants,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let slot = self.device_slot(caller, device)?;
        let group = self.devices.get(slot).and_then(|device| device.group);
        let group = group.and_then(|group| self.groups.get(&group));
        let group = group.ok_or_else(Refusal::device_unassigned)?;
        self.may_write(caller, group.owner, group.kind.zone())?;
        self.restart(slot, (caller, conditional), variants, now);
        Ok(())
    }

    /// Restarts all devices of a group; none is fine.
    pub fn restart_group(
        &mut self,
        (caller, conditional): (Id, bool),
        id: &str,
        variants: &Variants,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let group = self.group(caller, id)?;
        let id = group.id;
        self.may_write(caller, group.owner, group.kind.zone())?;
        for slot in self.devices.of_group(id).to_vec() {
            self.restart(slot, (caller, conditional), variants, now);
        }
        Ok(())
    }

    fn restart(
        &mut self,
        slot: u32,
        (caller, conditional): (Id, bool),
        variants: &Variants,
        now: Timestamp,
    ) {
        if !conditional {
            self.boot(slot, variants, now);
        } else if !self.boot_unless_put_off(slot, variants, now) {
            return;
        }
        self.record_event(slot, "restarted", caller, now);
        if let Some(device) = self.devices.get_mut(slot) {
            device.events.restarted += 1;
            if device.agent_running {
                device.agent_state_changed_at = Some(now);
            }
        }
    }

    /// Gives a device a name, or takes it away.
    pub fn rename_device(
        &mut self,
        caller: Id,
        device: &str,
        name: Option<Option<String>>,
    ) -> Result<&Device, Refusal> {
        let slot = self.device_slot(caller, device)?;
        self.may_write_device(caller, slot)?;
        let missing = || Refusal::not_found("Device", device);
        let device = self.devices.get_mut(slot).ok_or_else(missing)?;
        device.events.updated += 1;
        if let Some(name) = name {
            device.name = name;
        }
        Ok(device)
    }

    /// Takes an unassigned device out of the account.
    pub fn remove_device(&mut self, caller: Id, device: &str) -> Result<(), Refusal> {
        let slot = self.device_slot(caller, device)?;
        let group = self.devices.get(slot).and_then(|device| device.group);
        if let Some(group) = group.and_then(|group| self.groups.get(&group)) {
            return Err(Refusal::device_assigned(if group.kind.is_blessed() {
                "Production devices cannot be deleted."
            } else {
                "Unassign the device before you delete it."
            }));
        }
        self.may_write_device(caller, slot)?;
        if let Some(id) = self.devices.get(slot).map(|device| device.id) {
            self.live.streams.drop_device(id);
            self.live.journal.forget(id);
        }
        self.devices.remove(slot);
        Ok(())
    }

    fn may_write_device(&self, caller: Id, slot: u32) -> Result<(), Refusal> {
        let Some(device) = self.devices.get(slot) else {
            return Ok(());
        };
        self.may_write(caller, device.owner, self.zone_of(device.group))
    }
}

#[cfg(test)]
mod tests;
