//! `--log`: after a restart, print what the devices log.
//!
//! The end of each log is noted before the restart, so that its first lines are not missed. A log that
//! cannot be read keeps no device from being restarted; it is said once, with the number of devices.

use model::ErrorKind;
use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use clap::Args;
use pipe::engine::{self, Done};
use pipe::{Failure, Identifier, Row};

use super::devices::device_id_of;
use super::{Followed, Following, LogChecks, mark_log};
use cli::CommandError;
use cli::args::OutputFormat;
use cli::consent::count;
use cli::rows::{RowJob, RowResult, carry_out, interrupted};
use cli::{Exit, Result, terminal::progress, terminal::stderr};
use cli::{Output, Session};

/// The flag of verbs that restart devices.
#[derive(Args, Clone, Debug)]
pub struct LogAfter {
    /// Then print the logs until Ctrl-C: imp-log stream
    #[arg(long, short, display_order = 1)]
    log: bool,
    #[command(flatten)]
    checks: LogChecks,
}

/// Where the logs of the devices ended before.
pub struct LogPositions<'a> {
    session: &'a Session,
    checks: &'a LogChecks,
    wanted: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    followed: Vec<Followed>,
    /// Devices and groups that have been asked for: many rows may lead to one.
    known: HashSet<String>,
    /// Devices that cannot be followed, by the title of the reason.
    lost: BTreeMap<String, Lost>,
}

/// Devices whose logs cannot be read, for one reason.
struct Lost {
    devices: u64,
    /// The first of them, or its group, and the whole reason.
    first: String,
}

type Marked = std::result::Result<(), Failure>;

impl LogAfter {
    /// The positions of this run; without the flag, or in a dry run, there are none.
    ///
    /// # Errors
    /// Exit 2 with CSV, for spreadsheets too, whose columns cannot be those of a restart and of a line of a log; and
    /// when lines are watched for something, but not followed.
    pub fn marks<'a>(
        &'a self,
        session: &'a Session,
        dry_run: bool,
    ) -> std::result::Result<LogPositions<'a>, CommandError> {
        let has_columns =
            matches!(session.common.output, Some(OutputFormat::Csv | OutputFormat::Excel));
        if self.log && has_columns {
            return Err(CommandError::usage(
                "--log prints two kinds of records, which have no columns in common: choose another form \
                 than csv and excel",
            ));
        }
        if !(self.log || self.checks.are_none()) {
            return Err(CommandError::usage("what logs are watched for needs --log"));
        }
        let (checks, wanted) = (&self.checks, self.log && !dry_run);
        Ok(LogPositions { session, checks, wanted, state: Mutex::default() })
    }
}

impl LogPositions<'_> {
    /// Notes where the log of a device ends, and restarts the device.
    ///
    /// # Errors
    /// That of the restart, and what ends the run. Of a device that is not there the restart will tell.
    pub fn device<T>(
        &self,
        device: &Identifier,
        restart: impl FnOnce() -> std::result::Result<T, Failure>,
    ) -> std::result::Result<T, Failure> {
        if !self.wanted {
            return restart();
        }
        let mut ids = Vec::new();
        match device_id_of(self.session, device) {
            Ok(id) if self.is_new(&id) => {
                self.note(&id, mark_log(self.session, &id))?;
                ids.push(id);
            }
            Ok(_) => {}
            Err(failure) if failure.kind == ErrorKind::NotFound => {}
            Err(failure) => self.note(&device.text, Err(failure))?,
        }
        self.unless_refused(ids, restart())
    }

    /// The same of all devices of a group. When the first log is refused, so are the others: the service gives no
    /// logs of production groups.
    ///
    /// # Errors
    /// As [`LogPositions::device`].
    pub fn group<T>(
        &self,
        id: &str,
        restart: impl FnOnce() -> std::result::Result<T, Failure>,
    ) -> std::result::Result<T, Failure> {
        let mut ids = Vec::new();
        if self.wanted && self.is_new(id) {
            ids = self.group_is_marked(id)?;
            ids.push(id.to_owned());
        }
        self.unless_refused(ids, restart())
    }

    /// Notes where the logs of a group's devices end; gives the devices.
    fn group_is_marked(&self, id: &str) -> std::result::Result<Vec<String>, Failure> {
        let devices = match self.session.members(id) {
            Ok(devices) => devices,
            Err(failure) => {
                self.note(&format!("device group {id}"), Err(failure))?;
                return Ok(Vec::new());
            }
        };
        let Some((first, others)) = devices.split_first() else { return Ok(devices) };
        match mark_log(self.session, first) {
            Err(failure) if failure.kind == ErrorKind::Refused => {
                self.lose(first, devices.len() as u64, &failure);
            }
            marked => {
                self.note(first, marked)?;
                self.all(others)?;
            }
        }
        Ok(devices)
    }

    /// What has certainly not been restarted is not followed.
    fn unless_refused<T>(
        &self,
        ids: Vec<String>,
        restarted: std::result::Result<T, Failure>,
    ) -> std::result::Result<T, Failure> {
        if restarted.as_ref().is_err_and(|failure| failure.kind != ErrorKind::UnknownOutcome) {
            let mut state = self.state();
            for id in ids {
                state.known.remove(&id);
                state.followed.retain(|followed| followed.id != id);
            }
        }
        restarted
    }

    /// Notes the positions of several devices, some at once.
    fn all(&self, devices: &[String]) -> Marked {
        let mut ended = Ok(());
        engine::ordered(
            usize::from(self.session.common.jobs),
            &self.session.stop,
            devices.iter(),
            |id| self.note(id, mark_log(self.session, id)),
            |done| {
                ended = match done {
                    Done::Worked(marked) => marked,
                    Done::NotAttempted(_) => Err(interrupted()),
                };
                if ended.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            },
        );
        ended
    }

    fn is_new(&self, id: &str) -> bool {
        self.state().known.insert(id.to_owned())
    }

    fn note(&self, called: &str, marked: std::result::Result<Followed, Failure>) -> Marked {
        match marked {
            Ok(followed) => self.state().followed.push(followed),
            Err(failure) if failure.kind.ends_run() || failure.kind == ErrorKind::NotAttempted => {
                return Err(failure);
            }
            Err(failure) => self.lose(called, 1, &failure),
        }
        Ok(())
    }

    fn lose(&self, called: &str, devices: u64, failure: &Failure) {
        let first = || Lost { devices: 0, first: format!("{called}: {}", failure.sentence()) };
        let mut state = self.state();
        state.lost.entry(failure.title.clone()).or_insert_with(first).devices += devices;
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn through<'b>(&'b self, output: &'b Output) -> Following<'b> {
        Following { session: self.session, output, streams: 1, checks: self.checks, cursor: None }
    }

    /// Says which devices cannot be followed, and follows the others.
    fn follow(&self) -> Result {
        let State { followed, lost, .. } = std::mem::take(&mut *self.state());
        let session = self.session;
        progress::end();
        for Lost { devices, first } in lost.values() {
            let devices = count(*devices, "device");
            stderr::say_failure(&format!("the logs of {devices} cannot be followed: {first}"));
        }
        let exit = if lost.is_empty() { Exit::Done } else { Exit::SomeFailed };
        if followed.is_empty() || session.is_stopped() {
            return Ok(exit);
        }
        let say = |id: &str, failure: &Failure| {
            if failure.kind == ErrorKind::NotAttempted {
                return;
            }
            stderr::say_failure(&format!("{id}: {}", failure.sentence()));
        };
        // An array goes on; the columns of a table do not fit what comes now.
        if session.common.output == Some(OutputFormat::Json) {
            return Ok(exit.and(self.through(&session.output).follow(followed, say)?));
        }
        let output = session.output.go_on(&session.common, session.resolver.clone())?;
        let exit = exit.and(self.through(&output).follow(followed, say)?);
        output.finish()?;
        Ok(exit)
    }
}

/// As [`cli::rows::each`]; then follows the devices that `act` has restarted. The report comes after that.
///
/// # Errors
/// As [`cli::rows::each`].
pub fn each_followed(
    session: &Session,
    job: &RowJob<'_>,
    marks: &LogPositions<'_>,
    act: impl Fn(&Row) -> RowResult + Sync,
) -> Result {
    let rows = || job.args.source.rows(&session.inputs);
    let mut results = carry_out(session, job, rows, act)?;
    if !results.is_over() {
        match marks.follow() {
            Ok(exit) => results.note(exit),
            Err(error) => results.end_run(error),
        }
    }
    Ok(results.finish())
}
