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

fn load(state: &mut State, records: Vec<Record>) -> anyhow::Result<()> {
    let (devices, others): (Vec<_>, Vec<_>) = records.into_iter().partition(Record::is_device);
    super::load(state, others, devices.into_iter().map(Ok))
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
        assert_eq!(load(&mut state, records(lines)).unwrap_err().to_string(), wanted);
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

const ME: &str = r#"{"type":"account","id":"00000000-0000-0000-0000-000000000005","username":"me","email":null,"tier":"free","me":true}"#;

#[test]
fn the_account_of_an_export_is_the_main_one() {
    let lines = [ME, PRODUCT, GROUP, DEVICE, HOOK, ME];
    let main = main_account(&records(&lines)).unwrap();
    let mut state = populate(&Population { main, ..Population::default() });
    load(&mut state, records(&lines)).unwrap();
    let main = state.accounts[0].clone();
    assert_eq!((main.username.as_str(), main.email.as_str()), ("me", "me@example.com"));
    assert_eq!((main.production, state.accounts.len(), state.products.len()), (false, 1, 1));
    assert_eq!(state.devices.of_account(main.id).len(), 1);
    assert!(main_account(&records(&[PRODUCT])).unwrap().is_none());
    let other = ME.replace("000000000005", "000000000006");
    let error = main_account(&records(&[ME, &other])).unwrap_err();
    assert_eq!(error, "test:2: this is an export of another account than before");
}

#[test]
fn a_group_has_the_build_that_it_says_and_a_device_its_own_owner() {
    let mut state = populate(&Population::default());
    let partner = state.accounts[1].id;
    let [group, old, new] = [2, 4, 5].map(Id);
    let mut of_group: Value = serde_json::from_str(GROUP).unwrap();
    of_group["current_deployment_id"] = json!(old);
    let mut device: Value = serde_json::from_str(DEVICE).unwrap();
    device["owner_id"] = json!(partner);
    let build = |id: Id, at: &str| json!({"type": "deployment", "id": id, "devicegroup_id": group, "created_at": at});
    let [old_build, new_build] =
        [build(old, "2026-01-01T00:00:00.000Z"), build(new, "2026-01-02T00:00:00.000Z")];
    let lines = [of_group, device, old_build, new_build].map(|record| record.to_string());
    let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    lines.push(PRODUCT);
    load(&mut state, records(&lines)).unwrap();
    assert_eq!(state.groups[&group].current_deployment, Some(old));
    assert_eq!(state.devices.iter().last().unwrap().owner, partner);
}
