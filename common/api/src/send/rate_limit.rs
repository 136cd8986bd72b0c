//! The pace: how fast requests may follow each other, so that the service seldom has to say 429.
//!
//! The limit belongs to the account, so all our processes of an account on this machine share one
//! small file of state. A request takes the next ticket under a lock of some microseconds and then
//! waits until it is due, without the lock. A process that dies costs the tickets it had taken, no more.
//!
//! [`State`] decides purely; [`RateLimiter`] is the edge: the file, or just memory where there is none.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::send::clock;
use state::SIZE;
pub(crate) use state::State;
pub use state::{Pause, Quota};

mod state;

/// The pace of one account, shared with other processes when it has a file.
#[derive(Debug)]
pub struct RateLimiter {
    shared: Mutex<Shared>,
}

#[derive(Debug)]
struct Shared {
    file: Option<(File, PathBuf)>,
    /// Counts the files so far: a ticket is good for one of them.
    files: u64,
    /// The state of this process, when there is no file.
    own: State,
}

/// A place in the order of requests.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    number: u64,
    files: u64,
}

impl RateLimiter {
    /// A pace that only this process keeps.
    pub fn alone() -> Self {
        RateLimiter { shared: Mutex::new(Shared { file: None, files: 0, own: State::default() }) }
    }

    /// A pace kept in `file`, which is made when it is not there (mode 0600).
    ///
    /// # Errors
    /// When the file can neither be opened nor made.
    pub fn shared(file: &Path) -> io::Result<Self> {
        let pace = Self::alone();
        pace.share(file)?;
        Ok(pace)
    }

    /// Goes on with the state in `file`: the account has become known only now.
    ///
    /// If there is no such file yet, the one so far becomes it under a second name, so that processes
    /// that still go by the old name keep the same pace. Otherwise tickets that are taken stay taken.
    ///
    /// # Errors
    /// When the file can neither be opened nor made; the pace stays as it was.
    pub fn share(&self, file: &Path) -> io::Result<()> {
        let mut shared = self.lock();
        if let Some((_, before)) = &shared.file {
            // It exists already, or the file system has no second names.
            let _joined_below = fs::hard_link(before, file);
        }
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(file)?;
        let before = match &shared.file {
            // Who waits keeps the ticket.
            Some((before, _)) if is_same(before, &opened)? => {
                shared.file = Some((opened, file.to_owned()));
                return Ok(());
            }
            Some((before, _)) => change_file(before, |state, _| *state)?,
            None => shared.own,
        };
        change_file(&opened, |state, _| state.join(before))?;
        shared.file = Some((opened, file.to_owned()));
        shared.files += 1;
        Ok(())
    }

    /// The requests a second that the service has told.
    pub fn told_limit(&self) -> Option<u64> {
        self.lock().change(|state, now| state.told_limit(now))
    }

    /// Takes a ticket; gives the time until it is due at the present pace.
    pub fn take_ticket(&self) -> (Ticket, Duration) {
        let mut shared = self.lock();
        let (number, wait) = shared.change(|state, now| {
            let number = state.take(now);
            (number, until(state.due(number), now))
        });
        (Ticket { number, files: shared.files }, wait)
    }

    /// The time until the ticket is due; the pace may have changed since it was taken, and so may the
    /// file, which makes it a new ticket.
    pub fn time_left(&self, ticket: &mut Ticket) -> Duration {
        let mut shared = self.lock();
        if ticket.files == shared.files {
            return shared.change(|state, now| until(state.due(ticket.number), now));
        }
        drop(shared);
        let (other, wait) = self.take_ticket();
        *ticket = other;
        wait
    }

    /// Learns from an answer other than 429.
    pub fn learn(&self, quota: Quota, window: Duration) {
        self.lock().change(|state, now| state.learn(quota, window, now));
    }

    /// Learns from a 429, and holds all requests, of all processes that share the pace.
    pub fn refuse(&self, quota: Quota, pause: Pause, window: Duration) {
        self.lock().change(|state, now| state.refuse(quota, pause, window, now));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Reads, decides and writes under the lock. A file that cannot be locked, read or written any
    /// more (a full disk, say) is left and the pace goes on in memory: slower is no option, stopping
    /// even less.
    fn change<T>(&mut self, decide: impl Fn(&mut State, u64) -> T) -> T {
        if let Some((file, _)) = &self.file {
            match change_file(file, &decide) {
                Ok(result) => return result,
                Err(_) => (self.file, self.files) = (None, self.files + 1),
            }
        }
        decide(&mut self.own, micros_now())
    }
}

fn is_same(one: &File, other: &File) -> io::Result<bool> {
    let (one, other) = (one.metadata()?, other.metadata()?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

fn change_file<T>(file: &File, decide: impl Fn(&mut State, u64) -> T) -> io::Result<T> {
    file.lock()?;
    let changed = (|| {
        let mut bytes = [0; SIZE];
        let mut state = match file.read_exact_at(&mut bytes, 0) {
            Ok(()) => State::from_bytes(&bytes),
            // New, or cut short by a full disk: nothing is known.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => State::default(),
            Err(error) => return Err(error),
        };
        let before = state;
        let result = decide(&mut state, micros_now());
        if state != before {
            file.write_all_at(&state.to_bytes(), 0)?;
        }
        Ok(result)
    })();
    file.unlock()?;
    changed
}

fn until(due: u64, now: u64) -> Duration {
    Duration::from_micros(due.saturating_sub(now))
}

fn micros_now() -> u64 {
    let passed = clock::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(passed.as_micros()).unwrap_or(u64::MAX)
}

/// Seconds of the Unix epoch.
pub(crate) fn unix_now() -> u64 {
    clock::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs())
}

#[cfg(test)]
mod fleet;
#[cfg(test)]
mod tests;
