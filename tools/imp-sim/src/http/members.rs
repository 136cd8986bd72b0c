//! `/devicegroups/{id}/relationships/devices`: adding and removing devices.
//!
//! Not atomic: what can be done is done, and every device that failed gives one error under 400.

use serde_json::Value;

use super::Call;
use super::answer::Answer;
use super::document;
use crate::state::State;
use crate::state::groups::GroupType;
use crate::state::refusal::{Reason, Refusal};

/// Puts devices into the group.
pub fn add(call: &Call<'_>, group: &str) -> Result<Answer, Refusal> {
    let id = {
        let state = call.sim.state();
        let group = state.group(call.caller, group)?;
        state.may_add_members(call.caller, group)?;
        group.id
    };
    let devices = devices(call)?;
    let variants = call.variants();
    Ok(each(call, &devices, |state, device| {
        state.assign(call.caller, id, device, variants, call.now)
    }))
}

/// Takes devices out of the group.
pub fn remove(call: &Call<'_>, group: &str) -> Result<Answer, Refusal> {
    let (id, kind) = {
        let state = call.sim.state();
        let group = state.group(call.caller, group)?;
        state.may_remove_members(call.caller, group)?;
        (group.id, group.kind)
    };
    let devices = devices(call)?;
    if kind == GroupType::Production {
        check_key(call, group)?;
        limit_unblessing(call)?;
    }
    Ok(each(call, &devices, |state, device| {
        state.unassign(call.caller, id, device, call.variants(), call.now)
    }))
}

fn check_key(call: &Call<'_>, group: &str) -> Result<(), Refusal> {
    let state = call.sim.state();
    let key = call.request.header("x-electricimp-key");
    state.check_unblessing_key(state.group(call.caller, group)?, key)
}

fn limit_unblessing(call: &Call<'_>) -> Result<(), Refusal> {
    let mut limits = call.sim.limits();
    if limits.requests.is_none() {
        return Ok(());
    }
    let status = limits.unblessing.check(call.rate_key, call.sim.clock.elapsed());
    if status.allowed {
        return Ok(());
    }
    call.unblessing.set(Some(status));
    Err(Refusal::too_many())
}

/// The identifiers in the body. A wrong shape refuses the whole request.
fn devices(call: &Call<'_>) -> Result<Vec<String>, Refusal> {
    let Value::Array(sent) = document::data(call.request)? else {
        return Err(Refusal::shape("`data` must be an array of devices."));
    };
    if let Some(cap) = call.variants().batch_cap.filter(|&cap| sent.len() > cap) {
        return Err(Refusal::batch_too_large(cap));
    }
    let mut devices = Vec::with_capacity(sent.len());
    for (at, value) in sent.iter().enumerate() {
        let what = format!("data[{at}]");
        let device = document::identifier(value, &what)?;
        if device.kind != "device" {
            return Err(Refusal::shape(format!("`{what}.type` must be device.")));
        }
        devices.push(device.id);
    }
    Ok(devices)
}

fn each(
    call: &Call<'_>,
    devices: &[String],
    mut act: impl FnMut(&mut State, &str) -> Result<(), Refusal>,
) -> Answer {
    let mut state = call.sim.state();
    let mut refusals = Vec::new();
    for (at, device) in devices.iter().enumerate() {
        let fault = call.part.filter(|&(part, _)| fails(at, devices.len(), part));
        let result = match fault {
            Some((_, status)) => Err(Refusal::device_fault(status, device)),
            None => act(&mut state, device),
        };
        refusals.extend(result.err());
    }
    drop(state);
    let mut answer = if refusals.is_empty() {
        Answer::empty()
    } else {
        let variants = call.variants();
        if variants.batch_errors_anonymous {
            refusals.iter_mut().for_each(Refusal::make_anonymous);
        }
        Answer::errors(Reason::Invalid.status(variants), &refusals, variants)
    };
    answer.devices = devices.len();
    answer
}

/// Spreads `part` failures evenly over a batch.
fn fails(at: usize, of: usize, part: usize) -> bool {
    (at + 1) * part / of > at * part / of
}

#[cfg(test)]
mod tests {
    use super::fails;

    #[test]
    fn a_part_of_a_batch_is_exactly_that_many() {
        for (of, part) in [(10, 3), (10, 0), (3, 3), (100, 7)] {
            assert_eq!((0..of).filter(|&at| fails(at, of, part)).count(), part);
        }
    }
}
