//! What people see of an account, comparable though things have been made again with other ids.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::Sim;

/// An account at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Account {
    /// Products, groups, webhooks and devices, each thing a line, without ids: what refers to a
    /// thing has its name instead, what refers to a build its sha.
    seen: Vec<String>,
    /// Builds by their ids. They are never gone, and none is made again.
    builds: BTreeMap<String, Value>,
}

/// What of each thing can be seen. Fields that end in `_id` refer to something.
const SEEN: [(&str, &[&str]); 4] = [
    ("products", &["name", "description"]),
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
    ("webhooks", &["url", "event", "content_type", "devicegroup_id"]),
    ("devices", &["mac_address", "name", "devicegroup_id"]),
];

impl Account {
    /// As it is now.
    pub(super) fn of(sim: &Sim) -> Account {
        let lists = SEEN.map(|(list, _)| sim.all(list));
        let builds = sim.all("deployments");
        let find = |id: &Value| lists.iter().flatten().chain(&builds).find(|one| one["id"] == *id);
        let called = |id: &Value| match find(id) {
            Some(group) if group["product_id"].is_string() => {
                let product = find(&group["product_id"]).expect("the product of a group");
                json!([product["name"], group["name"]])
            }
            Some(found) => json!([found["name"], found["sha"]]),
            None => Value::Null,
        };
        let mut seen = Vec::new();
        for ((list, fields), things) in SEEN.iter().zip(&lists) {
            for thing in things {
                let field = |name: &&str| match name.ends_with("_id") {
                    true => called(&thing[*name]),
                    false => thing[*name].clone(),
                };
                let shown: Vec<Value> = fields.iter().map(field).collect();
                seen.push(format!("{list}: {}", json!(shown)));
            }
        }
        seen.sort();
        let build = |one: &Value| {
            let id = one["id"].as_str().expect("an id").to_owned();
            (id, json!([one["sha"], one["description"], one["tags"], one["flagged"]]))
        };
        Account { seen, builds: builds.iter().map(build).collect() }
    }

    /// What people see, line by line.
    pub(super) fn into_seen(self) -> Vec<String> {
        self.seen
    }

    /// What is otherwise in `other`, in which all that is new has other ids.
    pub(super) fn as_twin(&self, other: &Account) -> Vec<String> {
        let all = |account: &Account| {
            let builds = account.builds.values().map(|build| format!("build {build}"));
            let mut all: Vec<String> = account.seen.iter().cloned().chain(builds).collect();
            all.sort();
            all
        };
        let (mut missing, mut added) = (all(self), Vec::new());
        for line in all(other) {
            match missing.iter().position(|one| *one == line) {
                Some(place) => drop(missing.remove(place)),
                None => added.push(format!("+ {line}")),
            }
        }
        missing.iter().map(|line| format!("- {line}")).chain(added).collect()
    }

    /// What is otherwise in `now`; builds that have been made since stay, and count for nothing.
    pub(super) fn differences(&self, now: &Account) -> Vec<String> {
        let mut missing = self.seen.clone();
        let mut added = Vec::new();
        for line in &now.seen {
            match missing.iter().position(|one| one == line) {
                Some(place) => drop(missing.remove(place)),
                None => added.push(format!("+ {line}")),
            }
        }
        let gone = missing.into_iter().map(|line| format!("- {line}"));
        let other = self.builds.iter().filter(|(id, build)| now.builds.get(*id) != Some(build));
        let other = other.map(|(id, build)| format!("build {build} is {:?}", now.builds.get(id)));
        gone.chain(added).chain(other).collect()
    }
}
