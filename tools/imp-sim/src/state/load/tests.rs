//! Records in any order, and errors that name their line.

use serde_json::json;

use super::*;
use crate::state::hooks::HookEvent;
use crate::state::population::{Population, populate};

fn records(lines: &[&str]) -> Vec<Record> {
    let numbered = lines.iter().enumerate();
    numbered
        .map(|(at, line)| Record {
            source: format!("test:{}", at + 1),
            fields: serde_json::from_str(line).unwrap(),
        })
        .collect()
}

const PRODUCT: &str = r#"{"type":"product","id":"00000000-0000-0000-0000-000000000001","name":"P","owner_id":"99999999-0000-0000-0000-000000000001"}"#;
const GROUP: &str = r#"{"type":"development_devicegroup","id":"00000000-0000-0000-0000-000000000002","name":"G","product_id":"00000000-0000-0000-0000-000000000001"}"#;
const DEVICE: &str = r#"{"type":"device","id":"50000c2a69000001","name":null,"agent_id":"abcdefghijkl","devicegroup_id":"00000000-0000-0000-0000-000000000002"}"#;

const TWIN: &str = r#"{"type":"device","id":"23522f6938a609ee","mac_address":"0c:2a:69:00:00:01"}"#;
const FACTORY: &str = r#"{"type":"dut_devicegroup","id":"00000000-0000-0000-0000-000000000002","name":"G","product_id":"00000000-0000-0000-0000-000000000001"}"#;
const HOOK: &str = r#"{"type":"webhook","id":"00000000-0000-0000-0000-000000000003","url":"http://127.0.0.1/x","event":"blinkup","content_type":"application/x-www-form-urlencoded","devicegroup_id":"00000000-0000-0000-0000-000000000002"}"#;

#[test]
fn records_may_come_in_any_order() {
    let mut state = populate(&Population::default());
    load(&mut state, records(&[DEVICE, GROUP, PRODUCT])).unwrap();
    let main = *state.accounts.keys().next().unwrap();
    let device = state.device(main, "abcdefghijkl").unwrap();
    assert_eq!(device.mac.to_string(), "0c:2a:69:00:00:01");
    assert_eq!(state.devices.of_group(device.group.unwrap()).len(), 1);
}

#[test]
fn an_error_names_the_line() {
    for (lines, wanted) in [
        (&[GROUP][..], "test:1: product 00000000-0000-0000-0000-000000000001 is not there"),
        (&[DEVICE, TWIN, GROUP, PRODUCT], "test:2: the MAC address is another device's"),
        (&[PRODUCT, GROUP, FACTORY], "test:3: the id is that of a group of another type"),
        (&[HOOK], "test:1: devicegroup 00000000-0000-0000-0000-000000000002 is not there"),
        (&[r#"{"type":"device","id":"x"}"#], "test:1: `id` cannot be `x`"),
        (&[r#"{"type":"library","id":"x"}"#], "test:1: `library` is no type that can be loaded"),
    ] {
        let mut state = populate(&Population::default());
        assert_eq!(load(&mut state, records(lines)).unwrap_err(), wanted);
    }
}

#[test]
fn webhooks_are_loaded() {
    let mut state = populate(&Population::default());
    load(&mut state, records(&[HOOK, GROUP, PRODUCT])).unwrap();
    let hook = &state.hooks[0];
    assert_eq!((hook.event, hook.content_type), (HookEvent::Blinkup, ContentType::Form));
    assert_eq!(hook.owner, state.groups[&hook.group].owner);
}

#[test]
fn what_is_there_already_stays_as_it_is() {
    let mut state = populate(&Population::default());
    let (account, key) = (state.accounts[0].clone(), state.login_keys[0].clone());
    let product = state.products[0].clone();
    let there = [
        json!({"type": "account", "id": account.id, "username": "other"}),
        json!({"type": "login_key", "id": key.id, "description": "other"}),
        json!({"type": "product", "id": product.id, "name": "other"}),
    ];
    let there = there.map(|record| record.to_string());
    let [account_line, key_line, product_line] = there.each_ref().map(String::as_str);
    let lines =
        [account_line, key_line, product_line, PRODUCT, PRODUCT, GROUP, GROUP, DEVICE, DEVICE];
    load(&mut state, records(&lines)).unwrap();
    assert_eq!(state.accounts[0].username, account.username);
    assert_eq!((state.login_keys.len(), &state.login_keys[0].description), (1, &key.description));
    assert_eq!((state.products.len(), &state.products[0].name), (2, &product.name));
}

#[test]
fn who_made_and_who_flagged_is_taken_back() {
    let mut state = populate(&Population::default());
    let (main, partner) = (state.accounts[0].id, state.accounts[1].id);
    let mut lines = Vec::new();
    for line in [PRODUCT, GROUP] {
        let mut record: Value = serde_json::from_str(line).unwrap();
        record["creator_id"] = json!(partner);
        lines.push(record.to_string());
    }
    let group = "00000000-0000-0000-0000-000000000002";
    let build = json!({"type": "deployment", "id": "00000000-0000-0000-0000-000000000004",
        "devicegroup_id": group, "flagged": true, "flagger_id": partner, "creator_id": group});
    lines.push(build.to_string());
    load(&mut state, records(&lines.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
    assert_eq!(state.products[1].creator, partner);
    assert_eq!(state.groups[&group.parse::<Id>().unwrap()].creator, partner);
    assert_eq!((state.deployments[0].creator, state.deployments[0].flagger), (main, Some(partner)));
}
