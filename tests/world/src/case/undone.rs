//! Runs that are undone, and plans that are carried out.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Case;
use crate::draw::Drawn;
use crate::laws::{self, Broken};
use crate::machine::Command;
use crate::state::State;

impl Case {
    /// Done and undone, everything is as before, unless it is not known what was done.
    pub(super) fn and_undone(&mut self, before: &State) -> Result<(), Broken> {
        let drawn = &self.draw(before);
        let seen = self.random.percent(40).then(|| self.trouble(before));
        let ended = self.run(&drawn.command);
        let others = self.no_trouble(seen.as_ref());
        self.check(drawn, &ended, before, &others)?;
        let in_doubt = laws::failures(&self.journal()).values().any(|in_doubt| *in_doubt);
        if !drawn.is_reversible || in_doubt || !self.has_new_journal() {
            return Ok(());
        }
        let run = self.machine.last_journal();
        let run = run.as_deref().and_then(|path| path.file_stem()?.to_str()).unwrap_or("last");
        let undo = Command::new(&format!("imp-change undo {run} --confirmed"));
        let mut others = others;
        if let Some(seen) = self.perhaps_trouble(before) {
            let ended = self.run(&undo);
            others.extend(self.no_trouble(Some(&seen)));
            laws::made_no_mistake(&ended)?;
            self.figures.kills += u64::from(ended.exit.is_none());
        }
        let undone = self.run(&undo);
        laws::made_no_mistake(&undone)?;
        self.figures.undone += 1;
        let changed = before.changed(&self.state());
        match changed.iter().find(|key| !others.contains(key)) {
            Some(key) => Err(format!("it was undone, and {key} is not as before")),
            None if undone.exit != Some(0) && others.is_empty() => {
                Err(format!("undo ends with {:?}", undone.exit))
            }
            None => Ok(()),
        }
    }

    /// What a plan says is what is done when it is applied.
    pub(super) fn planned_and_applied(&mut self, before: &State) -> Result<(), Broken> {
        let drawn = &self.draw(before);
        let mut plan = drawn.command.clone();
        plan.words.retain(|word| word != "--stream");
        plan.words.push("--plan".to_owned());
        let planned = self.run(&plan);
        if let Some(key) = before.changed(&self.state()).first() {
            return Err(format!("a plan has changed {key}"));
        }
        if !matches!(planned.exit, Some(0 | 1 | 5)) {
            return Err(format!("a plan ends with {:?}: {}", planned.exit, planned.stderr));
        }
        let apply = Command::new("imp-change apply --confirmed").reading(&planned.stdout);
        *self.figures.commands.entry("change apply".to_owned()).or_default() += 1;
        let mut others = Vec::new();
        if let Some(seen) = self.perhaps_trouble(before) {
            let ended = self.run(&apply);
            others = self.no_trouble(Some(&seen));
            laws::made_no_mistake(&ended)?;
            self.figures.kills += u64::from(ended.exit.is_none());
        }
        // What was done is found done.
        let applied = self.run(&apply);
        if planned.stdout.is_empty() {
            return Ok(());
        }
        let planned = planned_of(drawn, &planned.stdout);
        self.is_whole(&planned, &applied, before, &others, true)
    }
}

/// With those rows only that have something in the plan; what the others are about stays as it is.
fn planned_of(drawn: &Drawn, plan: &str) -> Drawn {
    let records = plan.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let sources: BTreeSet<String> =
        records.filter_map(|record| Some(record["source"].as_str()?.to_owned())).collect();
    let rows = (1..).zip(&drawn.rows);
    let kept = rows.filter(|(number, _)| sources.contains(&format!("stdin:{number}")));
    Drawn { rows: kept.map(|(_, row)| row.clone()).collect(), ..drawn.clone() }
}
