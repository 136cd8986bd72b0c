//! An assembly line to test on: groups of all three kinds, and a fixture.

use serde_json::{Value, json};

use super::client::{Sim, group_body};

/// A product with a factory.
pub struct Line {
    /// Where blessed devices go.
    pub production: String,
    /// Where devices under test are.
    pub dut: String,
    /// Where the fixture is.
    pub fixtures: String,
    /// The fixture's device id.
    pub fixture: String,
}

impl Line {
    /// A factory of the zone, `""` or `"pre_"`.
    pub fn set_up(sim: &Sim, zone: &str) -> Self {
        let production = sim.group(&format!("{zone}production"), &format!("{zone}Production"));
        let dut = sim.group(&format!("{zone}dut"), &format!("{zone}DUT"));
        let groups = sim.truth("/devicegroups");
        let group = groups.iter().find(|group| group["id"] == dut.as_str()).expect("the group");
        let product = group["product_id"].as_str().expect("product");
        let name = format!("{zone}Fixtures");
        let mut body = group_body(&format!("{zone}factoryfixture"), &name, product);
        for (name, kind, id) in
            [("production_target", "production", &production), ("dut_target", "dut", &dut)]
        {
            let target = json!({"type": format!("{zone}{kind}_devicegroup"), "id": id});
            body["data"]["relationships"][name] = target;
        }
        let fixtures = sim.api("POST", "/devicegroups", &body).id();
        let fixture = add_device(sim);
        assert_eq!(sim.members("POST", &fixtures, &[&fixture]).status, 204);
        Self { production, dut, fixtures, fixture }
    }

    /// Factory BlinkUp of a new device; its id.
    pub fn enrol(&self, sim: &Sim) -> String {
        let answer = sim.act("blinkup", &json!({"fixture": self.fixture}));
        answer["device_id"].as_str().expect("device_id").to_owned()
    }

    /// A device that passed its test.
    pub fn blessed(&self, sim: &Sim) -> String {
        let device = self.enrol(sim);
        sim.act("bless", &json!({"device": device, "pass": true}));
        device
    }
}

/// An online device that is no imp001.
pub fn add_device(sim: &Sim) -> String {
    let answer = sim.act("add-devices", &json!({"count": 1, "imp_type": "imp005"}));
    answer["id"].as_str().expect("id").to_owned()
}

/// The body that deploys code to a group.
pub fn deployment(kind: &str, group: &str, device_code: &str, agent_code: &str) -> Value {
    let related = json!({"devicegroup": {"type": format!("{kind}_devicegroup"), "id": group}});
    let attributes = json!({"device_code": device_code, "agent_code": agent_code});
    json!({"data": {"type": "deployment", "attributes": attributes, "relationships": related}})
}

impl Sim {
    /// Lets the hardware do something; the first object of the answer.
    pub fn act(&self, what: &str, body: &Value) -> Value {
        let text = self.control("POST", &format!("/{what}"), &body.to_string());
        let first = text.lines().next().unwrap_or("null");
        serde_json::from_str(first).expect("JSON")
    }

    /// Why the hardware cannot do something.
    pub fn cannot(&self, what: &str, body: &Value) -> String {
        let target = format!("/control/{what}");
        let answer = self.raw("POST", &target, &[], body.to_string().as_bytes());
        let answer = answer.expect("an answer");
        assert_ne!(answer.status, 200, "{answer:?}");
        answer.json()["error"].as_str().expect("error").to_owned()
    }

    /// Deploys code to a group; the deployment's id.
    pub fn deploy(&self, kind: &str, group: &str, device: &str, agent: &str) -> String {
        let answer = self.api("POST", "/deployments", &deployment(kind, group, device, agent));
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.id()
    }

    /// A device as it is.
    pub fn device(&self, id: &str) -> Value {
        let devices = self.truth("/devices");
        devices.into_iter().find(|device| device["id"] == id).expect("the device")
    }

    /// Type and text of a device's log, newest first.
    pub fn log_of(&self, id: &str) -> Vec<(String, String)> {
        let answer = self.get(&format!("/devices/{id}/logs?page[size]=100")).json();
        let entries = answer["data"].as_array().expect("a list");
        let text = |entry: &Value, name| entry[name].as_str().expect("a text").to_owned();
        entries.iter().map(|entry| (text(entry, "type"), text(entry, "msg"))).collect()
    }
}
