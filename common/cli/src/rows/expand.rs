//! Rows that other rows lead to, as builds of device groups: looked up before anything is done.

use model::{ErrorKind, Record};
use pipe::source::BadRow;
use pipe::{Failure, Item, ReadError, Row};

use crate::command_error::CommandError;
use crate::rows::outcome::run_ended;
use crate::rows::source::{RowSource, Rows};
use crate::session::Session;

/// What the rows led to.
pub struct ExpandedRows {
    /// Rows to work on, and those that led to nothing, as failed ones.
    pub rows: Rows,
    /// The run is over: all rows are failed ones, and nobody has to be asked.
    pub is_over: bool,
}

/// Looks up what each row leads to. One that fails is a failed row, and the others go on.
///
/// # Errors
/// As [`RowSource::rows`].
pub fn expand(
    session: &Session,
    source: RowSource<'_>,
    mut look: impl FnMut(&Row) -> Result<Vec<Record>, Failure>,
) -> Result<ExpandedRows, CommandError> {
    let mut items: Vec<Result<Item, ReadError>> = Vec::new();
    let mut is_over = false;
    for item in source.names(&session.inputs)? {
        let row = match item {
            Ok(Item::Row(row)) => row,
            other => {
                is_over |= other.is_err();
                items.push(other);
                continue;
            }
        };
        match if is_over { Err(run_ended()) } else { look(&row) } {
            Ok(found) => {
                let of_it = |record| Row { record, source: row.source.clone() };
                items.extend(found.into_iter().map(|record| Ok(Item::Row(of_it(record)))));
            }
            Err(failure) => {
                is_over |= failure.ends_run() || failure.kind == ErrorKind::NotAttempted;
                items.push(Ok(bad(row, failure)));
            }
        }
    }
    let keep = move |item| match item {
        Ok(Item::Row(row)) if is_over => Ok(bad(row, run_ended())),
        other => other,
    };
    Ok(ExpandedRows { rows: Box::new(items.into_iter().map(keep)), is_over })
}

fn bad(row: Row, failure: Failure) -> Item {
    Item::Bad(BadRow { failure, input: row.record, source: row.source })
}
