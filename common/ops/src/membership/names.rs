//! Looks for devices of which the service knows no agent by their names.

use model::ErrorKind;

use api::Error;

use super::locate::{Within, locate_in_list};
use super::locations::{Location, Locations};
use super::row::{MoveRow, RowState};
use cli::Session;

/// Finds the rows that are perhaps names, in one list. Gives what ended the run, if that did.
pub(super) fn look_for_names(
    session: &Session,
    rows: &mut [MoveRow],
    known: &Locations,
) -> Option<Error> {
    let perhaps_names = rows.iter().filter(|row| matches!(row.state, RowState::PerhapsName(_)));
    let names: Vec<&str> = perhaps_names.map(MoveRow::device).collect();
    if names.is_empty() {
        return None;
    }
    let mut locations = known.with_groups_only();
    if let Err(why) = locate_in_list(session, &mut locations, &names, Within::Account) {
        return not_looked_for(rows, why);
    }
    for row in rows {
        let RowState::PerhapsName(error) = &row.state else { continue };
        row.state = match (locations.of(row.device()), row.target()) {
            // Without an id it could only be sent as an agent id again.
            (Ok(Some(Location { id: Some(id), group, .. })), Some(target)) => {
                row.id_of_name = Some(id);
                if group == Some(target) { RowState::Unchanged } else { RowState::Open(target) }
            }
            (Err(other), _) if other.kind == ErrorKind::Ambiguous => RowState::failed(other),
            _ => RowState::failed((**error).clone()),
        };
    }
    None
}

/// The list could not be read: whether there are devices of these names is not known.
fn not_looked_for(rows: &mut [MoveRow], why: Error) -> Option<Error> {
    let ends = why.ends_run() || why.kind == ErrorKind::NotAttempted;
    let mut reason = (why.kind != ErrorKind::NotAttempted).then(|| RowState::failed(why.clone()));
    for row in rows {
        if matches!(row.state, RowState::PerhapsName(_)) {
            let told = if ends { reason.take() } else { reason.clone() };
            row.state = told.unwrap_or_else(RowState::run_ended);
        }
    }
    ends.then_some(why)
}
