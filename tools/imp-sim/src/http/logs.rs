//! `/devices/{x}/logs` and `/devices/{x}/history`: newest first, items that are no resources.

use serde::Serialize;

use super::Call;
use super::answer::Answer;
use super::page;
use crate::state::ids::{DeviceId, Timestamp};
use crate::state::journal::LogEntry;
use crate::state::refusal::Refusal;

/// What `log_type` is. Production devices, which would be the other kind, have no log here.
pub const LOG_TYPE: &str = "development";

/// One entry of a log, in the service's order of keys.
#[derive(Serialize)]
pub struct Item<'a> {
    device_id: DeviceId,
    ts: Timestamp,
    log_type: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    msg: &'a str,
}

/// An entry of a device's log.
pub fn item(device_id: DeviceId, entry: &LogEntry) -> Item<'_> {
    Item { device_id, ts: entry.ts, log_type: LOG_TYPE, kind: entry.kind, msg: &entry.msg }
}

/// What a device logged.
pub fn logs(call: &Call<'_>, device: &str) -> Result<Answer, Refusal> {
    call.request.allow_filters(&[])?;
    let state = call.sim.state();
    let id = state.device(call.caller, device)?.id;
    state.may_read_logs(id, call.variants())?;
    page::of_all(call, state.live.journal.log_of(id), |entry| item(id, entry))
}

/// What happened to a device.
pub fn history(call: &Call<'_>, device: &str) -> Result<Answer, Refusal> {
    call.request.allow_filters(&[])?;
    let state = call.sim.state();
    let id = state.device(call.caller, device)?.id;
    page::of_all(call, state.live.journal.history_of(id), |event| *event)
}
