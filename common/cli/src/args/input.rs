//! Where rows come from.

use std::path::PathBuf;

use clap::Args;

use super::Reports;
use crate::rows::source::{RowArgs, RowSource};

/// Flags of verbs that work on records.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Input and failures")]
pub struct Input {
    /// Read records from this file; `-` is stdin; repeatable
    #[arg(long, value_name = "FILE")]
    pub input: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) reports: Reports,
}

impl Input {
    /// The rows of these identifiers, of `--input` or of stdin, and where their failures go.
    pub fn row_args<'a>(
        &'a self,
        noun: &'static str,
        option: &'static str,
        identifiers: &'a [String],
    ) -> RowArgs<'a> {
        let source = RowSource { noun, option, identifiers, files: &self.input };
        RowArgs { source, reports: &self.reports }
    }
}
