//! The truth: what is in the simulator and what was done to it, past its API.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::Sim;
use crate::counts::{Asked, Counts};
use crate::wait;

/// What was done to one device since the last reset.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in imp-sim(1)")]
pub struct Events {
    /// Assigning restarts a device too.
    pub restarts: u64,
    pub assigned: u64,
    pub restarted: u64,
    pub unassigned: u64,
    pub updated: u64,
}

impl Sim {
    /// What was asked since the last reset.
    pub fn counts(&self) -> Counts {
        let answer = self.control("GET", "counts", "");
        serde_json::from_str(&answer.text).expect("the counts as documented")
    }

    /// Waits until no request is being served: also none of a client that is gone.
    pub fn wait_until_idle(&self) {
        let idle = wait::until(wait::LIMIT, || self.counts().in_flight == 0);
        assert!(idle, "requests are served without an end");
    }

    /// The requests since the last reset, oldest first.
    pub fn requests(&self) -> Vec<Asked> {
        let answer = self.control("GET", "requests", "");
        answer.lines().map(|line| serde_json::from_value(line).expect("as documented")).collect()
    }

    /// Requests since the last reset that would have changed something.
    pub fn writes(&self) -> Vec<Asked> {
        let is_write = |asked: &Asked| asked.method != "GET" && !asked.path.starts_with("/auth");
        self.requests().into_iter().filter(is_write).collect()
    }

    /// A list of the control address.
    pub fn all(&self, what: &str) -> Vec<Value> {
        self.control("GET", what, "").lines().collect()
    }

    /// The main account's devices, in the order of the lists.
    pub fn devices(&self) -> Vec<Value> {
        self.all(&format!("devices?owner={}", self.entry.user))
    }

    /// One field of the main account's devices.
    pub fn field(&self, name: &str) -> Vec<String> {
        let text = |device: &Value| device[name].as_str().unwrap_or_default().to_owned();
        self.devices().iter().map(text).collect()
    }

    /// The ids of a group's devices.
    pub fn members(&self, group: &str) -> BTreeSet<String> {
        self.all("devices")
            .iter()
            .filter(|device| device["devicegroup_id"] == group)
            .map(|device| device["id"].as_str().expect("an id").to_owned())
            .collect()
    }

    /// How many devices are in each group; `null` for those in none.
    pub fn places(&self) -> BTreeMap<String, usize> {
        let mut places = BTreeMap::new();
        for device in self.devices() {
            let group = device["devicegroup_id"].as_str().unwrap_or("null").to_owned();
            *places.entry(group).or_default() += 1;
        }
        places
    }

    /// What was done to each device of the main account, by id.
    pub fn events(&self) -> BTreeMap<String, Events> {
        self.events_by("id")
    }

    /// The same by `id` or `mac_address`.
    pub fn events_by(&self, name: &str) -> BTreeMap<String, Events> {
        let lines = self.all(&format!("restarts?owner={}", self.entry.user));
        let read = |line: Value| {
            let device = line[name].as_str().expect("as documented").to_owned();
            (device, serde_json::from_value(line).expect("as documented"))
        };
        lines.into_iter().map(read).collect()
    }

    /// How often devices were restarted, all together.
    pub fn restarts(&self) -> u64 {
        self.events().values().map(|events| events.restarts).sum()
    }
}
