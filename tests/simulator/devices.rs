//! Devices over HTTP: lists, pages, filters, names, batches of a wrong shape.

use super::client::{Sim, batch};
use serde_json::{Value, json};

const NOTHING: Value = Value::Null;

#[test]
fn lists_are_paged_to_the_end_without_loss() {
    let sim = Sim::start(&["--devices", "45", "--rate-limit", "off"]);
    let all: Vec<String> = sim
        .truth("/devices?owner=simuser")
        .iter()
        .map(|device| device["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(sim.get("/devices").ids().len(), 20, "the default size");
    let mut seen = Vec::new();
    let mut path = "/devices?page[size]=15".to_owned();
    loop {
        let page = sim.get(&path);
        seen.extend(page.ids());
        let Some(next) = page.json()["links"]["next"].as_str().map(str::to_owned) else {
            break;
        };
        path = next.strip_prefix(sim.entry["endpoint"].as_str().unwrap()).unwrap().to_owned();
    }
    assert_eq!(seen, all);
    for wrong in ["page[size]=0", "page[size]=101", "page[number]=0", "page[number]=x"] {
        assert_eq!(sim.get(&format!("/devices?{wrong}")).error().0, 400, "{wrong}");
    }
    assert_eq!(sim.get("/devices?filter[colour]=red").error().0, 400);
    assert_eq!(sim.get("/devices?page%5Bnumber%5D=99").ids(), Vec::<String>::new());
}

#[test]
fn variants_of_paging() {
    let options =
        ["page-past-end=404", "last-page-next=self", "list-repeats=on", "link-host=foreign"];
    let options = options.iter().flat_map(|option| ["--variant", option]);
    let options: Vec<&str> = options.chain(["--devices", "10"]).collect();
    let sim = Sim::start(&options);
    let first = sim.get("/devices?page[size]=4&page[number]=1");
    let second = sim.get("/devices?page[size]=4&page[number]=2");
    assert_eq!(first.ids()[3], second.ids()[0]);
    assert!(
        second.json()["links"]["next"].as_str().unwrap().starts_with("https://api.invalid/v5/")
    );
    let last = sim.get("/devices?page[size]=4&page[number]=3").json();
    assert_eq!(last["links"]["next"], last["links"]["self"]);
    assert_eq!(last["data"].as_array().unwrap().len(), 4);
    assert_eq!(sim.get("/devices?page[size]=4&page[number]=9").status, 404);
}

#[test]
fn devices_are_addressed_and_renamed_by_all_three_ids() {
    let sim = Sim::start(&["--devices", "2"]);
    let group = sim.group("development", "G");
    let device = sim.truth("/devices?owner=simuser")[0].clone();
    let (id, mac) = (device["id"].as_str().unwrap(), device["mac_address"].as_str().unwrap());
    assert_eq!(sim.members("POST", &group, &[mac]).status, 204);
    let shown = sim.get(&format!("/devices/{id}")).json();
    let agent = shown["data"]["attributes"]["agent_id"].as_str().unwrap();
    assert_eq!(shown["data"]["relationships"]["devicegroup"]["type"], "development_devicegroup");
    for name in [id, mac, agent] {
        let body = json!({"data": {"type": "device", "id": name, "attributes": {"name": name}}});
        let renamed = sim.api("PATCH", &format!("/devices/{name}"), &body).json();
        assert_eq!(renamed["data"]["id"], id);
        assert_eq!(renamed["data"]["attributes"]["name"], name);
        assert_eq!(sim.api("POST", &format!("/devices/{name}/restart"), &NOTHING).status, 204);
    }
    let body = json!({"data": {"type": "device", "id": mac, "attributes": {"name": ""}}});
    let unnamed = sim.api("PATCH", &format!("/devices/{id}"), &body).json();
    assert_eq!(unnamed["data"]["attributes"]["name"], NOTHING);
}

#[test]
fn an_unassigned_device_has_no_agent_until_it_comes_back() {
    let sim = Sim::start(&["--devices", "1"]);
    let group = sim.group("development", "G");
    let id = sim.get("/devices").ids()[0].clone();
    let path = format!("/devices/{id}");
    assert_eq!(sim.members("POST", &group, &[&id]).status, 204);
    let agent = sim.get(&path).json()["data"]["attributes"]["agent_id"].clone();
    let agent = agent.as_str().unwrap();
    assert_eq!(sim.api("DELETE", &path, &NOTHING).error().0, 409, "assigned");
    assert_eq!(sim.members("DELETE", &group, &[agent]).status, 204);
    let gone = sim.get(&path).json();
    assert_eq!(gone["data"]["attributes"]["agent_id"], NOTHING);
    assert!(gone["data"]["relationships"].get("devicegroup").is_none());
    assert_eq!(sim.get(&format!("/devices/{agent}")).status, 404);
    assert_eq!(sim.api("POST", &format!("{path}/restart"), &NOTHING).error().0, 409);
    sim.members("POST", &group, &[&id]);
    assert_eq!(sim.get(&format!("/devices/{agent}")).id(), id, "the agent id comes back");
    sim.members("DELETE", &group, &[&id]);
    assert_eq!(sim.api("DELETE", &path, &NOTHING).status, 204);
    assert_eq!(sim.get(&path).status, 404);
}

#[test]
fn device_filters_and_together() {
    let sim = Sim::start(&["--devices", "6", "--production", "4"]);
    let group = sim.group("development", "G");
    let devices = sim.get("/devices").ids();
    sim.members("POST", &group, &[&devices[5], &devices[0]]);
    let count = |filters: &str| sim.get(&format!("/devices?{filters}")).ids().len();
    assert_eq!(count(&format!("filter[devicegroup.id]={group}")), 2);
    assert_eq!(count("filter[devicegroup.owner.id]=null"), 4);
    assert_eq!(count("filter[devicegroup.type]=production_devicegroup"), 4);
    assert_eq!(count("filter[devicegroup.type]=development_devicegroup"), 2);
    let mixed = format!("filter[devicegroup.id]={group}&filter[devicegroup.owner.id]=null");
    assert_eq!(count(&mixed), 0);
    let accounts = sim.truth("/accounts");
    let [main, partner] = [0, 1].map(|at: usize| accounts[at]["id"].as_str().unwrap());
    let both = |one, two| count(&format!("filter[owner.id]={one}&filter[account.id]={two}"));
    assert_eq!([both(main, main), both(partner, partner)], [10, 3]);
    assert_eq!([both(main, partner), both(partner, main)], [0, 0]);
    assert_eq!(count(""), 10);
    assert_eq!(sim.get("/devices?filter[devicegroup.type]=nonsense").status, 400);
    let plain = Sim::start(&[
        "--devices",
        "6",
        "--production",
        "4",
        "--variant",
        "plain-device-list=development",
    ]);
    assert_eq!(plain.get("/devices").ids().len(), 6);
}

#[test]
fn a_batch_of_a_wrong_shape_does_nothing() {
    let sim = Sim::start(&["--devices", "2"]);
    let group = sim.group("development", "G");
    let id = sim.get("/devices").ids()[0].clone();
    let path = format!("/devicegroups/{group}/relationships/devices");
    for wrong in [
        json!({"data": {"type": "device", "id": id}}),
        json!({"data": [{"type": "device", "id": id}, {"type": "product", "id": id}]}),
        json!({"data": [{"type": "device", "id": id}, {"type": "device"}]}),
        json!([{"type": "device", "id": id}]),
    ] {
        assert_eq!(sim.api("POST", &path, &wrong).error().0, 400, "{wrong}");
    }
    assert_eq!(sim.truth("/restarts")[0]["assigned"], 0);
    assert_eq!(sim.api("POST", &path, &batch(&[])).status, 204);
}
