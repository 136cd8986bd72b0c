//! What the simulated service knows, and its rules. No HTTP, no clock, no files: the time and the
//! open choices are given to each rule.

pub mod accounts;
pub mod deployments;
pub mod device_maker;
pub mod devices;
pub mod effects;
pub mod factory;
pub mod group_type;
pub mod groups;
pub mod hooks;
pub mod ids;
pub mod journal;
pub mod libraries;
pub mod load;
pub mod login_keys;
pub mod membership;
pub mod population;
pub mod products;
pub mod random;
pub mod refusal;
pub mod running;
pub mod streams;
pub mod tokens;

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::squirrel::program::Program;
use ids::Id;
use refusal::Refusal;

/// Everything. Written as one JSON document for `--state`.
#[derive(Serialize, Deserialize)]
pub struct State {
    /// For what is made while the service runs.
    pub random: random::Random,
    /// In order of creation; the first is the main account.
    pub accounts: IndexMap<Id, accounts::Account>,
    /// In order of creation.
    pub products: IndexMap<Id, products::Product>,
    /// In order of creation.
    pub groups: IndexMap<Id, groups::Group>,
    /// In order of creation.
    pub deployments: IndexMap<Id, deployments::Deployment>,
    /// Webhooks, in order of creation.
    #[serde(default)]
    pub hooks: IndexMap<Id, hooks::Hook>,
    /// In order of creation.
    #[serde(default)]
    pub libraries: IndexMap<Id, libraries::Library>,
    /// In order of creation.
    pub login_keys: Vec<login_keys::LoginKey>,
    /// Access, refresh and login tokens.
    pub tokens: tokens::Tokens,
    /// In order of enrolment.
    pub devices: devices::Devices,
    /// What ends with the process.
    #[serde(skip)]
    pub live: Live,
}

/// What is not in the state file: it ends with the process.
#[derive(Default)]
pub struct Live {
    /// Logs and histories of devices.
    pub journal: journal::Journal,
    /// Log streams.
    pub streams: streams::Streams,
    /// Webhook calls that nobody has taken on yet.
    pub calls: Vec<hooks::Call>,
    /// Builds that take devices offline.
    pub effects: effects::Effects,
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

impl State {
    /// Nothing yet.
    pub fn empty(seed: u64) -> Self {
        Self {
            random: random::Random::new(seed, 0),
            accounts: IndexMap::new(),
            products: IndexMap::new(),
            groups: IndexMap::new(),
            deployments: IndexMap::new(),
            hooks: IndexMap::new(),
            libraries: IndexMap::new(),
            login_keys: Vec::new(),
            tokens: tokens::Tokens::default(),
            devices: devices::Devices::default(),
            live: Live::default(),
        }
    }

    /// An id that nothing has: what was loaded may have been made by another simulator of the same seed.
    fn new_id(&mut self) -> Id {
        loop {
            let id = self.random.id();
            let is_taken = self.products.contains_key(&id)
                || self.groups.contains_key(&id)
                || self.deployments.contains_key(&id)
                || self.hooks.contains_key(&id)
                || self.libraries.contains_key(&id);
            if !is_taken {
                return id;
            }
        }
    }

    /// The thing of that id in a collection, if the caller sees its owner's things.
    fn seen<'s, T>(
        &self,
        what: &str,
        all: &'s IndexMap<Id, T>,
        owner: fn(&T) -> Id,
        (caller, id): (Id, &str),
    ) -> Result<&'s T, Refusal> {
        let found = id.parse().ok().and_then(|id: Id| all.get(&id));
        let seen = found.filter(|found| self.sees(caller, owner(found)));
        seen.ok_or_else(|| Refusal::not_found(what, id))
    }
}

/// Refuses a name that another one of the same kind has.
fn unique<'n>(
    what: &str,
    name: &str,
    mut others: impl Iterator<Item = &'n str>,
) -> Result<(), Refusal> {
    if others.any(|other| other == name) { Err(Refusal::duplicate_name(what)) } else { Ok(()) }
}

/// Puts a new value, if a request has one, in the place of the old one.
fn replace<T>(old: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *old = new;
    }
}

#[cfg(test)]
mod tests {
    use super::State;
    use super::population::{Population, populate};

    #[test]
    fn a_state_survives_its_document() {
        let population = Population { devices: 30, production: 10, ..Population::default() };
        let mut state = populate(&population);
        let first = serde_json::to_vec(&state).unwrap();
        let mut again: State = serde_json::from_slice(&first).unwrap();
        assert_eq!(serde_json::to_vec(&again).unwrap(), first);
        let group = *again.groups.keys().nth(1).unwrap();
        assert_eq!(again.devices.of_group(group), state.devices.of_group(group));
        assert_eq!(again.random.id(), state.random.id());
    }

    #[test]
    fn nothing_gets_the_id_of_what_was_loaded() {
        let mut state = populate(&Population::default());
        let mut other = populate(&Population::default());
        let product = other.products.values().next().cloned().unwrap();
        let first = other.new_id();
        state.products.insert(first, product);
        assert_eq!(state.new_id(), other.new_id(), "the next one");
    }
}
