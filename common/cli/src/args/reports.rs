//! Where failed rows and the summary go.

use std::path::PathBuf;

use clap::Args;

use super::Input;

/// Where failures and the summary go, for verbs that take no rows.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Failures")]
pub struct Reports {
    /// Write failed records to this file; it is valid input for another try
    #[arg(long, value_name = "FILE")]
    failed: Option<PathBuf>,
    /// Write the summary as JSON to this file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl Reports {
    /// The same as flags of a verb that takes rows.
    pub fn as_input(&self) -> Input {
        Input { input: Vec::new(), failed: self.failed.clone(), report: self.report.clone() }
    }
}
