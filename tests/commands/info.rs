//! What `info` shows a person, and what `--full` adds for programs.

use serde_json::{Value, json};
use tests::{Dir, Sim};

/// A product with a factory line, in which each group has its code, and a webhook.
fn line() -> (Sim, Dir) {
    let sim = Sim::start(&["--devices", "20", "--production", "5"]);
    let dir = Dir::signed_in(&sim);
    let group = "--create-dut --create-target --dg-type factory";
    dir.sh(&format!(
        "imp-dg create -n Line-1 -p Ovens --create-product -u Test-1 -t Shipped {group}"
    ))
    .ok();
    dir.sh("imp-dg create -n Bench -p Ovens -y development -e '{\"KEY\":\"v\",\"N\":5}'").ok();
    dir.write("x.nut", "server.log(\"x\");\n");
    dir.sh("imp-build deploy -g Shipped -x x.nut -y x.nut --tag v1 --flagged").ok();
    dir.sh("imp-hook create -g Shipped -u http://127.0.0.1:9/h -e blessing -m json").ok();
    dir.sh("imp-device list --unassigned --limit 7 | imp-device assign -g Bench").ok();
    (sim, dir)
}

/// Expects these on the screen.
#[track_caller]
fn shows(run: &tests::Run, parts: &[&str]) {
    let shown = run.stdout();
    for part in parts {
        assert!(shown.contains(part), "the screen lacks `{part}`{run}");
    }
}

#[test]
fn a_single_thing_is_a_page_on_a_terminal() {
    let (_sim, dir) = line();
    let device = dir.sh("imp-device list -g Bench --limit 1").quiet().record();
    let text = |name: &str| device[name].as_str().expect("a text");
    let run = dir.sh_on_terminal(&format!("imp-device info -d {}", text("id")), "").ok();
    let name = format!("device {}", text("name"));
    shows(&run, &[&name, text("mac_address"), text("agent_url"), text("imp_type")]);
    shows(&run, &["Bench (development)  ", "Ovens  ", " since 20", " ago)", "simuser@example.com"]);
    let run = dir.sh_on_terminal("imp-dg info -g Shipped", "").ok();
    shows(
        &run,
        &["production group Shipped", "current  ", "(v1, flagged, ", "Target of", "Line-1"],
    );
    let run = dir.sh_on_terminal("imp-dg info -g Line-1", "").ok();
    shows(
        &run,
        &["devices under test  Test-1 (dut)  ", "blessed devices     Shipped (production)"],
    );
    let run = dir.sh_on_terminal("imp-dg info -g Bench", "").ok();
    shows(&run, &["Variables", "KEY  \"v\"", "N    5"]);
    let run = dir.sh_on_terminal("imp-product info -p Ovens", "").ok();
    shows(&run, &["product Ovens", "Groups", "Line-1   factory"]);
    let run = dir.sh_on_terminal("imp-build info -b v1 --full", "").ok();
    shows(&run, &["build ", "Shipped (production)", "tags", "Device code", "server.log(\"x\");"]);
}

#[test]
fn so_are_webhooks_sign_ins_accounts_and_keys() {
    let (sim, dir) = line();
    let hook = dir.sh("imp-hook list").quiet().record();
    let id = hook["id"].as_str().expect("an id");
    // As a table shows it, and without an option.
    let run = dir.sh_on_terminal(&format!("imp-hook info {}", &id[..8]), "").ok();
    shows(
        &run,
        &["webhook http://127.0.0.1:9/h", id, "blessing", "Shipped (production)  ", "Ovens  "],
    );
    let run = dir.sh_on_terminal("imp-auth info", "").ok();
    shows(&run, &["sign-in http://127.0.0.1", "simuser@example.com", ".impt.auth", "login key"]);
    let run = dir.sh_on_terminal("imp-auth account info me --full", "").ok();
    shows(&run, &["account simuser", "tier", "Capabilities", "production  yes"]);
    let key = &sim.entry.login_key;
    let run = dir.sh_on_terminal(&format!("imp-auth key info {key}"), "").ok();
    shows(&run, &[&format!("login key {key}"), "made by imp-sim", "times used"]);
    dir.sh(&format!("imp-hook delete {} --confirmed", &id[..13])).quiet().outcomes("deleted", 1);
    dir.sh("imp-hook info 01234567").code(1).says("No webhook");
}

#[test]
fn several_things_or_a_form_that_is_chosen_are_records() {
    let (_sim, dir) = line();
    for script in [
        "imp-dg info -g Bench -g Shipped",
        "imp-dg info -g Bench -z table",
        "imp-dg info -g Bench --fields id,name",
        "echo Bench | imp-dg info",
    ] {
        let run = dir.sh_on_terminal(script, "").ok();
        let shown = run.stdout();
        assert!(shown.starts_with("ID ") && !shown.contains("Builds"), "{run}");
    }
    let run = dir.sh_on_terminal("imp-dg info -g Bench -z ndjson", "").ok();
    assert!(run.stdout().starts_with("{\"type\":"), "{run}");
}

#[test]
fn full_adds_what_belongs_to_it() {
    let (_sim, dir) = line();
    let product = dir.sh("imp-product info -p Ovens --full").quiet().record();
    let names = |list: &Value, name: &str| -> Vec<Value> {
        list.as_array().expect("a list").iter().map(|one| one[name].clone()).collect()
    };
    let groups = &product["devicegroups"];
    assert_eq!(names(groups, "name"), ["Bench", "Line-1", "Test-1", "Shipped"]);
    assert_eq!(names(groups, "devices_total"), [7, 0, 0, 0]);
    let online = groups[0]["devices_online"].as_u64().expect("a number");
    assert_eq!(names(&product["builds"], "tags"), [json!(["v1"])]);
    assert_eq!(product["builds"][0].get("device_code"), None, "no programs");
    assert_eq!(names(&product["webhooks"], "event"), ["blessing"]);
    let group = dir.sh("imp-dg info -g Bench --full").quiet().record();
    assert_eq!((&group["devices_total"], &group["devices_online"]), (&json!(7), &json!(online)));
    assert_eq!(group["devices"].as_array().map(Vec::len), Some(7));
    assert_eq!((&group["builds"], &group["webhooks"]), (&json!([]), &json!([])));
    let group = dir.sh("imp-dg info -g Shipped --full").quiet().record();
    assert_eq!(
        (names(&group["builds"], "flagged"), names(&group["webhooks"], "event")),
        (vec![json!(true)], vec![json!("blessing")],)
    );
}

#[test]
fn the_tree_of_a_product_goes_the_way_of_a_device() {
    let (_sim, dir) = line();
    let run =
        dir.sh_on_terminal("stty rows 24 cols 120; imp-product info -p Ovens --full", "").ok();
    let shown = run.stdout();
    let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
    let place = |start: &str| {
        let found = lines.iter().position(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no line `{start}`{run}"))
    };
    let way = ["  Line-1 ", "    Test-1 ", "      Shipped ", "          webhook blessing to http"];
    let way = way.map(place);
    assert!(way.is_sorted() && place("  Bench ") > way[3], "{run}");
    assert!(lines[way[2]].contains("0 of 0 devices online  "), "{run}");
    assert!(lines[way[2]].contains("(v1, flagged, "), "{run}");
    assert!(lines[way[0]].ends_with("no build"), "{run}");
}

#[test]
fn the_history_of_devices_says_who_did_what() {
    let (sim, dir) = line();
    let bench = dir.sh("imp-device list -g Bench").quiet().field("id");
    dir.sh(&format!("imp-device unassign -d {}", bench[0])).quiet();
    dir.sh(&format!("imp-device restart -d {}", bench[1])).quiet();
    let run = dir.sh(&format!("imp-device history -d {}", bench[0])).quiet();
    assert_eq!(run.field("event"), ["unassigned", "assigned"]);
    assert_eq!(run.field("device_id"), [bench[0].as_str(); 2]);
    assert_eq!(run.field("actor"), ["simuser@example.com"; 2]);
    assert!(run.records()[0]["timestamp"].as_str() >= run.records()[1]["timestamp"].as_str());
    // By whatever names a device, and of all of a group, in the order of its list.
    let mac = dir.sh(&format!("imp-device info -d {}", bench[1])).quiet().field("mac_address");
    let run = dir.sh(&format!("imp-device history -d {}", mac[0])).quiet();
    assert_eq!(run.field("event"), ["restarted", "assigned"]);
    assert_eq!(run.field("device_id"), [bench[1].as_str(); 2]);
    let run = dir.sh("imp-device history --dg Bench").quiet();
    assert_eq!(run.records().len(), 7, "six are left, one was restarted");
    let run = dir.sh("imp-device history --dg Bench --since 2099-01-01T00:00:00Z").quiet();
    run.no_stdout();
    let run = dir.sh("imp-device history --dg Bench --dg nope --since 1h").code(1);
    assert_eq!(run.says("nope").records().len(), 7);
    let gone = r#"{"type":"dut_devicegroup","id":"00000000-0000-0000-0000-000000000000"}"#;
    let run = dir.sh_with("imp-device history --dg -", gone).code(1).no_stdout();
    run.says("stdin:1: ");
    let run = dir.sh("imp-device history --dg Bench -z csv").quiet();
    assert_eq!(run.lines()[0], "device_id,timestamp,event,owner_id,actor_id,actor");
    // What it prints names the devices for the next command.
    dir.sh("imp-device history --dg Bench --since 1h | imp-device info").quiet();
    // A long history is read page by page, up to what was asked for.
    for _ in 0..60 {
        sim.put(&dir.sh("imp-dg info -g Bench").field("id")[0], &bench[..1]);
        dir.sh(&format!("imp-device unassign -d {}", bench[0])).quiet();
    }
    let run = dir.sh(&format!("imp-device history -d {}", bench[0])).quiet();
    assert_eq!(run.records().len(), 100, "as many as the simulator keeps");
    let shown = dir.sh_on_terminal(&format!("imp-device history -d {}", bench[1]), "").ok();
    shows(&shown, &["DEVICE ID", "restarted", "simuser@example.com"]);
    assert!(!shown.stdout().contains("OWNER"), "{shown}");
}
