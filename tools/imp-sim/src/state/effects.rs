//! Builds that are not what they should be: a share of the devices that run one goes offline after a
//! while, and is back when it runs another one.
//!
//! `build=SHA offline=5% [after=60s]`. Which devices follows from their ids alone, so that those of
//! 5 % are among those of 10 %. What is due is carried out by whoever looks at the state next, at the
//! time at which it was due: nobody ever sees it late.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::str::FromStr;
use std::time::Duration;

use super::State;
use super::ids::{DeviceId, Id, Timestamp};
use crate::variants::Variants;

/// Shares are counted in this many parts.
const PARTS: u64 = 1_000_000;

/// The rules in force, and who goes offline when.
#[derive(Default)]
pub struct Effects {
    rules: Vec<Rule>,
    /// Earliest first. Only what `expected` says too is still to happen.
    due: BinaryHeap<Reverse<(Timestamp, u32)>>,
    expected: HashMap<u32, Timestamp>,
}

struct Rule {
    text: String,
    /// A sha, or the id of a deployment.
    build: String,
    /// Of `PARTS`.
    share: u64,
    after: Duration,
    applied: u64,
}

impl Effects {
    /// Ends all rules. Who is offline by one stays so until it starts.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Each rule's text, and how often a device went offline by it.
    pub fn report(&self) -> impl Iterator<Item = (&str, u64)> {
        self.rules.iter().map(|rule| (rule.text.as_str(), rule.applied))
    }

    /// The next one that is due by `now`, and when it was.
    fn next(&mut self, now: Timestamp) -> Option<(u32, Timestamp)> {
        while let Some(&Reverse((at, slot))) = self.due.peek().filter(|due| due.0.0 <= now) {
            self.due.pop();
            if self.expected.get(&slot) == Some(&at) {
                self.expected.remove(&slot);
                return Some((slot, at));
            }
        }
        None
    }
}

impl State {
    /// Adds a rule. For devices that run its build already it begins now.
    pub fn add_effect(&mut self, text: &str, now: Timestamp) -> Result<(), String> {
        let rule = text.parse().map_err(|why| format!("effect `{text}`: {why}"))?;
        self.live.effects.rules.push(rule);
        for slot in self.devices.slots() {
            if !self.live.effects.expected.contains_key(&slot) {
                self.has_started(slot, now);
            }
        }
        Ok(())
    }

    /// A device has begun to run what it runs, also if it is the same as before.
    pub fn has_started(&mut self, slot: u32, now: Timestamp) {
        if self.live.effects.rules.is_empty() {
            return;
        }
        self.live.effects.expected.remove(&slot);
        let Some(device) = self.devices.get(slot).filter(|device| device.online) else { return };
        if let Some(rule) = self.effect_of(device.firmware.device, device.id) {
            let due = now.plus(self.live.effects.rules[rule].after);
            self.live.effects.expected.insert(slot, due);
            self.live.effects.due.push(Reverse((due, slot)));
        }
    }

    /// Whether a device that a build has taken offline would be back with that one.
    pub fn is_back_with(&self, slot: u32, build: Option<Id>) -> bool {
        let silenced = self.devices.get(slot).filter(|device| device.silenced);
        silenced.is_some_and(|device| self.effect_of(build, device.id).is_none())
    }

    /// Lets happen what is due by now. True if anything did.
    pub fn carry_out_effects(&mut self, variants: &Variants, now: Timestamp) -> bool {
        let mut changed = false;
        while let Some((slot, at)) = self.live.effects.next(now) {
            let Some(device) = self.devices.get(slot).filter(|device| device.online) else {
                continue;
            };
            let Some(rule) = self.effect_of(device.firmware.device, device.id) else { continue };
            self.live.effects.rules[rule].applied += 1;
            self.set_online(slot, false, variants, at);
            if let Some(device) = self.devices.get_mut(slot) {
                device.silenced = true;
            }
            changed = true;
        }
        changed
    }

    /// The first rule by which a build takes a device offline.
    fn effect_of(&self, build: Option<Id>, device: DeviceId) -> Option<usize> {
        let rules = &self.live.effects.rules;
        if rules.is_empty() {
            return None;
        }
        let build = self.deployments.get(&build?)?;
        let part = part_of(device);
        rules.iter().position(|rule| {
            (rule.build == build.sha || build.id.is(&rule.build)) && part < rule.share
        })
    }
}

/// Where a device stands between 0 and `PARTS`, by the mixing function of splitmix64.
fn part_of(device: DeviceId) -> u64 {
    let mut mixed = device.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % PARTS
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut build, mut share, mut after) = (None, None, Duration::ZERO);
        for word in text.split_whitespace() {
            let (key, value) =
                word.split_once('=').ok_or_else(|| format!("`{word}` is not KEY=VALUE"))?;
            let wrong = || format!("`{key}` cannot be `{value}`");
            match key {
                "build" if !value.is_empty() => build = Some(value.to_owned()),
                "offline" => share = Some(parts(value).ok_or_else(wrong)?),
                "after" => after = humantime::parse_duration(value).map_err(|_| wrong())?,
                "build" => return Err(wrong()),
                _ => return Err(format!("no key `{key}`")),
            }
        }
        Ok(Self {
            text: text.to_owned(),
            build: build.ok_or("`build` is missing")?,
            share: share.ok_or("`offline` is missing")?,
            after,
            applied: 0,
        })
    }
}

/// A share in percent.
fn parts(share: &str) -> Option<u64> {
    let percent: f64 = share.strip_suffix('%')?.parse().ok()?;
    (0.0..=100.0).contains(&percent).then(|| (percent / 100.0 * PARTS as f64).round() as u64)
}

#[cfg(test)]
mod tests;
