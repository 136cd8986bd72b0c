//! The state as one JSON document, for `--state`. Runs and indexes are not kept but built anew.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::State;
use super::accounts::Account;
use super::deployments::Deployment;
use super::devices::{Device, Devices};
use super::groups::Group;
use super::hooks::Hook;
use super::ids::Id;
use super::libraries::Library;
use super::live::Live;
use super::login_keys::LoginKey;
use super::products::Product;
use super::random::Random;
use super::tokens::Tokens;

#[derive(Serialize)]
struct Written<'a> {
    random: u64,
    accounts: &'a IndexMap<Id, Account>,
    products: &'a IndexMap<Id, Product>,
    groups: &'a IndexMap<Id, Group>,
    deployments: &'a IndexMap<Id, Deployment>,
    hooks: &'a IndexMap<Id, Hook>,
    libraries: &'a IndexMap<Id, Library>,
    login_keys: &'a [LoginKey],
    tokens: &'a Tokens,
    devices: Vec<&'a Device>,
}

#[derive(Deserialize)]
struct Read {
    random: u64,
    accounts: IndexMap<Id, Account>,
    products: IndexMap<Id, Product>,
    groups: IndexMap<Id, Group>,
    deployments: IndexMap<Id, Deployment>,
    #[serde(default)]
    hooks: IndexMap<Id, Hook>,
    #[serde(default)]
    libraries: IndexMap<Id, Library>,
    login_keys: Vec<LoginKey>,
    tokens: Tokens,
    devices: Vec<Device>,
}

impl State {
    /// The document.
    pub fn snapshot(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Written {
            random: self.random.position(),
            accounts: &self.accounts,
            products: &self.products,
            groups: &self.groups,
            deployments: &self.deployments,
            hooks: &self.hooks,
            libraries: &self.libraries,
            login_keys: &self.login_keys,
            tokens: &self.tokens,
            devices: self.devices.iter().collect(),
        })
    }

    /// The state in a document.
    pub fn from_snapshot(document: &[u8]) -> serde_json::Result<Self> {
        let read: Read = serde_json::from_slice(document)?;
        let mut devices = Devices::default();
        for device in read.devices {
            devices.add(device);
        }
        Ok(Self {
            accounts: read.accounts,
            products: read.products,
            groups: read.groups,
            deployments: read.deployments,
            hooks: read.hooks,
            libraries: read.libraries,
            devices,
            login_keys: read.login_keys,
            tokens: read.tokens,
            random: Random::resume(read.random),
            live: Live::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::population::{Population, populate};

    #[test]
    fn a_state_survives_its_snapshot() {
        let population = Population { devices: 30, production: 10, ..Population::default() };
        let mut state = populate(&population);
        let first = state.snapshot().unwrap();
        let mut again = State::from_snapshot(&first).unwrap();
        assert_eq!(again.snapshot().unwrap(), first);
        let group = *again.groups.keys().nth(1).unwrap();
        assert_eq!(again.devices.of_group(group), state.devices.of_group(group));
        assert_eq!(again.random.id(), state.random.id());
    }
}
