//! What the looks have shown so far, and whether it is enough: decided without a clock or a service.
//!
//! Careful about rows that come and go: a row counts once it has been as it should at every look for as long as is
//! asked, and is not taken back after that. What a look has shown counts as it comes, and a row that it could not show
//! keeps no other one from its verdict.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cli::consent::count;
use cli::text;
use model::Record;
use ops::share::Share;

use super::condition::{Condition, is_online};
use super::too_many::{Counted, TooMany};

/// The last look begins so long before the deadline, or earlier where looks take long.
const LAST_LOOK: Duration = Duration::from_millis(500);

/// What is waited for.
#[derive(Clone, Debug)]
pub struct Rule {
    pub conditions: Vec<Condition>,
    /// One of them is enough.
    pub any: bool,
    /// For so long it has to hold.
    pub stable: Duration,
    pub at_least: Share,
    pub fail_if: Vec<TooMany>,
}

impl Rule {
    /// The first condition that keeps the device from being as it should be, by its place.
    fn lacks(&self, device: &Record) -> Option<usize> {
        let first = self.conditions.iter().position(|condition| !condition.holds(device))?;
        let holds_one = || self.conditions.iter().any(|condition| condition.holds(device));
        (!(self.any && holds_one())).then_some(first)
    }
}

/// What the last look has shown of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// There was no look yet.
    Nothing,
    Missing,
    There {
        is_online: bool,
        is_assigned: bool,
    },
}

impl Shown {
    fn counts_as(self, counted: Counted) -> bool {
        match (self, counted) {
            (Shown::Missing, Counted::Missing) => true,
            (Shown::There { is_online, .. }, Counted::Online) => is_online,
            (Shown::There { is_online, .. }, Counted::Offline) => !is_online,
            (Shown::There { is_assigned, .. }, Counted::Unassigned) => !is_assigned,
            _ => false,
        }
    }
}

#[derive(Clone, Debug)]
struct State {
    shown: Shown,
    /// The condition that did not hold, by its place.
    lacks: usize,
    holds_since: Option<Instant>,
    is_met: bool,
    /// It is waited for no more, because its row names no single device.
    is_given_up: bool,
    /// When a look has shown it last.
    seen: Option<Instant>,
    /// What the service said at the last look instead of showing it.
    fails: Option<Arc<str>>,
}

impl State {
    fn is_open(&self) -> bool {
        !self.is_met && !self.is_given_up
    }
}

/// How the waiting ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The quorum is met.
    Enough,
    /// Nothing is left to wait for, and the quorum is not met.
    TooFew,
    /// There is more of something than there may be: as it was typed, and how many there are.
    TooMany(String, u64),
    /// The deadline has passed.
    Late,
}

/// The rows, by their places, and what is known of them.
pub struct Waiting {
    rule: Rule,
    deadline: Instant,
    states: Vec<State>,
    /// Rows that count but name no device.
    others: u64,
    /// How many are met.
    met: u64,
    /// How many are still waited for.
    open: usize,
    /// How many there are of what is counted, in the order of [`Counted::ALL`].
    counted: [u64; Counted::ALL.len()],
}

impl Waiting {
    /// For so many rows, and `others` that cannot be read.
    pub fn new(rule: Rule, deadline: Instant, rows: usize, others: u64) -> Self {
        let state = State {
            shown: Shown::Nothing,
            lacks: 0,
            holds_since: None,
            is_met: false,
            is_given_up: false,
            seen: None,
            fails: None,
        };
        let states = vec![state; rows];
        Waiting { rule, deadline, states, others, met: 0, open: rows, counted: Default::default() }
    }

    /// Notes what a look has shown of the device of a row. True when the row is met from now on.
    pub fn observe(&mut self, row: usize, device: Option<&Record>, now: Instant) -> bool {
        let state = &mut self.states[row];
        let before = state.shown;
        (state.seen, state.fails) = (Some(now), None);
        state.shown = device.map_or(Shown::Missing, |device| Shown::There {
            is_online: is_online(device),
            is_assigned: !text(device, "devicegroup_id").is_empty(),
        });
        for (number, (_, counted)) in self.counted.iter_mut().zip(Counted::ALL) {
            *number += u64::from(state.shown.counts_as(counted));
            *number -= u64::from(before.counts_as(counted));
        }
        let lacks = device.map_or(Some(0), |device| self.rule.lacks(device));
        if let Some(lacks) = lacks {
            (state.lacks, state.holds_since) = (lacks, None);
            return false;
        }
        let since = *state.holds_since.get_or_insert(now);
        let is_new = state.is_open() && now.duration_since(since) >= self.rule.stable;
        if is_new {
            state.is_met = true;
            self.met += 1;
            self.open -= 1;
        }
        is_new
    }

    /// A look could not show the device of a row, because the service says this.
    pub fn misses(&mut self, row: usize, says: &Arc<str>) {
        self.states[row].fails = Some(says.clone());
    }

    /// The row names no single device: it is not waited for.
    pub fn give_up(&mut self, row: usize) {
        self.open -= usize::from(self.states[row].is_open());
        self.states[row].is_given_up = true;
    }

    /// The rows that are still waited for.
    pub fn open(&self) -> impl Iterator<Item = usize> {
        self.states.iter().enumerate().filter(|(_, state)| state.is_open()).map(|(row, _)| row)
    }

    /// Rows that are looked at: those that are met may still count as something that there is too much of.
    pub fn looked_at(&self) -> impl Iterator<Item = usize> {
        let counts = !self.rule.fail_if.is_empty();
        let is_of_interest = move |state: &State| !state.is_given_up && (counts || !state.is_met);
        let states = self.states.iter().enumerate();
        states.filter(move |(_, state)| is_of_interest(state)).map(|(row, _)| row)
    }

    /// All rows.
    pub fn all(&self) -> u64 {
        self.states.len() as u64 + self.others
    }

    /// Those that are met.
    pub fn met(&self) -> u64 {
        self.met
    }

    /// Those that have to be.
    pub fn needed(&self) -> u64 {
        self.rule.at_least.at_least(self.all())
    }

    /// How it ends after a look; `None`: it goes on.
    pub fn end(&self, now: Instant) -> Option<End> {
        for too_many in &self.rule.fail_if {
            let number = self.counted[too_many.counted as usize];
            if too_many.most.is_exceeded(number, self.all()) {
                return Some(End::TooMany(too_many.text.clone(), number));
            }
        }
        if self.met() >= self.needed() {
            Some(End::Enough)
        } else if self.open == 0 {
            Some(End::TooFew)
        } else {
            self.is_late(now).then_some(End::Late)
        }
    }

    /// How it ends while a look goes on. What there may be too much of is known at the end of it only.
    pub fn end_within_look(&self, now: Instant) -> Option<End> {
        let end = self.end(now)?;
        (end != End::Enough || self.rule.fail_if.is_empty()).then_some(end)
    }

    /// When to look again: after `every`, later where looks take so long that they would take more than a quarter
    /// of the time, and early enough for what is about to have held for long enough, and for the deadline.
    pub fn next_look(&self, now: Instant, every: Duration, took: Duration) -> Instant {
        let regular = now + every.max(took * 3);
        let stable = self.open().filter_map(|row| self.states[row].holds_since);
        let due = stable.map(|since| since + self.rule.stable).filter(|due| *due > now).min();
        let next = due.map_or(regular, |due| due.max(now + took * 3).min(regular));
        // At the deadline nothing is asked any more.
        let last = self.deadline.checked_sub(LAST_LOOK.max(took * 2)).filter(|last| *last > now);
        next.min(last.unwrap_or(self.deadline.max(now)))
    }

    /// Whether the row is met.
    pub fn is_met(&self, row: usize) -> bool {
        self.states[row].is_met
    }

    /// Whether a look has ever shown the row.
    pub fn is_seen(&self, row: usize) -> bool {
        self.states[row].seen.is_some()
    }

    /// Whether the service has failed at every look, for all rows.
    pub fn is_unknown(&self) -> bool {
        let is_failing = self.states.iter().any(|state| state.fails.is_some());
        is_failing && self.states.iter().all(|state| state.seen.is_none())
    }

    /// Which rows the service has not shown in the last look before the end, and what it says instead.
    pub fn outage(&self, end: Instant) -> Option<String> {
        let open = || self.states.iter().filter(|state| state.is_open());
        let says = open().find_map(|state| state.fails.as_deref())?;
        let failing = open().filter(|state| state.fails.is_some()).count();
        Some(match self.states.iter().filter_map(|state| state.seen).max() {
            None => format!("no look was answered: {says}"),
            Some(seen) if failing == self.open => {
                format!("the last look was {} before the end: {says}", seconds(seen, end))
            }
            Some(_) => {
                let rows = count(failing as u64, "row");
                format!("the last look could not show {rows}: {says}")
            }
        })
    }

    /// What is not as it should be with a row that is not met at the end, in words.
    pub fn why_not(&self, row: usize, end: Instant) -> String {
        let why = self.last_seen(row);
        match (&self.states[row].fails, self.states[row].seen) {
            (None, _) => why,
            (Some(says), None) => format!("{why}: {says}"),
            (Some(says), Some(seen)) => {
                let before = seconds(seen, end);
                format!("{why}, as it was looked at {before} before the end: {says}")
            }
        }
    }

    fn last_seen(&self, row: usize) -> String {
        let State { shown, lacks, holds_since, .. } = self.states[row];
        match (shown, holds_since) {
            (Shown::Nothing, _) => "nobody has looked at it".to_owned(),
            (Shown::Missing, _) => "the account has no such device".to_owned(),
            (_, Some(_)) => "it is so, but has not been for long enough".to_owned(),
            (Shown::There { is_assigned, .. }, None) => {
                self.rule.conditions[lacks].words(is_assigned)
            }
        }
    }

    /// Whether the deadline has passed.
    pub fn is_late(&self, now: Instant) -> bool {
        now >= self.deadline
    }

    /// Whether there are fewer rows that can be met than a number that is asked for.
    pub fn is_hopeless(&self) -> bool {
        matches!(self.rule.at_least, Share::Number(number) if number > self.states.len() as u64)
    }
}

fn seconds(since: Instant, until: Instant) -> String {
    format!("{:.0} s", until.saturating_duration_since(since).as_secs_f64())
}

#[cfg(test)]
mod tests;
