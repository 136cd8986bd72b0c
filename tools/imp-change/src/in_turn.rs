//! The changes of several runs, each with its place among all.

use std::collections::HashMap;

use cli::journal;
use model::change::{PLAN, STEP};
use model::{Change, Effect, ResourceKind};
use pipe::Item;
use serde_json::Value;

use crate::apply::place;

/// The changes of all runs. Where there are several, each has its own steps: those of one are undone before those of
/// the one before it.
pub fn one_after_the_other(runs: Vec<Vec<Item>>) -> Vec<Item> {
    let is_alone = runs.len() == 1;
    let mut first = 0;
    let mut all = Vec::new();
    for mut run in runs {
        let mut next = first;
        let rows = run.iter_mut().filter_map(|item| match item {
            Item::Row(row) => Some(&mut row.record),
            Item::Bad(_) => None,
        });
        for record in rows.filter(|_| !is_alone) {
            let step = record.get(STEP).and_then(Value::as_u64).unwrap_or_default();
            next = next.max(first + step + 1);
            record.insert(STEP, (first + step).into());
        }
        first = next;
        all.append(&mut run);
    }
    all
}

/// Gives each change that takes something back a step of its own, in the order in which they are carried out: as a
/// plan, too, no step may be that of two requests. A build keeps the step of its group, with which it goes, and what
/// is told twice has one.
pub fn in_turn(mut back: Vec<Item>) -> Vec<Item> {
    let change = |item: &Item| match item {
        Item::Row(row) => Change::of_record(&row.record).ok(),
        Item::Bad(_) => None,
    };
    let changes = back.iter().enumerate().filter_map(|(number, one)| Some((number, change(one)?)));
    let mut changes: Vec<(usize, Change)> = changes.collect();
    changes.sort_by_key(|(_, change)| place(change.step, &change.effect));
    let mut first_of: HashMap<(Option<u64>, &str, &str), (&Effect, u64)> = HashMap::new();
    let mut steps = Vec::new();
    // Groups come after their builds, and are given theirs before them.
    for (own, (_, Change { effect, step, .. })) in changes.iter().enumerate().rev() {
        let of_group = group_of_build(effect).and_then(|group| {
            let groups = ResourceKind::DeviceGroup.types().iter();
            let mut found = groups.filter_map(|kind| first_of.get(&(*step, kind, group)));
            found.find(|(group, _)| group.after.is_none()).map(|(_, step)| *step)
        });
        let own = of_group.unwrap_or(own as u64 + 1);
        let (first, of_first) =
            *first_of.entry((*step, &effect.kind, &effect.id)).or_insert((effect, own));
        steps.push(if first == effect { of_first } else { own });
    }
    let plan = journal::time_stamp();
    for ((number, _), step) in changes.iter().zip(steps.into_iter().rev()) {
        if let Item::Row(row) = &mut back[*number] {
            row.record.insert(STEP, step.into());
            row.record.insert_text(PLAN, &plan);
        }
    }
    back
}

/// The group of a build that is deleted.
fn group_of_build(effect: &Effect) -> Option<&str> {
    let before = effect.before.as_ref().filter(|_| effect.after.is_none())?;
    (effect.kind == "deployment").then(|| cli::text(before, "devicegroup_id"))
}
