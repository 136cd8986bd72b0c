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

/// Sends a request for rows, of which it is noted what it does to them. `reported`: how many rows were reported
/// before the first of the move; `None` if they are none of the input.
pub(super) fn send_noted(
    session: &Session,
    request: &Request,
    laid_out: &LaidOut,
    locations: &Locations,
    reported: Option<u64>,
) -> Result<Answer, Error> {
    let LaidOut { batch, devices, moving, leave } = laid_out;
    let indices = |first| batch.rows.iter().map(move |row| first + *row as u64);
    let rows = journal::numbers(reported.into_iter().flat_map(indices));
    let outcome = if *leave { Outcome::Unassigned } else { Outcome::Assigned };
    let send = || {
        let known = devices.iter().zip(moving);
        journal::plan(outcome, known.map(|(device, row)| row.effect(device, locations)).collect());
        session.client.send(request)
    };
    journal::working_on(rows, send).0
}
