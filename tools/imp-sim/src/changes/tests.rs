//! From requests to records, without sockets.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::memory::Simulator;

const KIND: &str = "development_devicegroup";

/// A simulator that notes changes, a token for it, and where the file of the changes is.
type Service = (Simulator, String, TempDir);

fn begin() -> Service {
    let simulator = Simulator::start(&["--devices", "3"], 0).expect("it starts");
    let directory = tempfile::tempdir().expect("a directory");
    simulator.note_changes(&directory.path().join("changes")).expect("it can be written");
    let sign_in = json!({"id": simulator.entry.user, "password": simulator.entry.password});
    let header = [("content-type".to_owned(), "application/json".to_owned())];
    let body = Some(sign_in.to_string().into_bytes());
    let answer = simulator.ask(Duration::ZERO, "POST", "/v5/auth", &header, body).expect("HTTP");
    let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
    (simulator, answer["access_token"].as_str().expect("a token").to_owned(), directory)
}

/// Sends a request; gives the id of what it made, if it made anything.
fn ask((simulator, token, _): &Service, request: &str, data: &Value) -> String {
    let (method, path) = request.split_once(' ').expect("a method and a path");
    let headers = [
        ("authorization".to_owned(), format!("Bearer {token}")),
        ("content-type".to_owned(), "application/vnd.api+json".to_owned()),
    ];
    let body = Some(json!({"data": data}).to_string().into_bytes());
    let path = format!("/v5{path}");
    let answer = simulator.ask(Duration::ZERO, method, &path, &headers, body).expect("HTTP");
    assert!(answer.status < 300, "{request}: {}", String::from_utf8_lossy(&answer.body));
    let answer: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    answer["data"]["id"].as_str().unwrap_or_default().to_owned()
}

/// Makes a product and a development group in it; gives the id of the group.
fn make_group(service: &Service) -> String {
    let named = |name: &str| json!({"name": name});
    let product = json!({"type": "product", "attributes": named("Ovens")});
    let product = ask(service, "POST /products", &product);
    let place = json!({"product": {"type": "product", "id": product}});
    let group = json!({"type": KIND, "attributes": named("Bench"), "relationships": place});
    ask(service, "POST /devicegroups", &group)
}

fn records((_, _, directory): &Service) -> Vec<Value> {
    let lines = std::fs::read_to_string(directory.path().join("changes")).expect("a text");
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The ids of the first two devices.
fn two_devices((simulator, token, _): &Service) -> [Value; 2] {
    let headers = [("authorization".to_owned(), format!("Bearer {token}"))];
    let listed = simulator.ask(Duration::ZERO, "GET", "/v5/devices", &headers, None);
    let listed: Value = serde_json::from_slice(&listed.expect("HTTP").body).expect("JSON");
    [0, 1].map(|number| listed["data"][number]["id"].clone())
}

#[test]
fn what_was_made_is_named_by_what_it_is_and_its_number() {
    let service = begin();
    let group = make_group(&service);
    let code = json!({"type": "deployment",
        "attributes": {"device_code": "server.log(1)", "agent_code": "", "tags": ["a"]},
        "relationships": {"devicegroup": {"type": KIND, "id": group}}});
    ask(&service, "POST /deployments", &code);
    let (update, delete) =
        (format!("PATCH /devicegroups/{group}"), format!("DELETE /devicegroups/{group}"));
    let renamed =
        json!({"type": KIND, "id": group, "attributes": {"name": "B", "description": ""}});
    // The second time it is so already, which is no change.
    ask(&service, &update, &renamed);
    ask(&service, &update, &renamed);
    ask(&service, &delete, &Value::Null);
    let told = records(&service);
    let shown = |record: &Value| {
        let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
        format!("{} {} {} {}", record["step"], text("verb"), text("id"), text("name"))
    };
    let shown: Vec<String> = told.iter().map(shown).collect();
    let expected = [
        "1 create new:product:1 Ovens",
        "2 create new:devicegroup:1 Bench",
        "3 deploy new:devicegroup:1 Bench",
        "4 update new:devicegroup:1 Bench",
        "5 delete new:deployment:1 ",
        "5 delete new:devicegroup:1 B",
    ];
    assert_eq!(shown, expected);
    assert_eq!(told[1]["after"], json!({"name": "Bench", "product_id": "new:product:1"}));
    let sha = &told[2]["after"]["current_deployment"]["sha"];
    let made_of =
        json!({"sha": sha, "tags": ["a"], "device_code": "server.log(1)", "agent_code": ""});
    // The account may calculate another one, so nothing that is made here is told by it later.
    assert_eq!((sha.as_str().map(str::len), &told[4]["before"]["sha"]), (Some(64), &Value::Null));
    assert_eq!(told[2]["before"], json!({"current_deployment_id": null}));
    let after = json!({"current_deployment_id": "new:deployment:1", "current_deployment": made_of});
    assert_eq!((&told[2]["after"], &told[3]["after"]), (&after, &json!({"name": "B"})));
    assert_eq!((&told[5]["after"], &told[5]["before"]["name"]), (&Value::Null, &json!("B")));
}

#[test]
fn devices_are_told_one_by_one_and_what_cannot_be_told_is_counted() {
    let service = begin();
    let ids = two_devices(&service);
    let group = make_group(&service);
    let [one, other] = [&ids[0], &ids[1]].map(|id| json!({"type": "device", "id": id}));
    let twice = json!([one.clone(), other, one]);
    let members = format!("POST /devicegroups/{group}/relationships/devices");
    // The second time they are there already.
    ask(&service, &members, &twice);
    ask(&service, &members, &twice);
    let restart = format!("POST /devices/{}/conditional_restart", ids[1].as_str().expect("an id"));
    ask(&service, &restart, &Value::Null);
    ask(&service, "POST /logstream", &Value::Null);
    let told = records(&service);
    let moved: Vec<&Value> = told.iter().filter(|record| record["verb"] == "assign").collect();
    assert_eq!(moved.iter().map(|record| &record["id"]).collect::<Vec<_>>(), [&ids[0], &ids[1]]);
    let nowhere = json!({"devicegroup_id": null, "devicegroup_type": null});
    let there = json!({"devicegroup_id": "new:devicegroup:1", "devicegroup_type": KIND});
    assert_eq!((&moved[0]["before"], &moved[0]["after"]), (&nowhere, &there));
    let last = told.last().expect("a restart");
    assert_eq!((&last["before"], &last["after"]), (&json!({}), &json!({})));
    assert_eq!((told.len(), &last["conditional"]), (5, &json!(true)));
    assert_eq!(service.0.left_out().as_deref(), Some("1 log stream"));
}
