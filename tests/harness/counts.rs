//! What the simulator says it was asked.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `GET /control/counts`.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "named as in imp-sim(1)")]
pub struct Counts {
    pub total: u64,
    pub in_flight: u64,
    pub most_in_flight: u64,
    pub most_in_any_second: u64,
    pub renewals: u64,
    pub writes: u64,
    /// Calls of webhooks: all, those without an end yet, and what became of the others.
    pub calls: u64,
    pub calls_pending: u64,
    pub delivered: u64,
    pub not_delivered: u64,
    /// By HTTP status; 0 is a connection that was cut.
    pub by_status: BTreeMap<u16, u64>,
    /// By kind, as `GET /devices`, and status.
    pub by_kind: BTreeMap<String, BTreeMap<u16, u64>>,
}

impl Counts {
    /// Requests of this kind, whatever became of them.
    pub fn kind(&self, kind: &str) -> u64 {
        self.by_kind.get(kind).map_or(0, |statuses| statuses.values().sum())
    }

    /// Requests that were answered so.
    pub fn status(&self, status: u16) -> u64 {
        self.by_status.get(&status).copied().unwrap_or_default()
    }
}

/// A line of `GET /control/requests`.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "named as in imp-sim(1)")]
pub struct Asked {
    pub ms: u64,
    pub method: String,
    /// What follows `/v5`.
    pub path: String,
    pub query: String,
    pub status: u16,
    pub account: Option<String>,
    /// Devices named in a batch.
    pub devices: usize,
}
