//! The begin of a journal: a new one, or that of a run that goes on.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, OnceLock};

use model::ResourceKind;
use serde_json::json;

use super::file::JournalFile;
use super::past::{self, Past};
use super::recorded::Recorded;
use super::{Journal, RUN, called, directory, recorded, with_given};
use crate::command_error::CommandError;
use crate::invocation;
use crate::session::Session;
use crate::terminal::{awaited, environment, stderr};

/// Begins the journal of a run that changes something, whose rows are about `noun`s; or goes on with that of
/// the run that is resumed.
///
/// # Errors
/// Exit 2 when it cannot be written and has to be, or cannot be resumed.
pub(crate) fn begin(session: &Session, noun: &str) -> Result<(), CommandError> {
    if RUN.get().get().is_some() {
        return Ok(());
    }
    let is_secret = ResourceKind::called(noun).is_some_and(ResourceKind::is_secret);
    let begun = match past::resumed()? {
        Some(past) => Some(go_on(session, past, is_secret)?),
        None => match directory::wanted(session.state_dir())? {
            directory::Wanted::No => None,
            directory::Wanted::In(directory, required) => {
                tell_interrupted(&directory);
                match begin_in(session, &directory, is_secret, required) {
                    Ok(journal) => Some(journal),
                    Err(error) if required => return Err(cannot_be_written(&directory, &error)),
                    Err(error) => {
                        let directory = directory.display();
                        stderr::say(&format!(
                            "no journal of this run can be written in {directory}: {error}; it goes on, but \
                             cannot be resumed or undone"
                        ));
                        None
                    }
                }
            }
        },
    };
    let run = begun.as_ref().map(|journal| journal.run.clone());
    awaited::tell_after_signal(Arc::clone(&session.stop), run);
    RUN.get().get_or_init(|| begun.map(Arc::new));
    Ok(())
}

fn cannot_be_written(directory: &Path, error: &std::io::Error) -> CommandError {
    CommandError::usage(format!(
        "no journal can be written in {}: {error}; IMP_JOURNAL=require asks for one, so nothing was done",
        directory.display()
    ))
}

fn begin_in(
    session: &Session,
    directory: &Path,
    hides_rows: bool,
    required: bool,
) -> std::io::Result<Journal> {
    let (run, path, file) = directory::create(directory, &invocation::verb())?;
    let file = JournalFile::new(path, file, required);
    let account = session.known_account().map(called);
    let journal = Journal {
        had_account: account.is_some(),
        file,
        taken_up: Vec::new(),
        first_new: 1,
        come: AtomicU64::new(0),
        rows_are_given: AtomicBool::new(false),
        hides_rows,
        has_started: AtomicBool::new(false),
        past: None,
        parts: Mutex::default(),
        ended: OnceLock::new(),
        run,
    };
    journal.file.append([json!({
        "type": "run",
        "run": journal.run,
        "command": invocation::command(),
        "directory": environment::current_dir(),
        "account": account,
        "endpoint": session.client.endpoint(),
        "version": invocation::version(),
        "at": directory::time_stamp(),
    })]);
    with_given(std::mem::take).iter().for_each(|item| journal.append_given(item));
    // Whether it can be written shows now, when nothing has been done.
    journal.file.flush().map_err(std::io::Error::other)?;
    Ok(journal)
}

fn go_on(session: &Session, past: Arc<Past>, hides_rows: bool) -> Result<Journal, CommandError> {
    let header = &past.recorded.header;
    if hides_rows {
        return Err(CommandError::usage(format!(
            "the rows of run {} are secrets, which are not kept: give the command again",
            header.run
        )));
    }
    is_of_this_account(session, &past.recorded)?;
    let journal = Journal {
        file: past.open()?,
        run: header.run.clone(),
        taken_up: past.taken_up(),
        first_new: past.recorded.last_row() + 1,
        come: AtomicU64::new(0),
        rows_are_given: AtomicBool::new(false),
        hides_rows,
        had_account: past.recorded.account.is_some(),
        has_started: AtomicBool::new(false),
        past: Some(past),
        parts: Mutex::default(),
        ended: OnceLock::new(),
    };
    journal.file.append([json!({"type": "resumed", "at": directory::time_stamp()})]);
    journal.file.flush().map_err(CommandError::usage)?;
    Ok(journal)
}

/// Refuses to go on with a run, or to undo it, anywhere but where it was made.
///
/// # Errors
/// Exit 2 when it was made with another account or at another endpoint; as [`Session::account`] when it is not
/// known which this one is.
pub fn is_of_this_account(session: &Session, recorded: &Recorded) -> Result<(), CommandError> {
    let (then, at) = (recorded.account.as_deref(), recorded.header.endpoint.as_str());
    let endpoint = session.client.endpoint();
    let is_elsewhere = !at.is_empty() && at != endpoint;
    let now = match then {
        Some(_) if !is_elsewhere => Some(called(session.account()?)),
        _ => session.known_account().map(called),
    };
    if !is_elsewhere && (then.is_none() || then == now.as_deref()) {
        return Ok(());
    }
    let unknown = "an unknown account";
    Err(CommandError::usage(format!(
        "run {} was made as {} at {at}, and this sign-in is {} at {endpoint}",
        recorded.header.run,
        then.unwrap_or(unknown),
        now.as_deref().unwrap_or(unknown)
    )))
}

/// Says that the same command was interrupted before.
fn tell_interrupted(directory: &Path) {
    let same = directory::interrupted(directory).into_iter().rev().find(|path| {
        let is_same = recorded::header(path).is_ok_and(|header| {
            header.command == invocation::command()
                && header.directory == environment::current_dir()
        });
        is_same
            && Recorded::read(path)
                .is_ok_and(|recorded| !recorded.has_not_begun() && !recorded.is_forgotten)
    });
    if let Some(run) = same.as_deref().and_then(directory::run_of) {
        stderr::say(&format!(
            "run {run} of this command was interrupted; `imp-change resume {run}` finishes it"
        ));
    }
}
