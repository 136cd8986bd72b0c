//! `imp-change resume`

use std::process::Command;

use clap::Args;
use cli::consent::count;
use cli::journal::recorded::{Recorded, RowState};
use cli::terminal::{environment, stderr};
use cli::{CommandError, Exit, journal};

use crate::runs;

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
        if recorded.is_forgotten {
            return Err(CommandError::usage(format!(
                "run {run} was forgotten, because it was done again by hand: what it lacks is not done twice"
            )));
        }
        if recorded.is_nothing() {
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

    /// Why there is nothing to do.
    fn is_over(&self, recorded: &Recorded) -> Option<(String, Exit)> {
        if recorded.is_left() || !recorded.to_do(self.failed_too).is_empty() {
            return None;
        }
        let failed = recorded.count(RowState::Failed) + recorded.count(RowState::Unknown);
        Some(match failed {
            0 => (all_done(recorded).to_owned(), Exit::Done),
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
