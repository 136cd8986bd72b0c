//! Reading rows before the first of them is worked on, so that the journal has them all.
//!
//! Careful about sources that stay open: what has come is not kept waiting for what may never come.

use std::sync::Arc;
use std::time::Duration;

use pipe::batch::Ahead;
use pipe::spool::Spool;
use pipe::{Item, ReadError};

use crate::command_error::CommandError;
use crate::journal;
use crate::rows::question::Question;
use crate::rows::results::Results;
use crate::rows::run::RowJob;
use crate::rows::source::Rows;
use crate::session::Session;
use crate::terminal::interruptible::Inputs;

/// A live source that gives nothing for so long is not read further ahead.
const IDLE: Duration = Duration::from_millis(200);

/// Reads the rows: all of them, or of a live source those that have come when nothing came for a while. They
/// are in the journal then. Asks whether to go on where that is to be asked. Without consent, or when the input
/// cannot be read to its end, the run is over: the rows will be reported as not attempted.
pub(super) fn read(
    session: &Session,
    job: &RowJob<'_>,
    rows: Rows,
    results: &mut Results<'_>,
) -> Rows {
    let all = needs_all(session, job) || !session.inputs.are_live();
    let mut spool = Spool::new();
    let mut question = job.question().map(|ask| Question::new(session, ask, job.args.source.noun));
    let mut items = 0u64;
    let noted = noted(rows, session.inputs.clone(), !all);
    let mut rows = if all { Coming::All(Box::new(noted)) } else { Coming::Live(Ahead::of(noted)) };
    while let Some(item) = rows.soon() {
        let item = match item {
            Ok(item) => item,
            Err(error) => {
                results.end_run(error.into());
                break;
            }
        };
        items += 1;
        if let (Item::Row(row), Some(question)) = (&item, &mut question) {
            question.note(row);
        }
        if let Err(error) = spool.push(&item) {
            results.end_run(CommandError::cannot_keep(&error));
            break;
        }
    }
    if let (Some(question), false) = (question, results.is_over() || session.is_stopped())
        && let Err(error) = question.ask()
    {
        results.not_agreed(error);
    }
    let kept =
        spool.read().map(|row| row.map_err(|error| ReadError::new("rows that waited", &error)));
    match rows {
        Coming::All(_) => {
            results.expect_rows(Some(items));
            Box::new(kept)
        }
        Coming::Live(rows) => Box::new(kept.chain(rows)),
    }
}

/// Whether all rows have to be known before the first is worked on, however long that takes.
fn needs_all(session: &Session, job: &RowJob<'_>) -> bool {
    let max_changes = job.changes.and_then(|changes| changes.max_changes);
    job.all_first || job.question().is_some() || session.guards.need_total(max_changes)
}

/// Rows that are noted in the journal as they come; of a live source at once, because nobody can read them again.
fn noted(
    mut rows: Rows,
    inputs: Arc<Inputs>,
    at_once: bool,
) -> impl Iterator<Item = Result<Item, ReadError>> + Send {
    std::iter::from_fn(move || {
        let next = rows.next();
        match &next {
            Some(Ok(item)) => journal::note_item(item),
            Some(Err(_)) => {}
            None => journal::note_end_of_input(&inputs),
        }
        if at_once {
            // Whether that can be written shows before the next request.
            let _shown_later = journal::flush();
        }
        next
    })
}

/// Rows that are read ahead.
enum Coming {
    /// To their end.
    All(Rows),
    /// Until nothing comes for a while.
    Live(Ahead<Result<Item, ReadError>>),
}

impl Coming {
    fn soon(&mut self) -> Option<Result<Item, ReadError>> {
        match self {
            Coming::All(rows) => rows.next(),
            Coming::Live(rows) => rows.soon(IDLE),
        }
    }
}
