//! What the journal is told of a request of a bulk move before it leaves: which rows it moves, and from where.
//!
//! Careful about memory: all requests of a round are laid out before the first is sent, so that what is kept of a
//! row until then is small.

use std::num::NonZeroU64;

use api::{Answer, Error, Request};
use cli::rows::Outcome;
use cli::{Session, journal};
use model::{Effect, Record};

use super::decide::Batch;
use super::locations::{GroupNumber, Locations};
use super::print::transferred;
use super::row::MoveRow;

/// What is known of a row that is about to be moved.
#[derive(Clone, Copy)]
pub(super) struct Moving {
    id: Option<NonZeroU64>,
    from: Option<GroupNumber>,
    to: Option<GroupNumber>,
}

impl Moving {
    pub fn of(row: &MoveRow, locations: &Locations) -> Self {
        let location = locations.of(row.device()).ok().flatten();
        let id = row.id_of_name.or(location.and_then(|location| location.id));
        Moving { id, from: location.and_then(|location| location.group), to: row.target() }
    }

    fn effect(&self, device: &str, locations: &Locations) -> Effect {
        let [from, to] = [self.from, self.to].map(|group| Some(locations.group(group?)));
        let named = Record::from_iter([("id".to_owned(), device.into())]);
        transferred(&named, self.id, from, to)
    }
}

/// A request that is laid out.
pub(super) struct LaidOut {
    pub batch: Batch,
    /// The devices as the request names them, and what is known of each.
    pub devices: Vec<String>,
    pub moving: Vec<Moving>,
    /// They leave their group for none.
    pub leave: bool,
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
    fn index(self, row: usize) -> Option<u64> {
        match self {
            InInput::Not => None,
            InInput::From(first) => Some(first + row as u64),
            InInput::At(numbers) => numbers.get(row).copied(),
        }
    }
}

/// Sends a request for rows, of which it is noted what it does to them.
pub(super) fn send_noted(
    session: &Session,
    request: &Request,
    laid_out: &LaidOut,
    locations: &Locations,
    in_input: InInput<'_>,
) -> Result<Answer, Error> {
    let LaidOut { batch, devices, moving, leave } = laid_out;
    let rows = journal::numbers(batch.rows.iter().filter_map(|row| in_input.index(*row)));
    let outcome = if *leave { Outcome::Unassigned } else { Outcome::Assigned };
    let send = || {
        let known = devices.iter().zip(moving);
        journal::plan(outcome, known.map(|(device, row)| row.effect(device, locations)).collect());
        session.client.send(request)
    };
    journal::working_on(rows, send).0
}
