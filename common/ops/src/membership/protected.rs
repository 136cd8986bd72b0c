//! Devices that must stay where they are, and groups that must stay as they are.

use std::collections::HashMap;
use std::sync::Arc;

use api::Error;
use cli::Session;
use cli::guards::Guards;

use super::groups::GroupNumber;
use super::row::MoveRows;

/// Fails the rows of devices that are in a protected group, or would get into one.
pub(super) fn leave_protected_alone(session: &Session, rows: &mut MoveRows) {
    let guards = &session.guards;
    if !guards.protect_something() {
        return;
    }
    let devices = Arc::clone(&rows.devices);
    let mut known: HashMap<GroupNumber, Result<bool, Error>> = HashMap::new();
    let mut is_protected = |number: GroupNumber| {
        let ask = || {
            let group = devices.group(number);
            guards.protect_group(&group.id, group.product.as_deref())
        };
        known.entry(number).or_insert_with(ask).clone()
    };
    rows.each_open(|rows, row| {
        let present = devices.location(row).and_then(|location| location.group);
        for group in [present, devices.target(row)].into_iter().flatten() {
            match is_protected(group) {
                Ok(false) => continue,
                Ok(true) => rows.fail_with(row, Guards::is_protected()),
                Err(error) => rows.fail_with(row, error),
            }
            break;
        }
    });
}
