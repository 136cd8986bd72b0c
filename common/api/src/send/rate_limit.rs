//! The pace: how fast requests may follow each other, so that the service never has to say 429.
//!
//! The limit belongs to the account, so all our processes of an account on this machine share one
//! small file of state. A request takes the next free slot under a lock of some microseconds and then
//! waits for its time without the lock. A process that dies costs the slots it had taken, no more.
//!
//! [`State`] decides purely; [`RateLimiter`] is the edge: the file, or just memory where there is none.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::send::clock;

/// We use this much of what the account may use. The rest absorbs the jitter of the network: a window
/// of one second then still counts no more than the limit when requests arrive 30 ms late.
const SHARE: f64 = 0.97;
/// A slot further away than this is the trace of a clock that was set back.
const FURTHEST: u64 = 60_000_000;
/// A limit that nobody has confirmed for so long is forgotten.
const REMEMBERED: u64 = 3_600_000_000;
/// Bytes of the file: four numbers.
const SIZE: usize = 32;

/// What is known of the pace. Times in microseconds of the Unix epoch, since processes share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Time between two slots; 0 = no limit known.
    interval: u64,
    /// The next slot that nobody has taken.
    next: u64,
    /// Nobody sends before this: the service said 429.
    hold: u64,
    /// When the limit was last seen.
    seen: u64,
}

impl State {
    /// Takes the next slot; gives its time.
    pub fn take(&mut self, now: u64) -> u64 {
        if self.next > now + FURTHEST {
            self.next = now;
        }
        if self.hold > now + 2 * FURTHEST {
            self.hold = now;
        }
        if now.saturating_sub(self.seen) > REMEMBERED {
            self.interval = 0;
        }
        if self.interval == 0 {
            return self.hold.max(now);
        }
        let slot = self.next.max(self.hold).max(now);
        self.next = slot + self.interval;
        slot
    }

    /// Learns from the headers of an answer: `limit` requests in each `window`. True if it changed.
    pub fn learn(&mut self, limit: Option<u64>, window: Duration, now: u64) -> bool {
        let before = self.interval;
        self.interval = match limit {
            Some(limit) if limit > 0 => (window.as_micros() as f64 / (limit as f64 * SHARE)) as u64,
            _ => 0,
        };
        let changed = before != self.interval;
        // Written now and then only, to keep the file quiet.
        if changed || now.saturating_sub(self.seen) > REMEMBERED / 60 {
            self.seen = now;
        }
        changed
    }

    /// Holds everybody until `now` + `how_long`; a shorter hold never cuts a longer one.
    pub fn hold(&mut self, how_long: Duration, now: u64) {
        self.hold = self.hold.max(now + micros(how_long));
    }

    /// Takes over what is known elsewhere, so that no slot is given twice.
    pub fn join(&mut self, other: State) {
        if other.seen > self.seen || self.interval == 0 {
            self.interval = other.interval;
        }
        self.next = self.next.max(other.next);
        self.hold = self.hold.max(other.hold);
        self.seen = self.seen.max(other.seen);
    }

    fn to_bytes(self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        for (place, number) in
            bytes.chunks_exact_mut(8).zip([self.interval, self.next, self.hold, self.seen])
        {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: [u8; SIZE]) -> Self {
        let mut numbers = bytes
            .chunks_exact(8)
            .map(|place| u64::from_le_bytes(place.try_into().expect("chunks of eight bytes")));
        let mut next = || numbers.next().unwrap_or_default();
        State { interval: next(), next: next(), hold: next(), seen: next() }
    }
}

/// The pace of one account, shared with other processes when it has a file.
#[derive(Debug)]
pub struct RateLimiter {
    shared: Mutex<Shared>,
}

#[derive(Debug)]
struct Shared {
    file: Option<(File, PathBuf)>,
    /// The state of this process, when there is no file.
    own: State,
}

impl RateLimiter {
    /// A pace that only this process keeps.
    pub fn alone() -> Self {
        RateLimiter { shared: Mutex::new(Shared { file: None, own: State::default() }) }
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
    /// that still go by the old name keep the same pace. Otherwise slots that are taken stay taken.
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
            Some((before, _)) => change_file(before, |state, _| *state)?,
            None => shared.own,
        };
        change_file(&opened, |state, _| state.join(before))?;
        shared.file = Some((opened, file.to_owned()));
        Ok(())
    }

    /// Takes a slot; gives the time to wait for it.
    pub fn take_slot(&self) -> Duration {
        self.change(|state, now| {
            let slot = state.take(now);
            Duration::from_micros(slot - now)
        })
    }

    /// Learns the limit from the headers of an answer.
    pub fn learn(&self, limit: Option<u64>, window: Duration) {
        self.change(|state, now| state.learn(limit, window, now));
    }

    /// Holds all requests, of all processes that share the pace.
    pub fn hold(&self, how_long: Duration) {
        self.change(|state, now| state.hold(how_long, now));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads, decides and writes under the lock. A file that cannot be locked, read or written any
    /// more (a full disk, say) is left and the pace goes on in memory: slower is no option, stopping
    /// even less.
    fn change<T>(&self, decide: impl Fn(&mut State, u64) -> T) -> T {
        let mut shared = self.lock();
        if let Some((file, _)) = &shared.file {
            match change_file(file, &decide) {
                Ok(result) => return result,
                Err(_) => shared.file = None,
            }
        }
        decide(&mut shared.own, micros_now())
    }
}

fn change_file<T>(file: &File, decide: impl Fn(&mut State, u64) -> T) -> io::Result<T> {
    file.lock()?;
    let changed = (|| {
        let mut bytes = [0; SIZE];
        let mut state = match file.read_exact_at(&mut bytes, 0) {
            Ok(()) => State::from_bytes(bytes),
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

fn micros_now() -> u64 {
    clock::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, micros)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Seconds of the Unix epoch.
pub(crate) fn unix_now() -> u64 {
    clock::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs())
}

#[cfg(test)]
mod tests;
