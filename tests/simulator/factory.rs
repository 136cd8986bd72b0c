//! The factory: fixtures, devices under test, blessing, activation, updates, unblessing.

use super::client::{Sim, batch, group_body};
use super::line::{Line, add_device};
use serde_json::{Value, json};

const NOTHING: Value = Value::Null;

fn unassign(sim: &Sim, group: &str, device: &str, key: Option<&str>) -> u16 {
    let path = format!("/devicegroups/{group}/relationships/devices");
    let headers: Vec<(&str, &str)> =
        key.map(|key| ("x-electricimp-key", key)).into_iter().collect();
    let body = batch(&[device]);
    sim.ask_as(&sim.token, "DELETE", &path, &body, &headers).expect("an answer").status
}

#[test]
fn a_device_goes_all_the_way() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    for (zone, key) in [("", Some("sim-unbond-key")), ("pre_", None)] {
        let line = Line::set_up(&sim, zone);
        let application = sim.deploy(&format!("{zone}production"), &line.production, "a()", "");
        let test = sim.deploy(&format!("{zone}dut"), &line.dut, "server.log(\"testing\");", "");
        let device = line.enrol(&sim);
        let under_test = sim.device(&device);
        assert_eq!(under_test["devicegroup_id"], line.dut.as_str());
        assert_eq!(under_test["deployment_id"], test.as_str());
        assert_eq!(under_test["fixture_group_id"], line.fixtures.as_str());
        assert_eq!(sim.log_of(&device)[0].1, "testing");

        let failed = sim.act("bless", &json!({"device": device, "pass": false}));
        assert_eq!(
            (&failed["blessed"], &failed["devicegroup_id"]),
            (&json!(false), &json!(line.dut))
        );
        sim.act("bless", &json!({"device": device, "pass": true}));
        let blessed = sim.device(&device);
        assert_eq!(blessed["devicegroup_id"], line.production.as_str());
        assert_eq!(blessed["deployment_id"], application.as_str(), "loaded after blessing");
        assert_eq!(blessed["agent_id"], NOTHING, "no agent before activation");

        let plan = json!({"devices": [device], "plan": "plan-1"});
        let activated = sim.act("activate", &plan);
        let agent = activated["agent_id"].as_str().unwrap().to_owned();
        assert_eq!(sim.get(&format!("/devices/{agent}")).id(), device);
        assert_eq!(sim.act("activate", &plan)["agent_id"], agent.as_str(), "the same plan");
        let moved = sim.act("activate", &json!({"devices": [device], "plan": "plan-2"}));
        assert_ne!(moved["agent_id"], agent.as_str());
        assert_eq!(sim.get(&format!("/devices/{agent}")).status, 404, "the old agent is gone");

        if zone.is_empty() {
            assert_eq!(unassign(&sim, &line.production, &device, None), 403);
        }
        assert_eq!(unassign(&sim, &line.production, &device, key), 204);
        let unblessed = sim.device(&device);
        assert_eq!((&unblessed["devicegroup_id"], &unblessed["plan_id"]), (&NOTHING, &NOTHING));
        let development = sim.group("development", &format!("{zone}dev"));
        assert_eq!(sim.members("POST", &development, &[&device]).status, 204);
    }
}

#[test]
fn code_can_wait_for_the_end_user() {
    let sim = Sim::start(&[]);
    let line = Line::set_up(&sim, "");
    let application = sim.deploy("production", &line.production, "a()", "");
    let test = sim.deploy("dut", &line.dut, "t()", "");
    let attributes = json!({"load_code_after_blessing": false});
    let data =
        json!({"type": "production_devicegroup", "id": line.production, "attributes": attributes});
    let path = format!("/devicegroups/{}", line.production);
    assert_eq!(sim.api("PATCH", &path, &json!({"data": data})).status, 200);
    let device = line.blessed(&sim);
    assert_eq!(sim.device(&device)["deployment_id"], test.as_str());
    sim.act("offline", &json!({"devices": [device]}));
    sim.act("online", &json!({"devices": [device]}));
    assert_eq!(sim.device(&device)["deployment_id"], test.as_str(), "no BlinkUp");
    sim.act("activate", &json!({"devices": [device]}));
    let activated = sim.device(&device);
    assert_eq!(activated["deployment_id"], application.as_str());
    assert_eq!(activated["agent_deployment_id"], application.as_str());
}

#[test]
fn the_fixture_decides_where_a_blessed_device_goes() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let line = Line::set_up(&sim, "");
    let other = sim.group("production", "Other");
    let device = line.enrol(&sim);
    let target = json!({"type": "production_devicegroup", "id": other});
    let data = json!({
        "type": "factoryfixture_devicegroup", "id": line.fixtures,
        "relationships": {"production_target": target},
    });
    let path = format!("/devicegroups/{}", line.fixtures);
    assert_eq!(sim.api("PATCH", &path, &json!({"data": data})).status, 200);
    sim.act("bless", &json!({"device": device, "pass": true}));
    assert_eq!(sim.device(&device)["devicegroup_id"], other.as_str(), "the target of that moment");
}

#[test]
fn hardware_cannot_do_what_is_not_possible() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let line = Line::set_up(&sim, "");
    let plain = add_device(&sim);
    let why = sim.cannot("blinkup", &json!({"fixture": plain}));
    assert!(why.contains("not in a fixture group"), "{why}");
    assert!(sim.cannot("bless", &json!({"device": plain, "pass": true})).contains("under test"));
    assert!(sim.cannot("activate", &json!({"devices": [plain]})).contains("not blessed"));
    assert_eq!(sim.members("POST", &line.dut, &[&plain]).status, 204, "by hand");
    let why = sim.cannot("bless", &json!({"device": plain, "pass": true}));
    assert!(why.contains("not enrolled by a fixture"), "{why}");
    sim.act("offline", &json!({"devices": [line.fixture]}));
    assert!(sim.cannot("blinkup", &json!({"fixture": "Fixtures"})).contains("online"));
    assert!(sim.cannot("blinkup", &json!({"fixture": line.fixture})).contains("offline"));
    assert!(sim.cannot("blinkup", &json!({"fixture": "nothing"})).contains("not found"));
    assert!(
        sim.cannot("log", &json!({"devices": [plain], "text": "x", "type": "y"})).contains("type")
    );
}

#[test]
fn forbidden_moves_are_refused() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let line = Line::set_up(&sim, "");
    let plain = add_device(&sim);
    let card = sim.act("add-devices", &json!({"count": 1, "imp_type": "imp001"}));
    let card = card["id"].as_str().unwrap();
    let refused = |group: &str, device: &str| sim.members("POST", group, &[device]).status == 400;
    assert!(refused(&line.production, &plain), "by hand into production");
    assert!(refused(&line.fixtures, card), "imp001 as a fixture");
    let blessed = line.blessed(&sim);
    let development = sim.group("development", "dev");
    assert!(refused(&development, &blessed), "out of production without the key");
    let product = json!({"data": {"type": "product", "attributes": {"name": "Q"}}});
    let product = sim.api("POST", "/products", &product).id();
    let body = group_body("production", "far", &product);
    let far = sim.api("POST", "/devicegroups", &body).id();
    assert!(refused(&far, &blessed), "across products");
    let near = sim.group("production", "near");
    assert!(!refused(&near, &blessed), "another production group of the product");
}

#[test]
fn new_code_comes_with_restarts_and_with_connections() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let group = sim.group("development", "G");
    let first = sim.deploy("development", &group, "one()", "");
    let (on, off) = (add_device(&sim), add_device(&sim));
    sim.members("POST", &group, &[&on, &off]);
    sim.act("offline", &json!({"devices": [off]}));
    let second = sim.deploy("development", &group, "two()", "");
    let runs = |device: &str| sim.device(device)["deployment_id"].clone();
    assert_eq!(runs(&on), first.as_str(), "a deployment restarts nothing");
    sim.api("POST", &format!("/devicegroups/{group}/restart"), &NOTHING);
    assert_eq!((runs(&on), runs(&off)), (json!(second), json!(first)));
    let agent = |device: &str| sim.device(device)["agent_deployment_id"].clone();
    assert_eq!(agent(&off), first.as_str(), "at the minimum the agent waits for its device");
    let minimum = format!("/devicegroups/{group}/relationships/min_supported_deployment");
    sim.api("PUT", &minimum, &json!({"data": {"type": "deployment", "id": second}}));
    sim.api("POST", &format!("/devicegroups/{group}/conditional_restart"), &NOTHING);
    assert_eq!((agent(&off), runs(&off)), (json!(second), json!(first)), "below it does not");
    sim.act("online", &json!({"devices": [off]}));
    assert_eq!(runs(&off), second.as_str());
    let log: Vec<String> = sim.log_of(&off).into_iter().map(|(_, text)| text).collect();
    assert_eq!(log[0], "Agent restarted: new_bytecode_version.");
    assert_eq!(log[2], "Device connected");
}

#[test]
fn factory_firmware_can_start_by_itself() {
    for (variant, starts) in [("keep", false), ("restart", true)] {
        let variant = format!("factory-deploy={variant}");
        let sim = Sim::start(&["--rate-limit", "off", "--variant", &variant]);
        let line = Line::set_up(&sim, "");
        let build = sim.deploy("factoryfixture", &line.fixtures, "f()", "");
        assert_eq!(sim.device(&line.fixture)["deployment_id"] == build.as_str(), starts);
    }
}

#[test]
fn a_shutdown_handler_puts_a_conditional_restart_off() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let group = sim.group("development", "G");
    let polite = "server.onshutdown(function(reason) { save(); });";
    sim.deploy("development", &group, polite, "");
    let device = add_device(&sim);
    sim.members("POST", &group, &[&device]);
    let second = sim.deploy("development", &group, "two()", "");
    let restart = || {
        sim.api("POST", &format!("/devices/{device}/conditional_restart"), &NOTHING);
        sim.device(&device)["deployment_id"] == second.as_str()
    };
    assert!(!restart(), "at the minimum it is asked");
    let minimum = format!("/devicegroups/{group}/relationships/min_supported_deployment");
    sim.api("PUT", &minimum, &json!({"data": {"type": "deployment", "id": second}}));
    assert!(restart(), "below the minimum it is forced");
}
