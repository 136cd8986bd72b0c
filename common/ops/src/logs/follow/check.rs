//! What followed logs are watched for, and whether it has come: decided without a clock or a service.
//!
//! Careful about a false pass: what must not come counts until the end, for devices that are as they should be as
//! well, and lines that may be missing count as such.

use std::collections::HashMap;
use std::time::Duration;

use clap::Args;
use model::{ErrorKind, Record};
use pipe::Failure;

use super::GAP;
use crate::logs::pattern::Pattern;
use cli::text;

/// The flags of verbs that follow logs.
#[derive(Args, Clone, Debug, Default)]
pub struct LogChecks {
    /// End with 0 once each device has logged this
    #[arg(long, value_name = "PATTERN", display_order = 1)]
    until: Vec<Pattern>,
    /// End with 1 if a device logs this
    #[arg(long, value_name = "PATTERN", display_order = 1)]
    fail_on: Vec<Pattern>,
    /// One device that has logged it is enough
    #[arg(long, requires = "until", display_order = 1)]
    any_device: bool,
    /// Follow no longer; 6 if --until has not come
    #[arg(long, value_name = "TIME", value_parser = cli::duration, display_order = 1)]
    timeout: Option<Duration>,
    /// Print only entries like this
    #[arg(long, value_name = "PATTERN", display_order = 1)]
    grep: Vec<Pattern>,
}

impl LogChecks {
    /// How long is followed, at most.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// Whether something is waited for.
    pub fn has_until(&self) -> bool {
        !self.until.is_empty()
    }

    /// Whether the end of following says something, so that it is waited for though nobody reads the entries.
    pub fn have_a_verdict(&self) -> bool {
        !self.until.is_empty() || self.timeout.is_some()
    }

    /// Whether nothing is asked for.
    pub fn are_none(&self) -> bool {
        !self.have_a_verdict() && self.fail_on.is_empty() && self.grep.is_empty()
    }

    /// Whether a record is printed; where lines are missing is always said.
    pub fn print(&self, record: &Record) -> bool {
        is_gap(record) || is_wanted(&self.grep, record)
    }

    /// Why a device fails by a record of its log.
    fn caught(&self, record: &Record) -> Option<String> {
        if is_gap(record) {
            // Without an end the log cannot be read any more, and that is told by itself.
            let counts = !self.fail_on.is_empty() && record.contains_key("to");
            return counts.then(|| "lines of its log are missing, and it may be in them".into());
        }
        let pattern = self.fail_on.iter().find(|pattern| pattern.finds(record))?;
        Some(format!("{pattern}: {}", model::text::one_line(text(record, "msg"))))
    }
}

/// Whether an entry is to be printed: one of the patterns finds it, or there is none.
pub fn is_wanted(patterns: &[Pattern], entry: &Record) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.finds(entry))
}

#[derive(Clone, Debug)]
struct Watched {
    id: String,
    /// The patterns that have not come, by their places.
    lacks: Vec<usize>,
    has_failed: bool,
    /// Why lines of it may be missing at the end.
    unread: Option<String>,
}

impl Watched {
    fn is_met(&self) -> bool {
        self.lacks.is_empty() && !self.has_failed
    }

    fn is_open(&self) -> bool {
        !self.lacks.is_empty() && !self.has_failed
    }
}

/// What the lines so far have shown.
pub struct Check<'a> {
    checks: &'a LogChecks,
    devices: Vec<Watched>,
    by_id: HashMap<String, usize>,
    /// What must not come has come.
    is_caught: bool,
}

impl<'a> Check<'a> {
    /// A check of the devices with these ids.
    pub fn new(checks: &'a LogChecks, ids: impl Iterator<Item = String>) -> Self {
        let lacks: Vec<usize> = (0..checks.until.len()).collect();
        let devices: Vec<Watched> = ids
            .map(|id| Watched { id, lacks: lacks.clone(), has_failed: false, unread: None })
            .collect();
        let places = devices.iter().enumerate();
        let by_id = places.map(|(place, device)| (device.id.clone(), place)).collect();
        Check { checks, devices, by_id, is_caught: false }
    }

    /// Takes in a record that came. Gives the failure when its device fails by it.
    pub fn take(&mut self, record: &Record) -> Option<Failure> {
        let device = self.by_id.get(text(record, "device_id")).copied()?;
        let device = &mut self.devices[device];
        let checks = self.checks;
        if !is_gap(record) {
            device.lacks.retain(|place| !checks.until[*place].finds(record));
        }
        if let Some(detail) = checks.caught(record) {
            let is_first = !std::mem::replace(&mut device.has_failed, true);
            self.is_caught = true;
            let title = "The device has logged what --fail-on names, or may have";
            return is_first.then(|| Failure::new(ErrorKind::NotMet, title).detail(detail));
        }
        None
    }

    /// The device cannot be followed.
    pub fn lose(&mut self, id: &str) {
        if let Some(device) = self.by_id.get(id) {
            self.devices[*device].has_failed = true;
        }
    }

    /// At the end lines of a device may be missing. Gives that back if the device fails by it: not if it was to log
    /// something, and either has, or is failed for not having done so.
    pub fn miss(&mut self, id: &str, failure: Failure) -> Option<Failure> {
        let device = &mut self.devices[*self.by_id.get(id)?];
        let is_for_until = !self.checks.until.is_empty()
            && (self.checks.fail_on.is_empty() || !device.lacks.is_empty());
        if device.has_failed || is_for_until {
            device.unread = failure.detail;
            return None;
        }
        device.has_failed = true;
        Some(failure)
    }

    /// The devices of which there is no verdict yet.
    pub fn open(&self) -> impl Iterator<Item = &str> {
        let waits = !self.checks.until.is_empty();
        let is_open =
            move |device: &&Watched| if waits { device.is_open() } else { !device.has_failed };
        self.devices.iter().filter(is_open).map(|device| device.id.as_str())
    }

    /// Whether nothing is waited for any more.
    pub fn is_settled(&self) -> bool {
        if self.checks.until.is_empty() {
            return self.is_caught;
        }
        let is_enough = self.checks.any_device && self.devices.iter().any(Watched::is_met);
        is_enough || !self.devices.iter().any(Watched::is_open)
    }

    /// How many devices have logged all that is waited for, also such as have failed, and how many were to be followed.
    pub fn counts(&self) -> (usize, usize) {
        let have = self.devices.iter().filter(|device| device.lacks.is_empty());
        (have.count(), self.devices.len())
    }

    /// The devices that are still waited for, when the time is over.
    pub fn not_met(&self) -> Vec<(String, Failure)> {
        if self.checks.until.is_empty() || self.is_settled() {
            return Vec::new();
        }
        let not_met = |device: &Watched| {
            let lacks: Vec<String> =
                device.lacks.iter().map(|place| self.checks.until[*place].to_string()).collect();
            let (title, why) = match &device.unread {
                Some(why) => (
                    "Nobody knows whether the device has logged what --until names",
                    format!(", and what is stored could not be read: {why}"),
                ),
                None => ("The device has not logged what --until names", String::new()),
            };
            let failure = Failure::new(ErrorKind::NotMet, title);
            (device.id.clone(), failure.detail(format!("{}{why}", lacks.join(", "))))
        };
        self.devices.iter().filter(|device| device.is_open()).map(not_met).collect()
    }
}

fn is_gap(record: &Record) -> bool {
    text(record, "type") == GAP.name
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checks(until: &[&str], fail_on: &[&str], any_device: bool) -> LogChecks {
        let patterns =
            |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>();
        LogChecks {
            until: patterns(until),
            fail_on: patterns(fail_on),
            any_device,
            ..LogChecks::default()
        }
    }

    fn check(checks: &LogChecks) -> Check<'_> {
        Check::new(checks, ["a", "b"].into_iter().map(str::to_owned))
    }

    fn says(check: &mut Check<'_>, device: &str, message: &str) -> Option<Failure> {
        let entry = json!({"device_id": device, "type": "server.log", "msg": message});
        check.take(&serde_json::from_value(entry).unwrap())
    }

    fn gap(to: Option<&str>) -> Record {
        let mut gap = json!({"type": "gap", "device_id": "a", "from": null});
        if let Some(to) = to {
            gap["to"] = to.into();
        }
        serde_json::from_value(gap).unwrap()
    }

    #[test]
    fn each_device_logs_each_pattern_in_any_order() {
        let checks = checks(&["up", "ready"], &[], false);
        let mut check = check(&checks);
        for (device, message) in [("a", "ready"), ("b", "up and ready"), ("other", "up")] {
            assert!(says(&mut check, device, message).is_none());
            assert!(!check.is_settled(), "{device}");
        }
        assert_eq!(check.counts(), (1, 2));
        let left = check.not_met();
        assert_eq!((left[0].0.as_str(), left[0].1.detail.as_deref()), ("a", Some("`up`")));
        assert!(says(&mut check, "a", "up").is_none());
        assert!(check.is_settled() && check.not_met().is_empty());
    }

    #[test]
    fn one_device_is_enough_if_that_is_asked_for() {
        let checks = checks(&["ready"], &[], true);
        let mut check = check(&checks);
        assert!(!check.is_settled());
        says(&mut check, "b", "ready");
        assert!(check.is_settled() && check.not_met().is_empty());
    }

    #[test]
    fn a_device_fails_once_and_the_others_are_waited_for() {
        let checks = checks(&["ready"], &["ERROR"], false);
        let mut check = check(&checks);
        says(&mut check, "a", "ready");
        let failure = says(&mut check, "a", "ERROR 1 ready").unwrap();
        assert_eq!(failure.detail.as_deref(), Some("`ERROR`: ERROR 1 ready"));
        assert!(says(&mut check, "a", "ERROR 2").is_none(), "it has failed already");
        assert!(!check.is_settled());
        says(&mut check, "b", "ready");
        assert!(check.is_settled());
        assert_eq!(check.counts(), (2, 2), "both have logged it, whatever else the one has");
    }

    #[test]
    fn without_until_the_first_failure_ends_it_and_a_lost_device_does_not() {
        let checks = checks(&[], &["ERROR"], false);
        let mut check = check(&checks);
        check.lose("b");
        assert!(!check.is_settled());
        assert!(says(&mut check, "a", "ERROR").is_some());
        assert!(check.is_settled() && check.not_met().is_empty());
    }

    #[test]
    fn a_device_that_cannot_be_followed_is_not_waited_for() {
        let checks = checks(&["ready"], &[], false);
        let mut check = check(&checks);
        says(&mut check, "a", "ready");
        check.lose("b");
        assert!(check.is_settled());
    }

    #[test]
    fn missing_lines_are_no_pass_where_something_must_not_be_in_them() {
        let with = checks(&["ready"], &["ERROR"], false);
        assert!(check(&with).take(&gap(Some("2026-11-23T20:00:00.000Z"))).is_some());
        assert!(check(&with).take(&gap(None)).is_none(), "that it is gone is told by itself");
        let without = checks(&["ready"], &[], false);
        assert!(check(&without).take(&gap(Some("2026-11-23T20:00:00.000Z"))).is_none());
    }

    #[test]
    fn entries_are_printed_if_one_pattern_finds_them() {
        let grep = LogChecks {
            grep: vec!["temp".parse().unwrap(), "type:error".parse().unwrap()],
            ..LogChecks::default()
        };
        let entry = |kind: &str, message: &str| -> Record {
            serde_json::from_value(json!({"type": kind, "msg": message})).unwrap()
        };
        assert!(grep.print(&entry("server.log", "temp 20")));
        assert!(grep.print(&entry("agent.error", "x")));
        assert!(!grep.print(&entry("server.log", "x")));
        assert!(grep.print(&gap(None)));
        assert!(LogChecks::default().print(&entry("server.log", "x")));
        assert!(!grep.are_none() && LogChecks::default().are_none());
    }
}
