//! `--log`: after a restart, print what the devices log.
//!
//! The end of each log is noted before the restart, so that its first lines are not missed. A log that may
//! not be read keeps no device from being restarted.

use std::sync::{Mutex, PoisonError};

use clap::Args;
use pipe::{Failure, Identifier, Kind};

use super::Followed;
use crate::output::Output;
use crate::session::Session;
use crate::{Exit, Result, console};

/// The flag of verbs that restart devices.
#[derive(Args, Clone, Copy, Debug)]
pub struct LogAfter {
    /// Then print what the devices log, until Ctrl-C; see `imp-log stream`
    #[arg(long, short)]
    log: bool,
}

/// Where the logs of the devices ended before.
pub struct Marks<'a> {
    session: &'a Session,
    wanted: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    followed: Vec<Followed>,
    exit: Exit,
}

impl LogAfter {
    /// Marks for this run; without the flag, or in a dry run, they do nothing.
    pub fn marks(self, session: &Session, dry_run: bool) -> Marks<'_> {
        Marks { session, wanted: self.log && !dry_run, state: Mutex::default() }
    }
}

impl Marks<'_> {
    /// Called before a device is restarted.
    ///
    /// # Errors
    /// As the request, but for a log that may not be read, which is only said.
    pub fn device(&self, device: &Identifier) -> std::result::Result<(), Failure> {
        if !self.wanted {
            return Ok(());
        }
        let id = self.session.device_id_of(device)?;
        self.mark(&id)
    }

    /// Called before all devices of a group are restarted.
    ///
    /// # Errors
    /// As [`Marks::device`].
    pub fn group(&self, id: &str) -> std::result::Result<(), Failure> {
        if !self.wanted {
            return Ok(());
        }
        self.session.members(id)?.iter().try_for_each(|device| self.mark(device))
    }

    fn mark(&self, id: &str) -> std::result::Result<(), Failure> {
        let marked = self.session.mark_log(id);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match marked {
            Ok(followed) => state.followed.push(followed),
            Err(failure) if failure.kind == Kind::Refused => {
                console::say(&format!(
                    "the log of {id} cannot be followed: {}",
                    failure.sentence()
                ));
                state.exit = state.exit.and(Exit::SomeFailed);
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    /// Follows the devices that were marked, after a run that ended as `exit` says.
    ///
    /// # Errors
    /// As [`Session::follow_rows`].
    pub fn follow(self, exit: Exit) -> Result {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let exit = exit.and(state.exit);
        if state.followed.is_empty() || self.session.is_stopped() {
            return Ok(exit);
        }
        let output = Output::open(&self.session.common, None)?;
        let followed = self.session.follow(&output, state.followed, 1, |id, failure| {
            console::say(&format!("{id}: {}", failure.sentence()));
        })?;
        output.finish()?;
        Ok(exit.and(followed))
    }
}
