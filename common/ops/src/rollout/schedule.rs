//! What comes next in a rollout: decided from its state and the time, which are given.

use std::str::FromStr;
use std::time::{Duration, Instant};

/// The part of the day in which waves begin, in minutes since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    from: u16,
    to: u16,
}

impl Hours {
    /// Whether a minute is in it. One that ends before it begins goes over midnight.
    pub fn contain(self, minute: u16) -> bool {
        match self.from <= self.to {
            true => (self.from..self.to).contains(&minute),
            false => minute >= self.from || minute < self.to,
        }
    }
}

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let minute = |time: &str| {
            let (hour, minute) = time.split_once(':')?;
            let [hour, minute]: [u16; 2] = [hour.parse().ok()?, minute.parse().ok()?];
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        };
        let both = text.split_once('-').and_then(|(from, to)| Some((minute(from)?, minute(to)?)));
        match both.filter(|(from, to)| from != to) {
            Some((from, to)) => Ok(Hours { from, to }),
            None => Err(format!("`{text}` is no part of a day; write it as 02:00-05:00")),
        }
    }
}

/// What a rollout is to be.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The number of waves.
    pub waves: usize,
    /// How long after a wave is moved it is looked at.
    pub soak: Duration,
    /// When waves may begin; at any time, if nothing is said.
    pub between: Option<Hours>,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// The waves that are moved and found good.
    pub passed: usize,
    /// Something of the wave after them was moved before the run was resumed.
    pub has_begun: bool,
    /// When the wave after them was moved, if it is.
    pub moved_at: Option<Instant>,
}

/// Why no wave begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// The file of `--pause-file` is there.
    Paused,
    /// It is not the time of day.
    Closed,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// All waves are found good.
    Done,
    /// The next wave has to wait.
    Hold(Hold),
    /// The next wave is moved.
    Move,
    /// It has to be waited for so long before the wave is looked at.
    Soak(Duration),
    /// The wave is looked at.
    Judge,
}

/// What comes next at a time, by the monotonic clock and by the minute of the day.
pub fn next(rule: Rule, progress: Progress, now: Instant, minute: u16, paused: bool) -> Step {
    if progress.passed >= rule.waves {
        return Step::Done;
    }
    match progress.moved_at {
        None if progress.has_begun => Step::Move,
        None if paused => Step::Hold(Hold::Paused),
        None if !rule.between.is_none_or(|hours| hours.contain(minute)) => Step::Hold(Hold::Closed),
        None => Step::Move,
        Some(at) => match (at + rule.soak).saturating_duration_since(now) {
            Duration::ZERO => Step::Judge,
            left => Step::Soak(left),
        },
    }
}

#[cfg(test)]
mod tests {
    use api::send::clock;

    use super::*;

    const NIGHT: &str = "22:30-05:00";

    fn rule(between: Option<&str>) -> Rule {
        let between = between.map(|hours| hours.parse().expect("hours"));
        Rule { waves: 2, soak: Duration::from_secs(900), between }
    }

    #[test]
    fn a_wave_is_moved_left_alone_and_looked_at_one_after_the_other() {
        let begin = clock::monotonic();
        let after = |seconds| begin + Duration::from_secs(seconds);
        let at = |passed, moved_at, now| {
            let progress = Progress { passed, moved_at, has_begun: false };
            next(rule(None), progress, now, 0, false)
        };
        assert_eq!(at(0, None, begin), Step::Move);
        assert_eq!(at(0, Some(begin), after(600)), Step::Soak(Duration::from_secs(300)));
        assert_eq!(at(0, Some(begin), after(900)), Step::Judge);
        assert_eq!(at(1, None, after(901)), Step::Move);
        assert_eq!(at(2, None, after(2000)), Step::Done);
    }

    #[test]
    fn only_the_begin_of_a_wave_waits_for_its_hours_and_for_the_file() {
        let now = clock::monotonic();
        let next = |has_begun, moved_at, minute, paused| {
            let progress = Progress { passed: 0, moved_at, has_begun };
            next(rule(Some(NIGHT)), progress, now, minute, paused)
        };
        let at = |moved_at, minute, paused| next(false, moved_at, minute, paused);
        assert_eq!(at(None, 12 * 60, false), Step::Hold(Hold::Closed));
        assert_eq!(at(None, 23 * 60, true), Step::Hold(Hold::Paused));
        assert_eq!(at(None, 23 * 60, false), Step::Move);
        assert_eq!(at(Some(now), 12 * 60, true), Step::Soak(Duration::from_secs(900)));
        assert_eq!(next(true, None, 12 * 60, true), Step::Move);
    }

    #[test]
    fn hours_may_go_over_midnight() {
        let night: Hours = NIGHT.parse().expect("hours");
        let of = |hour: u16, minute: u16| night.contain(hour * 60 + minute);
        assert!(of(22, 30) && of(0, 0) && of(4, 59));
        assert!(!of(22, 29) && !of(5, 0) && !of(12, 0));
        for wrong in ["", "02:00", "02:00-02:00", "24:00-03:00", "2-3", "02:60-03:00"] {
            assert!(wrong.parse::<Hours>().is_err(), "{wrong}");
        }
    }
}
