//! The Production Guide of `impt`, with our commands, and a whole shift.
//!
//! Careful to check what the service holds, by the simulator's control address, not what a command
//! says it did. Where an example of the guide contradicts its prose, the prose counts:
//!
//! - The pre-production group is made there with `--dg-type production`, under the name
//!   `MyPreProductionDG` and as the target of a pre-factory group, which must be pre-production.
//! - The prose gives `--create-target` and `--create-dut` to `dg create`; the example types
//!   `project create --pre-factory`, which also deploys two files. Ours are `imp-dg create` and
//!   `imp-build deploy`. The target is to be created there although the example before it did so.
//! - The group of the fixtures is `MyFactoryDG` where devices are assigned and `MyFixtureDG` where
//!   builds are copied. Here it is `MyFactoryDG`.
//! - `log get -device` lacks a dash.
//! - The product is deleted without an unblessing key, though its production devices can leave their
//!   groups only with one.
//! - Builds are cleaned up after their groups, but nowadays a deleted group takes its builds along. So
//!   there is one from earlier.
//! - What `impt unassign --unbond` is for needs the key to be sent; `imp-device unassign` sends it.

mod differential;
mod sections;
mod shift;

use serde_json::{Value, json};
use tests::{Dir, Sim};

const OLD: &str = "10000000-0000-0000-0000-000000000001";
const LEFT: &str = "10000000-0000-0000-0000-000000000002";

/// A person with an account, a factory, and the names of things instead of their ids.
struct Factory {
    sim: Sim,
    dir: Dir,
}

impl Factory {
    /// With a build whose group was deleted when that left builds behind.
    fn new() -> Factory {
        let old = Dir::new();
        let product = json!({"type": "product", "id": OLD, "name": "Old"});
        let build = json!({"type": "deployment", "id": LEFT, "product_id": OLD, "device_code": "",
                           "agent_code": ""});
        old.write("old", format!("{product}\n{build}\n"));
        let file = old.path().join("old");
        let sim = Sim::start(&["--load", file.to_str().expect("UTF-8")]);
        let mut dir = Dir::signed_in(&sim);
        dir.set("IMP_SIM_CONTROL", &sim.entry.control);
        Factory { sim, dir }
    }

    /// Types commands that must succeed without a word.
    fn quiet(&self, script: &str) -> tests::Run {
        self.dir.sh(script).quiet()
    }

    /// A group as the API shows it.
    fn group(&self, name: &str) -> Value {
        let id = self.group_id(name);
        let answer = self.sim.api("GET", &format!("/devicegroups/{id}"), &Value::Null);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["data"].clone()
    }

    fn group_id(&self, name: &str) -> String {
        let groups = self.sim.all("devicegroups");
        let found = groups.iter().find(|group| group["name"] == name);
        id(found.unwrap_or_else(|| panic!("no group {name}")))
    }

    fn has_group(&self, name: &str) -> bool {
        self.sim.all("devicegroups").iter().any(|group| group["name"] == name)
    }

    /// The devices of a group as they are.
    fn devices_of(&self, name: &str) -> Vec<Value> {
        let group = self.group_id(name);
        let mut devices = self.sim.devices();
        devices.retain(|device| device["devicegroup_id"] == group);
        devices
    }

    /// The group that a device is in; `None` if in none.
    fn place(&self, device: &str) -> Option<String> {
        let devices = self.sim.devices();
        let found = devices.iter().find(|one| one["id"] == device).expect("a device");
        found["devicegroup_id"].as_str().map(str::to_owned)
    }

    /// The current deployment of a group.
    fn current(&self, name: &str) -> String {
        let current = &self.group(name)["relationships"]["current_deployment"];
        id(current)
    }

    /// A deployment's attributes, code included.
    fn build(&self, id: &str) -> Value {
        let answer = self.sim.api("GET", &format!("/deployments/{id}"), &Value::Null);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["data"]["attributes"].clone()
    }

    /// Expects that all devices of a group run its current deployment, and that there are so many.
    fn all_run_current(&self, name: &str, number: usize) {
        let (devices, current) = (self.devices_of(name), self.current(name));
        assert_eq!(devices.len(), number, "{name}");
        for device in devices {
            assert_eq!(device["deployment_id"], current.as_str(), "{device}");
        }
    }

    /// Starts `imp-hook listen`; gives the URL of its hooks up to their names.
    fn listen(&self) -> (tests::Background, String) {
        // `exec`: a signal is for the listener alone, there is no shell to end before it.
        let script = "exec imp-hook listen --journal events.journal --ready-fd 3 3> ready";
        let listener = self.dir.spawn(script);
        let ready = self.dir.path().join("ready");
        let told = || std::fs::read_to_string(&ready).is_ok_and(|text| text.ends_with('\n'));
        listener.wait_for("the listener", told);
        let url = self.dir.read_lines("ready")[0]["url"].as_str().expect("a URL").to_owned();
        (listener, url)
    }

    /// Waits until all calls of webhooks are printed, and ends the listener; gives the events.
    fn heard(&self, listener: tests::Background, number: usize) -> Vec<Value> {
        listener.wait_for("the events", || listener.stdout().lines().count() >= number);
        listener.wait_for("the end of all calls", || self.sim.counts().calls_pending == 0);
        listener.terminate();
        let events = listener.wait().code(143).records();
        assert_eq!(events.len(), number);
        assert_eq!(self.sim.counts().not_delivered, 0);
        events
    }
}

/// The id in a record of ours or an identifier of the API.
fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_else(|| panic!("no id: {value}")).to_owned()
}
