//! Builds that take devices offline, and a clock that runs fast.

use std::fs;

use super::client::Sim;
use serde_json::{Value, json};
use tests::wait;

/// The sha of the build that `--production` begins with.
fn first_sha(sim: &Sim) -> String {
    sim.truth("/deployments")[0]["sha"].as_str().expect("a sha").to_owned()
}

fn offline(sim: &Sim) -> usize {
    let devices = sim.truth("/devices?owner=simuser");
    devices.iter().filter(|device| device["device_online"] == false).count()
}

#[test]
fn a_build_takes_devices_offline_in_the_time_of_a_fast_clock() {
    let undisturbed = Sim::start(&["--production", "40"]);
    let (sha, before) = (first_sha(&undisturbed), offline(&undisturbed));
    let rule = format!("build={sha} offline=100% after=10h");
    let options = ["--production", "40", "--speed", "36000", "--effect", &rule];
    let sim = Sim::start(&[&options[..], &["--token-life", "1000h"]].concat());
    // The ten hours are a second.
    assert!(wait::until(wait::LIMIT, || offline(&sim) == 40));
    let shown = sim.get("/devices?page[size]=100").json();
    let changed = |device: &Value| {
        device["attributes"]["device_state_changed_at"].as_str().expect("a time").to_owned()
    };
    let late: Vec<String> = shown["data"].as_array().unwrap().iter().map(changed).collect();
    let last = late.iter().max().unwrap();
    assert_eq!(late.iter().filter(|time| *time == last).count(), 40 - before, "all at their hour");
    let report = sim.truth("/effects");
    assert_eq!(report, [json!({"rule": rule, "applied": 40 - before})]);
}

#[test]
fn tokens_live_in_the_time_of_the_service_and_the_limit_does_not() {
    let sim = Sim::start(&["--speed", "100000", "--token-life", "24h", "--rate-limit", "5"]);
    let statuses: Vec<u16> = (0..10).map(|_| sim.get("/accounts/me").status).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    // The day is 864 ms.
    assert!(wait::until(wait::LIMIT, || sim.get("/accounts/me").status == 401));
}

#[test]
fn effects_come_and_go_by_the_control_address_and_nobody_has_to_ask() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("state.json");
    let name = file.to_str().unwrap();
    let sim = Sim::start(&["--production", "30", "--state", name, "--rate-limit", "off"]);
    let before = offline(&sim);
    sim.control("POST", "/effects", &format!("build={} offline=100% after=1ms", first_sha(&sim)));
    let silenced = || {
        let text = fs::read_to_string(&file).unwrap_or_default();
        text.matches("\"silenced\":true").count()
    };
    assert!(wait::until(wait::LIMIT, || silenced() == 30 - before));
    let wrong = sim.raw("POST", "/control/effects", &[], b"build=x").expect("an answer");
    assert_eq!((wrong.status, wrong.text.contains("`offline` is missing")), (400, true));

    // Without the rule a restart brings them back.
    sim.control("DELETE", "/effects", "");
    assert_eq!((sim.truth("/effects").len(), offline(&sim)), (0, 30));
    let production = sim.truth("/devicegroups");
    let production = production.iter().find(|group| group["name"] == "SimProduction").unwrap();
    let path = format!("/devicegroups/{}/restart", production["id"].as_str().unwrap());
    assert_eq!(sim.api("POST", &path, &Value::Null).status, 204);
    assert_eq!(offline(&sim), before);
}
