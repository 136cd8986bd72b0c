//! The pace: how fast requests may follow each other, so that the service never has to say 429.
//!
//! The limit belongs to the account, so all our processes of an account on this machine share one
//! small file of state. A request takes the next free slot under a lock of some microseconds and then
//! waits for its time without the lock. A process that dies costs the slots it had taken, no more.
//!
//! [`State`] decides purely; [`Pace`] is the edge: the file, or just memory where there is none.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::clock;

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
pub struct Pace {
    shared: Mutex<Shared>,
}

#[derive(Debug)]
struct Shared {
    file: Option<File>,
    /// The state of this process, when there is no file.
    own: State,
}

impl Pace {
    /// A pace that only this process keeps.
    pub fn alone() -> Self {
        Pace { shared: Mutex::new(Shared { file: None, own: State::default() }) }
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

    /// Goes on with the state in `file`: the account has become known only now. The slots that are
    /// taken already stay taken there.
    ///
    /// # Errors
    /// When the file can neither be opened nor made; the pace stays as it was.
    pub fn share(&self, file: &Path) -> io::Result<()> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(file)?;
        let mut shared = self.lock();
        let before = match &shared.file {
            Some(before) => change_file(before, |state, _| *state)?,
            None => shared.own,
        };
        change_file(&file, |state, _| state.join(before))?;
        shared.file = Some(file);
        Ok(())
    }

    /// Takes a slot; gives the time to wait for it.
    pub fn take(&self) -> Duration {
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
        if let Some(file) = &shared.file {
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
mod tests {
    use super::*;

    const START: u64 = 1_790_000_000_000_000;
    const SECOND: Duration = Duration::from_secs(1);

    fn limited() -> State {
        let mut state = State::default();
        state.learn(Some(40), SECOND, START);
        state
    }

    #[test]
    fn without_a_limit_nobody_waits() {
        let mut state = State::default();
        assert!((0..1000).all(|_| state.take(START) == START));
    }

    #[test]
    fn forty_a_second_in_any_window_even_with_jitter() {
        let mut state = limited();
        let mut sent: Vec<u64> =
            (0..4000u64).map(|n| state.take(START + n * 20_000) + (n * 7919 % 28) * 1000).collect();
        sent.sort_unstable();
        for (index, first) in sent.iter().enumerate() {
            let in_window =
                sent[index..].iter().take_while(|time| **time < first + 1_000_000).count();
            assert!(in_window <= 40, "{in_window} in one second");
        }
        let rate = 4000.0 / ((sent[3999] - sent[0]) as f64 / 1e6);
        assert!(rate > 38.5, "{rate} a second");
    }

    #[test]
    fn an_idle_account_has_no_burst_saved_up() {
        let mut state = limited();
        state.take(START);
        let later = START + 10_000_000;
        assert_eq!(state.take(later), later);
        assert!(state.take(later) > later);
    }

    #[test]
    fn a_hold_stops_everybody_and_then_the_pace_goes_on() {
        let mut state = limited();
        state.hold(SECOND, START);
        state.hold(Duration::from_millis(1), START);
        let first = state.take(START);
        assert_eq!(first, START + 1_000_000);
        assert!(state.take(START) > first);
    }

    #[test]
    fn slots_stay_taken_when_the_account_becomes_known() {
        let mut before = limited();
        let taken: Vec<u64> = (0..8).map(|_| before.take(START)).collect();
        let mut unknown = State::default();
        unknown.join(before);
        assert!(unknown.take(START) > taken[7]);
        // And when others are further already.
        let mut others = limited();
        let further: Vec<u64> = (0..20).map(|_| others.take(START)).collect();
        others.join(before);
        assert!(others.take(START) > further[19]);
    }

    #[test]
    fn a_pace_that_changes_its_file_goes_on_where_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let pace = Pace::shared(&directory.path().join("credential")).unwrap();
        pace.learn(Some(1), SECOND * 10);
        pace.take();
        pace.share(&directory.path().join("account")).unwrap();
        assert!(pace.take() > SECOND * 5);
        let other = Pace::shared(&directory.path().join("account")).unwrap();
        assert!(other.take() > SECOND * 15);
    }

    #[test]
    fn a_limit_is_forgotten_when_the_header_goes_or_grows_old() {
        let mut state = limited();
        assert!(state.learn(None, SECOND, START));
        assert_eq!((state.take(START), state.take(START)), (START, START));
        let mut old = limited();
        let later = START + REMEMBERED + 1;
        assert_eq!((old.take(later), old.take(later)), (later, later));
    }

    #[test]
    fn a_clock_set_back_does_not_hold_us_for_hours() {
        let mut state = limited();
        state.take(START + 3_600_000_000);
        state.seen = START;
        assert_eq!(state.take(START), START);
    }

    #[test]
    fn the_bytes_are_the_state() {
        let state = State { interval: 1, next: 2, hold: 3, seen: 4 };
        assert_eq!(State::from_bytes(state.to_bytes()), state);
    }
}
