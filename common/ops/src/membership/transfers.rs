//! Devices that go from one group to another if they are still where they are said to be.
//!
//! Careful about the condition: it is checked with one look at all of them, right before the first is written,
//! and what is elsewhere is left alone.

use pipe::{Failure, NamedBy};

use api::Error;
use cli::Session;
use cli::rows::{Outcome, run_ended};
use model::Secret;

use super::BATCH;
use super::decide::{contradicts, decide, foresee};
use super::devices::{Devices, Requested};
use super::groups::Group;
use super::locate::{Within, locate};
use super::noted::InInput;
use super::protected::leave_protected_alone;
use super::row::{MoveRows, RowState};
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
    let (mut rows, located) = located(session, transfers);
    match located {
        Ok(()) => decide(&mut rows, key.is_some()),
        Err(error) => rows.give_up(&error, |_, _| true),
    }
    for row in 0..rows.len() {
        if let RowState::Against(_) = rows.state(row) {
            rows.fail(row, contradicts("an earlier row"));
        }
    }
    leave_protected_alone(session, &mut rows);
    if dry_run {
        foresee(&mut rows);
        rows.each_open(|rows, row| rows.set(row, RowState::Moved));
    }
    let mut open: Vec<u32> = (0..rows.len()).collect();
    let mut on_answer = |rows: &MoveRows| {
        open.retain(|number| match outcome(rows, *number, rows.state(*number)) {
            Some(outcome) => {
                settled(*number as usize, outcome);
                false
            }
            None => true,
        });
        !session.is_stopped()
    };
    on_answer(&rows);
    // The reason stands at the devices.
    let run = MoveRun::new(session, &mut rows, (BATCH, key), &mut on_answer);
    let _ended = run.of_input(InInput::At(numbers)).carry_out();
    for number in open {
        let outcome = outcome(&rows, number, rows.state(number));
        settled(number as usize, outcome.unwrap_or_else(|| Err(run_ended())));
    }
}

/// The rows of the transfers, and whether their devices could be located.
fn located(session: &Session, transfers: &[Transfer]) -> (MoveRows, Result<(), Error>) {
    let mut devices = Devices::default();
    // What is known of a group comes first: a device tells its type only.
    let known = transfers.iter().filter_map(|transfer| transfer.to.as_ref());
    known.for_each(|group| _ = devices.groups.number(group));
    let mut rows = MoveRows::with(devices);
    for transfer in transfers {
        let target = transfer.to.as_ref().map(|group| rows.devices_mut().groups.number(group));
        rows.push(Some(Requested::new(&transfer.device, NamedBy::Id, target)));
    }
    let all: Vec<u32> = (0..rows.len()).collect();
    let located = locate(session, rows.devices_mut(), all, Within::Account, None);
    for (row, transfer) in (0..).zip(transfers) {
        expect(&mut rows, row, transfer);
    }
    (rows, located)
}

/// The row is done only if its device is where it is said to be.
fn expect(rows: &mut MoveRows, row: u32, transfer: &Transfer) {
    let group = |id: &String| Group { id: id.clone(), kind: String::new(), product: None };
    let devices = rows.devices_mut();
    let from = transfer.from.as_ref().map(|id| devices.groups.number_of(id, || group(id)));
    devices.expect(row, from);
}

/// What has become of a row in this state, once that is known.
fn outcome(rows: &MoveRows, row: u32, state: RowState) -> Option<Result<Outcome, Failure>> {
    match state {
        RowState::Moved if rows.devices.leaves(row) => Some(Ok(Outcome::Unassigned)),
        RowState::Moved => Some(Ok(Outcome::Assigned)),
        RowState::Unchanged => Some(Ok(Outcome::Unchanged)),
        RowState::As(first) => outcome(rows, first, rows.state(first))
            .map(|of_first| of_first.map(|_| Outcome::Unchanged)),
        state => rows.failure(row, state).map(Err),
    }
}
