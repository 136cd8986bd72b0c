//! What must hold after a bulk move, whatever went wrong in it: no row lost, no device written twice,
//! and what was printed is what the simulator says was done.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Events, Failed, Run, Sim};

/// A bulk move of devices that were all somewhere else before, each given once by its id.
pub struct Moved<'a> {
    /// What was tried, for the message when a law is broken.
    pub case: &'a str,
    /// Where it happened; nothing else was done there since the last reset.
    pub sim: &'a Sim,
    /// The ids that were given.
    pub given: &'a [String],
    /// What was printed.
    pub run: &'a Run,
    /// What was written to the file of failed rows.
    pub failed: &'a [Failed],
}

impl Moved<'_> {
    /// Checks the laws of `assign` to the group `target`.
    ///
    /// # Panics
    /// When one is broken.
    pub fn are_in(&self, target: &str) {
        let members = self.sim.members(target);
        self.check("assigned", |id| members.contains(id), |events| events.assigned);
    }

    /// Checks the laws of `unassign`.
    ///
    /// # Panics
    /// When one is broken.
    pub fn are_out(&self) {
        let is_free = |device: &serde_json::Value| device["devicegroup_id"].is_null();
        let id = |device: &serde_json::Value| device["id"].as_str().unwrap_or_default().to_owned();
        let free: BTreeSet<String> =
            self.sim.devices().iter().filter(|d| is_free(d)).map(id).collect();
        self.check("unassigned", |id| free.contains(id), |events| events.unassigned);
    }

    fn check(&self, done: &str, is_there: impl Fn(&str) -> bool, writes: impl Fn(&Events) -> u64) {
        let (case, run) = (self.case, self.run);
        let events = self.sim.events();
        let mut fates: BTreeMap<String, String> = BTreeMap::new();
        let printed = self.run.records().into_iter().map(|record| {
            let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
            (text("id"), text("outcome"))
        });
        let failed = self.failed.iter().map(|row| {
            let id = row.input["id"].as_str().unwrap_or_default();
            (id.to_owned(), format!("failed: {}", row.error.kind))
        });
        for (id, fate) in printed.chain(failed) {
            let earlier = fates.insert(id.clone(), fate);
            assert_eq!(earlier, None, "{case}: {id} was reported twice{run}");
        }
        let given: BTreeSet<&String> = self.given.iter().collect();
        assert!(fates.keys().eq(given), "{case}: not every row was reported{run}");
        for (id, fate) in &fates {
            let there = is_there(id);
            let written = events.get(id).map_or(0, &writes);
            assert!(written <= 1, "{case}: {id} was written {written} times: {fate}{run}");
            match fate.as_str() {
                "failed: unknown_outcome" => {}
                fate if fate == done => assert!(there && written == 1, "{case}: {id} is lost{run}"),
                _ => assert!(!there && written == 0, "{case}: {id} moved: {fate}{run}"),
            }
        }
    }
}
