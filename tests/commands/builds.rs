//! `imp-build`, and the verbs that clear builds away: `imp-dg builds`, `delete --force`.

mod clearing;
mod create;
mod given;
mod of_groups;
mod project_file;
mod read;
mod tidy;

use serde_json::{Value, json};
use tests::{DEVELOPMENT, Sim};

/// Deploys past the commands; gives the id.
fn deploy(sim: &Sim, group: &str, code: &str, attributes: &Value) -> String {
    let kind = sim.all("devicegroups");
    let kind = kind.iter().find(|one| one["id"] == group).expect("a group")["type"].clone();
    let mut all = json!({"device_code": code, "agent_code": ""});
    all.as_object_mut()
        .expect("an object")
        .extend(attributes.as_object().expect("an object").clone());
    let relations = json!({"devicegroup": {"type": kind, "id": group}});
    let data = json!({"type": "deployment", "attributes": all, "relationships": relations});
    let answer = sim.api("POST", "/deployments", &json!({"data": data}));
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["data"]["id"].as_str().expect("an id").to_owned()
}

/// A deployment with its code, as the service has it.
fn deployment(sim: &Sim, id: &str) -> Value {
    let answer = sim.api("GET", &format!("/deployments/{id}"), &Value::Null);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["data"]["attributes"].clone()
}

/// What the simulator knows of a group.
fn group(sim: &Sim, id: &str) -> Value {
    let groups = sim.all("devicegroups");
    groups.into_iter().find(|one| one["id"] == id).expect("a group")
}

/// A file of records for `imp-sim --load`: the product `Old`, and what `of_product` adds.
fn loaded(of_product: impl Fn(&str) -> Vec<Value>) -> (tests::Dir, String) {
    let product = "10000000-0000-0000-0000-000000000001";
    let mut records = vec![json!({"type": "product", "id": product, "name": "Old"})];
    records.extend(of_product(product));
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    let dir = tests::Dir::new();
    dir.write("records", lines.join("\n"));
    let path = dir.path().join("records").to_str().expect("UTF-8").to_owned();
    (dir, path)
}

/// The id of a loaded deployment.
fn loaded_id(number: u32) -> String {
    format!("00000000-0000-0000-0000-{number:012}")
}

/// The record of a deployment to load; the number tells its age.
fn loaded_build(number: u32, product: &str, group: Option<&str>, flagged: bool) -> Value {
    let mut build = json!({
        "type": "deployment", "id": loaded_id(number), "device_code": "", "agent_code": "",
        "product_id": product, "flagged": flagged,
        "created_at": format!("2020-01-{number:02}T00:00:00.000Z"),
    });
    if let Some(group) = group {
        build["devicegroup_id"] = group.into();
    }
    build
}

/// A simulator with the group `Aged`, whose builds 1 to 4 have ages for certain.
fn aged(flagged: [bool; 4]) -> (tests::Dir, Sim) {
    let group = "20000000-0000-0000-0000-000000000001";
    let (dir, path) = loaded(|product| {
        let mut records = vec![json!({"type": DEVELOPMENT, "id": group, "name": "Aged",
                                      "product_id": product})];
        let builds = flagged.into_iter().zip(1..);
        records.extend(
            builds.map(|(flagged, number)| loaded_build(number, product, Some(group), flagged)),
        );
        records
    });
    let sim = Sim::start(&["--load", &path]);
    (dir, sim)
}
