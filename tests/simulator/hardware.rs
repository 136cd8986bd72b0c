//! The commands that act as hardware.

use std::process::{Command, Output};

use super::client::{NOBODY, Sim};
use super::line::{Line, add_device};
use serde_json::{Value, json};

fn command(sim: &Sim, arguments: &[&str]) -> Output {
    let control = sim.entry["control"].as_str().expect("the command runs");
    Command::new(tests::command("imp-sim"))
        .args(arguments)
        .env("IMP_SIM_CONTROL", control)
        .output()
        .expect("the command runs")
}

fn lines(sim: &Sim, arguments: &[&str]) -> Vec<Value> {
    let output = command(sim, arguments);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("the command runs");
    text.lines().map(|line| serde_json::from_str(line).expect("the command runs")).collect()
}

#[test]
fn devices_are_added() {
    let sim = Sim::start(&[]);
    let added = lines(&sim, &["add", "--count", "3", "--imp-type", "imp006"]);
    assert_eq!(added.len(), 3);
    assert!(added.iter().all(|device| device["imp_type"] == "imp006"));
    assert_eq!(sim.device(added[0]["id"].as_str().unwrap())["device_online"], true);
    lines(&sim, &["add", "--owner", "partner"]);
    assert_eq!(sim.truth("/devices?owner=simuser").len(), 3);
    assert_eq!(command(&sim, &["add", "--imp-type", "imp999"]).status.code(), Some(1));
}

#[test]
fn a_shift_is_the_same_for_the_same_seeds() {
    let shift = |seed: &str| {
        let sim = Sim::start(&["--rate-limit", "off"]);
        let line = Line::set_up(&sim, "");
        let options = ["line", "--fixture", "Fixtures", "--duts", "50", "--fail", "10%"];
        let events = lines(&sim, &[&options[..], &["--seed", seed]].concat());
        let count = |event: &str| events.iter().filter(|it| it["event"] == event).count();
        assert_eq!(["enrolled", "tested", "blessed", "rejected"].map(count), [50, 50, 45, 5]);
        let devices = sim.truth("/devices");
        let inside =
            |group: &str| devices.iter().filter(|it| it["devicegroup_id"] == group).count();
        assert_eq!((inside(&line.production), inside(&line.dut)), (45, 5));
        events
    };
    let first = shift("1");
    assert_eq!(first, shift("1"));
    assert_ne!(first, shift("2"));
}

#[test]
fn end_users_activate_devices_one_by_one_or_a_group_at_once() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let line = Line::set_up(&sim, "");
    let devices = [line.blessed(&sim), line.blessed(&sim), line.blessed(&sim)];
    let one = lines(&sim, &["activate", "--device", &devices[0], "--plan", "mine"]);
    assert_eq!(one[0]["plan_id"], "mine");
    let rest = lines(&sim, &["activate", "--dg", "Production"]);
    let ids: Vec<&Value> = rest.iter().map(|device| &device["device_id"]).collect();
    assert_eq!(ids, [&json!(devices[1]), &json!(devices[2])]);
    assert_ne!(rest[0]["plan_id"], rest[1]["plan_id"]);
    assert_eq!(command(&sim, &["activate", "--device", &line.fixture]).status.code(), Some(1));
    let neither = command(&sim, &["activate"]);
    let text = String::from_utf8(neither.stderr).unwrap();
    assert_eq!(neither.status.code(), Some(2));
    assert!(text.contains("--device <DEVICE>|--dg <GROUP>"), "{text}");
    let both = command(&sim, &["activate", "--dg", "Production", "--device", &devices[0]]);
    assert!(both.status.success(), "{both:?}");
}

#[test]
fn what_cannot_be_done_for_all_is_done_for_none() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let line = Line::set_up(&sim, "");
    let blessed = line.blessed(&sim);
    let refused = command(&sim, &["activate", "--device", &blessed, "--device", &line.fixture]);
    assert_eq!((refused.status.code(), refused.stdout.len()), (Some(1), 0));
    assert_eq!(sim.device(&blessed)["plan_id"], Value::Null);
    sim.cannot("log", &json!({"devices": [line.fixture, blessed], "text": "x"}));
    let logged = sim.truth("/logs");
    assert!(logged.iter().all(|entry| entry["msg"] != "x"), "{logged:?}");
}

#[test]
fn devices_come_and_go_and_log() {
    let sim = Sim::start(&[]);
    let (one, two) = (add_device(&sim), add_device(&sim));
    lines(&sim, &["offline", &one, &two]);
    assert_eq!(sim.device(&one)["device_online"], false);
    lines(&sim, &["online", &two]);
    assert_eq!(sim.device(&two)["device_online"], true);
    assert_eq!(lines(&sim, &["log", &one, "n {}", "--count", "3", "--type", "agent.log"]).len(), 0);
    let log = sim.log_of(&one);
    assert_eq!(log[0], ("agent.log".to_owned(), "n 3".to_owned()));
    assert_eq!(log.len(), 4);
}

#[test]
fn without_a_simulator_it_says_so() {
    let run = |variable: Option<&str>, control: Option<&str>| {
        let mut command = Command::new(tests::command("imp-sim"));
        command.args(["online", "x"]).env_remove("IMP_SIM_CONTROL");
        command.envs(variable.map(|url| ("IMP_SIM_CONTROL", url)));
        command.args(control.into_iter().flat_map(|url| ["--control", url]));
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for unset in [None, Some("")] {
        let (code, text) = run(unset, None);
        assert!(code == Some(2) && text.contains("set IMP_SIM_CONTROL"), "{unset:?}: {text}");
    }
    let (code, text) = run(None, Some(&format!("http://{NOBODY}/control")));
    assert!(code == Some(2) && text.contains("no simulator"), "{text}");
}
