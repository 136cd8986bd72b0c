//! `/logstream`: requesting, reading, adding and removing devices.
//!
//! Reading needs no sign-in: who knows the id may read. Everything else does.

use serde_json::{Value, json};

use super::Call;
use super::answer::{self, Answer, Reading};
use super::request::Request;
use crate::sim::Sim;
use crate::state::refusal::Refusal;

/// The media type of a stream.
pub const EVENT_STREAM: &str = "text/event-stream";

/// A new stream, which waits for its reader.
pub fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let mut state = call.sim.state();
    let id = state.random.id();
    let id = state.live.streams.create(id, call.caller, call.variants());
    let attributes = json!({"url": call.link_to("logstream", id)});
    let resource = answer::resource(call, "logstream", "logstream", id, attributes, Value::Null);
    Ok(Answer::data(call.variants().stream_status, &resource))
}

/// Opens a stream.
pub fn open(sim: &Sim, request: &Request, id: &str) -> Result<Answer, Refusal> {
    let json = match request.parameter("format")? {
        None | Some("text") => false,
        Some("json") => true,
        Some(other) => return Err(Refusal::query(format!("`format` cannot be `{other}`."))),
    };
    let feed = sim.state().live.streams.open(id)?;
    let stream = Some(Box::new(Reading { feed, json }));
    Ok(Answer { status: 200, media_type: EVENT_STREAM, stream, ..Answer::default() })
}

/// Adds a device.
pub fn add(call: &Call<'_>, id: &str, device: &str) -> Result<Answer, Refusal> {
    call.sim.state().add_to_stream(call.caller, id, device, call.variants())?;
    Ok(Answer::empty())
}

/// Removes a device.
pub fn remove(call: &Call<'_>, id: &str, device: &str) -> Result<Answer, Refusal> {
    call.sim.state().remove_from_stream(call.caller, id, device)?;
    Ok(Answer::empty())
}
