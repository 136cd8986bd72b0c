//! Bulk membership, rate limits, faults, and what the control address tells about them.

use super::client::{Sim, batch};
use serde_json::{Value, json};

const NOTHING: Value = Value::Null;

#[test]
fn a_mixed_batch_does_what_it_can() {
    let sim = Sim::start(&["--devices", "3"]);
    let group = sim.group("development", "G");
    let ids = sim.get("/devices").ids();
    let answer = sim.members("POST", &group, &[&ids[0], "0c:2a:69:ff:ff:ff", &ids[1], "nonsense"]);
    assert_eq!(answer.status, 400);
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    assert_eq!(errors.len(), 2);
    assert!(errors.iter().all(|error| error["status"] == "404"));
    assert!(errors[0]["detail"].as_str().unwrap().contains("0c:2a:69:ff:ff:ff"));
    let list = format!("/devices?filter[devicegroup.id]={group}");
    assert_eq!(sim.get(&list).ids(), ids[..2]);

    let removed = sim.members("DELETE", &group, &[&ids[0], &ids[2]]);
    assert_eq!(
        (removed.status, removed.json()["errors"][0]["status"].clone()),
        (400, json!("404"))
    );
    sim.members("POST", &group, &[&ids[1]]);
    let told = sim.truth("/restarts");
    let told: Vec<(i64, i64)> = told
        .iter()
        .map(|device| {
            (device["assigned"].as_i64().unwrap(), device["unassigned"].as_i64().unwrap())
        })
        .collect();
    assert_eq!(told[..3], [(1, 1), (2, 0), (0, 0)], "assigning again is a restart");
}

#[test]
fn variants_of_batches() {
    let options = ["batch-errors=anonymous", "batch-cap=2", "batch-cap-status=413", "readd=refuse"];
    let options = options.iter().flat_map(|option| ["--variant", option]);
    let options: Vec<&str> = options.chain(["--devices", "3"]).collect();
    let sim = Sim::start(&options);
    let group = sim.group("development", "G");
    let ids = sim.get("/devices").ids();
    assert_eq!(sim.members("POST", &group, &[&ids[0], &ids[1], &ids[2]]).error().0, 413);
    let answer = sim.members("POST", &group, &[&ids[0], "0c:2a:69:ff:ff:ff"]);
    assert!(!answer.text.contains("0c:2a"), "{}", answer.text);
    let again = sim.members("POST", &group, &[&ids[0]]);
    assert_eq!((again.status, again.json()["errors"][0]["status"].clone()), (400, json!("409")));
}

#[test]
fn unblessing_needs_the_key_and_is_limited_for_itself() {
    let sim = Sim::start(&["--production", "9", "--unbond-key", "secret-key"]);
    let ids = sim.get("/devices").ids();
    let group = sim
        .truth("/devicegroups")
        .iter()
        .find(|group| group["name"] == "SimProduction")
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/devicegroups/{group}/relationships/devices");
    let unbless = |id: &str, headers: &[(&str, &str)]| {
        sim.ask_as(&sim.token, "DELETE", &path, &batch(&[id]), headers).unwrap()
    };
    let development = sim.group("development", "G");
    assert_eq!(sim.members("POST", &development, &[&ids[0]]).status, 400, "not without the key");
    assert_eq!(sim.members("POST", &group, &[&ids[0]]).status, 204, "moves in its kind");
    for _ in 0..5 {
        assert_eq!(
            unbless(&ids[0], &[]).error(),
            (403, "PX102".into(), "Invalid Unblessing Key".into())
        );
    }
    let key = [("x-electricimp-key", "secret-key")];
    // Nine requests within two windows of two: some must be over the limit.
    let statuses: Vec<u16> = ids.iter().map(|id| unbless(id, &key).status).collect();
    assert!(statuses.contains(&204) && statuses.contains(&429), "{statuses:?}");
    let freed = &ids[statuses.iter().position(|&status| status == 204).unwrap()];
    assert_eq!(sim.members("POST", &development, &[freed]).status, 204, "a development device");
    assert_eq!(sim.members("POST", &group, &[freed]).status, 400, "never back by hand");
}

#[test]
fn the_rate_limit_is_the_accounts() {
    let sim = Sim::start(&["--rate-limit", "5", "--variant", "rate-window=bucket"]);
    assert_eq!(sim.get("/accounts/me").header("x-ratelimit-remaining"), Some("4"));
    // At once, but for a machine that is so slow that the bucket is refilled meanwhile.
    let mut answers = (0..1_000).map(|_| sim.get("/accounts/me"));
    let over = answers.find(|answer| answer.status == 429).expect("a 429");
    assert_eq!(over.header("x-ratelimit-limit"), Some("5"));
    assert_eq!(over.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(over.header("x-ratelimit-reset"), Some("1"));
    assert_eq!(over.header("retry-after"), None);
    assert_eq!(over.json()["errors"][0]["status"], "429");
    let free = sim.sign_in("free");
    let other = sim.ask_as(&free, "GET", "/accounts/me", &NOTHING, &[]).unwrap();
    assert_eq!(other.status, 200);
}

#[test]
fn faults_cut_before_or_after_the_effect() {
    let sim = Sim::start(&["--fault", "POST /products cut=before times=1"]);
    let create = |name: &str| {
        let body = json!({"data": {"type": "product", "attributes": {"name": name}}});
        sim.ask("POST", "/products", &body)
    };
    assert!(create("A").is_none());
    sim.control("POST", "/faults", "POST /products cut=after times=1\n");
    assert!(create("B").is_none());
    sim.control("POST", "/faults", "POST /products cut=middle times=1\n");
    assert!(create("C").is_none());
    sim.control("POST", "/faults", "POST /products 502 body=html effect=yes times=1");
    let html = create("D").unwrap();
    assert_eq!((html.status, html.header("content-type")), (502, Some("text/html")));
    sim.control("POST", "/faults", "POST /products 503 body=empty times=1");
    let empty = create("E").unwrap();
    assert_eq!((empty.status, empty.text.as_str()), (503, ""));
    assert_eq!(create("F").unwrap().status, 201);
    let names: Vec<Value> =
        sim.truth("/products").iter().skip(1).map(|product| product["name"].clone()).collect();
    assert_eq!(names, ["B", "C", "D", "F"]);
    let rules = sim.truth("/faults");
    assert_eq!(rules.len(), 5);
    assert!(rules.iter().all(|rule| rule["applied"] == 1), "{rules:?}");
    sim.control("DELETE", "/faults", "");
    assert!(sim.truth("/faults").is_empty());
    let counts: Value = serde_json::from_str(&sim.control("GET", "/counts", "")).unwrap();
    assert_eq!(counts["by_kind"]["POST /products"], json!({"0": 3, "201": 1, "502": 1, "503": 1}));
}

#[test]
fn faults_let_part_of_a_batch_fail_and_limit() {
    let sim = Sim::start(&[
        "--devices",
        "10",
        "--fault",
        "POST /devicegroups/*/relationships/devices part=3 500 times=1",
        "--fault",
        "GET /devices 429 times=1",
    ]);
    let limited = sim.get("/devices");
    assert_eq!((limited.status, limited.header("x-ratelimit-remaining")), (429, Some("0")));
    let group = sim.group("development", "G");
    let ids = sim.get("/devices").ids();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let answer = sim.members("POST", &group, &ids);
    let errors = answer.json()["errors"].as_array().unwrap().clone();
    assert_eq!((answer.status, errors.len()), (400, 3));
    assert!(errors.iter().all(|error| error["status"] == "500"));
    let list = format!("/devices?filter[devicegroup.id]={group}");
    assert_eq!(sim.get(&list).ids().len(), 7);
}

#[test]
fn the_control_address_counts_and_forgets() {
    let sim = Sim::start(&["--devices", "4"]);
    let group = sim.group("development", "G");
    let ids = sim.get("/devices").ids();
    sim.members("POST", &group, &[&ids[0], &ids[1]]);
    let log = sim.truth("/requests");
    let last = log.last().unwrap();
    assert_eq!(last["method"], "POST");
    assert_eq!(last["path"], format!("/devicegroups/{group}/relationships/devices"));
    assert_eq!((&last["devices"], &last["status"]), (&json!(2), &json!(204)));
    assert_eq!(last["account"], "simuser");
    let counts: Value = serde_json::from_str(&sim.control("GET", "/counts", "")).unwrap();
    assert_eq!(counts["total"], 5);
    assert_eq!(counts["renewals"], 1);
    assert_eq!(counts["most_in_flight"], 1);
    sim.control("POST", "/reset", "");
    let counts: Value = serde_json::from_str(&sim.control("GET", "/counts", "")).unwrap();
    assert_eq!((&counts["total"], &counts["writes"]), (&json!(0), &json!(0)));
    assert_eq!(sim.truth("/restarts")[0]["assigned"], 0);
    let added = sim.control("POST", "/add-devices", "{\"count\":3}");
    assert_eq!(added.lines().count(), 3);
    assert_eq!(sim.get("/devices").ids().len(), 7);
}
