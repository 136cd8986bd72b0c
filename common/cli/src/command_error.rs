//! Why a command cannot go on: an error for a person and an exit code for a script.

use model::ErrorKind;
use std::fmt;

use pipe::Failure;

use crate::exit::Exit;

/// Ends the command. Made from whatever went wrong; printed once, by [`crate::run`].
#[derive(Debug)]
pub struct CommandError {
    /// The exit code.
    pub exit: Exit,
    /// What to print; nothing when it has been said already.
    pub message: Option<String>,
}

impl CommandError {
    /// A usage error or bad configuration: nothing was sent.
    pub fn usage(message: impl Into<String>) -> Self {
        CommandError { exit: Exit::CouldNotRun, message: Some(message.into()) }
    }

    /// Waiting rows could be kept neither in memory nor in a file.
    pub fn cannot_keep(error: &std::io::Error) -> Self {
        CommandError::usage(format!(
            "cannot keep the rows in a temporary file: {error}; TMPDIR names the directory for it"
        ))
    }

    /// Everything has been said; only the code is left.
    pub fn silent(exit: Exit) -> Self {
        CommandError { exit, message: None }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.message.as_deref().unwrap_or("stopped"))
    }
}

impl std::error::Error for CommandError {}

impl From<api::Error> for CommandError {
    fn from(error: api::Error) -> Self {
        CommandError::from(failure(error))
    }
}

impl From<Failure> for CommandError {
    fn from(failure: Failure) -> Self {
        let exit = match failure.kind {
            ErrorKind::NotAttempted => Exit::Interrupted,
            ErrorKind::BadInput => Exit::CouldNotRun,
            _ => Exit::of_failure(&failure),
        };
        let message = (failure.kind != ErrorKind::NotAttempted).then(|| failure.sentence());
        CommandError { exit, message }
    }
}

impl From<pipe::ReadError> for CommandError {
    fn from(error: pipe::ReadError) -> Self {
        CommandError::usage(error.to_string())
    }
}

/// A request's error as the failure of a record.
pub fn failure(error: api::Error) -> Failure {
    // The service's pieces of a list, such as the places where code does not compile. Other things that
    // it may put there are not for the files of failed rows.
    let pieces = error.errors.iter().filter_map(|one| one["meta"].as_array());
    let pieces: Vec<_> = pieces.flatten().cloned().collect();
    let lacks_permission = error.status == Some(403) && error.title.contains("Permission");
    let detail = match error.detail {
        detail if !lacks_permission => detail,
        detail => Some(pipe::failure::with_advice(
            &detail.unwrap_or_else(|| "The account may not do this".into()),
            "`imp-auth account info --full` says what it may do",
        )),
    };
    Failure {
        meta: (!pieces.is_empty()).then(|| Box::new(pieces.into())),
        status: error.status,
        code: error.code,
        title: error.title,
        detail,
        kind: error.kind,
        ended_by: error.ended_by,
        attempts: error.attempts,
        partly: false,
    }
}
