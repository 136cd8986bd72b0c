//! `imp-change forget`

use clap::Args;
use cli::journal::Left;
use cli::{CommandError, Common, Exit, Output, journal};

use crate::runs;

/// Leave a run as it is that was interrupted and done again by hand
///
/// It is not named as interrupted any more, and cannot be resumed. What it has done can still be undone.
#[derive(Args)]
pub struct Forget {
    /// The run, as `imp-change list` names it, a part of that which no other has, or `last`
    #[arg(value_name = "RUN")]
    run: String,
    #[command(flatten)]
    common: Common,
}

impl Forget {
    pub fn run(&self) -> cli::Result {
        let path = journal::find(&self.run)?;
        let recorded = runs::read(&path)?;
        let run = &recorded.header.run;
        match runs::state(&path, &recorded) {
            runs::INTERRUPTED => journal::forget(&path, Left::DoneOtherwise)?,
            runs::FORGOTTEN => {}
            runs::UNDER_WAY => {
                return Err(CommandError::usage(format!("run {run} is still under way")));
            }
            _ => {
                return Err(CommandError::usage(format!(
                    "run {run} was not interrupted: there is nothing to forget"
                )));
            }
        }
        let output = Output::open(&self.common, None)?;
        output.expect_type("run");
        output.print(&runs::record(&path, &runs::read(&path)?))?;
        output.finish()?;
        Ok(Exit::Done)
    }
}
