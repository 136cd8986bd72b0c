//! Fault rules: which requests go wrong, how, and how often.
//!
//! `METHOD PATH [STATUS] [KEY=VALUE]…`, for example
//! `POST /devicegroups/*/relationships/devices 503 after=3 every=5 times=2 body=html`.
//! Whether a rule applies depends only on the requests seen and the seed, never on the time.

use std::str::FromStr;
use std::time::Duration;

use crate::state::random::Random;

/// What the body of an answer made by a fault looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FaultBody {
    /// As the API's own errors.
    #[default]
    Json,
    /// A page as a gateway makes it.
    Html,
    /// Nothing.
    Empty,
    /// `{"message":…}`, as some old paths of the service answer.
    Message,
}

/// Where a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before the request takes effect.
    Before,
    /// After it took effect, before any answer.
    After,
    /// After it took effect, in the middle of the answer's body.
    Middle,
}

/// What happens to one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// Answer with this status.
    pub status: Option<u16>,
    /// The body of that answer.
    pub body: FaultBody,
    /// The request takes effect although the answer has the fault's status.
    pub effect: bool,
    /// End the connection.
    pub cut: Option<Cut>,
    /// Answer so much later.
    pub delay: Duration,
    /// How many devices of the batch fail; with `status` it is theirs.
    pub part: Option<usize>,
}

#[derive(Clone, Debug)]
struct Rule {
    text: String,
    method: String,
    path: Vec<String>,
    after: u64,
    every: u64,
    times: u64,
    chance: f64,
    fault: Fault,
    seen: u64,
    applied: u64,
}

/// All rules in force. The first that applies to a request decides.
pub struct Faults {
    rules: Vec<Rule>,
    random: Random,
}

impl Faults {
    /// No rules; chances follow from the seed.
    pub fn new(seed: u64) -> Self {
        Self { rules: Vec::new(), random: Random::new(seed, 7) }
    }

    /// Adds a rule behind the others.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        self.rules.push(text.parse().map_err(|why| format!("fault rule `{text}`: {why}"))?);
        Ok(())
    }

    /// Ends all rules.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// Each rule's text, how many requests matched it and how many it was applied to.
    pub fn report(&self) -> impl Iterator<Item = (&str, u64, u64)> {
        self.rules.iter().map(|rule| (rule.text.as_str(), rule.seen, rule.applied))
    }

    /// What happens to this request. `path` is what follows `/v5`, cut at its slashes.
    pub fn apply(&mut self, method: &str, path: &[&str]) -> Option<Fault> {
        let mut fault = None;
        for rule in self.rules.iter_mut().filter(|rule| rule.matches(method, path)) {
            rule.seen += 1;
            if fault.is_none() && rule.is_due() && self.random.percent(rule.chance) {
                rule.applied += 1;
                fault = Some(rule.fault.clone());
            }
        }
        fault
    }
}

impl Rule {
    fn matches(&self, method: &str, path: &[&str]) -> bool {
        if self.method != "*" && self.method != method {
            return false;
        }
        let open = self.path.last().is_some_and(|last| last == "**");
        let fixed = if open { &self.path[..self.path.len() - 1] } else { &self.path[..] };
        (path.len() == fixed.len() || (open && path.len() > fixed.len()))
            && fixed.iter().zip(path).all(|(pattern, part)| pattern == "*" || pattern == part)
    }

    fn is_due(&self) -> bool {
        self.seen > self.after
            && (self.seen - self.after - 1).is_multiple_of(self.every)
            && self.applied < self.times
    }

    fn set(&mut self, word: &str) -> Result<(), String> {
        let Some((key, value)) = word.split_once('=') else {
            let status = word.parse().ok().filter(|status| (400..600).contains(status));
            self.fault.status = Some(status.ok_or_else(|| format!("no status: `{word}`"))?);
            return Ok(());
        };
        let wrong = || format!("`{key}` cannot be `{value}`");
        let number = || value.parse::<u64>().map_err(|_| wrong());
        match key {
            "after" => self.after = number()?,
            "every" => self.every = number()?.max(1),
            "times" => self.times = number()?,
            "chance" => {
                let percent = value.strip_suffix('%').and_then(|share| share.parse().ok());
                self.chance = percent.ok_or_else(wrong)?;
            }
            "delay" => self.fault.delay = humantime::parse_duration(value).map_err(|_| wrong())?,
            "part" => self.fault.part = Some(value.parse().map_err(|_| wrong())?),
            "effect" => {
                let answers = [("no", false), ("yes", true)];
                self.fault.effect = one_of(value, &answers).ok_or_else(wrong)?;
            }
            "cut" => {
                let places =
                    [("before", Cut::Before), ("after", Cut::After), ("middle", Cut::Middle)];
                self.fault.cut = Some(one_of(value, &places).ok_or_else(wrong)?);
            }
            "body" => {
                let bodies = [
                    ("json", FaultBody::Json),
                    ("html", FaultBody::Html),
                    ("empty", FaultBody::Empty),
                    ("message", FaultBody::Message),
                ];
                self.fault.body = one_of(value, &bodies).ok_or_else(wrong)?;
            }
            _ => return Err(format!("no key `{key}`")),
        }
        Ok(())
    }
}

fn one_of<T: Copy>(value: &str, values: &[(&str, T)]) -> Option<T> {
    values.iter().find(|(name, _)| *name == value).map(|(_, meaning)| *meaning)
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let method = words.next().ok_or("it is empty")?.to_owned();
        let path = words.next().ok_or("the path is missing")?;
        let path = path.strip_prefix('/').ok_or("the path must begin with /")?;
        let mut rule = Self {
            text: text.to_owned(),
            method,
            path: path.split('/').map(str::to_owned).collect(),
            after: 0,
            every: 1,
            times: u64::MAX,
            chance: 100.0,
            fault: Fault::default(),
            seen: 0,
            applied: 0,
        };
        for word in words {
            rule.set(word)?;
        }
        let fault = &rule.fault;
        if *fault == Fault::default() {
            return Err("it does nothing: give a status, delay, cut or part".to_owned());
        }
        if fault.effect && fault.status.is_none() {
            return Err("`effect` needs a status".to_owned());
        }
        if fault.cut.is_some() && (fault.status.is_some() || fault.part.is_some()) {
            return Err("`cut` goes with neither a status nor `part`".to_owned());
        }
        Ok(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: [&str; 4] = ["devicegroups", "1", "relationships", "devices"];

    fn applied(rule: &str, requests: usize) -> Vec<bool> {
        let mut faults = Faults::new(1);
        faults.add(rule).unwrap();
        (0..requests).map(|_| faults.apply("POST", &BATCH).is_some()).collect()
    }

    #[test]
    fn after_every_and_times_count_the_matching_requests() {
        let due =
            applied("POST /devicegroups/*/relationships/devices 503 after=1 every=2 times=2", 7);
        assert_eq!(due, [false, true, false, true, false, false, false]);
    }

    #[test]
    fn stars_stand_for_one_part_and_two_for_the_rest() {
        for (rule, matches) in [
            ("POST /devicegroups/*/relationships/devices 500", true),
            ("* /** 500", true),
            ("POST /devicegroups/** 500", true),
            ("POST /devicegroups/* 500", false),
            ("DELETE /devicegroups/** 500", false),
            ("POST /devicegroups/2/** 500", false),
        ] {
            assert_eq!(applied(rule, 1), [matches], "{rule}");
        }
    }

    #[test]
    fn a_chance_follows_from_the_seed() {
        let hits = applied("POST /** cut=after chance=20%", 1000);
        let count = hits.iter().filter(|hit| **hit).count();
        assert!((150..250).contains(&count), "{count}");
        assert_eq!(hits, applied("POST /** cut=after chance=20%", 1000));
    }

    #[test]
    fn the_whole_fault_is_read() {
        let mut faults = Faults::new(1);
        faults.add("PATCH /devices/* 502 body=html delay=250ms effect=yes").unwrap();
        let fault = faults.apply("PATCH", &["devices", "x"]).unwrap();
        let wanted = Fault {
            status: Some(502),
            body: FaultBody::Html,
            effect: true,
            delay: Duration::from_millis(250),
            ..Fault::default()
        };
        assert_eq!(fault, wanted);
    }

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        for rule in [
            "",
            "POST",
            "POST devices 500",
            "POST /devices",
            "POST /devices 99",
            "POST /devices 500 cut=after",
            "POST /devices effect=yes",
            "POST /devices cut=later",
            "POST /devices chance=5",
            "POST /devices often=2",
        ] {
            assert!(Faults::new(1).add(rule).is_err(), "{rule}");
        }
    }
}
