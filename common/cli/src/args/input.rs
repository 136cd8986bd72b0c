//! Where rows come from.

use std::path::PathBuf;

use clap::Args;

use super::Reports;
use pipe::source::{ColumnName, Encoding};

use crate::rows::source::{ReadingOptions, RowArgs, RowSource};

/// Flags of verbs that work on records.
#[derive(Args, Clone, Debug, Default)]
pub struct Input {
    /// Read records from this file; `-` is stdin
    #[arg(long, value_name = "FILE")]
    pub input: Vec<PathBuf>,
    #[command(flatten)]
    read_as: ReadAs,
    #[command(flatten)]
    pub(super) reports: Reports,
}

/// How records are read, whatever option names their file.
#[derive(Args, Clone, Debug, Default)]
pub struct ReadAs {
    /// Read this column of the input as this field
    #[arg(long, value_name = "NAME=COL")]
    column: Vec<ColumnName>,
    /// Encoding of the input: latin1, windows-1252, utf-16
    #[arg(long, value_name = "NAME")]
    encoding: Option<Encoding>,
    /// Do nothing when the input has fewer records
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    min_rows: usize,
}

impl ReadAs {
    /// The rows of these files.
    pub fn source<'a>(
        &'a self,
        noun: &'static str,
        option: &'static str,
        files: &'a [PathBuf],
    ) -> RowSource<'a> {
        let reading = ReadingOptions { columns: &self.column, encoding: self.encoding };
        RowSource { noun, option, identifiers: &[], files, reading, min_rows: self.min_rows }
    }
}

impl Input {
    /// The rows of these identifiers, of `--input` or of stdin, and where their failures go.
    pub fn row_args<'a>(
        &'a self,
        noun: &'static str,
        option: &'static str,
        identifiers: &'a [String],
    ) -> RowArgs<'a> {
        let source = RowSource { identifiers, ..self.read_as.source(noun, option, &self.input) };
        RowArgs { source, reports: &self.reports }
    }
}
