//! The rows of a rollout: read to their end before anything begins, or all left.

use cli::rows::results::Results;
use cli::terminal::stderr;
use cli::{CommandError, RowSource, Session, journal};
use pipe::spool::Spool;

/// Reads the rows of a source to their end. `None` when they cannot be read to their end: then all have been reported.
///
/// # Errors
/// When they cannot be opened or kept.
pub fn read_rows(
    session: &Session,
    source: &RowSource<'_>,
    results: &mut Results<'_>,
) -> Result<Option<Spool>, CommandError> {
    let (mut read, mut is_empty) = (Spool::new(), true);
    for item in source.rows(&session.inputs)? {
        is_empty = false;
        match item {
            Ok(item) => {
                read.push(&item).map_err(|error| CommandError::cannot_keep(&error))?;
            }
            Err(error) => results.end_run(error.into()),
        }
    }
    if !results.is_over() && !session.is_stopped() {
        results.begin_failed();
    }
    if !results.is_over() && !session.is_stopped() {
        // Somebody at a terminal is told in the end.
        if is_empty && !journal::goes_on() && !stderr::is_terminal() {
            stderr::say(&format!("no {} in the input: nothing was done", source.noun));
        }
        return Ok(Some(read));
    }
    leave_all(&read, results).map(|()| None)
}

/// Reports all rows as not attempted.
///
/// # Errors
/// When rows that waited cannot be read.
pub fn leave_all(read: &Spool, results: &mut Results<'_>) -> Result<(), CommandError> {
    for item in read.read() {
        let item = item.map_err(|error| CommandError::cannot_keep(&error))?;
        journal::note_item(&item);
        results.not_attempted(Ok(item));
    }
    Ok(())
}
