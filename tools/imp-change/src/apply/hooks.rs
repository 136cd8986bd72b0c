//! Webhooks that are made. They have no name, and a group may have two that are equal.

use cli::journal;
use model::{ErrorKind, Record, ResourceKind};
use pipe::Failure;

use super::earlier::note_beside;
use super::run::Run;
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
            return self.made_beside(equal, after, number);
        }
        // There was none before.
        if journal::was_under_way() && equal.len() > 1 {
            return Err(unclear(&equal));
        }
        equal.truncate(1);
        Ok(equal.pop())
    }

    /// Of webhooks that may be equal to one that is made beside them, that which the interrupted run has made.
    fn made_beside(
        &self,
        mut equal: Vec<Record>,
        after: &Record,
        number: usize,
    ) -> Result<Option<Record>, Failure> {
        equal.retain(|hook| is_as(hook, after) && !self.is_known(cli::text(hook, "id")));
        let row = journal::numbers([number as u64])[0];
        let all = ids(&equal);
        if journal::was_under_way() {
            let there_before = self.beside_before.get(&row);
            let was_there = |id: &str| there_before.is_some_and(|hooks| hooks.contains(id));
            equal.retain(|hook| !was_there(cli::text(hook, "id")));
            match equal.len() {
                0 => {}
                1 => return Ok(equal.pop()),
                _ => return Err(unclear(&equal)),
            }
        }
        if !all.is_empty() {
            note_beside(row, &all);
        }
        Ok(None)
    }

    /// Whether a record is about the thing with this id.
    fn is_known(&self, id: &str) -> bool {
        self.entries.iter().any(|entry| entry.effect.id == id)
    }
}

fn ids(hooks: &[Record]) -> Vec<String> {
    hooks.iter().map(|hook| cli::text(hook, "id").to_owned()).collect()
}

/// Somebody else has made a webhook that is equal to one which was under way.
fn unclear(hooks: &[Record]) -> Failure {
    let title = "It is not known which webhook this record has made";
    Failure::new(ErrorKind::UnknownOutcome, title).detail(format!(
        "{} are equal, and came while the run was interrupted: delete those that are too many, and resume it with \
         --failed-too",
        ids(hooks).join(", ")
    ))
}
