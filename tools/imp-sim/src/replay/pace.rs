//! When an answer is due.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::recording::Exchange;

/// The times of the recording, as fast as is wished.
#[derive(Clone, Copy)]
pub struct Pace {
    speed: u32,
    waits: bool,
}

impl Pace {
    /// `speed` times as fast, or without any waiting.
    pub fn new(speed: u32, no_wait: bool) -> Self {
        Self { speed: speed.max(1), waits: !no_wait }
    }

    /// How long so many recorded milliseconds are.
    fn of(self, milliseconds: u64) -> Duration {
        match self.waits {
            true => Duration::from_millis(milliseconds) / self.speed,
            false => Duration::ZERO,
        }
    }
}

/// What has come later than in the recording is made up for, so that a command that follows something until a moment
/// has seen as much of it by then.
pub struct Timeline {
    pace: Pace,
    /// The first request of each command: when it came now, and when it came then.
    begins: Mutex<HashMap<usize, (Duration, u64)>>,
}

impl Timeline {
    /// No command has asked yet.
    pub fn new(pace: Pace) -> Self {
        Self { pace, begins: Mutex::default() }
    }

    /// How long the answer to a request takes that has come `now`: as long as it took, or to when it came if that is
    /// sooner.
    pub fn answer(&self, exchange: &Exchange, now: Duration) -> Duration {
        let begin = (now, exchange.at);
        let mut begins = self.begins.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = *begins.entry(exchange.run).or_insert(begin);
        let took = self.pace.of(exchange.took);
        took.min(self.until(begin, exchange.at + exchange.took, now))
    }

    /// How long to what came of a stream so long after its request.
    pub fn event(&self, exchange: &Exchange, at: u64, now: Duration) -> Duration {
        let begins = self.begins.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = begins.get(&exchange.run).copied().unwrap_or((now, exchange.at));
        self.until(begin, exchange.at + at, now)
    }

    fn until(&self, (then, at): (Duration, u64), moment: u64, now: Duration) -> Duration {
        (then + self.pace.of(moment.saturating_sub(at))).saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::recording::tests::recording;

    #[test]
    fn who_is_late_is_answered_sooner_and_nobody_later_than_it_took() {
        let line = |at, took| serde_json::json!({"type": "exchange", "at": at, "took": took});
        let exchanges = recording(&["a"], &[line(100, 50), line(1000, 300)]).exchanges;
        let ms = Duration::from_millis;
        let timeline = Timeline::new(Pace::new(1, false));
        assert_eq!(timeline.answer(&exchanges[0], ms(5000)), ms(50));
        for (now, wait) in [(5900, 300), (6100, 100), (6300, 0), (5500, 300)] {
            assert_eq!(timeline.answer(&exchanges[1], ms(now)), ms(wait), "{now}");
        }
        assert_eq!(timeline.event(&exchanges[1], 700, ms(6000)), ms(600));
        let fast = Timeline::new(Pace::new(10, false));
        fast.answer(&exchanges[0], ms(0));
        assert_eq!(fast.answer(&exchanges[1], ms(90)), ms(30));
        let at_once = Timeline::new(Pace::new(1, true));
        assert_eq!(at_once.answer(&exchanges[1], ms(0)), ms(0));
    }
}
