//! Runs, as their journals tell of them.

use std::path::Path;

use cli::journal::recorded::{Back, Recorded, RowState};
use cli::terminal::stderr;
use cli::{CommandError, Exit, journal};
use model::Record;
use model::schema::Kind::{Integer, Text, Time, Words};
use model::schema::{Field, RecordType};
use serde_json::json;

/// The state of a run that has not ended.
pub const UNDER_WAY: &str = "under_way";
const ENDED: &str = "ended";
/// That of one that is left as it is.
pub const FORGOTTEN: &str = "forgotten";
/// That of one that can be resumed.
pub const INTERRUPTED: &str = "interrupted";

/// What the record of a run holds.
pub static RUN: RecordType = RecordType {
    name: "run",
    about: "A run that changed something, as its journal tells of it.",
    fields: &[
        Field::new("type", Words(&["run"]), "What the record is.").required(),
        Field::new("run", Text, "Its name.").required(),
        Field::new("at", Time, "When it began.").required(),
        Field::new("command", Text, "The command, secrets hidden.").required(),
        Field::new("account", Text, "The account, if it was known.").required().or_null(),
        Field::new("endpoint", Text, "The service.").required(),
        Field::new("rows", Integer, "Its rows.").required(),
        Field::new("done", Integer, "Rows that were done, or were so already.").required(),
        Field::new("taken_back", Integer, "Those of them that the run took back itself.")
            .required(),
        Field::new("failed", Integer, "Rows that failed.").required(),
        Field::new("open", Integer, "Rows that are left to do.").required(),
        Field::new("state", Words(&[UNDER_WAY, ENDED, FORGOTTEN, INTERRUPTED]), "How it is.")
            .required(),
        Field::new("exit", Integer, "Its exit code, once it has ended.").required().or_null(),
        Field::new("ended_at", Time, "When it ended.").required().or_null(),
        Field::new("directory", Text, "Where it was typed.").required(),
        Field::new("version", Text, "The version of the command.").required(),
    ],
};

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
    let [good, bad] =
        [[RowState::Done, RowState::Unchanged], [RowState::Failed, RowState::Unknown]];
    let [done, failed] =
        [good, bad].map(|states| states.map(|state| recorded.count(state)).iter().sum::<u64>());
    // A row is one of the input: what was done and could not be taken back has failed, and what may have been done
    // has failed already.
    let [[back, not_back], [of_doubt, not_of_doubt]] = [Back::Done, Back::Doubtful]
        .map(|kind| [good, bad].map(|states| recorded.count_back(kind, &states)));
    let record = json!({
        "type": "run",
        "run": header.run,
        "at": header.at,
        "command": header.command.join(" "),
        "account": account,
        "endpoint": header.endpoint,
        "rows": recorded.rows() - recorded.rows_back(),
        "done": (done - back - of_doubt).saturating_sub(not_back),
        "taken_back": back,
        "failed": failed - not_of_doubt,
        "open": if recorded.has_not_begun() { 0 } else { recorded.to_do(false).len() },
        "state": state(path, recorded),
        "exit": exit,
        "ended_at": ended_at,
        "directory": header.directory,
        "version": header.version,
    });
    serde_json::from_value(record).unwrap_or_default()
}

/// Whether a run is under way, has ended, or was interrupted: then it can be resumed, unless it was forgotten. One that
/// was interrupted before its input was read has ended: it did nothing, and has no rows to go on with.
pub fn state(path: &Path, recorded: &Recorded) -> &'static str {
    match recorded.exit {
        None if journal::is_held(path) => UNDER_WAY,
        _ if recorded.has_not_begun() => ENDED,
        _ if recorded.is_forgotten => FORGOTTEN,
        Some(_) if !recorded.is_left() && recorded.to_do(false).is_empty() => ENDED,
        _ => INTERRUPTED,
    }
}
