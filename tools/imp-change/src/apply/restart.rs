//! Restarts, which leave no other state: what was perhaps done is not done again.

use std::collections::HashMap;
use std::iter;

use api::Request;
use cli::rows::{Outcome, certainly_not_done};
use model::change::PLANNED;
use model::{Effect, ErrorKind, ResourceKind};
use ops::resources::path;
use pipe::Failure;

use super::possible::possible;
use super::run::{Entry, Run, State};
use super::state::is_of_kind;

/// What else is to be done to things that are restarted, where no steps tell the order: all that comes before.
#[derive(Default)]
pub struct BeforeRestarts(HashMap<(String, String), Vec<usize>>);

impl BeforeRestarts {
    /// The numbers of these entries, by their things.
    pub fn of(entries: &[Entry]) -> Self {
        let without_steps =
            || entries.iter().enumerate().filter(|(_, entry)| entry.step().is_none());
        let thing = |effect: &Effect| (effect.kind.clone(), effect.id.clone());
        let restarts = without_steps().filter(|(_, entry)| entry.effect.is_action());
        let mut all: HashMap<_, Vec<usize>> =
            restarts.map(|(_, entry)| (thing(&entry.effect), Vec::new())).collect();
        if all.is_empty() {
            return BeforeRestarts::default();
        }
        for (number, Entry { effect, .. }) in without_steps() {
            let is_deletion = effect.after.is_none();
            if let (false, Some(of_it)) =
                (effect.is_action() || is_deletion, all.get_mut(&thing(effect)))
            {
                of_it.push(number);
            }
        }
        BeforeRestarts(all)
    }

    fn get(&self, effect: &Effect) -> &[usize] {
        self.0.get(&(effect.kind.clone(), effect.id.clone())).map_or(&[], Vec::as_slice)
    }
}

impl Run<'_> {
    /// Why a restart is not sent: something that came before it was not done, so that the thing is not where or as
    /// it was when it was restarted.
    pub fn lacks_what_came_before(&self, number: usize) -> Option<Failure> {
        let restart = Some(&self.entries[number]).filter(|entry| entry.effect.is_action())?;
        let is_failed = |entry: &&Entry| matches!(entry.state, State::Failed(_));
        let earlier = match restart.step() {
            None => {
                let before = self.before_restarts.get(&restart.effect).iter();
                before.map(|number| &self.entries[*number]).find(is_failed)
            }
            Some(_) => {
                let before = |entry: &Entry| entry.after.map(|number| &self.entries[number]);
                iter::successors(before(restart), |entry| before(entry)).find(is_failed)
            }
        }?;
        let title = "Not attempted: what came before it was not done";
        let detail = format!("{}: this record of the same was not carried out", earlier.row.source);
        Some(Failure::new(ErrorKind::Conflict, title).detail(detail))
    }

    /// Restarts a device, or those of a group; if it is `conditional`, devices may put it off.
    pub fn restart(
        &self,
        effect: &Effect,
        conditional: bool,
    ) -> Result<(Outcome, Effect), Failure> {
        let kind = possible(effect)?;
        let id = self.real(&effect.id)?;
        let restarted = (Outcome::Restarted, effect.clone().called(&id));
        if id.starts_with(PLANNED) {
            return Ok(restarted);
        }
        let live = self.session.record(&Request::get(path(kind, &id)))?;
        is_of_kind(&live, &effect.kind)?;
        let is_in_none = cli::text(&live, "devicegroup_id").is_empty();
        if kind == ResourceKind::Device && is_in_none && !self.dry_run {
            let title = "The device is in no device group";
            return Err(Failure::new(ErrorKind::Conflict, title).detail("it has nothing to run"));
        }
        if !self.dry_run {
            certainly_not_done()?;
            let action = if conditional { "conditional_restart" } else { "restart" };
            self.session.send(&Request::post(format!("{}/{action}", path(kind, &id))))?;
        }
        Ok(restarted)
    }
}
