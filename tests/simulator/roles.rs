//! What the main account may do as a collaborator, role by role.

use super::client::{Answer, Sim, batch, group_body};
use super::line::deployment;
use serde_json::{Value, json};

/// A partner with a production, a development and another production group, and code in all.
struct Partner {
    sim: Sim,
    product: String,
    groups: [String; 3],
    device: String,
}

const KINDS: [&str; 3] = ["development", "production", "production"];

impl Partner {
    fn with(role: &str) -> Self {
        let sim = Sim::start(&["--rate-limit", "off", "--production", "1", "--role", role]);
        let theirs = sim.sign_in("partner");
        let ask = |path: &str, body: &Value| {
            let answer = sim.ask_as(&theirs, "POST", path, body, &[]).expect("an answer");
            assert!(answer.status < 300, "{answer:?}");
            answer
        };
        let products = sim.truth("/products");
        let product = products.iter().find(|product| product["name"] == "PartnerProduct");
        let product = product.expect("the product")["id"].as_str().expect("id").to_owned();
        let mut number = 0;
        let groups = KINDS.map(|kind| {
            number += 1;
            let body = group_body(kind, &format!("R{number}"), &product);
            let id = ask("/devicegroups", &body).id();
            ask("/deployments", &deployment(kind, &id, "a();", "b();"));
            id
        });
        let dut = ask("/devicegroups", &group_body("dut", "D", &product)).id();
        let mut fixtures = group_body("factoryfixture", "F", &product);
        for (name, kind, id) in
            [("production_target", "production", &groups[1]), ("dut_target", "dut", &dut)]
        {
            let target = json!({"type": format!("{kind}_devicegroup"), "id": id});
            fixtures["data"]["relationships"][name] = target;
        }
        let fixtures = ask("/devicegroups", &fixtures).id();
        let added = json!({"count": 1, "imp_type": "imp005", "owner": "partner"});
        let fixture = sim.act("add-devices", &added)["id"].as_str().expect("id").to_owned();
        ask(&format!("/devicegroups/{fixtures}/relationships/devices"), &batch(&[&fixture]));
        let device = sim.act("blinkup", &json!({"fixture": fixture}))["device_id"].clone();
        sim.act("bless", &json!({"device": device, "pass": true}));
        let device = device.as_str().expect("id").to_owned();
        Self { sim, product, groups, device }
    }

    fn deploy(&self, place: usize) -> u16 {
        let body = deployment(KINDS[place], &self.groups[place], "", "");
        self.sim.api("POST", "/deployments", &body).status
    }

    fn create(&self, place: usize) -> u16 {
        let body = group_body(KINDS[place], "new", &self.product);
        self.sim.api("POST", "/devicegroups", &body).status
    }

    fn change(&self) -> u16 {
        self.sim.members("POST", &self.groups[2], &[&self.device]).status
    }

    fn unbless(&self) -> Answer {
        let path = format!("/devicegroups/{}/relationships/devices", self.groups[2]);
        let key = [("x-electricimp-key", "sim-unbond-key")];
        let sim = &self.sim;
        sim.ask_as(&sim.token, "DELETE", &path, &batch(&[&self.device]), &key).expect("an answer")
    }

    fn code(&self) -> Value {
        let path = format!("/deployments?filter[devicegroup.id]={}", self.groups[1]);
        let id = self.sim.get(&path).ids()[0].clone();
        let listed = self.sim.get(&path).json()["data"][0]["attributes"]["device_code"].clone();
        let one = self.sim.get(&format!("/deployments/{id}")).json();
        assert_eq!(one["data"]["attributes"]["device_code"], listed);
        listed
    }
}

#[test]
fn a_developer_has_all_but_the_production_zone() {
    let partner = Partner::with("developer");
    assert_eq!((partner.deploy(0), partner.create(0)), (201, 201));
    assert_eq!((partner.deploy(1), partner.create(1)), (403, 403));
    assert_eq!((partner.change(), partner.unbless().status), (403, 403));
    assert_eq!(partner.code(), "a();");
}

#[test]
fn production_ops_have_the_production_zone() {
    let partner = Partner::with("production-ops");
    assert_eq!((partner.deploy(0), partner.create(0)), (403, 403));
    assert_eq!((partner.deploy(1), partner.create(1)), (201, 201));
    assert_eq!((partner.change(), partner.unbless().status), (204, 204));
    assert_eq!(partner.sim.device(&partner.device)["devicegroup_id"], Value::Null);
}

#[test]
fn support_moves_production_devices_and_sees_no_code() {
    let partner = Partner::with("support");
    assert_eq!((partner.deploy(0), partner.create(0)), (403, 403));
    assert_eq!((partner.deploy(1), partner.create(1)), (403, 403));
    assert_eq!(partner.change(), 204);
    assert_eq!(partner.sim.device(&partner.device)["devicegroup_id"], json!(partner.groups[2]));
    assert_eq!(partner.unbless().error().1, "PX300");
    assert_eq!(partner.code(), Value::Null);
}
