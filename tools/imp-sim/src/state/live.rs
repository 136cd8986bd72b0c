//! What ends with the process: logs, histories, open log streams, webhook calls to be made, and what
//! is known about programs. None of it is in the state file.

use std::collections::HashMap;
use std::sync::Arc;

use super::hooks::Call;
use super::ids::Id;
use super::journal::Journal;
use super::streams::Streams;
use crate::squirrel::program::Program;

/// All of it.
#[derive(Default)]
pub struct Live {
    /// Logs and histories of devices.
    pub journal: Journal,
    /// Log streams.
    pub streams: Streams,
    /// Webhook calls that nobody has taken on yet.
    pub calls: Vec<Call>,
    /// Of deployments that ran; device and agent.
    pub programs: HashMap<Id, Arc<Programs>>,
}

/// What a deployment does when it starts.
#[derive(Debug, Default)]
pub struct Programs {
    /// On the device.
    pub device: Program,
    /// On its agent.
    pub agent: Program,
    /// What share of the device's program storage it takes, in percent.
    pub storage: f64,
}
