//! In which rounds records are carried out; within one of them nothing depends on anything. A decision about
//! records, no requests.
//!
//! Records with a step were done in that order once, and are done in it again: who deletes a thing and makes
//! another of its name does not get there the other way round. All others go by stages, whatever their order is.

use std::collections::{BTreeMap, HashMap, HashSet};

use model::Effect;

use super::order::{Stage, moves_device, place};

/// A record that is open.
#[derive(Clone, Copy, Debug)]
pub struct Open<'a> {
    /// The number of its entry.
    pub number: usize,
    pub effect: &'a Effect,
    /// The number of the entry that has to come before it.
    pub after: Option<usize>,
    /// Its place, if it has one.
    pub step: Option<u64>,
}

/// Records that are carried out together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// The numbers of their entries.
    pub numbers: Vec<usize>,
    /// Whether devices change their groups: they do so by the batches of a bulk move.
    pub moves_devices: bool,
    /// Whether they have a place: names may have been given to other things since the round before.
    pub is_step: bool,
}

/// The rounds of all that are open: first those of stages, then those of steps.
pub fn rounds(open: &[Open<'_>]) -> Vec<Round> {
    let (in_steps, in_stages): (Vec<Open>, Vec<Open>) =
        open.iter().copied().partition(|one| one.step.is_some());
    [of_stages(&in_stages), of_steps(in_steps)].concat()
}

/// Those that follow on others come in a later round.
fn of_stages(open: &[Open<'_>]) -> Vec<Round> {
    let mut rounds: BTreeMap<(Stage, usize), Vec<usize>> = BTreeMap::new();
    let mut round_of: HashMap<usize, (Stage, usize)> = HashMap::new();
    let mut free_for: HashMap<[&str; 3], usize> = HashMap::new();
    for one in open {
        let stage = Stage::of(one.effect);
        let before = one.after.and_then(|before| round_of.get(&before));
        let before = before.filter(|(of_before, _)| *of_before == stage);
        let mut place = (stage, before.map_or(0, |(_, round)| round + 1));
        if let Some(hook) = hook_that_is_made(one.effect) {
            let free = free_for.entry(hook).or_default();
            place.1 = place.1.max(*free);
            *free = place.1 + 1;
        }
        round_of.insert(one.number, place);
        rounds.entry(place).or_default().push(one.number);
    }
    let round = |((stage, _), numbers)| Round {
        numbers,
        moves_devices: stage == Stage::Devices,
        is_step: false,
    };
    rounds.into_iter().map(round).collect()
}

/// One after the other, but for neighbours that have nothing to do with each other.
fn of_steps(mut open: Vec<Open<'_>>) -> Vec<Round> {
    open.sort_by_key(|one| (place(one.step, one.effect), one.number));
    let mut rounds: Vec<Round> = Vec::new();
    let mut about: HashSet<&str> = HashSet::new();
    let mut hooks: HashSet<[&str; 3]> = HashSet::new();
    let mut last: Option<&Effect> = None;
    for Open { number, effect, .. } in open {
        let is_neighbour = last.is_some_and(|last| are_alike(last, effect))
            && !gives_name(effect)
            && !about.contains(effect.id.as_str())
            && !hook_that_is_made(effect).is_some_and(|hook| hooks.contains(&hook));
        if !is_neighbour {
            about.clear();
            hooks.clear();
            let (numbers, moves_devices) = (Vec::new(), moves_device(effect));
            rounds.push(Round { numbers, moves_devices, is_step: true });
        }
        about.insert(&effect.id);
        hooks.extend(hook_that_is_made(effect));
        last = Some(effect);
        rounds.iter_mut().next_back().into_iter().for_each(|round| round.numbers.push(number));
    }
    rounds
}

/// Whether the same is done to things of the same kind: neither is in the other, or names it.
fn are_alike(one: &Effect, other: &Effect) -> bool {
    let done = |effect: &Effect| {
        let (before, after) = (effect.before.is_some(), effect.after.is_some());
        (before, after, effect.is_action(), moves_device(effect))
    };
    one.kind == other.kind && done(one) == done(other)
}

/// What a webhook is, if one is made. Of two that are equal each could be taken for the other while both are made.
fn hook_that_is_made(effect: &Effect) -> Option<[&str; 3]> {
    let after = effect.after.as_ref().filter(|_| effect.before.is_none())?;
    let is_hook = effect.kind == "webhook";
    is_hook.then(|| ["devicegroup_id", "event", "url"].map(|name| cli::text(after, name)))
}

/// Whether a thing gets another name, in a place where no two may have the same.
fn gives_name(effect: &Effect) -> bool {
    let has_other = effect.before.is_some()
        && effect.after.as_ref().is_some_and(|after| after.contains_key("name"));
    has_other && effect.kind != "device"
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Record;
    use serde_json::{Value, json};

    fn effect(kind: &str, id: &str, before: Value, after: Value) -> Effect {
        let side = |value: Value| value.as_object().cloned().map(Record::from);
        let (kind, id) = (kind.to_owned(), id.to_owned());
        Effect { kind, id, before: side(before), after: side(after), ..Effect::default() }
    }

    fn numbers(effects: &[Effect], steps: &[Option<u64>]) -> Vec<Vec<usize>> {
        let open: Vec<Open> = (0..effects.len())
            .map(|number| {
                let (effect, step) = (&effects[number], steps[number]);
                Open { number, effect, after: None, step }
            })
            .collect();
        rounds(&open).into_iter().map(|round| round.numbers).collect()
    }

    #[test]
    fn steps_are_kept_and_neighbours_go_together() {
        let moved = |id: &str| {
            effect("device", id, json!({"devicegroup_id": "g"}), json!({"devicegroup_id": "h"}))
        };
        let named = |from: &str, to: &str| {
            effect("product", from, json!({"name": from}), json!({"name": to}))
        };
        let gone = effect("product", "p", json!({"name": "P"}), Value::Null);
        let made = effect("product", "new:product:1", Value::Null, json!({"name": "P"}));
        let all =
            [made, gone, moved("a"), moved("b"), moved("a"), named("p", "q"), named("r", "s")];
        let steps = [5, 4, 1, 2, 3, 6, 6].map(Some);
        let expected: [&[usize]; 6] = [&[2, 3], &[4], &[1], &[0], &[5], &[6]];
        assert_eq!(numbers(&all, &steps), expected);
        // Without a place a thing is made before anything is deleted.
        let expected: [&[usize]; 3] = [&[0, 5, 6], &[2, 3, 4], &[1]];
        assert_eq!(numbers(&all, &[None; 7]), expected);
    }

    #[test]
    fn equal_webhooks_are_made_one_after_the_other() {
        let hook = |id: &str, url: &str| {
            effect("webhook", id, Value::Null, json!({"devicegroup_id": "g", "url": url}))
        };
        let all = [hook("a", "u"), hook("b", "u"), hook("c", "v"), hook("d", "u")];
        let expected: [&[usize]; 3] = [&[0], &[1, 2], &[3]];
        assert_eq!(numbers(&all, &[1, 2, 3, 4].map(Some)), expected);
        let expected: [&[usize]; 3] = [&[0, 2], &[1], &[3]];
        assert_eq!(numbers(&all, &[None; 4]), expected);
    }

    #[test]
    fn what_goes_with_a_group_goes_before_it_within_a_step() {
        let before = json!({"devicegroup_id": "g"});
        let group = effect("dut_devicegroup", "g", json!({"name": "G"}), Value::Null);
        let build = effect("deployment", "b", before.clone(), Value::Null);
        let hook = effect("webhook", "h", before, Value::Null);
        let all = [group, build, hook];
        let expected: [&[usize]; 3] = [&[1], &[2], &[0]];
        assert_eq!(numbers(&all, &[Some(1); 3]), expected);
    }
}
