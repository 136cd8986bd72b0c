//! Builds whose group is deleted too: they go with it.

use std::collections::HashMap;

use cli::rows::Outcome;
use model::{Effect, Record, ResourceKind};
use pipe::Failure;

use super::run::{Entry, Run, State};

/// The numbers of the entries that delete things of a kind, by the ids of these.
pub fn deleted(entries: &[Entry], kind: ResourceKind) -> HashMap<String, usize> {
    let is_it = move |(number, entry): (usize, &Entry)| {
        let Effect { kind: type_name, id, before, after, .. } = &entry.effect;
        let is_deletion = before.is_some() && after.is_none();
        let is_it = is_deletion && kind.types().contains(&type_name.as_str());
        is_it.then(|| (id.clone(), number))
    };
    entries.iter().enumerate().filter_map(is_it).collect()
}

impl Run<'_> {
    /// The builds that go with a group, if it is the deletion of one.
    pub fn builds_of(&self, effect: &Effect) -> impl Iterator<Item = (usize, &Effect)> {
        let is_deletion = effect.after.is_none() && self.groups_that_go.contains_key(&effect.id);
        let id = is_deletion.then(|| effect.id.clone());
        self.entries.iter().enumerate().filter_map(move |(number, entry)| {
            let group = cli::text(entry.effect.before.as_ref()?, "devicegroup_id");
            let is_it = entry.effect.kind == "deployment" && entry.effect.after.is_none();
            let is_it = is_it && entry.is_open() && id.as_deref() == Some(group);
            is_it.then_some((number, &entry.effect))
        })
    }

    /// Whether it is a build whose group is to be deleted.
    pub fn goes_with_group(&self, effect: &Effect) -> bool {
        let is_build = effect.kind == "deployment" && effect.after.is_none();
        is_build && effect.before.as_ref().is_some_and(|build| self.group_of(build).is_some())
    }

    /// The entry that deletes the group of a build.
    fn group_of(&self, build: &Record) -> Option<&Entry> {
        let number = self.groups_that_go.get(cli::text(build, "devicegroup_id"))?;
        Some(&self.entries[*number])
    }

    /// Builds are gone if their group is.
    pub fn settle_builds(&mut self) {
        let waits = |entry: &Entry| matches!(entry.state, State::WithGroup);
        let numbers = (0..self.entries.len()).filter(|number| waits(&self.entries[*number]));
        let settled: Vec<(usize, State)> = numbers
            .map(|number| {
                let effect = &self.entries[number].effect;
                let group = effect.before.as_ref().and_then(|build| self.group_of(build));
                let state = match group.map(|group| &group.state) {
                    Some(State::Done(Outcome::Deleted, _)) => {
                        State::Done(Outcome::Deleted, Box::new(self.by_real_ids(effect)))
                    }
                    Some(State::Done(..)) => State::unchanged(),
                    _ => State::Failed(Failure::not_attempted("its group was not deleted")),
                };
                (number, state)
            })
            .collect();
        for (number, state) in settled {
            self.entries[number].state = state;
        }
    }
}
