//! What the records of an input have to do with each other, before anything is done.

use std::collections::HashMap;

use cli::CommandError;
use model::change::{CURRENT, PLANNED};
use model::{Effect, ErrorKind, ResourceKind};
use pipe::Failure;

use super::follows::{Relation, relations};
use super::order::{moves_device, place};
use super::run::{Entry, State};

/// Refuses two plans at once, where they call different things by the same name, or have different requests at the same
/// step.
pub fn are_of_one_plan(entries: &[Entry]) -> Result<(), CommandError> {
    let mut makers: HashMap<&str, &Entry> = HashMap::new();
    let mut steps: HashMap<u64, Request<'_>> = HashMap::new();
    for entry in entries.iter().filter(|entry| entry.is_open()) {
        let Some(step) = entry.step() else { continue };
        let request = steps.entry(step).or_insert_with(|| Request::of(entry));
        if !request.may_have(entry) {
            let (one, other) = (&request.first.row.source, &entry.row.source);
            return Err(CommandError::usage(format!(
                "{one} and {other} both have the step {step}, and no request does both: they are of two plans; carry \
                 out one after the other; nothing was done"
            )));
        }
        let Some(made) = made_by(&entry.effect) else { continue };
        let first = *makers.entry(made).or_insert(entry);
        if (&first.effect, first.step()) != (&entry.effect, entry.step()) {
            let (one, other) = (&first.row.source, &entry.row.source);
            return Err(CommandError::usage(format!(
                "{one} and {other} make different things, and both call them {made}: they are of two plans; carry \
                 out one after the other; nothing was done"
            )));
        }
    }
    Ok(())
}

/// Before a change or after it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// A request of a plan: what records of one step were done by.
struct Request<'a> {
    first: &'a Entry,
    /// The groups that all of its records are about, with the side on which they are.
    groups: Vec<(Side, &'a str)>,
}

impl<'a> Request<'a> {
    fn of(first: &'a Entry) -> Self {
        Request { first, groups: groups_of(&first.effect) }
    }

    /// Whether a record may be another one of it. A request about several things moves devices into one group or out
    /// of it, or deletes a group with what is in it; so it is turned round.
    fn may_have(&mut self, other: &'a Entry) -> bool {
        let (one, other) = (&self.first.effect, &other.effect);
        if (&one.kind, &one.id) == (&other.kind, &other.id) {
            return true;
        }
        let done = |effect: &Effect| {
            (moves_device(effect), effect.before.is_some(), effect.after.is_some())
        };
        let groups = groups_of(other);
        self.groups.retain(|group| groups.contains(group));
        let is_several = moves_device(one) || one.before.is_none() || one.after.is_none();
        is_several && done(one) == done(other) && !self.groups.is_empty()
    }
}

/// The groups that a change is about, and on which side.
fn groups_of(effect: &Effect) -> Vec<(Side, &str)> {
    let is_group = ResourceKind::of_type(&effect.kind) == Some(ResourceKind::DeviceGroup);
    let sides = [(Side::Before, &effect.before), (Side::After, &effect.after)];
    let groups = sides.into_iter().filter_map(|(side, fields)| {
        let fields = fields.as_ref()?;
        Some((side, if is_group { &effect.id } else { cli::text(fields, "devicegroup_id") }))
    });
    groups.filter(|(_, group)| !group.is_empty()).collect()
}

/// The id by which records know what a change makes.
fn made_by(effect: &Effect) -> Option<&str> {
    let deployed = || Some(cli::text(effect.after.as_ref()?, CURRENT));
    let made = if effect.before.is_none() { Some(effect.id.as_str()) } else { deployed() };
    made.filter(|id| id.starts_with(PLANNED))
}

/// What stands twice in the input is done once, and what follows on something comes after it. `rows` are the places of
/// the entries in the input.
pub fn relate(entries: &mut [Entry], rows: &[u64]) {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|number| {
        (place(entries[*number].step(), &entries[*number].effect), rows[*number])
    });
    let open = |number: &usize| {
        let entry = &entries[*number];
        entry.is_open().then_some(&entry.effect)
    };
    let effects: Vec<Option<&Effect>> = order.iter().map(open).collect();
    let steps: Vec<Option<u64>> = order.iter().map(|number| entries[*number].step()).collect();
    for (number, relation) in order.iter().zip(relations(&effects, &steps)) {
        match relation {
            Relation::Free => {}
            Relation::Same(earlier) => entries[*number].state = State::As(order[earlier]),
            Relation::After(earlier) => entries[*number].after = Some(order[earlier]),
            Relation::Against(earlier) => {
                let source = entries[order[earlier]].row.source.clone();
                entries[*number].state = State::Failed(contradicts(&source));
            }
        }
    }
}

/// `source` is that of the other record.
fn contradicts(source: &str) -> Failure {
    let title = "An earlier record says something else of the same thing";
    Failure::new(ErrorKind::Conflict, title)
        .detail(format!("{source}: this one does not go on from where that one ends"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipe::Row;
    use serde_json::{Value, json};

    /// A record of the first step.
    fn entry(kind: &str, id: &str, before: Value, after: Value) -> Entry {
        let side = |value: Value| value.as_object().cloned().map(model::Record::from);
        let (kind, id) = (kind.to_owned(), id.to_owned());
        let effect =
            Effect { kind, id, before: side(before), after: side(after), ..Effect::default() };
        let record = model::Record::from_iter([(model::change::STEP.to_owned(), 1.into())]);
        let row = Row { record, source: "in:1".to_owned() };
        Entry { row, effect, state: State::Open, after: None }
    }

    fn is_one(entries: &[Entry]) -> bool {
        are_of_one_plan(entries).is_ok()
    }

    #[test]
    fn one_request_moves_into_a_group_or_out_of_it_or_deletes_one() {
        let moved = |id: &str, from: Value, to: Value| {
            entry("device", id, json!({"devicegroup_id": from}), json!({"devicegroup_id": to}))
        };
        let (g, h, none) = (|| json!("g"), || json!("h"), || Value::Null);
        assert!(is_one(&[moved("a", g(), h()), moved("b", none(), h())]), "assigned");
        assert!(is_one(&[moved("a", h(), g()), moved("b", h(), none())]), "and turned round");
        assert!(is_one(&[moved("a", g(), none()), moved("b", g(), none())]), "unassigned");
        assert!(!is_one(&[moved("a", none(), g()), moved("b", none(), h())]));
        assert!(!is_one(&[moved("a", g(), none()), moved("b", h(), none())]));
        assert!(!is_one(&[moved("a", none(), h()), moved("b", none(), h()), moved("c", h(), g())]));
        let hook = || entry("webhook", "w", json!({"devicegroup_id": "g"}), none());
        let group = |id: &str| entry("dut_devicegroup", id, json!({"name": "D"}), none());
        assert!(is_one(&[hook(), group("g")]));
        assert!(!is_one(&[hook(), group("h")]));
        assert!(!is_one(&[group("g"), moved("a", g(), none())]));
        let named =
            |id: &str, to: &str| entry("product", id, json!({"name": "a"}), json!({"name": to}));
        assert!(!is_one(&[named("p", "b"), named("q", "b")]));
        assert!(is_one(&[named("p", "b"), named("p", "c")]), "contradictions are told elsewhere");
    }

    #[test]
    fn what_comes_first_is_told_by_the_steps() {
        let named = |step: u64, from: &str, to: &str| {
            let mut entry = entry("product", "p", json!({"name": from}), json!({"name": to}));
            entry.row.record.insert(model::change::STEP, step.into());
            entry
        };
        let mut entries = [named(3, "c", "d"), named(2, "b", "c"), named(1, "a", "b")];
        relate(&mut entries, &[1, 2, 3]);
        assert_eq!(entries.each_ref().map(|entry| entry.after), [Some(1), Some(2), None]);
        assert!(entries.iter().all(Entry::is_open));
    }
}
