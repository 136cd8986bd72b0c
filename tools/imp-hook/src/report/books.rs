//! The figures of a shift, counted from its calls and lists. Pure.
//!
//! Careful about what a webhook does not tell: a test that was failed and repeated until the device was blessed leaves
//! one blessing, and a call may be delivered twice. So a yield is an upper bound, and calls that are repeats of others
//! are counted by themselves.

mod sums;

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, SystemTime};

use clap::ValueEnum;

pub use sums::Sums;

/// The service may deliver a call again within this time; the journal marks it then.
const DELIVERED_AGAIN: Duration = Duration::from_secs(60);

/// What there is a line for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// What has blessed the device
    Fixture,
    /// An hour of the clock
    Hour,
    /// The device group that it was blessed into
    Group,
}

/// The time that counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Period {
    pub since: Option<SystemTime>,
    pub before: Option<SystemTime>,
    /// Its end as far as it has passed: a shift that goes on has no gap ahead.
    passed_until: Option<SystemTime>,
}

impl Period {
    /// What is asked for `now`. A period that has a begin alone goes on until now.
    pub fn asked(since: Option<SystemTime>, before: Option<SystemTime>, now: SystemTime) -> Self {
        let is_asked = since.or(before).is_some();
        let end = before.map_or(now, |end| end.min(now));
        let end = since.map_or(end, |since| end.max(since));
        Period { since, before, passed_until: is_asked.then_some(end) }
    }

    fn has(self, time: SystemTime) -> bool {
        self.since.is_none_or(|since| since <= time) && self.before.is_none_or(|end| time < end)
    }
}

/// What a call says has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    Blessed,
    Activated,
}

/// A call of the journal.
#[derive(Clone, Debug)]
pub struct Call {
    pub id: String,
    pub device: String,
    pub at: SystemTime,
    pub happened: Happened,
    pub group: Option<String>,
    /// As the body says it.
    pub fixture: Option<String>,
    /// The name of its webhook, if that is more than the event and the group.
    pub hook: Option<String>,
    /// Marked as the repeat of another one.
    pub is_repeat: bool,
}

/// What is known of a device.
#[derive(Clone, Debug, Default)]
struct Unit {
    /// When calls said so, in any order: journals may come in any.
    told_blessed: Vec<SystemTime>,
    activated: Option<SystemTime>,
    /// Blessed before the period: it is neither rejected nor missing.
    was_blessed_before: bool,
    /// When it was first told of: that call says which group, fixture and webhook.
    first_told: Option<SystemTime>,
    group: Option<String>,
    fixture: Option<String>,
    hook: Option<String>,
    is_expected: bool,
    is_under_test: bool,
}

impl Unit {
    /// When it was blessed, in order. What is told soon after a blessing is the same one again.
    fn blessings(&self) -> Vec<SystemTime> {
        let mut told = self.told_blessed.clone();
        told.sort_unstable();
        let mut last: Option<SystemTime> = None;
        told.retain(|at| {
            let soon = |last| at.duration_since(last).is_ok_and(|time| time < DELIVERED_AGAIN);
            let is_new = !last.is_some_and(soon);
            last = if is_new { Some(*at) } else { last };
            is_new
        });
        told
    }

    fn fixture(&self) -> Option<&String> {
        self.fixture.as_ref().or(self.hook.as_ref())
    }
}

/// A time without a blessing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    pub from: SystemTime,
    pub to: SystemTime,
}

impl Gap {
    pub fn length(self) -> Duration {
        self.to.duration_since(self.from).unwrap_or_default()
    }
}

/// The books of a shift.
pub struct Books {
    period: Period,
    /// When the hour of a time begins, where the report is made.
    hour_of: fn(SystemTime) -> SystemTime,
    units: BTreeMap<String, Unit>,
    ids: HashSet<String>,
    /// Calls that are marked as delivered again.
    marked_calls: u64,
    pub has_expected: bool,
    pub has_under_test: bool,
}

impl Books {
    pub fn new(period: Period, hour_of: fn(SystemTime) -> SystemTime) -> Self {
        Books {
            period,
            hour_of,
            units: BTreeMap::new(),
            ids: HashSet::new(),
            marked_calls: 0,
            has_expected: false,
            has_under_test: false,
        }
    }

    /// Takes in a call. The same line of two files counts once, if it has an id.
    pub fn add(&mut self, call: Call) {
        let is_known = !call.id.is_empty() && !self.ids.insert(call.id);
        if !self.period.has(call.at) || is_known {
            let is_before = self.period.since.is_some_and(|since| call.at < since);
            if is_before && call.happened == Happened::Blessed {
                self.units.entry(call.device).or_default().was_blessed_before = true;
            }
            return;
        }
        if call.is_repeat {
            self.marked_calls += 1;
            return;
        }
        let unit = self.units.entry(call.device).or_default();
        match call.happened {
            Happened::Blessed => unit.told_blessed.push(call.at),
            Happened::Activated => {
                unit.activated = Some(unit.activated.map_or(call.at, |first| first.min(call.at)));
            }
        }
        let is_first = unit.first_told.is_none_or(|first| call.at < first);
        unit.first_told = if is_first { Some(call.at) } else { unit.first_told };
        let told = [
            (&mut unit.group, call.group),
            (&mut unit.fixture, call.fixture),
            (&mut unit.hook, call.hook),
        ];
        for (known, told) in told {
            *known = if is_first { told.or(known.take()) } else { known.take().or(told) };
        }
    }

    /// A device that should have been blessed.
    pub fn expect(&mut self, device: String, fixture: Option<String>) {
        self.has_expected = true;
        let unit = self.units.entry(device).or_default();
        unit.is_expected = true;
        unit.fixture = unit.fixture.take().or(fixture);
    }

    /// A device that is among those under test.
    pub fn under_test(&mut self, device: String, fixture: Option<String>) {
        self.has_under_test = true;
        let unit = self.units.entry(device).or_default();
        unit.is_under_test = true;
        unit.fixture = unit.fixture.take().or(fixture);
    }

    fn empty(&self, name: Option<String>, with_lists: bool) -> Sums {
        let known = |has: bool| (has && with_lists).then_some(0);
        Sums {
            name,
            rejected: known(self.has_under_test),
            missing: known(self.has_expected),
            unexpected: known(self.has_expected),
            ..Sums::default()
        }
    }

    /// All together.
    pub fn total(&self) -> Sums {
        let mut total = self.empty(None, true);
        for unit in self.units.values() {
            self.count(unit, |_| Some(None), |_, act| act(&mut total));
        }
        total
    }

    /// A line for each fixture, hour or group, in their order; what none is known of comes last.
    pub fn parts(&self, by: By) -> Vec<Sums> {
        let mut parts: BTreeMap<(bool, Option<String>), Sums> = BTreeMap::new();
        for unit in self.units.values() {
            let name = |at: Option<SystemTime>| match by {
                By::Fixture => Some(unit.fixture().cloned()),
                By::Group => Some(unit.group.clone()),
                // Nobody knows in which hour a device was not blessed.
                By::Hour => at.map(|at| Some(rfc3339((self.hour_of)(at)))),
            };
            self.count(unit, name, |name, act| {
                let key = (name.is_none(), name.clone());
                act(parts.entry(key).or_insert_with(|| self.empty(name, by != By::Hour)));
            });
        }
        parts.into_values().collect()
    }

    /// Counts a device where it belongs: its blessing, its activation, and that it was not blessed.
    fn count(
        &self,
        unit: &Unit,
        part: impl Fn(Option<SystemTime>) -> Option<Option<String>>,
        mut at: impl FnMut(Option<String>, &mut dyn FnMut(&mut Sums)),
    ) {
        let blessings = unit.blessings();
        let blessed = blessings.first().copied();
        if let (Some(time), Some(name)) = (blessed, part(blessed)) {
            at(name.clone(), &mut |sums| {
                sums.bless(blessings.len(), time);
                let is_stranger = u64::from(!unit.is_expected);
                sums.unexpected = sums.unexpected.map(|number| number + is_stranger);
                // A later one may belong to another hour.
                let is_here = |at: &&SystemTime| part(Some(**at)).as_ref() == Some(&name);
                blessings.iter().skip(1).filter(is_here).for_each(|at| sums.bless_again(*at));
            });
        }
        if let (Some(time), Some(name)) = (unit.activated, part(unit.activated)) {
            at(name, &mut |sums| {
                sums.activated += 1;
                sums.note(time);
            });
        }
        if unit.was_blessed_before {
            return;
        }
        if let (None, Some(name)) = (blessed, part(None)) {
            let is_missing = u64::from(unit.is_expected && !unit.is_under_test);
            at(name, &mut |sums| {
                let is_rejected = u64::from(unit.is_under_test);
                sums.rejected = sums.rejected.map(|number| number + is_rejected);
                sums.missing = sums.missing.map(|number| number + is_missing);
            });
        }
    }

    /// Calls that were delivered again.
    pub fn repeated_calls(&self) -> u64 {
        let again = |unit: &Unit| unit.told_blessed.len() - unit.blessings().len();
        self.marked_calls + self.units.values().map(again).sum::<usize>() as u64
    }

    /// When devices were blessed, each time that they were.
    pub fn blessings(&self) -> Vec<SystemTime> {
        let mut times: Vec<SystemTime> = self.units.values().flat_map(Unit::blessings).collect();
        times.sort_unstable();
        times
    }

    /// The times without a blessing that were longer than `limit`, also those at the begin and at the end of a
    /// period that was asked for.
    pub fn gaps(&self, limit: Duration) -> Vec<Gap> {
        let Period { since, passed_until, .. } = self.period;
        let mut times = self.blessings();
        times.extend(since.into_iter().chain(passed_until));
        times.sort_unstable();
        let gaps = times.windows(2).map(|pair| Gap { from: pair[0], to: pair[1] });
        gaps.filter(|gap| gap.length() > limit).collect()
    }

    /// Whether a fixture is known of any device.
    pub fn knows_fixtures(&self) -> bool {
        self.units.values().any(|unit| unit.fixture().is_some())
    }
}

/// A time as it stands in records.
pub fn rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

#[cfg(test)]
mod tests;
