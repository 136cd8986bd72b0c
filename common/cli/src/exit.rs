//! Exit codes: what a script can branch on. The same in every command (`imp-tools(7)`).

use model::ErrorKind;
use std::process::ExitCode;

use pipe::Failure;

/// How a run ended. When several apply, the first of 129/130/143, 3, 2, 4, 6, 1, 5 counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exit {
    /// All done, or nothing to do.
    #[default]
    Done,
    /// A plan, and something would change.
    WouldChange,
    /// Some records failed.
    SomeFailed,
    /// What was waited for was not so when the deadline passed.
    TimedOut,
    /// The service could not be reached within the patience: try again later.
    Unreachable,
    /// Could not run: usage, unreadable input, bad configuration, a panic.
    CouldNotRun,
    /// Not signed in.
    NotSignedIn,
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// SIGHUP: the terminal is gone.
    HungUp,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::SomeFailed => 1,
            Exit::CouldNotRun => 2,
            Exit::NotSignedIn => 3,
            Exit::Unreachable => 4,
            Exit::WouldChange => 5,
            Exit::TimedOut => 6,
            Exit::HungUp => 129,
            Exit::Interrupted => 130,
            Exit::Terminated => 143,
        }
    }

    /// The graver of two.
    #[must_use]
    pub fn and(self, other: Exit) -> Exit {
        if self.gravity() >= other.gravity() { self } else { other }
    }

    fn gravity(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::WouldChange => 1,
            Exit::SomeFailed => 2,
            Exit::TimedOut => 3,
            Exit::Unreachable => 4,
            Exit::CouldNotRun => 5,
            Exit::NotSignedIn => 6,
            Exit::Interrupted => 7,
            Exit::Terminated => 8,
            Exit::HungUp => 9,
        }
    }

    /// What a failed record does to the exit code.
    pub fn of_failure(failure: &Failure) -> Exit {
        match failure.ended_by.unwrap_or(failure.kind) {
            ErrorKind::NotSignedIn => Exit::NotSignedIn,
            ErrorKind::Unreachable => Exit::Unreachable,
            ErrorKind::Misconfigured => Exit::CouldNotRun,
            // How many may be so is for the verb to say.
            ErrorKind::NotMet => Exit::Done,
            _ => Exit::SomeFailed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_counts() {
        let order = [
            Exit::HungUp,
            Exit::Terminated,
            Exit::Interrupted,
            Exit::NotSignedIn,
            Exit::CouldNotRun,
            Exit::Unreachable,
            Exit::TimedOut,
            Exit::SomeFailed,
            Exit::WouldChange,
            Exit::Done,
        ];
        for (index, graver) in order.iter().enumerate() {
            for lighter in &order[index..] {
                assert_eq!(graver.and(*lighter), *graver);
                assert_eq!(lighter.and(*graver), *graver);
            }
        }
    }
}
