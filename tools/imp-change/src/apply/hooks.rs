//! Webhooks that are made. They have no name, and a group may have two that are equal.

use cli::journal;
use model::{Record, ResourceKind};
use ops::webhooks::{made_beside, one_of};
use pipe::Failure;

use super::run::{Entry, Run};
use super::state::is_as;

impl Run<'_> {
    /// The webhook of a group that is the one which a record makes. What has a place was made once beside all that
    /// there was, and is made again; but one that the interrupted run has made, and that no record knows, is it.
    ///
    /// # Errors
    /// `unknown_outcome` where somebody else may have made one like it meanwhile.
    pub fn made_hook(
        &self,
        group: &str,
        after: &Record,
        number: usize,
    ) -> Result<Option<Record>, Failure> {
        let has_place = self.entries[number].step().is_some();
        if has_place && self.dry_run {
            return Ok(None);
        }
        let of_group = [("filter[devicegroup.id]", group)];
        let hooks = self.session.collect(ResourceKind::Webhook.path(), &of_group)?;
        let is_same = |hook: &Record, name| cli::text(hook, name) == cli::text(after, name);
        // A group may have two that are the same: one that this run has made is another one.
        let equal = hooks.into_iter().filter(|hook| {
            let is_same = is_same(hook, "event") && is_same(hook, "url");
            is_same && !self.was_made_here(cli::text(hook, "id"))
        });
        let mut equal: Vec<Record> = equal.collect();
        if has_place {
            equal.retain(|hook| is_as(hook, after) && !self.is_known(cli::text(hook, "id")));
            return made_beside(equal, &self.rows_like(after));
        }
        if journal::was_under_way() {
            // There was none before.
            return one_of(equal, self.rows_like(after).len());
        }
        Ok(equal.into_iter().next())
    }

    /// The rows that were under way, are still open, and make a webhook like this one.
    fn rows_like(&self, after: &Record) -> Vec<u64> {
        let is_like = |entry: &Entry| {
            let effect = &entry.effect;
            let made = effect.after.as_ref().filter(|_| effect.before.is_none());
            let made = made.filter(|_| entry.is_open() && effect.kind == "webhook");
            made.is_some_and(|made| self.with_real_ids(made).is_ok_and(|made| is_as(&made, after)))
        };
        let like = self.entries.iter().zip(0..).filter(|(entry, _)| is_like(entry));
        let rows = journal::numbers(like.map(|(_, number)| number));
        rows.into_iter().filter(|row| journal::is_under_way(*row)).collect()
    }

    /// Whether a record is about the thing with this id.
    fn is_known(&self, id: &str) -> bool {
        self.entries.iter().any(|entry| entry.effect.id == id)
    }
}
