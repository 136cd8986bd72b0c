//! Logs and histories of devices, and what running code prints.

use super::client::Sim;
use super::line::{Line, add_device};
use serde_json::{Value, json};

const NOTHING: Value = Value::Null;

#[test]
fn an_assignment_shows_its_status_lines_and_what_the_code_prints() {
    let sim = Sim::start(&[]);
    let group = sim.group("development", "G");
    let code = "for (local i = 0; i < 3; i++) server.log(\"tick \" + i);\nserver.error(\"bad\");";
    sim.deploy("development", &group, code, "server.log(\"from the agent\");");
    let device = add_device(&sim);
    assert_eq!(sim.log_of(&device), [], "nothing yet");
    sim.members("POST", &group, &[&device]);
    let mut lines = sim.log_of(&device);
    lines.reverse();
    let text: Vec<&str> = lines.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(text[0], "Agent restarted: reload.");
    assert_eq!(text[1], "Downloading new code; 0.06% program storage used");
    assert_eq!(text[2], "Agent restarted: new_bytecode_version.");
    assert_eq!(text[3..], ["from the agent", "tick 0", "tick 1", "tick 2", "bad"]);
    let types: Vec<&str> = lines.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(types[2..5], ["status", "agent.log", "server.log"]);
    assert_eq!(types[7], "server.error");
    sim.api("POST", &format!("/devices/{device}/restart"), &NOTHING);
    let again = sim.log_of(&device);
    assert_eq!(again.len(), lines.len() + 7, "the same but for new_bytecode_version");
}

#[test]
fn a_log_is_paged_from_the_newest_line_by_all_three_ids() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let group = sim.group("development", "G");
    let device = add_device(&sim);
    sim.members("POST", &group, &[&device]);
    let shown = sim.get(&format!("/devices/{device}")).json()["data"]["attributes"].clone();
    for number in 1..=20 {
        sim.act("log", &json!({"devices": [device], "text": format!("line {number}")}));
    }
    for id in [&device, shown["mac_address"].as_str().unwrap(), shown["agent_id"].as_str().unwrap()]
    {
        let page = sim.get(&format!("/devices/{id}/logs?page[number]=3&page[size]=5")).json();
        let lines: Vec<&Value> =
            page["data"].as_array().unwrap().iter().map(|entry| &entry["msg"]).collect();
        assert_eq!(lines, ["line 10", "line 9", "line 8", "line 7", "line 6"]);
        assert!(page["links"]["next"].is_string());
        let entry = &page["data"][0];
        assert_eq!(entry["device_id"], device.as_str());
        assert_eq!(entry["type"], "server.log");
        assert!(entry["ts"].as_str().unwrap().ends_with('Z'));
        assert!(entry.get("attributes").is_none(), "no resource");
    }
    let all = sim.truth("/logs?owner=simuser");
    assert_eq!(all.last().expect("lines")["msg"], "line 20", "the oldest first");
    assert_eq!(sim.get("/devices/nothing/logs").status, 404);
    assert_eq!(sim.get(&format!("/devices/{device}/logs?page[size]=101")).status, 400);
}

#[test]
fn a_thousand_lines_are_kept() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let group = sim.group("development", "G");
    let code = "for (local i = 0; i < 5000; i++) server.log(i);";
    sim.deploy("development", &group, code, "");
    let device = add_device(&sim);
    sim.members("POST", &group, &[&device]);
    let page =
        |number| sim.get(&format!("/devices/{device}/logs?page[size]=100&page[number]={number}"));
    assert_eq!(page(10).json()["data"].as_array().unwrap().len(), 100);
    assert!(page(10).json()["links"].get("next").is_none());
    assert_eq!(page(1).json()["data"][0]["msg"], "999", "a start logs a thousand lines at most");
}

#[test]
fn production_devices_have_no_log() {
    for (zone, options) in
        [("", &[][..]), ("pre_", &[]), ("pre_", &["--variant", "pre-production-logs=allow"])]
    {
        let sim = Sim::start(options);
        let line = Line::set_up(&sim, zone);
        let device = line.enrol(&sim);
        assert_eq!(sim.get(&format!("/devices/{device}/logs")).status, 200, "under test");
        assert_eq!(sim.get(&format!("/devices/{}/logs", line.fixture)).status, 200, "a fixture");
        sim.act("bless", &json!({"device": device, "pass": true}));
        let answer = sim.get(&format!("/devices/{device}/logs"));
        if options.is_empty() {
            assert_eq!(answer.error().0, 403);
        } else {
            assert_eq!(answer.status, 200);
        }
        let history = sim.get(&format!("/devices/{device}/history")).json();
        assert_eq!(history["data"][0]["event"], "blessed");
    }
}

#[test]
fn the_history_tells_who_did_what() {
    let sim = Sim::start(&[]);
    let group = sim.group("development", "G");
    let device = add_device(&sim);
    sim.members("POST", &group, &[&device]);
    sim.api("POST", &format!("/devices/{device}/restart"), &NOTHING);
    sim.members("DELETE", &group, &[&device]);
    let history = sim.get(&format!("/devices/{device}/history")).json();
    let events: Vec<&Value> =
        history["data"].as_array().unwrap().iter().map(|event| &event["event"]).collect();
    assert_eq!(events, ["unassigned", "restarted", "assigned", "enrolled"]);
    let me = sim.get("/accounts/me").id();
    assert_eq!(history["data"][0]["actor_id"], me.as_str());
    assert_eq!(history["data"][0]["owner_id"], me.as_str());
    assert!(history["data"][0]["timestamp"].is_string());
}
