//! Two commands at once.

use std::time::Duration;

use super::Case;
use crate::draw::Drawn;
use crate::laws::{Broken, holds};
use crate::machine::Machine;
use crate::state::State;

impl Case {
    /// Two commands at once. About different things each is as if it were alone; what both are about is as one of
    /// them wants it, or as before.
    pub(super) fn two_at_once(&mut self, before: &State) -> Result<(), Broken> {
        let first = self.draw(before);
        let [first_files, first_number] = [self.commands, self.commands];
        self.commands += 100;
        let second = self.draw(before);
        let is_of_devices =
            |drawn: &Drawn| drawn.verb.starts_with("device ") && drawn.also.is_empty();
        let of_first = things(&first);
        let do_meet = things(&second).iter().any(|thing| of_first.contains(thing));
        if !is_of_devices(&first) || !is_of_devices(&second) || (do_meet && !self.is_wide) {
            self.commands = first_number;
            return Ok(());
        }
        self.machine.pass(Duration::from_millis(1));
        let _reset = self.machine.simulator().control("POST", "reset", "");
        for drawn in [&first, &second] {
            let stdin = drawn.command.stdin.as_deref().unwrap_or_default().replace('\n', " | ");
            self.told.push(format!("at once $ {} < {stdin}", drawn.command.words.join(" ")));
        }
        let ended = self.machine.run_both([&first.command, &second.command]);
        self.known = None;
        let numbers = [first_files, self.commands];
        for ((drawn, other), (ended, number)) in
            [(&first, &second), (&second, &first)].into_iter().zip(ended.iter().zip(numbers))
        {
            self.commands = number;
            self.told.push(format!("  {:?}: {}", ended.exit, ended.stderr.trim_end()));
            self.check_one(
                drawn,
                ended,
                before,
                &things(other),
                &journal_of(&self.machine, drawn),
            )?;
        }
        self.commands = first_number;
        self.one_of_both(before, &first, &second)
    }

    /// What both are about is as one of them wants it, or as before.
    fn one_of_both(&mut self, before: &State, first: &Drawn, second: &Drawn) -> Result<(), Broken> {
        let after = self.state();
        for thing in things(first).iter().filter(|thing| things(second).contains(thing)) {
            let of_both = first.rows.iter().chain(&second.rows);
            let mut of_thing = of_both.filter(|row| row.thing.as_ref() == Some(thing));
            let is_as_before = before.get(thing) == after.get(thing);
            if !is_as_before && !of_thing.any(|row| holds(row, before, &after)) {
                return Err(format!("{thing} is as none of both wants it: {}", after.get(thing)));
            }
        }
        Ok(())
    }
}

fn things(drawn: &Drawn) -> Vec<String> {
    drawn.rows.iter().filter_map(|row| row.thing.clone()).collect()
}

/// The last journal of a verb.
fn journal_of(machine: &Machine, drawn: &Drawn) -> String {
    let file = format!("/failed-{}\"", drawn.number);
    let is_its = |text: &String| text.lines().next().is_some_and(|line| line.contains(&file));
    machine.journals().into_iter().rev().find(is_its).unwrap_or_default()
}
