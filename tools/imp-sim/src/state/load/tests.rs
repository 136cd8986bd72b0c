//! Records in any order, and errors that name their line.

use super::*;
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
        (&[PRODUCT, PRODUCT], "test:2: the id or MAC address is there already"),
        (&[r#"{"type":"device","id":"x"}"#], "test:1: `id` cannot be `x`"),
        (&[r#"{"type":"webhook","id":"x"}"#], "test:1: `webhook` is no type that can be loaded"),
    ] {
        let mut state = populate(&Population::default());
        assert_eq!(load(&mut state, records(lines)).unwrap_err(), wanted);
    }
}
