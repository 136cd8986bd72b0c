//! What `imp-device list` leaves out, and in which order it prints the rest.

use serde_json::{Value, json};
use tests::{Asked, Dir, Sim};

#[test]
fn devices_are_found_by_name_type_and_how_long_they_have_been_off() {
    let sim = Sim::start(&["--devices", "30"]);
    let dir = Dir::signed_in(&sim);
    let ids = |script: &str| dir.sh(&format!("imp-device list {script}")).quiet().field("id");
    let devices = dir.sh("imp-device list").quiet().records();
    let expected = |is: &dyn Fn(&Value) -> bool| -> Vec<String> {
        let id = |device: &Value| device["id"].as_str().expect("an id").to_owned();
        devices.iter().filter(|device| is(device)).map(id).collect()
    };
    let named =
        |is: &dyn Fn(&str) -> bool| expected(&|device| device["name"].as_str().is_some_and(is));
    let tens = named(&|name| name.starts_with("sensor-00001"));
    assert!(tens.len() > 5, "{tens:?}");
    assert_eq!(ids("--name \"sensor-00001?\""), tens);
    let few = named(&|name| name.ends_with('5') || name == "sensor-000001");
    assert_eq!(ids("--name \"sensor-*5\" --name sensor-000001"), few);
    assert_eq!(ids("--name nothing"), [""; 0]);
    let kind = devices[0]["imp_type"].as_str().expect("a type");
    let of_type = expected(&|device| device["imp_type"] == kind);
    assert_eq!(ids(&format!("--imp-type {}", kind.to_uppercase())), of_type);
    assert_eq!(ids("--offline-since 0s"), expected(&|device| device["device_online"] == false));
    assert_eq!(ids("--online-since 0s"), expected(&|device| device["device_online"] == true));
    assert_eq!(ids("--offline-since 2000-01-01T00:00:00Z"), [""; 0]);
    let middle = devices[15]["device_state_changed_at"].as_str().expect("a time");
    let before = expected(&|device| {
        device["device_online"] == true
            && device["device_state_changed_at"].as_str() <= Some(middle)
    });
    assert_eq!(ids(&format!("--online-since {middle}")), before);
    dir.sh("imp-device list --online --offline-since 1h").code(2).no_stdout();
    dir.sh("imp-device list --offline-since soon").code(2).says("soon");
}

#[test]
fn a_list_is_sorted_by_a_field_or_by_the_name_of_a_group() {
    let sim = Sim::start(&["--devices", "30"]);
    let dir = Dir::signed_in(&sim);
    let list = |options: &str| dir.sh(&format!("imp-device list {options}"));
    // Numbers by their size; what has none comes last; the limit counts after sorting.
    let strengths = |devices: &[Value]| -> Vec<i64> {
        devices.iter().filter_map(|device| device["rssi"].as_i64()).collect()
    };
    let mut expected = strengths(&list("").quiet().records());
    expected.sort_unstable();
    let sorted = list("--sort rssi").quiet().records();
    assert_eq!((sorted.len(), strengths(&sorted)), (30, expected.clone()));
    let strongest = list("--sort -rssi --limit 1").quiet().record();
    assert_eq!(strongest["rssi"].as_i64(), expected.last().copied());
    let groups = sim.groups(["zinc", "Alpha", "beta"]);
    for (group, device) in groups.iter().zip(sim.all("devices")) {
        sim.put(group, &[device["id"].as_str().expect("an id").to_owned()]);
    }
    let fields = "--fields devicegroup_name --sort devicegroup_name --limit 4";
    let names: Vec<Value> = list(fields)
        .quiet()
        .records()
        .iter()
        .map(|record| record["devicegroup_name"].clone())
        .collect();
    assert_eq!(names, [json!("Alpha"), json!("beta"), json!("zinc"), Value::Null]);
    list("--sort rsi").code(2).no_stdout().says("`rsi`").says("`rssi`");
}

#[test]
fn of_a_short_list_few_pages_are_asked_for_in_vain() {
    let sim = Sim::start(&["--devices", "1000"]);
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-device list | head -1").ok();
    sim.reset();
    assert_eq!(dir.sh("imp-device list").quiet().lines().len(), 1000);
    sim.wait_until_idle();
    let is_page = |asked: &&Asked| asked.path == "/devices" && asked.query.contains("[number]");
    let pages = sim.requests().iter().filter(is_page).count();
    // They overlap, and the twelfth is the last: those after it were asked for before that was known.
    assert!((12..=16).contains(&pages), "{pages}");
}
