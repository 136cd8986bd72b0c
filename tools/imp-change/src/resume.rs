//! `imp-change resume`

use std::process::Command;

use clap::Args;
use cli::consent::count;
use cli::journal::recorded::{Recorded, RowState};
use cli::terminal::{environment, stderr};
use cli::{CommandError, Exit, journal};

use crate::runs;

/// Options of a rollout that decide what goes where in which wave.
const FIXED: [&str; 12] = [
    "--to", "--waves", "--order", "--device", "-d", "--input", "--build", "-b", "--dg", "-g",
    "--all", "-a",
];

/// What is told of a rollout that has gone back.
const TAKEN_BACK: &str = "it was taken back, and nothing is left of it: to try again, begin a new rollout with the \
     file of --failed";

/// Finish a run that was interrupted
///
/// The same command does the rows that are not done, in the same directory. Its input is not needed.
#[derive(Args)]
pub struct Resume {
    /// The run, as `imp-change list` names it, a part of that which no other has, or `last`
    #[arg(value_name = "RUN")]
    run: String,
    /// Try again the rows that failed, too
    #[arg(long)]
    failed_too: bool,
    /// Options to add to the command, after `--`: those that name a file with a secret
    #[arg(value_name = "OPTION", last = true)]
    added: Vec<String>,
}

impl Resume {
    pub fn run(&self) -> cli::Result {
        let path = journal::find(&self.run)?;
        let recorded = runs::read(&path)?;
        let run = &recorded.header.run;
        if journal::is_held(&path) {
            return Err(CommandError::usage(format!("run {run} is still under way")));
        }
        let finds_out = !recorded.has_steps && !recorded.to_do(self.failed_too).is_empty();
        if recorded.is_undone && finds_out {
            stderr::say(&format!(
                "run {run} was undone: what is not known of it is found out, and nothing new is done"
            ));
            return Err(self.go_on(&path, &recorded)?);
        }
        if recorded.is_undone {
            return Err(CommandError::usage(format!(
                "run {run} was undone, and does not go on: give the command again; `imp-change show --all {run}` \
                 prints its rows"
            )));
        }
        if recorded.is_forgotten {
            return Err(CommandError::usage(format!(
                "run {run} was forgotten, because it was done again by hand: what it lacks is not done twice"
            )));
        }
        if recorded.has_steps {
            self.may_go_on(&recorded)?;
        }
        if recorded.has_not_begun() {
            return Err(CommandError::usage(format!(
                "run {run} was interrupted before its input was read, and nothing was done: give the command \
                 again"
            )));
        }
        if let Some((why, exit)) = self.is_over(&recorded) {
            let damage = runs::say_damage(&recorded);
            stderr::say(&format!("run {run}: {why}"));
            return Ok(exit.and(damage));
        }
        Err(self.go_on(&path, &recorded)?)
    }

    /// Refuses to go on with a rollout where its waves would not be what they were.
    fn may_go_on(&self, recorded: &Recorded) -> Result<(), CommandError> {
        let run = &recorded.header.run;
        let is_fixed = |word: &&String| {
            let (name, _) = word.split_once('=').unwrap_or((word, ""));
            let is_short = !word.starts_with("--") && word.len() > 1;
            FIXED.contains(&name)
                || (is_short && FIXED.contains(&word.get(..2).unwrap_or_default()))
        };
        if let Some(word) = self.added.iter().find(is_fixed) {
            return Err(CommandError::usage(format!(
                "{word} cannot be added to run {run}: what goes where in which wave was decided when it began"
            )));
        }
        let undoes_it = |undo: &Recorded| undo.undoes.contains(run);
        let undo = journal::left().iter().filter_map(|path| runs::read(path).ok()).find(undoes_it);
        match undo {
            Some(undo) => Err(CommandError::usage(format!(
                "run {run} is being undone, and that was interrupted: `imp-change resume {}` finishes it",
                undo.header.run
            ))),
            None if self.failed_too && recorded.is_taken_back() => {
                Err(CommandError::usage(format!("run {run}: {TAKEN_BACK}")))
            }
            None => Ok(()),
        }
    }

    /// Why there is nothing to do.
    fn is_over(&self, recorded: &Recorded) -> Option<(String, Exit)> {
        if recorded.is_left() || !recorded.to_do(self.failed_too).is_empty() {
            return None;
        }
        let failed = recorded.count(RowState::Failed) + recorded.count(RowState::Unknown);
        Some(match failed {
            0 => (all_done(recorded).to_owned(), Exit::Done),
            _ if recorded.is_taken_back() => (TAKEN_BACK.to_owned(), Exit::SomeFailed),
            _ => {
                let rows = count(failed, "row");
                let why =
                    format!("nothing is left but {rows} that failed; --failed-too tries again");
                (why, Exit::SomeFailed)
            }
        })
    }

    /// Becomes the command; returns why it cannot.
    fn go_on(
        &self,
        path: &std::path::Path,
        recorded: &Recorded,
    ) -> Result<CommandError, CommandError> {
        let header = &recorded.header;
        let (words, left_out) = journal::command_of(header);
        let has_key = environment::text("IMP_UNBOND_KEY").is_some();
        if !left_out.is_empty() && self.added.is_empty() && !has_key {
            return Err(CommandError::usage(format!(
                "run {} was given {}, which is not kept: give the secret in a file, as in `imp-change resume {} \
                 -- --unbond-file FILE`, or by its variable",
                header.run,
                left_out.join(", "),
                header.run
            )));
        }
        let Some((program, arguments)) = words.split_first() else {
            return Err(CommandError::usage(format!("{} names no command", path.display())));
        };
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let mut command = Command::new(environment::command(program));
        command.args(arguments).args(&self.added).current_dir(&header.directory);
        command.env("IMP_RESUME", path);
        if self.failed_too {
            command.env("IMP_RESUME_FAILED", "1");
        }
        let error = environment::become_command(&mut command);
        Ok(CommandError::usage(format!(
            "cannot start {program} in {}: {error}",
            header.directory.display()
        )))
    }
}

/// What is told of a run of which nothing is left to do.
fn all_done(recorded: &Recorded) -> &'static str {
    match recorded.is_damaged() {
        true => "all of its rows that are known are done",
        false => "all of its rows are done",
    }
}
