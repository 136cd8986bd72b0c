//! Following logs: `imp-log stream`, and `--log` of the restarts.
//!
//! [`schedule`] decides what to do, [`printed_lines`] what has been printed, [`event`] what a stream's events mean,
//! [`check`] whether it is enough; all pure. [`edge`] has the threads, and here is the loop between them.

mod after_restart;
mod check;
mod devices;
mod edge;
mod event;
mod printed_lines;
mod schedule;

use std::collections::BTreeSet;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use api::{logs, send::clock};
use model::Record;
use pipe::Failure;

pub use after_restart::{LogAfter, LogPositions, each_followed};
use cli::Output;
use cli::Session;
use cli::rows::{interrupted, run_ended};
use cli::{CommandError, failure};
use cli::{Exit, Result, terminal::progress, terminal::stderr};

use check::Check;
pub use check::{LogChecks, is_wanted};
pub(super) use devices::device_id_of;
pub use devices::{FollowRows, follow_rows};
use edge::Edge;
pub(super) use edge::fetch;
pub(super) use printed_lines::{DISORDER, PrintedLines};
pub use schedule::GAP;
pub(super) use schedule::Why;
use schedule::{Action, Schedule};

use super::cursor::Cursor;

/// How often is looked at what is due, and at signals.
const TICK: Duration = Duration::from_millis(50);

/// A device to follow.
#[derive(Debug)]
struct Followed {
    id: String,
    printed_lines: Option<PrintedLines>,
}

/// Notes where the log of a device ends now, to follow it from here later: before a restart.
/// Refused for devices whose logs may not be read.
fn mark_log(session: &Session, id: &str) -> std::result::Result<Followed, Failure> {
    let page = logs::page(&session.client, &path(id), 1, logs::PAGE_SIZE).map_err(failure)?;
    let mut printed_lines = PrintedLines::default();
    printed_lines.begin(&page.entries, page.more);
    Ok(Followed { id: id.to_owned(), printed_lines: Some(printed_lines) })
}

/// What is followed, and how.
struct Following<'a> {
    session: &'a Session,
    output: &'a Output,
    /// Log streams to use.
    streams: usize,
    checks: &'a LogChecks,
    /// Where a later run goes on.
    cursor: Option<Cursor>,
}

impl Following<'_> {
    /// Prints what devices log, until Ctrl-C, or until nobody reads, no device is left, or the checks are settled.
    /// `failed` gets the devices that cannot be followed or are not as they should be. Fails when the run is over:
    /// not signed in, or the service out of reach.
    fn follow(self, devices: Vec<Followed>, mut failed: impl FnMut(&str, &Failure)) -> Result {
        self.output.expect_log(devices.len() > 1);
        let check = Check::new(self.checks, devices.iter().map(|device| device.id.clone()));
        let devices = devices.into_iter().map(|device| (device.id, device.printed_lines)).collect();
        // A long run: it shares the account's pace from the beginning, not when others are under way.
        let _known_or_not = self.session.account();
        progress::end();
        let now = clock::monotonic();
        let mut turns = Turns {
            schedule: Schedule::new(devices, self.streams, now),
            edge: Edge::start(&self.session.client, usize::from(self.session.common.jobs)),
            deadline: self.checks.timeout().map(|timeout| now + timeout),
            check,
            exit: Exit::Done,
            following: self,
        };
        let ended = turns.until_over(&mut failed);
        let kept = turns.keep_noted();
        if let Err(error) = ended.and(kept) {
            turns.leave(&mut failed);
            return Err(error);
        }
        turns.tell(&mut failed);
        Ok(turns.exit)
    }
}

/// The loop.
struct Turns<'a> {
    following: Following<'a>,
    schedule: Schedule,
    edge: Edge,
    check: Check<'a>,
    deadline: Option<Instant>,
    exit: Exit,
}

type Turned = std::result::Result<(), CommandError>;

impl Turns<'_> {
    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| clock::monotonic() >= deadline)
    }

    fn is_over(&self) -> bool {
        let Following { session, output, checks, .. } = &self.following;
        session.is_stopped()
            || self.schedule.is_over()
            || self.check.is_settled()
            || self.is_late()
            || !(output.is_read() || checks.have_a_verdict())
    }

    fn until_over(&mut self, failed: &mut impl FnMut(&str, &Failure)) -> Turned {
        while !self.is_over() {
            let actions = self.next_actions();
            self.keep_starts()?;
            let mut printed = BTreeSet::new();
            // A turn is finished whatever it brings: its lines are taken for printed.
            for action in actions {
                if let Action::Print(record) = &action {
                    printed.insert(cli::text(record, "device_id").to_owned());
                }
                self.carry_out(action, failed)?;
            }
            self.following.output.flush()?;
            self.keep_place(&printed)?;
        }
        Ok(())
    }

    fn next_actions(&mut self) -> Vec<Action> {
        let mut actions = self.schedule.due(clock::monotonic());
        match clock::receive(&self.edge.events, TICK) {
            Ok(what) => {
                actions.extend(self.schedule.handle(what, clock::monotonic()));
                for what in self.edge.events.try_iter().take(1000) {
                    actions.extend(self.schedule.handle(what, clock::monotonic()));
                }
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        actions
    }

    fn carry_out(&mut self, action: Action, failed: &mut impl FnMut(&str, &Failure)) -> Turned {
        match action {
            Action::Note(gap) => self.print(&gap)?,
            Action::Print(record) => {
                self.print(&record)?;
                if let Some(failure) = self.check.take(&record) {
                    failed(cli::text(&record, "device_id"), &failure);
                    self.exit = self.exit.and(Exit::SomeFailed);
                }
            }
            Action::Say(text) => stderr::say(&text),
            Action::End(failure) => return Err(failure.into()),
            Action::Fail { failure, .. } if failure.kind.ends_run() => return Err(failure.into()),
            Action::Fail { device, failure } => {
                let id = self.schedule.id(device);
                failed(id, &failure);
                self.check.lose(id);
                self.exit = self.exit.and(Exit::of_failure(&failure));
            }
            Action::Open { stream, turn } => {
                self.edge.open(&self.following.session.client, stream, turn);
            }
            Action::Fetch { device, why, until } => {
                self.edge.fetch(device, self.schedule.id(device).to_owned(), why, until);
            }
            Action::Add { stream, turn, device } => {
                self.edge.add(stream, turn, device, self.schedule.id(device).to_owned());
            }
        }
        Ok(())
    }

    fn print(&self, record: &Record) -> Turned {
        let Following { checks, output, .. } = &self.following;
        if checks.print(record) && output.is_read() { output.print(record) } else { Ok(()) }
    }

    /// Keeps where following has begun, before anything of it is printed: if that goes wrong, a later run prints it.
    fn keep_starts(&mut self) -> Turned {
        let starts = self.schedule.take_starts();
        let Some(cursor) = self.following.cursor.as_mut().filter(|_| !starts.is_empty()) else {
            return Ok(());
        };
        starts.into_iter().for_each(|(id, start)| cursor.note_kept(id, start));
        cursor.save(clock::monotonic())
    }

    /// Notes what has been written of these devices, and keeps it now and then. Lines that nobody has read, or that
    /// could not be written, stay for a later run.
    fn keep_place(&mut self, printed: &BTreeSet<String>) -> Turned {
        let Some(cursor) = &mut self.following.cursor else { return Ok(()) };
        if !self.following.output.is_read() {
            return Ok(());
        }
        for id in printed {
            self.schedule.lines_of(id).into_iter().for_each(|lines| cursor.note(id, lines));
        }
        let now = clock::monotonic();
        if cursor.is_due(now) { cursor.save(now) } else { Ok(()) }
    }

    /// Keeps what was noted, whatever ended the run: what was printed is not printed again.
    fn keep_noted(&mut self) -> Turned {
        let cursor = self.following.cursor.as_mut();
        cursor.map_or(Ok(()), |cursor| cursor.save(clock::monotonic()))
    }

    /// The run is over before there is a verdict on these.
    fn leave(&self, failed: &mut impl FnMut(&str, &Failure)) {
        let left = if self.following.session.is_stopped() { interrupted() } else { run_ended() };
        self.check.open().for_each(|id| failed(id, &left));
    }

    /// Says of which devices lines may be missing.
    fn tell_of_unread(&mut self, failed: &mut impl FnMut(&str, &Failure)) {
        // What has come is enough for the verdict: then a read that is still under way is none that goes wrong.
        let is_over = !self.check.is_settled();
        let client = &self.following.session.client;
        let says = |id: &str| {
            Some(failure(client.trouble_of(&logs::request(&path(id), 1, 1).path)?).sentence())
        };
        for (id, failure) in self.schedule.unread(clock::monotonic(), is_over, says) {
            if let Some(failure) = self.check.miss(id, failure) {
                failed(id, &failure);
                self.exit = self.exit.and(Exit::of_failure(&failure));
            }
        }
    }

    /// Says how the checks ended.
    fn tell(&mut self, failed: &mut impl FnMut(&str, &Failure)) {
        let Following { session, checks, output, .. } = &self.following;
        if session.is_stopped() {
            if checks.have_a_verdict() {
                self.leave(failed);
            }
            return;
        }
        if !(output.is_read() || checks.have_a_verdict()) {
            return;
        }
        self.tell_of_unread(failed);
        let Following { session, checks, .. } = &self.following;
        if !checks.has_until() {
            return;
        }
        let (met, all) = self.check.counts();
        let counts = format!("{met} of {all} devices have logged what --until names");
        let left = self.check.not_met();
        if !left.is_empty() && self.is_late() {
            stderr::say_failure(&format!("the time is over: {counts}"));
            self.exit = self.exit.and(Exit::TimedOut);
        } else if met < all || session.common.verbose {
            stderr::say(&counts);
        }
        left.iter().for_each(|(id, failure)| failed(id, failure));
    }
}

fn path(id: &str) -> String {
    format!("/devices/{}", api::segment(id))
}
