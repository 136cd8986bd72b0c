//! Webhooks that are made. They have no name, and a group may have two that are equal.

use cli::journal;
use model::{Record, ResourceKind};
use pipe::Failure;

use super::run::Run;
use super::state::is_as;

impl Run<'_> {
    /// The webhook of a group that is the one which a record makes. What has a place was made once beside all that
    /// there was, and is made again; but one that the interrupted run may have made, and that no record knows, is it.
    pub fn made_hook(
        &self,
        group: &str,
        after: &Record,
        has_place: bool,
    ) -> Result<Option<Record>, Failure> {
        if has_place && !journal::was_under_way() {
            return Ok(None);
        }
        let of_group = [("filter[devicegroup.id]", group)];
        let hooks = self.session.collect(ResourceKind::Webhook.path(), &of_group)?;
        let is_same = |hook: &Record, name| cli::text(hook, name) == cli::text(after, name);
        let is_it = |hook: &Record| {
            let id = cli::text(hook, "id");
            let is_same = is_same(hook, "event") && is_same(hook, "url");
            // A group may have two that are the same: one that this run has made is another one.
            let is_other =
                self.was_made_here(id) || (has_place && (self.is_known(id) || !is_as(hook, after)));
            is_same && !is_other
        };
        Ok(hooks.into_iter().find(is_it))
    }

    /// Whether a record is about the thing with this id.
    fn is_known(&self, id: &str) -> bool {
        self.known_before.contains(id) || self.entries.iter().any(|entry| entry.effect.id == id)
    }
}
