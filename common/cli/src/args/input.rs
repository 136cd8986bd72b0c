//! Where rows come from.

use std::path::PathBuf;

use clap::Args;

/// Flags of verbs that work on records.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Input and failures")]
pub struct Input {
    /// Read records from this file; `-` is stdin; repeatable
    #[arg(long, value_name = "FILE")]
    pub input: Vec<PathBuf>,
    /// Write failed records to this file; it is valid input for another try
    #[arg(long, value_name = "FILE")]
    pub failed: Option<PathBuf>,
    /// Write the summary as JSON to this file
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}
