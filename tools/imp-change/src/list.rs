//! `imp-change list`

use clap::Args;
use cli::{Exit, Output, journal};

use crate::runs;

/// List the runs of this machine that changed something, the oldest first
#[derive(Args)]
pub struct List {
    /// Only those that were interrupted, which `resume` finishes
    #[arg(long)]
    interrupted: bool,
    /// Only the last N
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    common: cli::Common,
}

impl List {
    pub fn run(&self) -> cli::Result {
        let output = Output::open(&self.common, None)?;
        output.expect_type("run");
        let mut found = Vec::new();
        for path in journal::all()?.into_iter().rev() {
            if self.limit.is_some_and(|limit| found.len() >= limit) {
                break;
            }
            let recorded = match runs::read(&path) {
                Ok(recorded) => recorded,
                Err(error) => {
                    cli::terminal::stderr::say(&error.to_string());
                    continue;
                }
            };
            let record = runs::record(&path, &recorded);
            if !self.interrupted || record["state"] == runs::INTERRUPTED {
                found.push(record);
            }
        }
        for record in found.iter().rev() {
            output.print(record)?;
        }
        output.finish()?;
        Ok(Exit::Done)
    }
}
