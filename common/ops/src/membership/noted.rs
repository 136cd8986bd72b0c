//! What the journal is told of a request of a bulk move before it leaves: which rows it moves, and from where.

use api::{Answer, Error, Request};
use cli::rows::Outcome;
use cli::{Session, journal};

use super::decide::Batch;
use super::devices::Devices;

/// A request that is laid out.
pub(super) struct LaidOut {
    pub batch: Batch,
    /// The devices as the request names them.
    pub devices: Vec<String>,
    /// They leave their group for none.
    pub leave: bool,
}

impl LaidOut {
    /// The request for a batch.
    pub fn of(batch: Batch, devices: &Devices) -> LaidOut {
        let rows = || batch.rows.iter().copied();
        let leave = rows().any(|row| devices.leaves(row));
        LaidOut { devices: rows().map(|row| devices.on_the_wire(row)).collect(), leave, batch }
    }
}

/// Which rows of the input the rows of a move are.
#[derive(Clone, Copy)]
pub(super) enum InInput<'a> {
    /// None.
    Not,
    /// They come one after the other, from this number on.
    From(u64),
    /// Each has a number of its own.
    At(&'a [u64]),
}

impl InInput<'_> {
    fn index(self, row: u32) -> Option<u64> {
        match self {
            InInput::Not => None,
            InInput::From(first) => Some(first + u64::from(row)),
            InInput::At(numbers) => numbers.get(row as usize).copied(),
        }
    }
}

/// Sends a request for rows, of which it is noted what it does to them.
pub(super) fn send_noted(
    session: &Session,
    request: &Request,
    laid_out: &LaidOut,
    devices: &Devices,
    in_input: InInput<'_>,
) -> Result<Answer, Error> {
    let LaidOut { batch, devices: texts, leave } = laid_out;
    let rows = journal::numbers(batch.rows.iter().filter_map(|row| in_input.index(*row)));
    let outcome = if *leave { Outcome::Unassigned } else { Outcome::Assigned };
    let send = || {
        journal::plan_transfers(outcome, transfers(batch, texts, devices));
        session.client.send(request)
    };
    journal::working_on(rows, send).0
}

/// Which device goes from where to where.
fn transfers(batch: &Batch, texts: &[String], devices: &Devices) -> journal::Transfers {
    let mut transfers = journal::Transfers::default();
    for (row, text) in batch.rows.iter().zip(texts) {
        let location = devices.location(*row);
        let told = |group| {
            let group = devices.group(group);
            (group.id.as_str(), group.kind.as_str())
        };
        let from = location.and_then(|location| location.group).map(told);
        let to = devices.target(*row).map(told);
        match location.and_then(|location| location.id) {
            Some(id) => transfers.add(&super::named::Named::Id(id.get()).text(), from, to),
            None => transfers.add(text, from, to),
        }
    }
    transfers
}
