//! Where failed rows and the summary go.

use std::path::PathBuf;

use clap::Args;

use crate::rows::source::{RowArgs, RowSource};

/// Where failures and the summary go.
#[derive(Args, Clone, Debug, Default)]
pub struct Reports {
    /// Write failed records here, as input for another try
    #[arg(long, value_name = "FILE")]
    pub failed: Option<PathBuf>,
    /// Write the summary here, as JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

impl Reports {
    /// For rows that come from the service: `option` names what leads to them.
    pub fn row_args(&self, noun: &'static str, option: &'static str) -> RowArgs<'_> {
        RowArgs { source: RowSource::identified(noun, option, &[]), reports: self }
    }
}
