//! `/devices`. A device is addressed by its id, its MAC address or its agent id.

use std::net::Ipv4Addr;

use serde::Serialize;
use serde_json::Value;

use super::Call;
use super::answer::{Answer, Related, related_group};
use super::document;
use super::groups::{group_type, restarted};
use super::page::{self, Page};
use crate::state::State;
use crate::state::devices::Device;
use crate::state::groups::Group;
use crate::state::ids::{AgentId, DeviceId, Id, Mac, Timestamp};
use crate::state::refusal::Refusal;

const NAME: usize = 255;

/// Written as it is, not by way of a JSON value: there are many devices.
#[derive(Serialize)]
struct Resource<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: DeviceId,
    links: Links,
    attributes: Attributes<'a>,
    relationships: Relationships,
}

#[derive(Serialize)]
struct Links {
    #[serde(rename = "self")]
    own: String,
}

#[derive(Serialize)]
struct Attributes<'a> {
    name: Option<&'a str>,
    agent_id: Option<AgentId>,
    agent_url: Option<String>,
    device_online: bool,
    device_state_changed_at: Timestamp,
    agent_running: bool,
    agent_state_changed_at: Option<Timestamp>,
    last_enrolled_at: Option<Timestamp>,
    imp_type: Option<&'a str>,
    ip_address: Option<Ipv4Addr>,
    mac_address: Mac,
    free_memory: Option<u32>,
    rssi: Option<i16>,
    swversion: Option<&'a str>,
    plan_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Relationships {
    owner: Related,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<Related>,
    #[serde(skip_serializing_if = "Option::is_none")]
    devicegroup: Option<Related>,
}

fn resource<'a>(call: &Call<'_>, state: &State, device: &'a Device) -> Resource<'a> {
    let agent = device.agent_running.then_some(device.agent);
    let group = device.group.and_then(|group| state.groups.get(&group));
    Resource {
        kind: "device",
        id: device.id,
        links: Links { own: call.link_to("devices", device.id) },
        attributes: Attributes {
            name: device.name.as_deref(),
            agent_id: agent,
            agent_url: agent.map(|agent| format!("https://agent.electricimp.com/{agent}")),
            device_online: device.online,
            device_state_changed_at: device.device_state_changed_at,
            agent_running: device.agent_running,
            agent_state_changed_at: device.agent_state_changed_at,
            last_enrolled_at: device.last_enrolled_at,
            imp_type: device.imp_type.as_deref(),
            ip_address: device.ip_address,
            mac_address: device.mac,
            free_memory: device.free_memory,
            rssi: device.rssi,
            swversion: device.swversion.as_deref(),
            plan_id: device.plan_id.as_deref(),
        },
        relationships: Relationships {
            owner: Related::account(device.owner),
            product: group.map(|group| Related::product(group.product)),
            devicegroup: group.and_then(|group| related_group(state, group.id)),
        },
    }
}

/// Devices, oldest enrolment first; with a filter by group, group after group.
pub fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let filters = Filters::of(call)?;
    let page = Page::of(call.request, call.variants())?;
    let state = call.sim.state();
    let runs = filters.runs(call, &state)?;
    let total = runs.iter().map(|run| run.len()).sum();
    let data = slots(&runs, page.start(), page.size())
        .filter_map(|slot| state.devices.get(slot))
        .map(|device| resource(call, &state, device))
        .collect();
    page::answer(call, page, data, total)
}

/// The slots of a page out of several runs, without walking through those before it.
fn slots<'r>(runs: &'r [&'r [u32]], start: usize, size: usize) -> impl Iterator<Item = u32> + 'r {
    let mut skip = start;
    let parts = runs.iter().flat_map(move |run| {
        let from = skip.min(run.len());
        skip -= from;
        &run[from..]
    });
    parts.copied().take(size)
}

#[derive(Debug)]
struct Filters<'a> {
    /// What `owner.id` and `account.id` say; both must match.
    owners: Vec<&'a str>,
    product: Option<&'a str>,
    group: Option<&'a str>,
    group_owner: Option<&'a str>,
    group_type: Option<crate::state::groups::GroupType>,
}

impl<'a> Filters<'a> {
    fn of(call: &Call<'a>) -> Result<Self, Refusal> {
        let request = call.request;
        request.allow_filters(&[
            "owner.id",
            "account.id",
            "product.id",
            "devicegroup.id",
            "devicegroup.owner.id",
            "devicegroup.type",
        ])?;
        let owners = [request.filter("owner.id")?, request.filter("account.id")?];
        Ok(Self {
            owners: owners.into_iter().flatten().collect(),
            product: request.filter("product.id")?,
            group: request.filter("devicegroup.id")?,
            group_owner: request.filter("devicegroup.owner.id")?,
            group_type: request.filter("devicegroup.type")?.map(group_type).transpose()?,
        })
    }

    /// The runs of slots that together are the list. A device and its group always have the same
    /// owner, so that both filters by owner mean the same for devices in groups.
    fn runs<'s>(&self, call: &Call<'_>, state: &'s State) -> Result<Vec<&'s [u32]>, Refusal> {
        let by_group = self.product.is_some() || self.group.is_some() || self.group_type.is_some();
        let unassigned = self.group_owner == Some("null");
        if unassigned && by_group {
            return Ok(Vec::new());
        }
        let by_owner = !self.owners.is_empty();
        let elsewhere = self.group_owner.or(self.product).or(self.group).is_some();
        let shared = call.variants().shared_lists_all || by_owner || (elsewhere && !unassigned);
        let accounts = if shared { state.visible_accounts(call.caller) } else { vec![call.caller] };
        let accounts =
            accounts.into_iter().filter(|id| self.owners.iter().all(|owner| id.is(owner)));
        if unassigned {
            return Ok(accounts.map(|account| state.devices.unassigned_of(account)).collect());
        }
        if !by_group && self.group_owner.is_none() {
            if !call.variants().plain_device_list_development {
                return Ok(accounts.map(|account| state.devices.of_account(account)).collect());
            }
            return Ok(accounts.flat_map(|account| development(state, account)).collect());
        }
        let accounts: Vec<Id> = accounts.collect();
        let groups = state.groups.values();
        let groups = groups.filter(|group| accounts.contains(&group.owner) && self.matches(group));
        Ok(groups.map(|group| state.devices.of_group(group.id)).collect())
    }

    fn matches(&self, group: &Group) -> bool {
        self.group.is_none_or(|id| group.id.is(id))
            && self.product.is_none_or(|id| group.product.is(id))
            && self.group_owner.is_none_or(|id| group.owner.is(id))
            && self.group_type.is_none_or(|kind| group.kind == kind)
    }
}

/// What is left of an account's devices without the blessed ones.
fn development(state: &State, account: Id) -> impl Iterator<Item = &[u32]> {
    let groups = state.groups.values();
    let groups = groups.filter(move |group| group.owner == account && !group.kind.is_blessed());
    let groups = groups.map(|group| state.devices.of_group(group.id));
    std::iter::once(state.devices.unassigned_of(account)).chain(groups)
}

/// One device.
pub fn get(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let state = call.sim.state();
    let device = state.device(call.caller, id)?;
    Ok(Answer::data(200, &resource(call, &state, device)))
}

/// Another name. `data.id` may be any of the device's three identifiers.
pub fn update(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let slot = call.sim.state().device_slot(call.caller, id)?;
    let same = |sent: &str| call.sim.state().devices.find(sent) == Some(slot);
    let mut sent = document::Resource::to_update(call.request, "device", same)?;
    let name = name(&mut sent)?;
    sent.nothing_else()?;
    let mut state = call.sim.state();
    state.rename_device(call.caller, id, name)?;
    let device = state.device(call.caller, id)?;
    Ok(Answer::data(200, &resource(call, &state, device)))
}

/// An empty name, or null, takes the name away.
fn name(sent: &mut document::Resource) -> Result<Option<Option<String>>, Refusal> {
    match sent.take("name") {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(Value::String(name)) if name.chars().count() <= NAME => {
            Ok(Some(Some(name).filter(|name| !name.is_empty())))
        }
        Some(_) => Err(Refusal::attribute(format!(
            "`name` must be a string of at most {NAME} characters."
        ))),
    }
}

/// Takes an unassigned device out of the account.
pub fn delete(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    call.sim.state().remove_device(call.caller, id)?;
    Ok(Answer::empty())
}

/// Restarts a device.
pub fn restart(call: &Call<'_>, id: &str, conditional: bool) -> Result<Answer, Refusal> {
    let who = (call.caller, conditional);
    call.sim.state().restart_device(who, id, call.variants(), call.now)?;
    Ok(restarted(call))
}
