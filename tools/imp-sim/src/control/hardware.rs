//! The hardware: what devices, fixtures and end users do, on request of `/control/…`.

use serde_json::{Value, json};

use super::{lines, wrong};
use crate::http::answer::Answer;
use crate::http::request::JSON;
use crate::sim::Sim;
use crate::state::State;
use crate::state::ids::Timestamp;
use crate::state::journal::LOG_TYPES;
use crate::state::refusal::Refusal;

/// Answers a request about hardware; None if it is none. Every body is one JSON object.
pub fn answer(sim: &Sim, what: &str, body: &[u8]) -> Option<Answer> {
    let act: fn(&mut Hardware<'_>) -> Done = match what {
        "add-devices" => add_devices,
        "blinkup" => blinkup,
        "bless" => bless,
        "activate" => activate,
        "online" => |hardware| connect(hardware, true),
        "offline" => |hardware| connect(hardware, false),
        "log" => log,
        _ => return None,
    };
    let sent: Value = match serde_json::from_slice(body) {
        Ok(sent) => sent,
        Err(error) => return Some(wrong(&format!("the body is not JSON: {error}"))),
    };
    let result =
        act(&mut Hardware { sim, state: &mut sim.state(), sent: &sent, now: sim.clock.now() });
    sim.mark_changed();
    Some(match result {
        Ok(done) => lines(done.into_iter()),
        Err(refusal) => {
            let status = refusal.reason.status(&sim.settings.variants);
            Answer::json(status, JSON, &json!({"error": refusal.detail}))
        }
    })
}

struct Hardware<'a> {
    sim: &'a Sim,
    state: &'a mut State,
    sent: &'a Value,
    now: Timestamp,
}

type Done = Result<Vec<Value>, Refusal>;

impl Hardware<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.sent.get(name).and_then(Value::as_str)
    }

    fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name).ok_or_else(|| Refusal::attribute(format!("`{name}` must be a text")))
    }

    /// The slots of `devices`, a list of identifiers.
    fn devices(&self) -> Result<Vec<u32>, Refusal> {
        let wrong = || Refusal::attribute("`devices` must be a list of texts");
        let devices = self.sent.get("devices").and_then(Value::as_array).ok_or_else(wrong)?;
        let slot = |device: &Value| self.state.hardware_slot(device.as_str().ok_or_else(wrong)?);
        devices.iter().map(slot).collect()
    }

    fn shown(&self, slot: u32) -> Option<Value> {
        self.state.devices.get(slot).map(|device| {
            json!({
                "device_id": device.id,
                "mac_address": device.mac,
                "agent_id": device.agent_running.then_some(device.agent),
                "devicegroup_id": device.group,
                "plan_id": device.plan_id,
                "device_online": device.online,
            })
        })
    }

    fn all_shown(&self, slots: &[u32]) -> Vec<Value> {
        slots.iter().filter_map(|&slot| self.shown(slot)).collect()
    }
}

/// `{"count":N,"imp_type":…,"owner":…}`, or just N: BlinkUp by the maker's app.
fn add_devices(hardware: &mut Hardware<'_>) -> Done {
    let count = hardware.sent.get("count").unwrap_or(hardware.sent).as_u64();
    let count = count.ok_or_else(|| Refusal::attribute("the body must be {\"count\":N}"))?;
    let owner = match hardware.text("owner") {
        None => hardware.state.accounts.values().next(),
        Some(name) => hardware.state.account_named(name),
    };
    let owner = owner.ok_or_else(|| Refusal::not_found("Account", "of that name"))?.id;
    let imp_type = hardware.text("imp_type").map(str::to_owned);
    let mut added = Vec::new();
    for _ in 0..count {
        let slot = hardware.state.app_blinkup(owner, imp_type.as_deref(), hardware.now)?;
        let device = hardware.state.devices.get(slot);
        added.extend(device.map(|device| {
            let (id, mac, name) = (device.id, device.mac, &device.name);
            json!({"id": id, "mac_address": mac, "name": name, "imp_type": device.imp_type})
        }));
    }
    Ok(added)
}

/// `{"fixture":…,"device":…}`: factory BlinkUp, of a new device if none is named.
fn blinkup(hardware: &mut Hardware<'_>) -> Done {
    let (fixture, device) = (hardware.required("fixture")?.to_owned(), hardware.text("device"));
    let device = device.map(str::to_owned);
    let variants = &hardware.sim.settings.variants;
    let slot =
        hardware.state.factory_blinkup(&fixture, device.as_deref(), variants, hardware.now)?;
    Ok(hardware.all_shown(&[slot]))
}

/// `{"device":…,"pass":true}`: a device under test blesses itself, or does not.
fn bless(hardware: &mut Hardware<'_>) -> Done {
    let device = hardware.required("device")?.to_owned();
    let pass = hardware.sent.get("pass").and_then(Value::as_bool);
    let pass = pass.ok_or_else(|| Refusal::attribute("`pass` must be true or false"))?;
    let variants = &hardware.sim.settings.variants;
    let (id, group) = hardware.state.bless(&device, pass, variants, hardware.now)?;
    Ok(vec![json!({"device_id": id, "blessed": pass, "devicegroup_id": group})])
}

/// `{"devices":[…]}` or `{"devicegroup":…}`, with `"plan"`: end users' BlinkUp.
fn activate(hardware: &mut Hardware<'_>) -> Done {
    let slots = match hardware.text("devicegroup") {
        Some(group) => hardware.state.not_activated(hardware.state.hardware_group(group)?)?,
        None => hardware.devices()?,
    };
    for &slot in &slots {
        hardware.state.check_activation(slot)?;
    }
    let plan = hardware.text("plan").map(str::to_owned);
    for &slot in &slots {
        let variants = &hardware.sim.settings.variants;
        hardware.state.activate(slot, plan.as_deref(), variants, hardware.now)?;
    }
    Ok(hardware.all_shown(&slots))
}

/// `{"devices":[…]}`.
fn connect(hardware: &mut Hardware<'_>, online: bool) -> Done {
    let slots = hardware.devices()?;
    for &slot in &slots {
        let variants = &hardware.sim.settings.variants;
        hardware.state.set_online(slot, online, variants, hardware.now);
    }
    Ok(hardware.all_shown(&slots))
}

/// `{"devices":[…],"text":…,"type":…}`.
fn log(hardware: &mut Hardware<'_>) -> Done {
    let (slots, text) = (hardware.devices()?, hardware.required("text")?.to_owned());
    let kind = hardware.text("type").unwrap_or(LOG_TYPES[0]);
    let kind = LOG_TYPES.into_iter().find(|known| *known == kind);
    let kind =
        kind.ok_or_else(|| Refusal::attribute(format!("`type` must be {}", LOG_TYPES.join(", "))))?;
    let ids = slots.iter().filter_map(|&slot| hardware.state.devices.get(slot));
    for id in ids.map(|device| device.id) {
        hardware.state.may_read_logs(id, &hardware.sim.settings.variants)?;
    }
    for &slot in &slots {
        hardware.state.log(slot, kind, text.as_str(), hardware.now);
    }
    Ok(Vec::new())
}
