//! Lists that change while they are read, and the devices of whole groups.

use std::collections::BTreeMap;

use serde_json::Value;
use simulated::Ended;

use super::{Case, id_of};
use crate::laws::{self, Broken};
use crate::machine::Command;
use crate::state::State;

impl Case {
    /// A list that changes while it is read has everything once that was there throughout, or says that it has not.
    pub(super) fn listed(&mut self, before: &State) -> Result<(), Broken> {
        let seen = self.trouble(before);
        let jobs = *self.random.one_of(&[1, 8]);
        let ended = self.run(&Command::new(&format!("imp-device list --jobs {jobs}")));
        *self.figures.commands.entry("device list".to_owned()).or_default() += 1;
        let others = self.no_trouble(Some(&seen));
        laws::made_no_mistake(&ended)?;
        let mut times: BTreeMap<String, u64> = BTreeMap::new();
        for line in ended.stdout.lines() {
            let record: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
            *times.entry(id_of(&record)).or_default() += 1;
        }
        if let Some((id, number)) = times.iter().find(|(_, number)| **number > 1) {
            return Err(format!("{id} is listed {number} times"));
        }
        let is_there = |id: &&String| !others.contains(&format!("devices/{id}"));
        let all = before.ids("devices");
        let missing = all.iter().filter(is_there).find(|id| !times.contains_key(*id));
        match missing {
            Some(id) if ended.exit == Some(0) => Err(format!("{id} is missing in the list")),
            _ => Ok(()),
        }
    }

    /// All devices of a group are moved, or taken out.
    pub(super) fn whole_group(&mut self, before: &State) -> Result<(), Broken> {
        let groups = before.ids("devicegroups");
        if groups.len() < 2 {
            return Ok(());
        }
        let [from, to] = [0, 1].map(|_| self.random.one_of(&groups).clone());
        let members = before.members(&from);
        let number = self.commands;
        let files = format!(
            "--failed {} --report {}",
            self.machine.file(&format!("failed-{number}")),
            self.machine.file(&format!("report-{number}"))
        );
        let (verb, wanted) = match self.random.percent(50) && from != to {
            true => ("dg reassign", Some(to)),
            false => ("dg unassign", None),
        };
        let line = match &wanted {
            Some(to) => format!("imp-dg reassign --from {from} --to {to} {files}"),
            None => format!("imp-dg unassign --dg {from} --confirmed {files}"),
        };
        *self.figures.commands.entry(verb.to_owned()).or_default() += 1;
        let seen = self.trouble(before);
        let ended = self.run(&Command::new(&line));
        let others = self.no_trouble(Some(&seen));
        laws::made_no_mistake(&ended)?;
        self.each_is_as_said(&ended, before, &others, &members, wanted.as_deref())
    }

    fn each_is_as_said(
        &mut self,
        ended: &Ended,
        before: &State,
        others: &[String],
        members: &[String],
        wanted: Option<&str>,
    ) -> Result<(), Broken> {
        let after = self.state();
        let failed = self.machine.read(&format!("failed-{}", self.commands));
        let mut failures: BTreeMap<String, Value> = BTreeMap::new();
        for line in failed.lines() {
            let line: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
            failures.insert(id_of(&line["input"]), line);
        }
        let good: Vec<String> = ended
            .stdout
            .lines()
            .filter_map(|line| Some(id_of(&serde_json::from_str(line).ok()?)))
            .collect();
        for id in members.iter().filter(|id| !others.contains(&format!("devices/{id}"))) {
            let key = format!("devices/{id}");
            let is_so = after.get(&key)["devicegroup_id"].as_str() == wanted;
            let number = good.iter().filter(|good| *good == id).count();
            let failure = failures.get(id);
            let in_doubt = failure.is_some_and(|line| line["error"]["kind"] == "unknown_outcome");
            let is_right = match (number, failure) {
                (1, None) => is_so,
                (0, Some(_)) => in_doubt || before.get(&key) == after.get(&key),
                (0, None) => ended.exit != Some(0) && before.get(&key) == after.get(&key),
                _ => false,
            };
            if !is_right {
                let group = after.get(&key);
                return Err(format!(
                    "{id} was printed {number} times, {failure:?}, and is {group}"
                ));
            }
        }
        let is_meant = |key: &String| {
            others.contains(key) || members.iter().any(|id| *key == format!("devices/{id}"))
        };
        match before.changed(&after).iter().find(|key| !is_meant(key)) {
            Some(key) => Err(format!("{key} is not in the group")),
            None => Ok(()),
        }
    }
}
