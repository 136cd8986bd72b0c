//! What the journal is told of a request of a bulk move before it leaves: which rows it moves, and from where.

use api::{Answer, Error, Request};
use cli::rows::Outcome;
use cli::{Session, journal};
use model::{Effect, Record};

use super::decide::Batch;
use super::locations::Locations;
use super::print::transferred;
use super::row::MoveRow;

/// Rows by their numbers, and what is to be done to each.
pub(super) type Noted = (Vec<u64>, Vec<Effect>);

/// What a batch is going to do. `reported`: how many rows were reported before the first of `rows`; `None` if they
/// are none of the input.
pub(super) fn noted(
    batch: &Batch,
    rows: &[MoveRow],
    locations: &Locations,
    reported: Option<u64>,
) -> Noted {
    let indices = |first| batch.rows.iter().map(move |row| first + *row as u64);
    let numbers = journal::numbers(reported.into_iter().flat_map(indices));
    let planned = |row: &usize| {
        let row = &rows[*row];
        let location = locations.of(row.device()).ok().flatten();
        let from = location.and_then(|location| location.group);
        let [from, to] = [from, row.target()].map(|group| Some(locations.group(group?)));
        let id = row.id_of_name.or(location.and_then(|location| location.id));
        let named = Record::from_iter([("id".to_owned(), row.device().into())]);
        transferred(&named, id, from, to)
    };
    (numbers, batch.rows.iter().map(planned).collect())
}

/// Sends a request for rows, of which it is noted what it does to them.
pub(super) fn send_noted(
    session: &Session,
    request: &Request,
    (rows, effects): Noted,
    leave: bool,
) -> Result<Answer, Error> {
    let outcome = if leave { Outcome::Unassigned } else { Outcome::Assigned };
    let send = || {
        journal::plan(outcome, effects);
        session.client.send(request)
    };
    journal::working_on(rows, send).0
}
