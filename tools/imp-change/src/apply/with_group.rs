//! What goes with a group that is deleted: builds whose records say so, and nothing else.

use std::collections::HashMap;

use cli::rows::Outcome;
use model::change::CURRENT;
use model::{Effect, ErrorKind, Record, ResourceKind};
use pipe::Failure;

use super::run::{Entry, Run, State};
use super::state::{drifted, has_new_code, is_as};

/// Which builds go with which groups, by the numbers of the entries that delete them.
#[derive(Default)]
pub struct WithGroup {
    group_of: HashMap<usize, usize>,
    builds_of: HashMap<usize, Vec<usize>>,
}

impl WithGroup {
    /// A build goes with its group where both have the same step, or none: they were deleted by one request.
    pub fn of(entries: &[Entry]) -> Self {
        let mut groups: HashMap<(Option<u64>, &str), usize> = HashMap::new();
        let deleted = |kind: ResourceKind| {
            entries.iter().enumerate().filter(move |(_, entry)| deletes(&entry.effect, kind))
        };
        for (number, entry) in deleted(ResourceKind::DeviceGroup) {
            groups.entry((entry.step(), &entry.effect.id)).or_insert(number);
        }
        let mut with_group = WithGroup::default();
        for (number, entry) in deleted(ResourceKind::Deployment) {
            let group =
                entry.effect.before.as_ref().map_or("", |it| cli::text(it, "devicegroup_id"));
            if let Some(group) = groups.get(&(entry.step(), group)) {
                with_group.group_of.insert(number, *group);
                with_group.builds_of.entry(*group).or_default().push(number);
            }
        }
        with_group
    }
}

/// Whether a change deletes a thing of a kind.
fn deletes(effect: &Effect, kind: ResourceKind) -> bool {
    let is_deletion = effect.before.is_some() && effect.after.is_none();
    is_deletion && ResourceKind::of_type(&effect.kind) == Some(kind)
}

impl Run<'_> {
    /// The numbers of the builds that go with a group, if this entry is the deletion of one.
    pub fn builds_of(&self, number: usize) -> impl Iterator<Item = usize> {
        let builds = self.with_group.builds_of.get(&number).into_iter().flatten().copied();
        builds.filter(|build| matches!(self.entries[*build].state, State::WithGroup))
    }

    /// Whether this entry deletes a build that goes with its group.
    pub fn goes_with_group(&self, number: usize) -> bool {
        self.with_group.group_of.contains_key(&number)
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
        let kinds = [ResourceKind::Deployment, ResourceKind::Webhook];
        let deletes = |entry: &&Entry| kinds.iter().any(|kind| deletes(&entry.effect, *kind));
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
                let group = self.with_group.group_of.get(&number);
                let state = match group.map(|group| &self.entries[*group].state) {
                    Some(State::Done(Outcome::Deleted, _)) => {
                        let effect = self.by_real_ids(&self.entries[number].effect);
                        State::Done(Outcome::Deleted, Box::new(effect))
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
