//! Builds that nobody needs any more: of groups, and of groups that are no more.

use std::collections::BTreeSet;

use simulated::Ended;

use super::{Case, id_of};
use crate::laws::{self, Broken};
use crate::machine::Command;
use crate::state::State;

impl Case {
    /// Builds that outlived their groups are deleted, and nothing else.
    pub(super) fn tidied(&mut self, before: &State) -> Result<(), Broken> {
        *self.figures.commands.entry("build cleanup".to_owned()).or_default() += 1;
        let is_left =
            |id: &String| before.get(&format!("deployments/{id}"))["devicegroup_id"].is_null();
        let left: Vec<String> = before.ids("deployments").into_iter().filter(is_left).collect();
        let seen = self.trouble(before);
        let ended = self.run(&Command::new("imp-build cleanup --unflag --confirmed"));
        let others = self.no_trouble(Some(&seen));
        laws::made_no_mistake(&ended)?;
        let after = self.state();
        let is_meant = |key: &String| {
            others.contains(key) || left.iter().any(|id| *key == format!("deployments/{id}"))
        };
        if let Some(key) = before.changed(&after).iter().find(|key| !is_meant(key)) {
            return Err(format!("{key} is no build that was left over"));
        }
        let still = left.iter().find(|id| after.0.contains_key(&format!("deployments/{id}")));
        match still {
            Some(id) if ended.exit == Some(0) => Err(format!("{id} is still there")),
            _ => Ok(()),
        }
    }

    /// Builds of a group are unflagged and deleted: each that is changed is printed or in doubt, what is flagged or
    /// is the minimum stays, and no other thing changes.
    pub(super) fn builds_of_group(&mut self, before: &State) -> Result<(), Broken> {
        let groups = before.ids("devicegroups");
        if groups.is_empty() {
            return Ok(());
        }
        let group = self.random.one_of(&groups).clone();
        let what = *self.random.one_of(&["--unflag", "--remove", "--remove --unflag-old"]);
        *self.figures.commands.entry("dg builds".to_owned()).or_default() += 1;
        let failed = self.machine.file(&format!("failed-{}", self.commands));
        let line = format!("imp-dg builds --dg {group} {what} --confirmed --failed {failed}");
        let seen = self.trouble(before);
        let ended = self.run(&Command::new(&line));
        let others = self.no_trouble(Some(&seen));
        laws::made_no_mistake(&ended)?;
        self.builds_are_as_said(&ended, before, &others, &group, what)
    }

    fn builds_are_as_said(
        &mut self,
        ended: &Ended,
        before: &State,
        others: &[String],
        group: &str,
        what: &str,
    ) -> Result<(), Broken> {
        let after = self.state();
        let failed = self.machine.read(&format!("failed-{}", self.commands));
        let in_doubt =
            failed.contains("unknown_outcome") || self.journal().contains("\"partly\":true");
        let printed: BTreeSet<String> = ended
            .stdout
            .lines()
            .filter_map(|line| Some(id_of(&serde_json::from_str(line).ok()?)))
            .collect();
        let minimum = &before.get(&format!("devicegroups/{group}"))["min_supported_deployment_id"];
        for key in before.changed(&after).iter().filter(|key| !others.contains(key)) {
            let (was, is) = (before.get(key), after.get(key));
            let id = key.strip_prefix("deployments/").unwrap_or_default();
            let is_said = printed.contains(id) || in_doubt;
            let may_go = minimum != id && (was["flagged"] == false || what.contains("unflag"));
            if was["devicegroup_id"] != group || !is_said || (is.is_null() && !may_go) {
                return Err(format!("{key} was {was} and is {is}"));
            }
        }
        let is_flagged = |id: &&String| {
            let build = after.get(&format!("deployments/{id}"));
            build["devicegroup_id"] == group && build["flagged"] == true
        };
        let builds = after.ids("deployments");
        match builds.iter().find(is_flagged) {
            Some(id) if what == "--unflag" && ended.exit == Some(0) && others.is_empty() => {
                Err(format!("{id} still has its flag"))
            }
            _ => Ok(()),
        }
    }
}
