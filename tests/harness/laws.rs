//! What must hold after a bulk move, whatever went wrong in it: no row lost, no device written twice,
//! and what was printed is what the simulator says was done.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{Events, Failed, Run, Sim};

/// A bulk move of devices that were all somewhere else before, each given once.
pub struct Moved<'a> {
    /// What was tried, for the message when a law is broken.
    pub case: &'a str,
    /// Where it happened; nothing else was done there since the last reset.
    pub sim: &'a Sim,
    /// The field that names the devices in the rows: `id` or `mac_address`.
    pub by: &'a str,
    /// Its values that were given.
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
        let there = self.placed(|device| device["devicegroup_id"] == target);
        self.check("assigned", &there, |events| events.assigned);
    }

    /// Checks the laws of `unassign`.
    ///
    /// # Panics
    /// When one is broken.
    pub fn are_out(&self) {
        let free = self.placed(|device| device["devicegroup_id"].is_null());
        self.check("unassigned", &free, |events| events.unassigned);
    }

    fn placed(&self, right: impl Fn(&Value) -> bool) -> BTreeSet<String> {
        self.sim.devices().iter().filter(|device| right(device)).map(|one| self.name(one)).collect()
    }

    fn name(&self, record: &Value) -> String {
        record[self.by].as_str().unwrap_or_default().to_owned()
    }

    fn check(&self, done: &str, there: &BTreeSet<String>, writes: impl Fn(&Events) -> u64) {
        let (case, run) = (self.case, self.run);
        let events = self.sim.events_by(self.by);
        let mut fates: BTreeMap<String, String> = BTreeMap::new();
        let outcome = |record: &Value| record["outcome"].as_str().unwrap_or_default().to_owned();
        let printed = self.run.records();
        let printed = printed.iter().map(|record| (self.name(record), outcome(record)));
        let failed = self.failed.iter().map(|row| {
            (self.name(&Value::from(row.input.clone())), format!("failed: {}", row.error.kind))
        });
        for (id, fate) in printed.chain(failed) {
            let earlier = fates.insert(id.clone(), fate);
            assert_eq!(earlier, None, "{case}: {id} was reported twice{run}");
        }
        let given: BTreeSet<&String> = self.given.iter().collect();
        assert!(fates.keys().eq(given), "{case}: not every row was reported{run}");
        for (id, fate) in &fates {
            let there = there.contains(id);
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
