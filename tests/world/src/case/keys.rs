//! Login keys.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use simulated::Ended;

use super::{Case, id_of};
use crate::laws::{self, Broken};
use crate::machine::Command;
use crate::state::State;

impl Case {
    /// Login keys are made, changed and deleted: what is said of each is so, and no other is touched.
    pub(super) fn keys(&mut self) -> Result<(), Broken> {
        let before = self.login_keys();
        let entry = self.machine.simulator().entry.clone();
        let password = format!("--pwd {}", entry.password);
        let number = self.commands;
        let descr = format!("by-{number}");
        let files =
            format!("{password} --failed {}", self.machine.file(&format!("failed-{number}")));
        // The one that is used to sign in stays.
        let known: Vec<String> =
            before.keys().filter(|key| **key != entry.login_key).cloned().collect();
        let several = self.random.between(1, 3) as usize;
        let chosen = self.random.some_of(&known, several);
        let verb = match self.random.below(3) {
            1 if !chosen.is_empty() => "auth key update",
            2 if !chosen.is_empty() => "auth key delete",
            _ => "auth key create",
        };
        let command = match verb {
            "auth key create" => Command::new(&format!("imp-{verb} {password} --descr {descr}")),
            "auth key update" => Command::new(&format!("imp-{verb} {files} --descr {descr}")),
            _ => Command::new(&format!("imp-{verb} {files} --confirmed")),
        };
        let command =
            if verb == "auth key create" { command } else { command.reading(&rows_of(&chosen)) };
        *self.figures.commands.entry(verb.to_owned()).or_default() += 1;
        let ended = self.run_and_perhaps_kill(&command);
        laws::made_no_mistake(&ended)?;
        let after = self.login_keys();
        let made: Vec<&String> = after.keys().filter(|key| !before.contains_key(*key)).collect();
        if verb == "auth key create" {
            return is_made_once(&ended, &made);
        }
        if !made.is_empty() {
            return Err(format!("{made:?} were made"));
        }
        let descr = (verb == "auth key update").then_some(descr.as_str());
        self.keys_are_as_said(&ended, &before, &chosen, descr)
    }

    fn run_and_perhaps_kill(&mut self, command: &Command) -> Ended {
        let seen = self.trouble(&State::default());
        if self.random.percent(30) {
            let at = self.random.between(1, 6);
            self.machine.kill_at(Some(at));
            self.told.push(format!("killed at request {at}"));
        }
        let ended = self.run(command);
        let _others = self.no_trouble(Some(&seen));
        self.figures.kills += u64::from(ended.exit.is_none());
        ended
    }

    /// The keys that were `chosen` are gone, or have this description, where that is said; the others are as before.
    fn keys_are_as_said(
        &self,
        ended: &Ended,
        before: &BTreeMap<String, Value>,
        chosen: &[String],
        descr: Option<&str>,
    ) -> Result<(), Broken> {
        let after = self.login_keys();
        let failed = self.machine.read(&format!("failed-{}", self.commands));
        let good: Vec<String> = ended
            .stdout
            .lines()
            .filter_map(|line| Some(id_of(&serde_json::from_str(line).ok()?)))
            .collect();
        for (key, was) in before {
            let is = after.get(key);
            let is_done = is.and_then(Value::as_str) == descr;
            let is_right = match (chosen.contains(key), good.contains(key)) {
                (true, true) => is_done,
                (true, false) if ended.exit.is_none() => is == Some(was) || is_done,
                (true, false) => is == Some(was) || failed.contains("unknown_outcome"),
                (false, _) => is == Some(was),
            };
            if !is_right {
                return Err(format!("the key {key} was {was} and is {is:?}"));
            }
        }
        let is_told = good.len() + failed.lines().count() == chosen.len();
        match ended.exit {
            Some(0) if good.len() != chosen.len() => Err("it ends with 0".to_owned()),
            Some(0 | 1) if !is_told => {
                Err(format!("{} keys, {} are good", chosen.len(), good.len()))
            }
            _ => Ok(()),
        }
    }

    /// Login keys by their ids, with their descriptions.
    fn login_keys(&self) -> BTreeMap<String, Value> {
        let path = "/v5/accounts/me/login_keys?page[size]=100";
        let listed = self.machine.service().by_owner("GET", path, None);
        let keys = listed["data"].as_array().cloned().unwrap_or_default();
        keys.iter().map(|key| (id_of(key), key["attributes"]["description"].clone())).collect()
    }
}

fn rows_of(keys: &[String]) -> String {
    keys.iter().map(|key| format!("{}\n", json!({"id": key}))).collect()
}

/// A key that is printed was made, and one that was made is printed, or in doubt.
fn is_made_once(ended: &Ended, made: &[&String]) -> Result<(), Broken> {
    let is_right = match (ended.exit, made) {
        (Some(0), [key]) => ended.stdout.contains(key.as_str()),
        (Some(0), _) => false,
        (_, []) => ended.stdout.is_empty(),
        (None, [_]) => true,
        (_, [_]) => ended.stderr.contains("not known whether"),
        _ => false,
    };
    if is_right { Ok(()) } else { Err(format!("it ends with {:?}, {made:?} was made", ended.exit)) }
}
