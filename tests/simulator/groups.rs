//! Device groups and their deployments over HTTP.

use super::client::{Answer, Sim, group_body};
use serde_json::{Value, json};

const NOTHING: Value = Value::Null;

fn product(name: &str) -> Value {
    json!({"data": {"type": "product", "attributes": {"name": name}}})
}

/// A fixture group's body with these targets.
fn fixture_body(zone: &str, product: &str, production: (&str, &str), dut: (&str, &str)) -> Value {
    let mut body = group_body(&format!("{zone}factoryfixture"), &format!("{zone}f"), product);
    for (name, (kind, id)) in [("production_target", production), ("dut_target", dut)] {
        let target = json!({"type": format!("{zone}{kind}_devicegroup"), "id": id});
        body["data"]["relationships"][name] = target;
    }
    body
}

#[test]
fn fixture_groups_need_targets_of_their_zone() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let id = sim.api("POST", "/products", &product("P")).id();
    let create = |body: &Value| sim.api("POST", "/devicegroups", body);
    for zone in ["", "pre_"] {
        let group = |kind: &str| {
            create(&group_body(&format!("{zone}{kind}"), &format!("{zone}{kind}"), &id)).id()
        };
        let (made, dut) = (group("production"), group("dut"));
        let none = group_body(&format!("{zone}factoryfixture"), "f", &id);
        assert_eq!(create(&none).error().0, 400, "targets are missing");
        let wrong = fixture_body(zone, &id, ("production", &made), ("production", &made));
        assert_eq!(create(&wrong).error().0, 400, "a production group is no DUT target");
        let right = fixture_body(zone, &id, ("production", &made), ("dut", &dut));
        let fixture = create(&right);
        assert_eq!(fixture.status, 201);
        assert_eq!(fixture.json()["data"]["relationships"]["dut_target"]["id"], dut.as_str());
        let path = format!("/devicegroups/{dut}");
        assert_eq!(sim.api("DELETE", &path, &NOTHING).error().0, 409, "it is a target");
    }
    let list = format!("/devicegroups?filter[product.id]={id}&filter[type]=pre_dut_devicegroup");
    assert_eq!(sim.get(&list).ids().len(), 1);
}

#[test]
fn groups_of_all_types_share_the_names_of_a_product() {
    let sim = Sim::start(&[]);
    let id = sim.api("POST", "/products", &product("P")).id();
    let create = |kind: &str| sim.api("POST", "/devicegroups", &group_body(kind, "G", &id));
    let made = create("production");
    assert_eq!(made.json()["data"]["attributes"]["load_code_after_blessing"], true);
    assert_eq!(create("development").error().2, "Duplicate Resource");
    let path = format!("/products/{id}");
    assert_eq!(sim.api("DELETE", &path, &NOTHING).error().2, "Dependent Devicegroups Exist");
    assert_eq!(sim.api("DELETE", &format!("/devicegroups/{}", made.id()), &NOTHING).status, 204);
    let development = create("development").json();
    assert!(development["data"]["attributes"].get("load_code_after_blessing").is_none());
}

#[test]
fn env_vars_are_replaced_whole_and_checked() {
    let sim = Sim::start(&[]);
    let id = sim.group("development", "G");
    let path = format!("/devicegroups/{id}");
    let change = |variables: Value| {
        let attributes = json!({"env_vars": variables});
        let data = json!({"type": "development_devicegroup", "id": id, "attributes": attributes});
        sim.api("PATCH", &path, &json!({ "data": data }))
    };
    let answer = change(json!({"a": 1, "b_2": "x"})).json();
    assert_eq!(answer["data"]["attributes"]["env_vars"], json!({"a": 1, "b_2": "x"}));
    let kept = change(NOTHING).json();
    assert_eq!(kept["data"]["attributes"]["env_vars"], json!({"a": 1, "b_2": "x"}));
    assert_eq!(change(json!({})).json()["data"]["attributes"]["env_vars"], json!({}));
    for wrong in [json!({"_a": 1}), json!({"a": true}), json!([]), json!({"a": "x".repeat(16_000)})]
    {
        assert_eq!(change(wrong).status, 400);
    }
}

/// Deploys code with these tags.
fn deploy(sim: &Sim, group: &str, tags: &Value) -> Answer {
    let related = json!({"devicegroup": {"type": "development_devicegroup", "id": group}});
    let attributes = json!({"device_code": "", "agent_code": "x", "tags": tags});
    let data = json!({"type": "deployment", "attributes": attributes, "relationships": related});
    sim.api("POST", "/deployments", &json!({ "data": data }))
}

/// Flags a deployment, or takes the flag away.
fn flag(sim: &Sim, id: &str, flagged: bool) -> Answer {
    let data = json!({"type": "deployment", "id": id, "attributes": {"flagged": flagged}});
    sim.api("PATCH", &format!("/deployments/{id}"), &json!({ "data": data }))
}

#[test]
fn tags_of_null_are_as_good_as_absent() {
    let sim = Sim::start(&[]);
    let group = sim.group("development", "G");
    assert_eq!(deploy(&sim, &group, &NOTHING).json()["data"]["attributes"]["tags"], json!([]));
    let id = deploy(&sim, &group, &json!(["a"])).id();
    let body = json!({"data": {"type": "deployment", "id": id, "attributes": {"tags": null}}});
    let answer = sim.api("PATCH", &format!("/deployments/{id}"), &body).json();
    assert_eq!(answer["data"]["attributes"]["tags"], json!(["a"]));
}

#[test]
fn the_minimum_deployment_only_goes_forward() {
    let sim = Sim::start(&[]);
    let group = sim.group("development", "G");
    let first = deploy(&sim, &group, &json!(["a", "b"])).id();
    let second = deploy(&sim, &group, &json!(["a"])).id();
    assert_eq!(deploy(&sim, &group, &json!(["no blanks"])).status, 400);
    let shown = sim.get(&format!("/devicegroups/{group}")).json();
    assert_eq!(shown["data"]["relationships"]["current_deployment"]["id"], second.as_str());
    assert_eq!(shown["data"]["relationships"]["min_supported_deployment"]["id"], first.as_str());
    assert_eq!(sim.get("/deployments").ids(), [second.as_str(), &first], "newest first");
    assert_eq!(sim.get("/deployments?filter[tags]=a,b").ids(), [first.as_str()]);
    let repeated = "/deployments?filter[tags]=a&filter[tags]=b";
    assert_eq!(sim.get(repeated).ids(), [first.as_str()], "an array as the maker sends it");
    let minimum = format!("/devicegroups/{group}/relationships/min_supported_deployment");
    let put =
        |id: &str| sim.api("PUT", &minimum, &json!({"data": {"type": "deployment", "id": id}}));
    assert_eq!(put(&second).id(), second);
    assert_eq!(put(&second).status, 200, "the same again");
    assert_eq!(put(&first).error().0, 409, "it never goes back");
}

#[test]
fn flags_and_the_minimum_protect_deployments() {
    let sim = Sim::start(&[]);
    let group = sim.group("development", "G");
    let first = deploy(&sim, &group, &json!([])).id();
    let delete = |path: &str| sim.api("DELETE", path, &NOTHING);
    let (build, group) = (format!("/deployments/{first}"), format!("/devicegroups/{group}"));
    assert_eq!(delete(&build).error().2, "Deployment In Use");
    assert!(flag(&sim, &first, true).json()["data"]["relationships"]["flagger"].is_object());
    assert_eq!(delete(&build).error().2, "Resource Flagged");
    assert_eq!(delete(&group).error().2, "Flagged Deployments Exist");
    flag(&sim, &first, false);
    assert_eq!(delete(&group).status, 204);
    assert_eq!(sim.get(&build).status, 404, "it goes with its group");
}
