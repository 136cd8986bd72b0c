//! Which records of one input are about the same thing, and in which order: a decision about records, no requests.
//!
//! A thing that goes from A to B and then from B to C is changed twice, one after the other. Two records of which
//! neither leads to the other contradict each other: which of them came last would be chance.

use std::collections::HashMap;

use model::change::is_same;
use model::{Effect, Record};
use serde_json::Value;

use crate::records::fields;

/// How a record is related to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It depends on none of them.
    Free,
    /// It is the same as this one.
    Same(usize),
    /// It goes on from where this one ends.
    After(usize),
    /// It contradicts this one.
    Against(usize),
}

/// What earlier records make of a thing.
#[derive(Default)]
struct Thing<'a> {
    /// The record that makes it.
    made_by: Option<usize>,
    /// The record that deletes it.
    deleted_by: Option<usize>,
    /// Its fields, with the value that they get and the record that gives it.
    fields: HashMap<&'a str, (&'a Value, usize)>,
    /// The last record that restarts it.
    restarted_by: Option<usize>,
    /// The last record about it.
    last: Option<usize>,
}

/// The relations of records, which come in the order in which they are to be done; of those that are no changes any
/// more none is asked. `steps` are their places, where they have one.
pub fn relations<'a>(effects: &[Option<&'a Effect>], steps: &[Option<u64>]) -> Vec<Relation> {
    let mut placed: HashMap<(u64, &'a str, &'a str), usize> = HashMap::new();
    let mut things: HashMap<(&'a str, &'a str), Thing<'a>> = HashMap::new();
    let mut nameless: HashMap<String, usize> = HashMap::new();
    let relation = |(number, effect): (usize, &Option<&'a Effect>)| {
        let Some(effect) = *effect else { return Relation::Free };
        if effect.id.is_empty() {
            let meaning = |side: &Option<Record>| side.as_ref().map(Record::meaning);
            let [before, after] = [&effect.before, &effect.after].map(meaning);
            let asked_for = format!("{} {before:?} {after:?}", effect.kind);
            let first = *nameless.entry(asked_for).or_insert(number);
            return if first == number { Relation::Free } else { Relation::Same(first) };
        }
        let step = steps[number];
        if let Some(step) = step {
            let first = *placed.entry((step, &effect.kind, &effect.id)).or_insert(number);
            if first != number && effects[first] == Some(effect) {
                return Relation::Same(first);
            }
        }
        let thing = things.entry((&effect.kind, &effect.id)).or_default();
        let relation = thing.relation(effect, effects, step.is_some());
        if matches!(relation, Relation::Free | Relation::After(_)) {
            thing.note(number, effect);
        }
        relation
    };
    effects.iter().enumerate().map(relation).collect()
}

impl<'a> Thing<'a> {
    fn relation(&self, effect: &Effect, effects: &[Option<&Effect>], has_place: bool) -> Relation {
        // What has a place may be done more than once, each time at another one.
        if let Some(last) = self.last_about(effect).filter(|_| !has_place)
            && effects[last] == Some(effect)
        {
            return Relation::Same(last);
        }
        if let Some(deleted_by) = self.deleted_by {
            return Relation::Against(deleted_by);
        }
        let Some(before) = &effect.before else {
            return self.last.map_or(Relation::Free, Relation::Against);
        };
        let earlier = fields(before).filter_map(|(name, value)| {
            let (given, by) = self.fields.get(name)?;
            Some((is_same(Some(*given), Some(value)), *by))
        });
        let mut latest = self.made_by;
        for (leads_to_it, by) in earlier {
            if !leads_to_it {
                return Relation::Against(by);
            }
            latest = latest.max(Some(by));
        }
        // What is deleted goes after all that was done to it, and so does what has a place.
        let is_last = effect.after.is_none() || has_place;
        let latest = if is_last { latest.max(self.last) } else { latest };
        latest.map_or(Relation::Free, Relation::After)
    }

    /// The last record about what this one is about.
    fn last_about(&self, effect: &Effect) -> Option<usize> {
        match (&effect.before, &effect.after) {
            _ if effect.is_action() => self.restarted_by,
            (None, _) => self.made_by.filter(|_| self.deleted_by.is_none()),
            (_, None) => self.deleted_by,
            (_, Some(after)) => {
                let by = fields(after).map(|(name, _)| Some(self.fields.get(name)?.1));
                by.max().flatten().filter(|_| self.deleted_by.is_none())
            }
        }
    }

    fn note(&mut self, number: usize, effect: &'a Effect) {
        self.last = Some(number);
        match (&effect.before, &effect.after) {
            _ if effect.is_action() => self.restarted_by = Some(number),
            (_, None) => self.deleted_by = Some(number),
            (before, Some(after)) => {
                if before.is_none() {
                    self.made_by = Some(number);
                }
                let fields = fields(after).map(|(name, value)| (name, (value, number)));
                self.fields.extend(fields);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn effect(id: &str, before: Value, after: Value) -> Effect {
        let side = |value: Value| value.as_object().cloned().map(Record::from);
        let (kind, id) = ("device".to_owned(), id.to_owned());
        Effect { kind, id, before: side(before), after: side(after), ..Effect::default() }
    }

    fn of(effects: &[Effect]) -> Vec<Relation> {
        of_steps(effects, &vec![None; effects.len()])
    }

    fn of_steps(effects: &[Effect], steps: &[Option<u64>]) -> Vec<Relation> {
        relations(&effects.iter().map(Some).collect::<Vec<_>>(), steps)
    }

    #[test]
    fn what_follows_on_comes_after_and_what_does_not_is_refused() {
        let name = |from: &str, to: &str| effect("d", json!({"name": from}), json!({"name": to}));
        let chain = of(&[name("a", "b"), name("b", "c"), name("c", "d")]);
        assert_eq!(chain, [Relation::Free, Relation::After(0), Relation::After(1)]);
        let torn = of(&[name("a", "b"), name("a", "c"), name("b", "d")]);
        assert_eq!(torn, [Relation::Free, Relation::Against(0), Relation::After(0)]);
        // There and back again is no repetition; the same at once is.
        let back = of(&[name("a", "b"), name("b", "a"), name("a", "b"), name("a", "b")]);
        let expected = [Relation::Free, Relation::After(0), Relation::After(1), Relation::Same(2)];
        assert_eq!(back, expected);
        let other = effect("d", json!({"group": 1}), json!({"group": 2}));
        assert_eq!(of(&[name("a", "b"), other]), [Relation::Free; 2], "another field");
    }

    #[test]
    fn things_are_made_before_they_are_changed_and_deleted_last() {
        let made = effect("new:{a}", Value::Null, json!({"name": "a"}));
        let named = effect("new:{a}", json!({"name": "a"}), json!({"name": "b"}));
        let told = effect("new:{a}", json!({"text": null}), json!({"text": "x"}));
        let gone = effect("new:{a}", json!({"name": "b"}), Value::Null);
        let all = of(&[made.clone(), named, told, gone, made.clone()]);
        let expected = [
            Relation::Free,
            Relation::After(0),
            Relation::After(0),
            Relation::After(2),
            Relation::Against(3),
        ];
        assert_eq!(all, expected);
        let other = effect("new:{a}", Value::Null, json!({"name": "c"}));
        assert_eq!(of(&[made.clone(), other]), [Relation::Free, Relation::Against(0)]);
        assert_eq!(of(&[made.clone(), made]), [Relation::Free, Relation::Same(0)]);
        let nameless = effect("", Value::Null, json!({"url": "u"}));
        assert_eq!(of(&[nameless.clone(), nameless]), [Relation::Free, Relation::Same(0)]);
    }
    #[test]
    fn what_has_a_place_comes_after_all_that_was_done_before_to_the_same() {
        let name = |from: &str, to: &str| effect("d", json!({"name": from}), json!({"name": to}));
        let moved = effect("d", json!({"group": 1}), json!({"group": 2}));
        let restart = effect("d", json!({}), json!({}));
        let all = [name("a", "b"), moved, restart.clone(), name("a", "b"), restart.clone()];
        let steps = [Some(1), Some(2), Some(3), Some(1), Some(4)];
        let expected = [
            Relation::Free,
            Relation::After(0),
            Relation::After(1),
            Relation::Same(0),
            Relation::After(2),
        ];
        assert_eq!(of_steps(&all, &steps), expected);
        assert_eq!(of(&[restart.clone(), restart]), [Relation::Free, Relation::Same(0)]);
    }
}
