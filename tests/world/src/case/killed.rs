//! Runs that are killed, and go on.

use std::collections::BTreeMap;

use simulated::Ended;

use super::Case;
use crate::draw::{Drawn, Want};
use crate::laws::{self, Broken};
use crate::machine::Command;
use crate::state::State;

impl Case {
    /// Killed and resumed it ends as it would have ended.
    pub(super) fn and_killed(&mut self, before: &State) -> Result<(), Broken> {
        let drawn = &self.draw(before);
        let seen = self.random.percent(50).then(|| self.trouble(before));
        let at = self.random.between(1, 16);
        self.machine.kill_at(Some(at));
        self.told.push(format!("killed at request {at}"));
        let ended = self.run(&drawn.command);
        let others = self.no_trouble(seen.as_ref());
        self.check(drawn, &ended, before, &others)?;
        if ended.exit.is_some() {
            return Ok(());
        }
        self.figures.kills += 1;
        if !self.has_new_journal() {
            let again = self.run(&drawn.command);
            return self.is_whole(drawn, &again, before, &others, false);
        }
        let (resumed, more_others) = self.resumed(before)?;
        let others: Vec<String> = others.into_iter().chain(more_others).collect();
        if resumed.exit == Some(2) {
            // It had not begun.
            if before.changed(&self.state()).iter().any(|key| !others.contains(key)) {
                return Err(format!("it cannot be resumed: {}", resumed.stderr));
            }
            let again = self.run(&drawn.command);
            return self.is_whole(drawn, &again, before, &others, false);
        }
        self.figures.resumed += 1;
        if resumed.stderr.contains("had not been read to its end") {
            // As it is advised.
            let again = self.run(&drawn.command);
            return self.is_whole(drawn, &again, before, &others, false);
        }
        self.is_whole(drawn, &resumed, before, &others, false)
    }

    /// Resumes the last run, which may be killed again, and go wrong. Gives what others changed meanwhile, too.
    pub(super) fn resumed(&mut self, before: &State) -> Result<(Ended, Vec<String>), Broken> {
        let resume = Command::new("imp-change resume last");
        let mut others = Vec::new();
        for _ in 0..2 {
            if self.random.percent(70) {
                break;
            }
            let seen = self.perhaps_trouble(before);
            let at = self.random.between(1, 8);
            self.machine.kill_at(Some(at));
            self.told.push(format!("killed at request {at}"));
            let ended = self.run(&resume);
            others.extend(self.no_trouble(seen.as_ref()));
            laws::made_no_mistake(&ended)?;
            match ended.exit {
                None => self.figures.kills += 1,
                // The service was gone, or a row may have been spoilt by what went wrong.
                Some(1 | 3 | 4) if seen.is_some() => {
                    let again = Command::new("imp-change resume last --failed-too");
                    let mut last = self.run(&again);
                    last.stderr.insert_str(0, &ended.stderr);
                    return Ok((last, others));
                }
                Some(_) => return Ok((ended, others)),
            }
        }
        Ok((self.run(&resume), others))
    }

    /// What a run that went on left is what an undisturbed one would have left.
    pub(super) fn is_whole(
        &mut self,
        drawn: &Drawn,
        ended: &Ended,
        before: &State,
        others: &[String],
        is_plan: bool,
    ) -> Result<(), Broken> {
        let after = self.state();
        let seen = laws::Seen {
            drawn,
            ended,
            failed: "",
            report: "",
            journal: "",
            before,
            after: &after,
            others,
            events: &BTreeMap::new(),
        };
        seen.check_killed()?;
        if !matches!(ended.exit, Some(0 | 1)) {
            return Err(format!(
                "it was resumed, and ends with {:?}: {}",
                ended.exit, ended.stderr
            ));
        }
        let failures = laws::failures(&self.journal());
        let is_others = |thing: &String| others.contains(thing);
        for (number, row) in (1..).zip(&drawn.rows) {
            let is_anything =
                row.want == Want::Nothing || row.thing.as_ref().is_some_and(is_others);
            if is_anything || seen.holds(row) {
                continue;
            }
            let is_same = |thing: &String| before.get(thing) == after.get(thing);
            let is_as_before = row.thing.as_ref().is_none_or(is_same);
            match failures.get(&number) {
                Some(in_doubt) if *in_doubt || is_as_before => {}
                // Of the rows of a plan the numbers are others.
                None if ended.exit == Some(1) && is_as_before && is_plan => {}
                failure => {
                    let line = &row.line;
                    return Err(format!("it went on, and this is not done ({failure:?}): {line}"));
                }
            }
        }
        Ok(())
    }
}
