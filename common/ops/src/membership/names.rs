//! Looks for devices of which the service knows no agent by their names.

use model::ErrorKind;

use api::Error;

use super::devices::{Devices, Found, Location, Requested};
use super::locate::{Within, locate_in_list};
use super::row::{MoveRows, RowState};
use cli::Session;
use pipe::NamedBy;

/// Finds the rows that are perhaps names, in one list. Gives what ended the run, if that did.
pub(super) fn look_for_names(session: &Session, rows: &mut MoveRows) -> Option<Error> {
    let is_open = |(row, state)| match state {
        RowState::PerhapsName(failure) => Some((row, failure)),
        _ => None,
    };
    let perhaps_names: Vec<(u32, u32)> = rows.states().filter_map(is_open).collect();
    if perhaps_names.is_empty() {
        return None;
    }
    let mut now = Devices::with_groups_of(&rows.devices);
    for (row, _) in &perhaps_names {
        now.push(Some(Requested::new(&rows.devices.text(*row), NamedBy::Any, None)));
    }
    let all = (0..).take(perhaps_names.len()).collect();
    if let Err(why) = locate_in_list(session, &mut now, all, Within::Account) {
        return not_looked_for(rows, &perhaps_names, &why);
    }
    for (name, (row, failure)) in (0..).zip(perhaps_names) {
        match (now.found(name), rows.devices.target(row)) {
            // Without an id it could only be sent as an agent id again.
            (Found::At(location @ Location { id: Some(_), .. }), Some(target)) => {
                let group = location.group.map(|group| now.group(group));
                let devices = rows.devices_mut();
                let group = group.map(|group| devices.groups.number(group));
                devices.note_name(row, Location { group, ..location });
                let is_there = group == Some(target);
                rows.set(row, if is_there { RowState::Unchanged } else { RowState::Open(target) });
            }
            (Found::Several(_), _) => match now.is_looked_up(name) {
                Err(ambiguous) => rows.fail_with(row, ambiguous),
                Ok(()) => rows.set(row, RowState::Failed(failure)),
            },
            _ => rows.set(row, RowState::Failed(failure)),
        }
    }
    None
}

/// The list could not be read: whether there are devices of these names is not known.
fn not_looked_for(rows: &mut MoveRows, names: &[(u32, u32)], why: &Error) -> Option<Error> {
    let ends = why.ends_run() || why.kind == ErrorKind::NotAttempted;
    let is_reason = why.kind != ErrorKind::NotAttempted;
    for (place, (row, _)) in names.iter().enumerate() {
        // What ends the run is told once.
        if is_reason && (place == 0 || !ends) {
            rows.fail_with(*row, why.clone());
        } else {
            rows.set(*row, RowState::NotAttempted);
        }
    }
    ends.then(|| why.clone())
}
