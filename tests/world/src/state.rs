//! What the service knows of the account, as the simulator tells it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::machine::Machine;

/// Of each kind of thing what is compared: its collection, and the fields.
const KINDS: [(&str, &[&str]); 5] = [
    ("devices", &["name", "devicegroup_id"]),
    (
        "devicegroups",
        &[
            "type",
            "name",
            "description",
            "env_vars",
            "product_id",
            "current_deployment_id",
            "min_supported_deployment_id",
            "production_target_id",
            "dut_target_id",
        ],
    ),
    ("products", &["name", "description"]),
    ("deployments", &["description", "flagged", "tags", "devicegroup_id", "sha"]),
    ("webhooks", &["url", "event", "content_type", "devicegroup_id"]),
];

/// Things by collection and id, as `devices/5000…`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State(pub BTreeMap<String, Value>);

impl State {
    /// As it is now.
    pub fn of(machine: &Machine, account: &str) -> Self {
        let mut things = BTreeMap::new();
        for (collection, fields) in KINDS {
            for thing in machine.lines(collection) {
                if thing["owner_id"] != account {
                    continue;
                }
                let kept = fields.iter().map(|field| ((*field).to_owned(), thing[*field].clone()));
                let id = thing["id"].as_str().unwrap_or_default();
                things.insert(format!("{collection}/{id}"), Value::Object(kept.collect()));
            }
        }
        State(things)
    }

    /// The ids of a collection.
    pub fn ids(&self, collection: &str) -> Vec<String> {
        let names = self.0.keys().filter_map(|key| key.split_once('/'));
        names.filter(|(of, _)| *of == collection).map(|(_, id)| id.to_owned()).collect()
    }

    /// A thing; nothing if it is not there.
    pub fn get(&self, key: &str) -> &Value {
        self.0.get(key).unwrap_or(&Value::Null)
    }

    /// The devices of a group.
    pub fn members(&self, group: &str) -> Vec<String> {
        let of = |id: &String| self.get(&format!("devices/{id}"))["devicegroup_id"] == group;
        self.ids("devices").into_iter().filter(of).collect()
    }

    /// Whether a device has been blessed: there is no way back from what takes it out of its group.
    pub fn is_blessed(&self, device: &str) -> bool {
        let group = self.get(device)["devicegroup_id"].as_str().unwrap_or_default();
        let kind = &self.get(&format!("devicegroups/{group}"))["type"];
        kind.as_str().is_some_and(|kind| kind.ends_with("production_devicegroup"))
    }

    /// What differs.
    pub fn changed(&self, later: &State) -> BTreeSet<String> {
        let all = self.0.keys().chain(later.0.keys());
        all.filter(|key| self.get(key) != later.get(key)).cloned().collect()
    }

    /// What is there later and was not before.
    pub fn made(&self, later: &State) -> Vec<String> {
        later.0.keys().filter(|key| !self.0.contains_key(*key)).cloned().collect()
    }
}
