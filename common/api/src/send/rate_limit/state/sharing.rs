//! How one host yields to others of the same account that it cannot see, by what the headers show.
//!
//! For each period the host knows what it has used of the limit itself and the least that was left. If
//! it has used all that is used, it is alone and takes nearly the whole. Otherwise it goes towards a pace
//! in a fixed ratio to what is left: a host above it has more than the others and one below it has less,
//! and since all see the same left over, all come to the same pace, however many there are.

use super::{REMEMBERED, State};

/// A host that is alone uses this much. The rest absorbs the jitter of the network: a window of one
/// second then still counts no more than the limit when requests arrive 30 ms late.
const SHARE: f64 = 0.97;
/// The pace that several hosts go towards, as a multiple of what is left over.
const RATIO: f64 = 5.5;
/// How much of the way they go in one period.
const GAIN: f64 = 1.5;
/// How much it counts that less is left than before: a bucket empties slowly, and then all at once.
const DAMPING: f64 = 0.4;
/// The pace changes by no more than these parts in one period.
const LARGEST_CUT: f64 = 0.5;
const LARGEST_RISE: f64 = 0.12;
/// The same when nobody else is seen any more.
const RISE_ALONE: f64 = 0.3;
/// What others use, as part of the limit and in requests, is told from jitter when it is more than this.
const NOTICED: f64 = 0.09;
const NOTICED_REQUESTS: f64 = 3.0;
/// A period in which they are noticed counts so much, one in which they are not takes 1 away.
const SIGN: u64 = 2;
/// From here on they are there, up to the most that is counted.
pub(super) const SURE: u64 = 3;
const MOST: u64 = 6;
/// So much use by others leaves no doubt.
const CROWDED: f64 = 0.4;
const CROWDED_REQUESTS: f64 = 4.0;
/// What a newcomer takes of a limit that is used up, at least.
const ENTRY: f64 = 0.25;
/// What hosts that come at the same time leave free.
const ENTRY_SHARE: f64 = 0.9;
/// After a 429 the pace is this part of what it was.
const AFTER_REFUSAL: f64 = 0.95;
/// The pace never becomes less than this part of the limit.
const LEAST: f64 = 1.0 / 32.0;
/// A host that has been silent for so many periods is a newcomer.
const SILENT: u64 = 4;

impl State {
    /// An answer with headers.
    pub(super) fn share(&mut self, limit: u64, remaining: Option<u64>, window: u64, now: u64) {
        if now.saturating_sub(self.seen) > REMEMBERED / 60 {
            self.seen = now;
        }
        self.enter(limit, window, now);
        let Some(remaining) = remaining else { return };
        self.note(remaining.min(limit), window, now);
        self.good += 1;
        if now.saturating_sub(self.period) >= window {
            self.adapt(window, now);
            (self.good_before, self.least_before) = (self.good, self.least + 1);
            (self.period, self.good, self.least) = (now, 0, limit);
        } else if self.least_before == 0 {
            self.make_room(remaining as f64, window, now);
        }
    }

    /// A 429 with headers that say that nothing is left.
    pub(super) fn yield_after_refusal(&mut self, limit: u64, window: u64, now: u64) {
        self.enter(limit, window, now);
        self.note(0, window, now);
        if now.saturating_sub(self.slowed) >= window {
            self.slowed = now;
            self.set_rate_within_limit(self.rate(window) * AFTER_REFUSAL, window, now);
        }
    }

    /// Begins with the whole limit, when it is new or nothing was asked for some time.
    fn enter(&mut self, limit: u64, window: u64, now: u64) {
        let silent = now.saturating_sub(self.period) > SILENT * window;
        if self.limit == limit && self.interval > 0 && !silent {
            return;
        }
        if self.limit != limit {
            self.seen = now;
        }
        (self.limit, self.period, self.least) = (limit, now, limit);
        (self.good, self.good_before, self.least_before, self.left_at) = (0, 0, 0, 0);
        self.crowded = 0;
        self.set_rate_within_limit(limit as f64, window, now);
    }

    /// Notes what is left.
    fn note(&mut self, left: u64, window: u64, now: u64) {
        let gap = now.saturating_sub(self.left_at);
        if left > self.left + self.limit / 2 && gap < window {
            // A new window. Until the old one ended, others have gone on as far as anybody knows.
            let unseen = self.limit * gap / 2 / window;
            self.least = self.least.min(self.left.saturating_sub(unseen));
        }
        self.least = self.least.min(left);
        (self.left, self.left_at) = (left, now);
    }

    /// A newcomer does not wait for the end of the period when its first answers show others.
    fn make_room(&mut self, left: f64, window: u64, now: u64) {
        let limit = self.limit as f64;
        let used = limit - left;
        if used - self.good as f64 >= (CROWDED * limit).max(CROWDED_REQUESTS) {
            let part = (self.good as f64 / used).max(ENTRY);
            let rate = (ENTRY_SHARE * limit * part).min(self.rate(window));
            self.set_rate_within_limit(rate, window, now);
        }
    }

    /// At the end of a period: the pace for the next.
    fn adapt(&mut self, window: u64, now: u64) {
        let limit = self.limit as f64;
        let own = self.good as f64 * window as f64 / (now - self.period) as f64;
        let left = self.least as f64;
        // Less than nothing in a bucket that is filled again at once.
        let others = (limit - left - own).abs();
        let rate = self.rate(window);
        let refused = self.slowed >= self.period;
        let noticed = refused || others > (NOTICED * limit).max(NOTICED_REQUESTS);
        self.crowded = match noticed {
            _ if others >= (CROWDED * limit).max(CROWDED_REQUESTS) => MOST,
            true => (self.crowded + SIGN).min(MOST),
            false => self.crowded.saturating_sub(1),
        };
        let factor = if self.crowded < SURE {
            RISE_ALONE
        } else {
            let before = self.least_before.checked_sub(1).map_or(left, |before| before as f64);
            let way = GAIN * (left - rate / RATIO) + DAMPING * (left - before);
            (way / limit).clamp(-LARGEST_CUT, LARGEST_RISE)
        };
        self.set_rate_within_limit(rate * (1.0 + factor), window, now);
    }

    fn set_rate_within_limit(&mut self, rate: f64, window: u64, now: u64) {
        let limit = self.limit as f64;
        self.set_rate(rate.clamp(limit * LEAST, limit * SHARE), window, now);
    }
}
