//! Compiling, filters and protection of deployments.

use super::client::Sim;
use super::line::deployment;
use serde_json::{Value, json};

const NOTHING: Value = Value::Null;

#[test]
fn code_that_does_not_compile_is_refused_with_its_place() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let group = sim.group("development", "G");
    let good =
        "local a = @\"C:\\\n \"\"{\"\"\"; // {\nfunction f() { return [1, (2)]; } # '\n/* { */";
    for (device, agent, places) in [
        ("function f() {\n  server.log(\"x\");\n", good, &[("device_code", 1, 14)][..]),
        (good, "x = 1;\n\ts = \"abc;\n", &[("agent_code", 2, 6)]),
        ("a(1]", "}", &[("device_code", 1, 4), ("agent_code", 1, 1)]),
    ] {
        let answer =
            sim.api("POST", "/deployments", &deployment("development", &group, device, agent));
        let (status, code, title) = answer.error();
        assert_eq!((status, code.as_str(), title.as_str()), (400, "CX005", "Compilation Error"));
        let body = answer.json();
        let meta = body["errors"][0]["meta"].as_array().unwrap();
        let found: Vec<Value> =
            meta.iter().map(|it| json!([it["file"], it["row"], it["column"]])).collect();
        let wanted: Vec<Value> =
            places.iter().map(|(file, row, column)| json!([file, row, column])).collect();
        assert_eq!(found, wanted);
        assert_eq!(meta[0]["type"], "error");
        assert!(!meta[0]["text"].as_str().unwrap().is_empty());
    }
    assert_eq!(sim.get("/deployments").ids(), [""; 0], "nothing is stored");
    sim.deploy("development", &group, good, "");
}

#[test]
fn warnings_come_with_the_success() {
    let sim = Sim::start(&[]);
    let group = sim.group("development", "G");
    let code = "a();\n imp.configure(\"x\", [], []);";
    let body = deployment("development", &group, "", code);
    let answer = sim.api("POST", "/deployments", &body).json();
    let meta = &answer["data"]["meta"][0];
    let text = meta["meta"][0]["text"].as_str().unwrap();
    assert_eq!(
        meta["meta"][0],
        json!({
            "file": "agent_code", "row": 2, "column": 2, "text": text, "type": "warning",
        })
    );
    assert!(meta["title"].is_string() && meta["status"] == "201", "{meta}");
}

#[test]
fn filters_find_deployments() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let (one, two) = (sim.group("development", "A"), sim.group("pre_production", "B"));
    let first = sim.deploy("development", &one, "x()", "y()");
    let second = sim.deploy("pre_production", &two, "x()", "y()");
    let third = sim.deploy("development", &one, "x()", "z()");
    let me = sim.get("/accounts/me").id();
    let data = json!({"type": "deployment", "id": second, "attributes": {"flagged": true, "tags": ["a", "b"]}});
    sim.api("PATCH", &format!("/deployments/{second}"), &json!({ "data": data }));
    let sha = |id: &str| {
        let shown = sim.get(&format!("/deployments/{id}")).json();
        shown["data"]["attributes"]["sha"].as_str().unwrap().to_owned()
    };
    assert_eq!(sha(&first), sha(&second), "it depends on the sources only");
    assert_ne!(sha(&first), sha(&third));
    let list = |filter: &str| sim.get(&format!("/deployments?{filter}")).ids();
    let only_second = std::slice::from_ref(&second);
    let all = [third.clone(), second.clone(), first.clone()];
    assert_eq!(list(""), all);
    assert_eq!(list("filter[flagged]=any"), all);
    assert_eq!(list("filter[flagged]=true"), only_second);
    assert_eq!(list("filter[flagged]=false"), [third.clone(), first.clone()]);
    assert_eq!(list(&format!("filter[flagger.id]={me}")), only_second);
    assert_eq!(list(&format!("filter[creator.id]={me}")), all);
    assert_eq!(list(&format!("filter[sha]={}", sha(&first))), [second.clone(), first.clone()]);
    assert_eq!(list("filter[tags]=b,a"), only_second);
    assert_eq!(list("filter[tags]=b,c"), [""; 0]);
    assert_eq!(list(&format!("filter[devicegroup.id]={one}")), [third, first]);
    assert_eq!(sim.get("/deployments?filter[flagged]=maybe").status, 400);
    let path = format!("/deployments/{second}");
    assert_eq!(sim.api("DELETE", &path, &NOTHING).status, 409);
}
