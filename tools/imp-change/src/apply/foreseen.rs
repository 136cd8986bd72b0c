//! What a dry run knows of the account as it would be by then, without having changed anything.

use cli::rows::Outcome;
use model::{Effect, Record};
use pipe::Failure;

use super::order::moves_device;
use super::run::{Entry, Run, State};

impl Run<'_> {
    /// What would be done, unless a guard would refuse it.
    pub fn foreseen_guards(
        &self,
        result: Result<(Outcome, Effect), Failure>,
    ) -> Result<(Outcome, Effect), Failure> {
        let (outcome, effect) = result?;
        if outcome != Outcome::Unchanged {
            let foreseen = self.session.guards.foresee(std::slice::from_ref(&effect));
            foreseen.map_err(cli::failure)?;
        }
        Ok((outcome, effect))
    }

    /// In a dry run, what becomes of a record that goes on from where one ends that would be carried out.
    pub fn foreseen(&self, number: usize) -> Option<State> {
        let Entry { effect, after, .. } = &self.entries[number];
        let State::Done(before, _) = &self.entries[(*after)?].state else { return None };
        let outcome = match &effect.after {
            _ if !self.dry_run || *before == Outcome::Unchanged => return None,
            // It has no id yet, and is known by that which it has in the plan.
            _ if *before == Outcome::Created => return None,
            _ if effect.is_action() => Outcome::Restarted,
            None => Outcome::Deleted,
            Some(_) if !moves_device(effect) => Outcome::Updated,
            Some(after) if cli::text(after, "devicegroup_id").is_empty() => Outcome::Unassigned,
            Some(_) => Outcome::Assigned,
        };
        self.note_planned_build(effect);
        Some(State::Done(outcome, Box::new(self.by_real_ids(effect))))
    }

    /// Whether an earlier record would have deleted a thing by then, or given it another name.
    pub fn is_out_of_the_way(&self, present: &Record) -> bool {
        let is_it = |entry: &Entry| {
            let Entry { effect, state: State::Done(outcome, _), .. } = entry else { return false };
            let is_other = match outcome {
                Outcome::Deleted => true,
                Outcome::Updated => {
                    effect.after.as_ref().is_some_and(|after| after.contains_key("name"))
                }
                _ => false,
            };
            is_other && effect.id == cli::text(present, "id")
        };
        self.dry_run && self.entries.iter().any(is_it)
    }
}
