//! Runs, as their journals tell of them.

use std::path::Path;

use cli::journal::recorded::{Recorded, RowState};
use cli::terminal::stderr;
use cli::{CommandError, Exit, journal};
use model::Record;
use serde_json::json;

/// Reads the journal of a run.
///
/// # Errors
/// Exit 2 when it cannot be read.
pub fn read(path: &Path) -> Result<Recorded, CommandError> {
    Recorded::read(path)
        .map_err(|error| CommandError::usage(format!("cannot read {}: {error}", path.display())))
}

/// Says which lines of a journal cannot be read; gives what that does to the exit code.
pub fn say_damage(recorded: &Recorded) -> Exit {
    let damage = recorded.damage();
    damage.iter().for_each(|damage| stderr::say_failure(damage));
    if damage.is_some() { Exit::SomeFailed } else { Exit::Done }
}

/// A run as a record.
pub fn record(path: &Path, recorded: &Recorded) -> Record {
    let Recorded { header, account, exit, ended_at, .. } = recorded;
    let record = json!({
        "type": "run",
        "run": header.run,
        "at": header.at,
        "command": header.command.join(" "),
        "account": account,
        "endpoint": header.endpoint,
        "rows": recorded.rows(),
        "done": recorded.count(RowState::Done) + recorded.count(RowState::Unchanged),
        "failed": recorded.count(RowState::Failed) + recorded.count(RowState::Unknown),
        "open": recorded.to_do(false).len(),
        "state": state(path, recorded),
        "exit": exit,
        "ended_at": ended_at,
        "directory": header.directory,
        "version": header.version,
    });
    serde_json::from_value(record).unwrap_or_default()
}

/// Whether a run is under way, has ended, or was interrupted: then it can be resumed, unless it was forgotten.
pub fn state(path: &Path, recorded: &Recorded) -> &'static str {
    match recorded.exit {
        None if journal::is_held(path) => "under_way",
        Some(_) if recorded.to_do(false).is_empty() => "ended",
        _ if recorded.is_forgotten => "forgotten",
        _ => "interrupted",
    }
}
