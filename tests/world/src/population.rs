//! What there is before the first command: products, groups, devices in them, builds, webhooks.

use serde_json::{Value, json};

use crate::machine::Machine;
use crate::random::Random;
use crate::service::Service;

/// Asks as the owner of the account, by himself.
pub struct Owner(Service);

impl Owner {
    /// Of the account at this service.
    pub fn of(machine: &Machine) -> Self {
        Owner(machine.service())
    }

    /// Makes a thing; gives its id.
    ///
    /// # Panics
    /// The service refuses.
    fn make(&self, path: &str, data: &Value) -> String {
        let target = format!("/v5{path}");
        let answer = self.0.by_owner("POST", &target, Some(&json!({"data": data})));
        let id = answer["data"]["id"].as_str();
        id.unwrap_or_else(|| panic!("POST {path} is answered {answer}")).to_owned()
    }

    /// Puts devices into a group.
    pub fn put(&self, group: &str, devices: &[String]) {
        let data: Vec<Value> =
            devices.iter().map(|id| json!({"type": "device", "id": id})).collect();
        let target = format!("/v5/devicegroups/{group}/relationships/devices");
        self.0.by_owner("POST", &target, Some(&json!({"data": data})));
    }

    /// Makes a product.
    pub fn product(&self, name: &str) -> String {
        self.make("/products", &json!({"type": "product", "attributes": {"name": name}}))
    }

    /// Makes a development group.
    pub fn group(&self, product: &str, name: &str) -> String {
        let product = json!({"product": {"type": "product", "id": product}});
        self.make(
            "/devicegroups",
            &json!({
                "type": "development_devicegroup", "attributes": {"name": name}, "relationships": product,
            }),
        )
    }

    fn build(&self, group: &str, code: &str) -> String {
        let group = json!({"devicegroup": {"type": "development_devicegroup", "id": group}});
        let attributes = json!({"device_code": code, "agent_code": ""});
        self.make(
            "/deployments",
            &json!({"type": "deployment", "attributes": attributes, "relationships": group}),
        )
    }

    fn hook(&self, group: &str, url: &str) -> String {
        let group = json!({"devicegroup": {"type": "development_devicegroup", "id": group}});
        let attributes =
            json!({"url": url, "event": "blinkup", "content_type": "application/json"});
        self.make(
            "/webhooks",
            &json!({"type": "webhook", "attributes": attributes, "relationships": group}),
        )
    }
}

/// Makes two products with four groups.
pub fn populate(machine: &Machine, random: &mut Random, devices: &[String]) {
    let owner = Owner::of(machine);
    let products = [owner.product("Ovens"), owner.product("Stoves")];
    let mut left = devices.to_vec();
    for (number, name) in ["A", "B", "C", "D"].into_iter().enumerate() {
        let group = owner.group(&products[number / 2], name);
        let of_group = random.below(left.len() as u64 / 2 + 1) as usize;
        let members: Vec<String> = left.drain(..of_group).collect();
        for batch in members.chunks(50) {
            owner.put(&group, batch);
        }
        for build in 0..random.below(3) {
            owner.build(&group, &format!("local number = {build};"));
        }
        for hook in 0..random.below(2) {
            owner.hook(&group, &format!("https://example.test/{name}/{hook}"));
        }
    }
}
