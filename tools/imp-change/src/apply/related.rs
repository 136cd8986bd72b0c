//! What the records of an input have to do with each other, before anything is done.

use std::collections::HashMap;

use cli::CommandError;
use model::change::{CURRENT, PLANNED};
use model::{Effect, ErrorKind};
use pipe::Failure;

use super::follows::{Relation, relations};
use super::run::{Entry, State};

/// Refuses two plans at once, where they call different things by the same name.
pub fn are_of_one_plan(entries: &[Entry]) -> Result<(), CommandError> {
    let mut makers: HashMap<&str, &Entry> = HashMap::new();
    for entry in entries.iter().filter(|entry| entry.is_open() && entry.step().is_some()) {
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

/// The id by which records know what a change makes.
fn made_by(effect: &Effect) -> Option<&str> {
    let deployed = || Some(cli::text(effect.after.as_ref()?, CURRENT));
    let made = if effect.before.is_none() { Some(effect.id.as_str()) } else { deployed() };
    made.filter(|id| id.starts_with(PLANNED))
}

/// What stands twice in the input is done once, and what follows on something comes after it.
pub fn relate(entries: &mut [Entry]) {
    let open = |entry: &Entry| entry.is_open();
    let effects: Vec<Option<&Effect>> =
        entries.iter().map(|entry| open(entry).then_some(&entry.effect)).collect();
    let steps: Vec<Option<u64>> = entries.iter().map(Entry::step).collect();
    for (number, relation) in relations(&effects, &steps).into_iter().enumerate() {
        match relation {
            Relation::Free => {}
            Relation::Same(earlier) => entries[number].state = State::As(earlier),
            Relation::After(earlier) => entries[number].after = Some(earlier),
            Relation::Against(earlier) => {
                let source = entries[earlier].row.source.clone();
                entries[number].state = State::Failed(contradicts(&source));
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
