//! The devices that the jobs of the comparison are done to, and whether they are done.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use tests::{Dir, Sim, wait};

use crate::figure::USUAL;

/// So that the limit is whole again.
const PAUSE: Duration = Duration::from_millis(2100);

const SCRIPTS: [(&str, &str); 2] = [
    ("library.js", include_str!("comparison/library.js")),
    ("curl.sh", include_str!("comparison/curl.sh")),
];

/// The account, and what the clients find in their directories.
pub struct Fleet {
    pub sim: Sim,
    group: String,
    pub ids: BTreeSet<String>,
    /// Those that only one device has, with its id: `name`, tab, `id`.
    names: BTreeSet<String>,
}

impl Fleet {
    /// As many devices in no group, and an empty group.
    pub fn of(size: usize) -> Fleet {
        let size = size.to_string();
        let options = ["--devices", &size, "--token-life", "24h"];
        let sim = Sim::start(&[&options[..], &USUAL].concat());
        let [group] = sim.groups(["A"]);
        let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, id) in sim.field("name").into_iter().zip(sim.field("id")) {
            by_name.entry(name).or_default().push(id);
        }
        let ids = by_name.values().flatten().cloned().collect();
        let only = |(name, ids): (&String, &Vec<String>)| match ids.as_slice() {
            [id] if !name.is_empty() => Some(format!("{name}\t{id}")),
            _ => None,
        };
        let names = by_name.iter().filter_map(only).collect();
        Fleet { sim, group, ids, names }
    }

    /// A directory in which a client works.
    pub fn home(&self, library: Option<&Dir>) -> Dir {
        let mut dir = Dir::signed_in(&self.sim);
        let token = dir.sh("jq -r .accessToken .impt.auth").quiet().stdout();
        dir.set("TOKEN", token.trim());
        dir.set("GROUP", &self.group);
        dir.set("IMPT_ENDPOINT", &self.sim.entry.endpoint);
        if let Some(library) = library {
            dir.set("NODE_PATH", library.path().join("node_modules").to_str().expect("UTF-8"));
        }
        let lines =
            |texts: Vec<&str>| texts.iter().map(|text| format!("{text}\n")).collect::<String>();
        let names = self.names.iter().filter_map(|pair| pair.split('\t').next()).collect();
        dir.write("ids", lines(self.ids.iter().map(String::as_str).collect()));
        dir.write("names", lines(names));
        for (name, script) in SCRIPTS {
            dir.write(name, script);
        }
        dir
    }

    /// Puts the devices where the job needs them: into the group, or out of all groups.
    pub fn prepare(&self, job: &str) {
        // Who did the job before may have left nothing of the limit, nor may this for the next.
        wait::let_pass(PAUSE);
        let all: Vec<String> = self.ids.iter().cloned().collect();
        if matches!(job, "restart" | "unassign") {
            self.sim.put(&self.group, &all);
        } else {
            let members: Vec<String> = self.sim.members(&self.group).into_iter().collect();
            for batch in members.chunks(1000) {
                let data: Vec<Value> =
                    batch.iter().map(|id| json!({"type": "device", "id": id})).collect();
                let path = format!("/devicegroups/{}/relationships/devices", self.group);
                assert_eq!(self.sim.api("DELETE", &path, &json!({"data": data})).status, 204);
            }
        }
        wait::let_pass(PAUSE);
        self.sim.reset();
    }

    /// How many of how many the job is done for.
    pub fn done(&self, job: &str, home: &Dir) -> (usize, usize) {
        let all = self.ids.len();
        let printed = || home.read("printed");
        match job {
            "list" => {
                let id = |line: &str| {
                    let device: Value = serde_json::from_str(line).expect("JSON");
                    device["id"].as_str().expect("an id").to_owned()
                };
                (printed().lines().map(id).collect::<BTreeSet<_>>().len(), all)
            }
            "names" => {
                let is_right = |pair: &&str| self.names.contains(*pair);
                (printed().lines().filter(is_right).count(), self.names.len())
            }
            "restart" => {
                (self.sim.events().values().filter(|events| events.restarted > 0).count(), all)
            }
            "assign" => (self.sim.members(&self.group).len(), all),
            _ => (all - self.sim.members(&self.group).len(), all),
        }
    }
}
