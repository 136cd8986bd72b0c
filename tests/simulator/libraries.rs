//! Libraries and their versions.

use super::client::Sim;
use serde_json::{Value, json};

const NOTHING: Value = Value::Null;

fn library(name: &str) -> Value {
    json!({"data": {"type": "library", "attributes": {"name": name}}})
}

fn version(number: &str) -> Value {
    json!({"data": {"type": "libraryversion", "attributes": {
        "version": number, "code": "class A {}", "description": "first"}}})
}

#[test]
fn a_library_lists_its_versions_as_bare_identifiers() {
    let sim = Sim::start(&[]);
    let body = json!({"data": {"type": "library", "attributes": {"name": "Rocky",
        "description": "REST", "reference": "https://example.com", "permission": "require"}}});
    let created = sim.api("POST", "/libraries", &body);
    assert_eq!(created.status, 201);
    let data = created.json()["data"].clone();
    assert_eq!(data["type"], "library");
    assert_eq!(data["attributes"]["permission"], "require");
    assert_eq!(data["attributes"]["supported"], true);
    assert_eq!(data["relationships"]["versions"], json!([]));
    let path = format!("/libraries/{}", created.id());
    let first = sim.api("POST", &format!("{path}/versions"), &version("1.0.0"));
    assert_eq!(first.status, 201);
    assert_eq!(first.id(), format!("{}:1.0.0", created.id()));
    sim.api("POST", &format!("{path}/versions"), &version("1.1.0"));
    let ids = [first.id(), format!("{}:1.1.0", created.id())];
    let listed = sim.get("/libraries").json()["data"][0].clone();
    assert_eq!(
        listed["relationships"]["versions"],
        json!([{"type": "libraryversion", "id": ids[0]}, {"type": "libraryversion", "id": ids[1]}])
    );
    assert_eq!(listed, sim.get(&path).json()["data"]);
    let one = sim.get(&format!("{path}/versions/{}", ids[0].replace(':', "%3A")));
    assert_eq!(one.json(), first.json());
    let attributes = &one.json()["data"]["attributes"];
    assert_eq!(
        (&attributes["version"], &attributes["code"]),
        (&json!("1.0.0"), &json!("class A {}"))
    );
    let link = one.json()["data"]["links"]["self"].clone();
    assert!(link.as_str().unwrap().ends_with(&format!("{path}/versions/{}", ids[0])), "{link}");
}

#[test]
fn libraries_and_versions_change_but_for_number_and_code() {
    let sim = Sim::start(&[]);
    let id = sim.api("POST", "/libraries", &library("A")).id();
    let path = format!("/libraries/{id}");
    let vid = sim.api("POST", &format!("{path}/versions"), &version("1")).id();
    let update = |kind: &str, id: &str, attributes: Value| json!({"data": {"type": kind, "id": id, "attributes": attributes}});
    let changed = sim.api(
        "PATCH",
        &path,
        &update("library", &id, json!({"name": "B", "permission": "view", "supported": false})),
    );
    assert_eq!(changed.status, 200);
    let attributes = sim.get(&path).json()["data"]["attributes"].clone();
    assert_eq!(changed.json()["data"]["attributes"], attributes);
    assert_eq!((&attributes["name"], &attributes["permission"]), (&json!("B"), &json!("view")));
    assert_eq!(attributes["supported"], false);
    let path = format!("{path}/versions/{vid}");
    let body = update("libraryversion", &vid, json!({"description": "d", "supported": false}));
    let changed = sim.api("PATCH", &path, &body);
    assert_eq!(changed.status, 200);
    let attributes = sim.get(&path).json()["data"]["attributes"].clone();
    assert_eq!(changed.json()["data"]["attributes"], attributes);
    assert_eq!(
        (&attributes["description"], &attributes["supported"]),
        (&json!("d"), &json!(false))
    );
    for fixed in [json!({"code": "x"}), json!({"version": "2"})] {
        let body = update("libraryversion", &vid, fixed);
        assert_eq!(sim.api("PATCH", &path, &body).error().1, "VX003");
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let id = sim.api("POST", "/libraries", &library("A")).id();
    let versions = format!("/libraries/{id}/versions");
    let vid = sim.api("POST", &versions, &version("1")).id();
    assert_eq!(sim.api("POST", "/libraries", &library("A")).error().1, "CX001");
    assert_eq!(sim.api("POST", &versions, &version("1")).error().1, "CX001");
    assert_eq!(sim.api("POST", "/libraries", &library("")).error().1, "VX003");
    assert_eq!(sim.api("POST", &versions, &version("1/2")).error().1, "VX003");
    let codeless = json!({"data": {"type": "libraryversion", "attributes": {"version": "2"}}});
    assert_eq!(sim.api("POST", &versions, &codeless).error().1, "VX003");
    let odd =
        json!({"data": {"type": "library", "attributes": {"name": "B", "permission": "all"}}});
    assert_eq!(sim.api("POST", "/libraries", &odd).error().1, "VX003");
    for nothing in
        ["/libraries/x".to_owned(), format!("{versions}/1"), format!("{versions}/{id}:2")]
    {
        assert_eq!(sim.get(&nothing).status, 404, "{nothing}");
    }
    for (method, path) in [
        ("DELETE", format!("/libraries/{id}")),
        ("GET", versions.clone()),
        ("DELETE", format!("{versions}/{vid}")),
    ] {
        assert_eq!(sim.api(method, &path, &NOTHING).status, 405, "{method} {path}");
    }
    let free = sim.sign_in("free");
    let theirs = sim.ask_as(&free, "GET", &format!("/libraries/{id}"), &NOTHING, &[]).unwrap();
    assert_eq!(theirs.status, 404);
}
