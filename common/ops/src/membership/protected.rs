//! Devices that must stay where they are, and groups that must stay as they are.

use std::collections::HashMap;

use api::Error;
use cli::Session;
use cli::guards::Guards;

use super::locations::{GroupNumber, Locations};
use super::row::{MoveRow, RowState};

/// Fails the rows of devices that are in a protected group, or would get into one.
pub(super) fn leave_protected_alone(
    session: &Session,
    rows: &mut [MoveRow],
    locations: &Locations,
) {
    let guards = &session.guards;
    if !guards.protect_something() {
        return;
    }
    let mut known: HashMap<GroupNumber, Result<bool, Error>> = HashMap::new();
    let mut is_protected = |number: GroupNumber| {
        let ask = || {
            let group = locations.group(number);
            guards.protect_group(&group.id, group.product.as_deref())
        };
        known.entry(number).or_insert_with(ask).clone()
    };
    for row in rows.iter_mut().filter(|row| row.open().is_some()) {
        let location = locations.of(row.device()).ok().flatten();
        let groups = [location.and_then(|location| location.group), row.target()];
        for group in groups.into_iter().flatten() {
            match is_protected(group) {
                Ok(false) => continue,
                Ok(true) => row.state = RowState::failed(Guards::is_protected()),
                Err(error) => row.state = RowState::failed(error),
            }
            break;
        }
    }
}
