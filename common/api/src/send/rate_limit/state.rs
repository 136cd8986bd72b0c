//! What is known of an account's rate limit, and when requests are due by it: pure, told the time.
//!
//! Requests take tickets, which come due one after the other. A ticket's time is reckoned from the
//! present interval each time that it is asked for, so that another pace holds at once for all who wait,
//! in their order.
//!
//! Where the headers tell the limit and what is left of it, `sharing` sets the interval and yields to
//! hosts that cannot see this state. Where they do not, `learning` goes by the answers 429.

use std::time::Duration;

mod learning;
mod sharing;

/// A ticket that is due later than this is the trace of a clock that was set back.
const FURTHEST: u64 = 60_000_000;
/// So many tickets may wait without being taken for such a trace.
const WAITING: u64 = 256;
/// A limit that nobody has confirmed for so long is forgotten.
pub(super) const REMEMBERED: u64 = 3_600_000_000;
/// Nobody sends for this many intervals after a 429 that does not tell how long.
const PAUSE: u64 = 3;
const SHORTEST_PAUSE: u64 = 100_000;
/// A limit beyond this is none: tickets are a microsecond apart at least.
const LARGEST_LIMIT: u64 = 1_000_000;
/// As [`State::limit`]: the headers tell another limit than the one that refuses.
const UNTOLD: u64 = u64::MAX;
const NUMBERS: usize = 16;
/// Bytes of a state.
pub(super) const SIZE: usize = 8 * NUMBERS;

/// What the headers of an answer say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Requests in a window.
    pub limit: Option<u64>,
    /// How many of them are left.
    pub remaining: Option<u64>,
}

impl Quota {
    /// The limit, if requests can keep to it.
    fn usable_limit(self) -> Option<u64> {
        self.limit.filter(|limit| (1..=LARGEST_LIMIT).contains(limit))
    }
}

/// How long a 429 asks to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// So long, by `Retry-After`.
    Asked(Duration),
    /// At most so long: then the window renews.
    Window(Duration),
    /// It does not say.
    Untold,
}

/// What is known of the limit. Times in microseconds of the Unix epoch, since processes share it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Time between two tickets; 0 = no limit known.
    pub(super) interval: u64,
    /// When the next ticket that nobody has taken is due.
    pub(super) next: u64,
    /// Nobody sends before this: the service said 429.
    pub(super) hold: u64,
    /// When the limit was last seen.
    pub(super) seen: u64,
    /// Tickets taken so far.
    taken: u64,
    /// Requests in a window, by the headers; 0 = they do not tell.
    limit: u64,
    /// When the present period began. Answers are counted in periods of a window's length.
    period: u64,
    /// Good answers in it, and in the one before.
    good: u64,
    good_before: u64,
    /// The least that was left of the limit in it; the same of the one before, plus one, 0 = none.
    least: u64,
    least_before: u64,
    /// What was left at the last answer, and when it came.
    left: u64,
    left_at: u64,
    /// When a 429 last slowed the pace.
    slowed: u64,
    /// 1 = the pace is below what may be, nobody knows how far.
    searching: u64,
    /// How sure it is that others use the limit too.
    crowded: u64,
}

impl State {
    /// The requests of a window that the headers have told, as long as it is remembered.
    pub fn told_limit(&self, now: u64) -> Option<u64> {
        let is_old = now.saturating_sub(self.seen) > REMEMBERED;
        Some(self.limit).filter(|limit| ![0, UNTOLD].contains(limit) && !is_old)
    }

    /// Takes the next ticket; gives its number.
    pub fn take(&mut self, now: u64) -> u64 {
        if self.next > now + FURTHEST + WAITING * self.interval {
            self.next = now;
        }
        if self.hold > now + 2 * FURTHEST {
            self.hold = now;
        }
        if self.interval > 0 && now.saturating_sub(self.seen) > REMEMBERED {
            self.forget();
        }
        if self.interval > 0 {
            self.next = self.next.max(self.hold).max(now) + self.interval;
            self.taken += 1;
        }
        self.taken
    }

    /// When the ticket is due; it may be past.
    pub fn due(&self, ticket: u64) -> u64 {
        if self.interval == 0 {
            return self.hold;
        }
        let behind = (self.taken + 1).saturating_sub(ticket).saturating_mul(self.interval);
        self.next.saturating_sub(behind).max(self.hold)
    }

    /// Learns from an answer other than 429.
    pub fn learn(&mut self, quota: Quota, window: Duration, now: u64) {
        match quota.usable_limit().filter(|_| self.limit != UNTOLD) {
            Some(limit) => self.share(limit, quota.remaining, micros(window), now),
            None => self.speed_up(micros(window), now),
        }
    }

    /// Learns from a 429, and holds everybody.
    pub fn refuse(&mut self, quota: Quota, pause: Pause, window: Duration, now: u64) {
        let window = micros(window);
        let left = quota.remaining.unwrap_or(0) > 0;
        match quota.usable_limit().filter(|_| !left && self.limit != UNTOLD) {
            Some(limit) => self.yield_after_refusal(limit, window, now),
            None => {
                let limit = if left || self.limit == UNTOLD { UNTOLD } else { 0 };
                self.slow_down(limit, window, now);
            }
        }
        let brief = window.min(PAUSE * self.interval).max(SHORTEST_PAUSE);
        let in_vain = self.good + self.good_before == 0;
        self.hold(
            match pause {
                Pause::Asked(time) => micros(time),
                Pause::Window(time) if in_vain => micros(time),
                Pause::Window(time) => micros(time).min(brief),
                Pause::Untold => brief,
            },
            now,
        );
    }

    /// Holds everybody for `how_long`; a shorter hold never cuts a longer one. Who waits already goes on
    /// in the same order afterwards.
    pub(super) fn hold(&mut self, how_long: u64, now: u64) {
        let until = now + how_long;
        if until <= self.hold {
            return;
        }
        let begin = self.hold.max(now);
        self.hold = until;
        if self.interval > 0 && self.next > begin {
            let waiting = (self.next - begin) / self.interval;
            self.next = self.next.max(until + waiting * self.interval);
        }
    }

    /// From now on there are `rate` tickets in a `window`, also for those who wait.
    fn set_rate(&mut self, rate: f64, window: u64, now: u64) {
        let interval = ((window as f64 / rate) as u64).max(1);
        let begin = self.hold.max(now);
        if self.interval > 0 && self.next > begin {
            let ahead = u128::from(self.next - begin) * u128::from(interval);
            self.next = begin + u64::try_from(ahead / u128::from(self.interval)).unwrap_or(0);
        }
        self.interval = interval;
    }

    /// Tickets in a `window`.
    fn rate(&self, window: u64) -> f64 {
        window as f64 / self.interval.max(1) as f64
    }

    /// Nothing is known of the limit any more, but who has been told to wait still waits.
    fn forget(&mut self) {
        *self = State { next: self.next, hold: self.hold, taken: self.taken, ..State::default() };
    }

    /// Takes over what is known elsewhere, so that no ticket is due at the time of another one. Those
    /// that are taken here stay due as they are.
    pub fn join(&mut self, other: State) {
        let (next, hold, taken) = (self.next, self.hold, self.taken);
        if other.interval > 0 && (other.seen > self.seen || self.interval == 0) {
            *self = other;
        }
        self.next = next.max(other.next);
        self.hold = hold.max(other.hold);
        self.taken = taken + (self.next - next).checked_div(self.interval).unwrap_or(0);
    }

    /// All of it, in the order of the bytes.
    fn numbers(&mut self) -> [&mut u64; NUMBERS] {
        [
            &mut self.interval,
            &mut self.next,
            &mut self.hold,
            &mut self.seen,
            &mut self.taken,
            &mut self.limit,
            &mut self.period,
            &mut self.good,
            &mut self.good_before,
            &mut self.least,
            &mut self.least_before,
            &mut self.left,
            &mut self.left_at,
            &mut self.slowed,
            &mut self.searching,
            &mut self.crowded,
        ]
    }

    pub(super) fn to_bytes(mut self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        for (place, number) in bytes.chunks_exact_mut(8).zip(self.numbers()) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; SIZE]) -> Self {
        let mut state = State::default();
        for (place, number) in bytes.chunks_exact(8).zip(state.numbers()) {
            *number = u64::from_le_bytes(place.try_into().expect("chunks of eight bytes"));
        }
        state
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
