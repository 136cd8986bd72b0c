//! What goes with a group that is deleted: builds whose records say so, and nothing else.

use std::collections::HashMap;

use cli::rows::Outcome;
use model::change::CURRENT;
use model::{Effect, ErrorKind, Record, ResourceKind};
use pipe::Failure;

use super::run::{Entry, Run, State};
use super::state::{drifted, has_new_code, is_as};

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

    /// Deleting a group deletes its builds and webhooks. All that it has now must be deleted by then but for builds
    /// that are to go with it, and these must be as their records say.
    pub fn loses_nothing(&self, live: &Record, before: &Record) -> Result<(), Failure> {
        let new = |what: &str, detail: String| {
            let title = format!("The group has got {what} since");
            Err(Failure::new(ErrorKind::Drifted, title).detail(detail))
        };
        let current = cli::text(live, CURRENT);
        if has_new_code(live, before) && self.deletion_of(current).is_none() {
            return new("code", format!("its current deployment is {current}"));
        }
        let of_group = [("filter[devicegroup.id]", cli::text(live, "id"))];
        for build in ops::deployments::deployments(self.session, &of_group)? {
            if !self.may_go(&build)? {
                let id = cli::text(&build, "id");
                return new("code", format!("the build {id} would go with it"));
            }
        }
        for hook in self.session.collect(ResourceKind::Webhook.path(), &of_group)? {
            if !self.may_go(&hook)? {
                let id = cli::text(&hook, "id");
                return new("a webhook", format!("the webhook {id} would go with it"));
            }
        }
        Ok(())
    }

    /// Whether a thing may go with its group; false if no record deletes it.
    fn may_go(&self, live: &Record) -> Result<bool, Failure> {
        let id = cli::text(live, "id");
        let Some(entry) = self.deletion_of(id) else { return Ok(false) };
        match &entry.state {
            State::WithGroup => {
                let before = self.by_real_ids(&entry.effect).before.unwrap_or_default();
                if is_as(live, &before) { Ok(true) } else { Err(drifted(live, &before)) }
            }
            State::Failed(_) => {
                let title = format!("Not attempted: {id} was not deleted before it");
                let source = &entry.row.source;
                let detail = format!("{source}: the record that deletes it was not carried out");
                Err(Failure::new(ErrorKind::Conflict, title).detail(detail))
            }
            // It is listed still in a dry run only, or if it was deleted just now.
            _ => Ok(true),
        }
    }

    /// The entry that deletes a build or webhook.
    fn deletion_of(&self, id: &str) -> Option<&Entry> {
        let deletes = |entry: &&Entry| {
            let Effect { kind, before, after, .. } = &entry.effect;
            let is_deletion = before.is_some() && after.is_none();
            is_deletion && ["deployment", "webhook"].contains(&kind.as_str())
        };
        let is_it = |entry: &&Entry| {
            !matches!(entry.state, State::As(_))
                && self.real(&entry.effect.id).is_ok_and(|real| real == id)
        };
        self.entries.iter().filter(deletes).find(is_it)
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
