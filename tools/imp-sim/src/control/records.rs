//! The state as it is, for comparison with what clients believe. Relationships are lifted to the
//! top level as `r_id`; secrets are left out.

use serde_json::{Value, json};

use crate::state::State;
use crate::state::devices::{Device, Events};

/// Accounts without passwords.
pub fn accounts(state: &State) -> impl Iterator<Item = Value> {
    state.accounts.values().map(|account| {
        json!({
            "id": account.id,
            "username": account.username,
            "email": account.email,
            "production": account.production,
        })
    })
}

/// Products.
pub fn products(state: &State) -> impl Iterator<Item = Value> {
    state.products.values().map(|product| {
        json!({
            "id": product.id,
            "name": product.name,
            "description": product.description,
            "owner_id": product.owner,
        })
    })
}

/// Groups with the number of their devices.
pub fn groups(state: &State) -> impl Iterator<Item = Value> {
    state.groups.values().map(|group| {
        json!({
            "type": group.kind,
            "id": group.id,
            "name": group.name,
            "description": group.description,
            "env_vars": group.env_vars,
            "product_id": group.product,
            "owner_id": group.owner,
            "current_deployment_id": group.current_deployment,
            "min_supported_deployment_id": group.min_supported_deployment,
            "production_target_id": group.production_target,
            "dut_target_id": group.dut_target,
            "devices": state.devices.of_group(group.id).len(),
        })
    })
}

/// Deployments without their code.
pub fn deployments(state: &State) -> impl Iterator<Item = Value> {
    state.deployments.values().map(|build| {
        json!({
            "id": build.id,
            "description": build.description,
            "sha": build.sha,
            "flagged": build.flagger.is_some(),
            "tags": build.tags,
            "devicegroup_id": build.group,
            "owner_id": build.owner,
        })
    })
}

/// Webhooks.
pub fn hooks(state: &State) -> impl Iterator<Item = Value> {
    state.hooks.values().map(|hook| {
        json!({
            "id": hook.id,
            "url": hook.url,
            "event": hook.event,
            "content_type": hook.content_type,
            "devicegroup_id": hook.group,
            "owner_id": hook.owner,
        })
    })
}

/// Libraries with their versions, without code.
pub fn libraries(state: &State) -> impl Iterator<Item = Value> {
    state.libraries.values().map(|library| {
        let versions: Vec<&str> =
            library.versions.iter().map(|version| version.version.as_str()).collect();
        json!({
            "id": library.id,
            "name": library.name,
            "permission": library.permission,
            "versions": versions,
            "owner_id": library.owner,
        })
    })
}

/// Devices of one account (by username) or of all.
pub fn devices<'s>(state: &'s State, owner: Option<&'s str>) -> impl Iterator<Item = Value> + 's {
    owned(state, owner).map(|device| {
        let agent = device.agent_running.then_some(device.agent);
        json!({
            "id": device.id,
            "mac_address": device.mac,
            "agent_id": agent,
            "name": device.name,
            "imp_type": device.imp_type,
            "device_online": device.online,
            "devicegroup_id": device.group,
            "owner_id": device.owner,
            "plan_id": device.plan_id,
            "deployment_id": device.firmware.device,
            "agent_deployment_id": device.firmware.agent,
            "fixture_group_id": device.firmware.fixture_group,
        })
    })
}

/// What every device logged, device after device, oldest first; also what the API refuses to show.
pub fn logs<'s>(state: &'s State, owner: Option<&'s str>) -> impl Iterator<Item = Value> + 's {
    owned(state, owner).flat_map(|device| {
        let mut entries: Vec<_> = state.live.journal.log_of(device.id).collect();
        entries.reverse();
        entries.into_iter().map(|entry| {
            json!({"device_id": device.id, "ts": entry.ts, "type": entry.kind, "msg": &*entry.msg})
        })
    })
}

/// What was done to each device.
pub fn events<'s>(state: &'s State, owner: Option<&'s str>) -> impl Iterator<Item = Value> + 's {
    owned(state, owner).map(|device| {
        let Events { assigned, unassigned, restarted, updated } = device.events;
        json!({
            "id": device.id,
            "mac_address": device.mac,
            "restarts": assigned + restarted,
            "assigned": assigned,
            "restarted": restarted,
            "unassigned": unassigned,
            "updated": updated,
        })
    })
}

fn owned<'s>(state: &'s State, owner: Option<&'s str>) -> impl Iterator<Item = &'s Device> {
    let account = owner.map(|name| state.account_named(name).map(|account| account.id));
    state.devices.iter().filter(move |device| account.is_none_or(|id| id == Some(device.owner)))
}
