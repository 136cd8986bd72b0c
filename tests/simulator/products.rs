//! Products and rights over HTTP; addresses that lead nowhere.

use super::client::{Sim, group_body};
use serde_json::{Value, json};

const NOTHING: Value = Value::Null;

fn product(name: &str) -> Value {
    json!({"data": {"type": "product", "attributes": {"name": name}}})
}

#[test]
fn a_product_has_the_shape_of_the_service() {
    let sim = Sim::start(&[]);
    let body = json!({"data": {"type": "product",
        "attributes": {"name": "TestProduct", "description": "My test product"}}});
    let created = sim.api("POST", "/products", &body);
    assert_eq!(created.status, 201);
    assert_eq!(created.header("content-type"), Some("application/vnd.api+json"));
    assert_eq!(created.header("x-ratelimit-limit"), Some("40"));
    assert_eq!(created.header("x-ratelimit-reset"), Some("1"));
    let data = &created.json()["data"];
    let keys: Vec<&String> = data.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["type", "id", "links", "attributes", "relationships"]);
    assert_eq!(data["attributes"]["created_at"], data["attributes"]["updated_at"]);
    assert_eq!(data["relationships"]["owner"], data["relationships"]["creator"]);
    assert_eq!(data["relationships"]["owner"]["type"], "account");
    let endpoint = sim.entry["endpoint"].as_str().unwrap();
    assert_eq!(data["links"]["self"], format!("{endpoint}/products/{}", created.id()));
}

#[test]
fn products_keep_their_limits() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let id = sim.api("POST", "/products", &product("A")).id();
    assert_eq!(sim.api("POST", "/products", &product(&"ü".repeat(80))).status, 201);
    let twice = sim.api("POST", "/products", &product("A"));
    assert_eq!(twice.error(), (409, "CX001".into(), "Duplicate Resource".into()));
    let detail = &twice.json()["errors"][0]["detail"];
    assert_eq!(detail, "Products must have unique names.");
    for wrong in [
        product(""),
        product(&"x".repeat(81)),
        json!({"data": {"type": "product"}}),
        json!({"data": {"type": "produkt", "attributes": {"name": "B"}}}),
        json!({"data": {"type": "product", "attributes": {"name": "B", "colour": "red"}}}),
        json!({"data": {"type": "product", "attributes": {"name": "B", "created_at": "now"}}}),
        json!({"data": {"type": "product", "attributes": {"name": 7}}}),
        json!({"data": [{"type": "product", "attributes": {"name": "B"}}]}),
        json!({"type": "product", "attributes": {"name": "B"}}),
        json!({"data": {"type": "product", "attributes": {"name": "B"},
            "relationships": {"owner": {"data": {"type": "account", "id": "x"}}}}}),
    ] {
        let (status, code, _) = sim.api("POST", "/products", &wrong).error();
        assert!(status == 400 && code.starts_with("VX"), "{wrong}");
    }
    let path = format!("/products/{id}");
    let empty = json!({"data": {"type": "product", "id": id, "attributes": {}}});
    assert_eq!(sim.api("PATCH", &path, &empty).status, 200);
    let other = json!({"data": {"type": "product", "id": "other", "attributes": {}}});
    assert_eq!(sim.api("PATCH", &path, &other).status, 400);
    assert_eq!(sim.api("DELETE", &path, &NOTHING).status, 204);
    assert_eq!(sim.api("DELETE", &path, &NOTHING).status, 404);
}

#[test]
fn what_is_not_there_is_404_and_what_cannot_be_done_is_405() {
    let sim = Sim::start(&["--devices", "1"]);
    let device = sim.get("/devices").ids()[0].clone();
    let group = sim.group("development", "G");
    for path in [
        "/products/my%20product".to_owned(),
        "/products/a%2Fb%3F".to_owned(),
        format!("/products/{group}"),
        format!("/devicegroups/{device}"),
        format!("/devices/{}", device.to_uppercase()),
        "/devices/0C:2A:69:00:00:00".to_owned(),
        "/deployments/%FF".to_owned(),
        "/nothing".to_owned(),
        "/products/".to_owned(),
    ] {
        let (status, code, _) = sim.get(&path).error();
        assert!(status == 404 && code.starts_with("NF"), "{path}");
    }
    assert_eq!(sim.raw("GET", "/v6/products", &[], b"").unwrap().status, 404);
    assert_eq!(sim.api("POST", "/devices", &NOTHING).status, 405);
    assert_eq!(sim.api("PUT", &format!("/products/{device}"), &NOTHING).status, 405);
    assert_eq!(sim.raw("GET", "/v5/auth", &[], b"").unwrap().status, 405);
}

#[test]
fn free_accounts_have_the_development_zone_only() {
    let sim = Sim::start(&[]);
    let free = sim.sign_in("free");
    let own = sim.ask_as(&free, "POST", "/products", &product("F"), &[]).unwrap().id();
    for (kind, status) in [("development", 201), ("production", 403), ("pre_dut", 403)] {
        let body = group_body(kind, kind, &own);
        let answer = sim.ask_as(&free, "POST", "/devicegroups", &body, &[]).unwrap();
        assert_eq!(answer.status, status, "{kind}");
    }
    assert_eq!(sim.get(&format!("/products/{own}")).status, 404, "not seen by strangers");
}

#[test]
fn collaborators_see_each_others_things_and_develop() {
    let sim = Sim::start(&[]);
    let partner = sim.truth("/products")[0].clone();
    let theirs = partner["id"].as_str().unwrap();
    assert_eq!(sim.get("/products").ids(), [theirs], "collaborators' products are listed");
    assert_eq!(sim.get("/accounts").ids().len(), 2);
    let owner = partner["owner_id"].as_str().unwrap();
    assert_eq!(sim.get("/devices").ids().len(), 0);
    assert_eq!(sim.get(&format!("/devices?filter[owner.id]={owner}")).ids().len(), 3);
    assert_eq!(sim.get(&format!("/devices?filter[product.id]={theirs}")).ids().len(), 2);
    let body = group_body("development", "mine", theirs);
    assert_eq!(sim.api("POST", "/devicegroups", &body).status, 201);
    let body = group_body("production", "not mine", theirs);
    assert_eq!(sim.api("POST", "/devicegroups", &body).error().2, "Invalid Permission");
}
