//! The record contract: what is printed, in every form, and that each form is input again. What the
//! commands write is compared with the API's own answers, read by the test itself.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use tests::{DEVELOPMENT, Dir, Sim};

/// The mechanical rule of imp-records(7), written a second time.
fn lifted(resource: &Value) -> Map<String, Value> {
    let mut record = Map::new();
    record.insert("type".into(), resource["type"].clone());
    record.insert("id".into(), resource["id"].clone());
    for (name, value) in resource["attributes"].as_object().expect("attributes") {
        record.insert(name.clone(), value.clone());
    }
    for (name, other) in resource["relationships"].as_object().into_iter().flatten() {
        record.insert(format!("{name}_id"), other["id"].clone());
        record.insert(format!("{name}_type"), other["type"].clone());
    }
    record
}

/// A list as the API gives it, in one page.
fn listed(sim: &Sim, path: &str) -> Vec<Map<String, Value>> {
    let answer = sim.api("GET", &format!("{path}?page[size]=100"), &Value::Null);
    answer.json()["data"].as_array().expect("data").iter().map(lifted).collect()
}

/// Every kind of resource that our lists print.
fn full_account() -> (Sim, Dir) {
    let sim = Sim::start(&["--devices", "40", "--production", "6"]);
    let [a, _b] = sim.groups(["A", "B"]);
    sim.put(&a, &sim.field("id")[..25]);
    let dir = Dir::signed_in(&sim);
    (sim, dir)
}

#[test]
fn records_are_the_resources_lifted_by_one_rule() {
    let (sim, dir) = full_account();
    for (command, path) in [
        ("imp-device list", "/devices"),
        ("imp-dg list", "/devicegroups"),
        ("imp-product list", "/products"),
    ] {
        let mut expected = listed(&sim, path);
        let printed = dir.sh(command).quiet().records();
        // The order is the service's own, but for production devices that had to be asked for.
        let mut printed: Vec<_> =
            printed.into_iter().map(|one| one.as_object().cloned().expect("object")).collect();
        let id = |record: &Map<String, Value>| record["id"].to_string();
        expected.sort_by_key(id);
        printed.sort_by_key(id);
        assert_eq!(printed, expected, "{command}");
        for (one, other) in printed.iter().zip(&expected) {
            assert!(one.keys().eq(other.keys()), "{command}: the order of the fields");
        }
    }
    let devices = dir.sh("imp-device list").quiet().records();
    assert!(devices.iter().any(|device| device["device_online"] == false), "false is kept");
    assert!(devices.iter().any(|device| device["name"] == Value::Null), "null is kept");
    let free = devices.iter().find(|device| device["name"] == "sensor-000030").expect("listed");
    assert_eq!(free.get("devicegroup_id"), None, "a relationship that is not set is absent");
    assert!(devices.iter().any(|device| device["devicegroup_type"] == "production_devicegroup"));
}

#[test]
fn info_prints_the_same_record_as_list() {
    let (_sim, dir) = full_account();
    for tool in ["imp-device", "imp-dg", "imp-product"] {
        let listed = dir.sh(&format!("{tool} list")).quiet().records();
        let told = dir.sh(&format!("{tool} list | {tool} info")).quiet().records();
        assert_eq!(told, listed, "{tool}");
    }
}

#[test]
fn every_form_carries_the_same_devices_and_is_input_again() {
    let (sim, dir) = full_account();
    let ids: BTreeSet<String> = sim.field("id").into_iter().collect();
    for form in ["ndjson", "json", "csv", "minimal"] {
        let again = format!("imp-device list -z {form} | imp-device info -z minimal");
        let read: BTreeSet<String> = dir.sh(&again).quiet().lines().into_iter().collect();
        assert_eq!(read, ids, "{form}");
    }
    let json = dir.sh("imp-device list -z json | jq -c '.[]'").quiet().records();
    assert_eq!(json, dir.sh("imp-device list").quiet().records());
    let lines = dir.sh("imp-device list -z json").quiet().lines();
    assert_eq!((lines.len(), lines[0].as_str()), (46 + 2, "["), "an element a line");
    let nothing = dir.sh("imp-device list --dg B -z json").quiet();
    assert_eq!(serde_json::from_str::<Value>(&nothing.stdout()).ok(), Some(json!([])));
    dir.sh("imp-device list --dg B").quiet().no_stdout();
    // NDJSON is the default when stdout is no terminal.
    let plain = dir.sh("imp-device list").quiet().stdout();
    assert_eq!(dir.sh("imp-device list -z ndjson").quiet().stdout(), plain);
    let debug = dir.sh("imp-device list -z debug").ok();
    assert_eq!(debug.stdout(), plain);
    assert!(debug.stderr().contains("/devices"), "and the requests on stderr");
}

#[test]
fn csv_has_stated_columns_whatever_the_first_record_has() {
    let (sim, dir) = full_account();
    let header = "type,id,name,mac_address,agent_id,device_online,devicegroup_id,devicegroup_type,\
product_id,owner_id,imp_type,swversion,ip_address,rssi,free_memory,agent_running,agent_url,\
device_state_changed_at,agent_state_changed_at,last_enrolled_at,plan_id";
    for filter in ["", "--dg A", "--unassigned", "--dg B"] {
        let lines = dir.sh(&format!("imp-device list -z csv {filter}")).quiet().lines();
        assert_eq!(lines[0], header, "{filter}");
    }
    let lines = dir.sh("imp-dg list -z csv").quiet().lines();
    assert!(lines[0].starts_with("type,id,name,description,product_id,owner_id,creator_id,"));
    let lines = dir.sh("imp-product list -z csv").quiet().lines();
    let product = "type,id,name,description,owner_id,creator_id,created_at,updated_at";
    assert_eq!(lines[0], product);
    let acted = dir.sh("imp-device list --dg A | imp-device assign --dg B -z csv --dry-run").ok();
    assert_eq!(acted.lines()[0], format!("{header},outcome,dry_run"));
    // Names that mean something in CSV come back as they were.
    let wild = "a,\"b\"\n;=1+1\tc\u{1b}[31m";
    let id = &sim.field("id")[0];
    let body = json!({"data": {"type": "device", "id": id, "attributes": {"name": wild}}});
    assert_eq!(sim.api("PATCH", &format!("/devices/{id}"), &body).status, 200);
    let script = "imp-device list -z csv | imp-device update --name x --dry-run | jq -r .name";
    dir.sh(script).ok();
    dir.sh("imp-device list --dg A -z csv > devices.csv").quiet();
    let back = dir.sh("imp-device restart --dry-run --input devices.csv").ok().records();
    let back = back.iter().find(|record| record["id"] == **id).expect("it came back");
    assert_eq!(back["name"], wild);
}

#[test]
fn fields_choose_and_order_the_columns() {
    let (sim, dir) = full_account();
    let id = sim.field("id").remove(0);
    let list = format!("imp-device info -d {id}");
    let run = dir.sh(&format!("{list} --fields mac_address,id,nonsense")).code(1);
    let mac = &sim.field("mac_address")[0];
    let line = format!("{{\"mac_address\":\"{mac}\",\"id\":\"{id}\",\"nonsense\":null}}\n");
    assert_eq!(run.stdout(), line);
    let csv = dir.sh(&format!("{list} --fields mac_address,id,nonsense -z csv")).code(1);
    assert_eq!(csv.stdout(), format!("mac_address,id,nonsense\n{mac},{id},\n"));
    let table = dir.sh(&format!("{list} --fields id,mac_address -z table")).quiet().lines();
    assert!(table[1].starts_with(&format!("{id}  {mac}")), "{table:?}");
}

#[test]
fn a_field_that_no_record_had_is_said_at_the_end() {
    let (_sim, dir) = full_account();
    let run = dir.sh("imp-device list --fields id,mac_adress -z csv").code(1);
    let run =
        run.says("imp-device: --fields: no record has `mac_adress`; did you mean `mac_address`?");
    assert_eq!(run.stdout().lines().count(), 47, "the list itself is whole{run}");
    // Fields that these records might have, and an empty list, say nothing.
    dir.sh("imp-device list --unassigned --fields id,devicegroup_id,product_name").quiet();
    dir.sh("imp-device list --dg B --fields nonsense").quiet();
    // Verbs that act, too: their outcomes stand, but the run does not end with 0.
    let assign = "imp-device list --unassigned | imp-device assign --dg B --fields";
    let run = dir.sh(&format!("{assign} id,outcome,maк")).code(1).says("no record has `maк`");
    assert!(run.stdout().contains(r#""outcome":"assigned""#), "{run}");
    dir.sh(&format!("{assign} id,outcome")).quiet();
    // An error of the list itself is graver.
    let run = dir.sh("imp-dg list --product nobody --fields nonsense").code(1);
    assert!(!run.stderr().contains("--fields"), "{run}");
    for (list, field) in [
        ("imp-device list", "agent_url"),
        ("imp-dg list", "load_code_after_blessing"),
        ("imp-product list", "creator_id"),
        ("imp-build list", "devicegroup_name"),
        ("imp-hook list", "content_type"),
        ("imp-auth account list", "tier"),
        ("imp-auth key list", "usages"),
        ("imp-log get", "log_type"),
    ] {
        let help = dir.sh(&format!("{list} --help")).ok();
        assert!(help.stdout().contains(field), "{list}{help}");
    }
}

#[test]
fn a_table_shows_names_and_no_escape_codes() {
    let (sim, dir) = full_account();
    let id = sim.field("id").remove(0);
    let name = "evil \u{1b}[31mred\u{7}";
    let body = json!({"data": {"type": "device", "id": id, "attributes": {"name": name}}});
    sim.api("PATCH", &format!("/devices/{id}"), &body);
    let run = dir.sh("imp-device list -z table").quiet();
    let text = run.stdout();
    assert!(text.contains("Ovens") && text.contains(" A") && text.contains(&id), "{run}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{run}");
    assert_eq!(text.lines().count(), 47, "a header and a line each");
    // On a terminal it is the default, as wide as the terminal.
    let run = dir.sh_on_terminal("stty cols 60 rows 20; imp-device list 2> err", "").ok();
    let shown = run.stdout();
    assert!(shown.lines().all(|line| line.trim_end().chars().count() <= 60), "{run}");
    assert!(shown.contains("  sensor-000001  "), "a name is whole{run}");
    let run = dir.sh_on_terminal("stty cols 80 rows 20; imp-dg list; imp-dg list -z wide", "").ok();
    let shown = run.stdout();
    let group = sim.all("devicegroups").into_iter().find(|group| group["name"] == "A");
    let id = group.expect("a group")["id"].as_str().expect("an id").to_owned();
    let lines: Vec<&str> = shown.lines().filter(|line| line.contains("  A  ")).collect();
    assert!(lines[0].starts_with(&format!("{}  A", &id[..8])), "short{run}");
    assert!(lines[1].starts_with(&format!("{id}  A")), "whole{run}");
    // What a table shows can be typed, unless it fits several things.
    let info = dir.sh(&format!("imp-dg info --dg {} --fields id", &id[..8])).quiet();
    assert_eq!(info.records()[0]["id"], *id);
    dir.sh("imp-dg info --dg 00000000").code(1).says("00000000");
    assert!(!shown.contains("\u{1b}[31m"), "{run}");
}

#[test]
fn unknown_fields_pass_through_a_pipeline() {
    let (_sim, dir) = full_account();
    let script = "imp-device list --dg A | jq -c '. + {order: 17, note: {a: [1, null]}}' \
        | imp-device assign --dg B | imp-device restart | imp-device unassign \
        | jq -c '[.order, .note, .outcome]' | sort -u";
    let run = dir.sh(script).quiet();
    assert_eq!(run.lines(), [r#"[17,{"a":[1,null]},"unassigned"]"#]);
}

#[test]
fn whole_numbers_too_large_for_a_float_stay_as_they_are() {
    let (_sim, dir) = full_account();
    let row = r#"{"id":"sensor-000001","n":12345678901234567890,"big":9007199254740993,"x":1.10}"#;
    let run = dir.sh_with("imp-device restart --dry-run", row).ok();
    let text = run.stdout();
    assert!(text.contains(r#""n":12345678901234567890,"big":9007199254740993,"x":1.1"#), "{run}");
}

#[test]
fn the_summary_adds_up_and_goes_to_stderr_on_request() {
    let (_sim, dir) = full_account();
    dir.write("rows", "sensor-000001\nnobody\nsensor-000030\n");
    let script = "imp-device assign --dg A --input rows --report report --failed failed";
    let run = dir.sh(&format!("{script} -v")).code(1).says("3 rows: 1 ok, 1 unchanged, 1 failed");
    let report = dir.report("report");
    assert_eq!((report.rows, report.ok, report.unchanged, report.failed), (3, 1, 1, 1));
    assert_eq!((report.not_attempted, report.exit), (0, 1));
    assert!(report.requests > 1, "{run}");
    let failed = dir.failed("failed").remove(0);
    assert_eq!((failed.source.as_str(), &failed.input["id"]), ("rows:2", &json!("nobody")));
    assert_eq!((failed.error.kind.as_str(), failed.error.attempts), ("not_found", 0));
    let run = dir.sh(script).code(1);
    assert_eq!(run.stderr().lines().count(), 1, "one sentence for the failed row{run}");
}

#[test]
fn records_of_groups_name_their_own_type() {
    let (_sim, dir) = full_account();
    let run = dir.sh("imp-dg list | jq -r .type | sort | uniq -c | tr -s ' '").quiet();
    let mut expected = vec![
        format!(" 2 {DEVELOPMENT}"),
        " 1 dut_devicegroup".into(),
        " 1 factoryfixture_devicegroup".into(),
        " 1 production_devicegroup".into(),
    ];
    expected.sort_by_key(|line| line[3..].to_owned());
    assert_eq!(run.lines(), expected);
}

#[test]
fn the_header_of_csv_does_not_depend_on_whether_a_row_was_good() {
    let sim = Sim::start(&["--devices", "3"]);
    sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    let assign = "imp-device assign --dg A -z csv";
    let bad = dir.sh_with(assign, "nope\n").code(1).lines();
    let good = dir.sh_with(assign, "sensor-000001\n").ok().lines();
    assert_eq!((bad.len(), &bad[0]), (1, &good[0]));
    let dry = dir.sh_with(&format!("{assign} --dry-run"), "nope\n").code(1).lines();
    assert_eq!(dry[0], format!("{},dry_run", good[0]));
}

#[test]
fn fields_may_have_blanks_around_them_but_need_names() {
    let sim = Sim::start(&["--devices", "1"]);
    let dir = Dir::signed_in(&sim);
    let run = dir.sh("imp-device list --fields 'name, device_online'").quiet();
    let fields: Vec<String> =
        run.records()[0].as_object().expect("an object").keys().cloned().collect();
    assert_eq!(fields, ["name", "device_online"]);
    for fields in ["", "id,,name", "id, "] {
        dir.sh(&format!("imp-device list --fields '{fields}'"))
            .code(2)
            .says("a field needs a name");
    }
}
