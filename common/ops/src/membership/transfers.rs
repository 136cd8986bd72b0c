//! Devices that go from one group to another if they are still where they are said to be.
//!
//! Careful about the condition: it is checked with one look at all of them, right before the first is written,
//! and what is elsewhere is left alone.

use pipe::{Failure, NamedBy};

use api::Error;
use cli::Session;
use cli::rows::{Outcome, run_ended};
use model::{ErrorKind, Secret};

use super::BATCH;
use super::decide::{contradicts, decide, foresee};
use super::locate::{Within, locate};
use super::locations::{Group, Locations};
use super::noted::InInput;
use super::protected::leave_protected_alone;
use super::row::{MoveRow, Requested, RowState};
use super::send::MoveRun;

/// A device that goes from one group to another.
pub struct Transfer {
    /// The device, by its id.
    pub device: String,
    /// The id of the group that it has to be in; `None`: in none.
    pub from: Option<String>,
    /// Where it goes; `None`: out of its group.
    pub to: Option<Group>,
}

/// Transfers that are made together.
pub struct Transfers<'a> {
    /// What goes where.
    pub transfers: &'a [Transfer],
    /// The numbers of their rows, by the order in which these are reported.
    pub rows: &'a [u64],
    /// The unblessing key.
    pub key: Option<&'a Secret>,
    /// Only look what would become of them.
    pub dry_run: bool,
}

/// Moves those that are where they should be. Gives to `settled` what became of each, as soon as that is known.
pub fn transfer(
    session: &Session,
    order: &Transfers<'_>,
    settled: &mut dyn FnMut(usize, Result<Outcome, Failure>),
) {
    let Transfers { transfers, rows: numbers, key, dry_run } = *order;
    let mut locations = Locations::default();
    // What is known of a group comes first: a device tells its type only.
    let known = transfers.iter().filter_map(|transfer| transfer.to.as_ref());
    known.for_each(|group| _ = locations.number(group));
    let texts: Vec<&str> = transfers.iter().map(|transfer| transfer.device.as_str()).collect();
    let located = locate(session, &mut locations, &texts, Within::Account, None);
    let mut rows: Vec<MoveRow> =
        transfers.iter().map(|transfer| asked_for(transfer, &mut locations)).collect();
    match located {
        Ok(()) => decide(&mut rows, &locations, key.is_some()),
        Err(error) => not_located(&mut rows, &error),
    }
    for row in &mut rows {
        if let RowState::Against(_) = row.state {
            row.state = RowState::Failed(Box::new(contradicts("an earlier row")));
        }
    }
    leave_protected_alone(session, &mut rows, &locations);
    if dry_run {
        foresee(&mut rows, &locations);
        let open = rows.iter_mut().filter(|row| row.open().is_some());
        open.for_each(|row| row.state = RowState::Moved);
    }
    let mut open: Vec<usize> = (0..rows.len()).collect();
    let mut on_answer = |rows: &[MoveRow], _: &Locations| {
        open.retain(|number| match outcome(&rows[*number], rows) {
            Some(outcome) => {
                settled(*number, outcome);
                false
            }
            None => true,
        });
        !session.is_stopped()
    };
    on_answer(&rows, &locations);
    // The reason stands at the devices.
    let run = MoveRun::new(session, &mut rows, &locations, (BATCH, key), &mut on_answer);
    let _ended = run.of_input(InInput::At(numbers)).carry_out();
    for number in open {
        settled(number, outcome(&rows[number], &rows).unwrap_or_else(|| Err(run_ended())));
    }
}

fn asked_for(transfer: &Transfer, locations: &mut Locations) -> MoveRow {
    let target = transfer.to.as_ref().map(|group| locations.number(group));
    let from = transfer.from.clone();
    let group = |id| Group { id, kind: String::new(), product: None };
    let expected = Some(from.map(|id| locations.number(&group(id))));
    let device = transfer.device.as_str().into();
    MoveRow::asking(Requested { expected, ..Requested::new(device, NamedBy::Id, target) })
}

/// The look-up ended: nothing is written.
fn not_located(rows: &mut [MoveRow], error: &Error) {
    let mut reason =
        (error.kind != ErrorKind::NotAttempted).then(|| RowState::failed(error.clone()));
    for row in rows {
        row.state = reason.take().unwrap_or_else(RowState::run_ended);
    }
}

/// What has become of a row, once that is known.
fn outcome(row: &MoveRow, rows: &[MoveRow]) -> Option<Result<Outcome, Failure>> {
    match &row.state {
        RowState::Moved if row.leaves() => Some(Ok(Outcome::Unassigned)),
        RowState::Moved => Some(Ok(Outcome::Assigned)),
        RowState::Unchanged => Some(Ok(Outcome::Unchanged)),
        RowState::As(first) => {
            outcome(&rows[*first], rows).map(|of_first| of_first.map(|_| Outcome::Unchanged))
        }
        RowState::Failed(failure) => Some(Err((**failure).clone())),
        _ => None,
    }
}
