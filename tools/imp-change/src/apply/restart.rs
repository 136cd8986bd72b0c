//! Restarts, which leave no other state: what was perhaps done is not done again.

use api::Request;
use cli::rows::{Outcome, certainly_not_done};
use model::change::PLANNED;
use model::{Effect, ErrorKind, ResourceKind};
use ops::resources::path;
use pipe::Failure;

use super::possible::possible;
use super::run::{Run, State};

impl Run<'_> {
    /// Why a restart is not sent: something that came before it was not done, so that the thing is not where or as
    /// it was when it was restarted.
    pub fn lacks_what_came_before(&self, number: usize) -> Option<Failure> {
        let mut before =
            self.entries[number].after.filter(|_| self.entries[number].effect.is_action());
        while let Some(earlier) = before.map(|number| &self.entries[number]) {
            if matches!(earlier.state, State::Failed(_)) {
                let title = "Not attempted: what came before it was not done";
                let detail =
                    format!("{}: this record of the same was not carried out", earlier.row.source);
                return Some(Failure::new(ErrorKind::Conflict, title).detail(detail));
            }
            before = earlier.after;
        }
        None
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
