//! Records in, work, records out: sources, engine, batching, sinks, failures.
//!
//! The names follow the data: a [`Source`] gives [`Item`]s, a [`Row`] tells what it is about
//! ([`identifier`]), rows may wait in a [`spool::Spool`], the [`engine`] works on them in parallel and
//! hands back results in input order, a [`Sink`] prints records, a [`FailedFile`] keeps the rows
//! that failed, and a [`Tally`] proves that none was lost. `man/imp-records.7` is the contract.
//!
//! This crate opens no standard stream, reads no clock and no environment, and knows no HTTP: the
//! caller hands in readers and writers.

pub mod batch;
pub mod engine;
pub mod failure;
pub mod identifier;
pub mod sink;
pub mod source;
pub mod spool;
pub mod tally;

mod failed_file;
mod row;

pub use failed_file::{FAILED_ROW, FailedFile, open_as_it_is, same_file};
pub use failure::Failure;
pub use identifier::{Identifier, NamedBy};
pub use row::{Row, says};
pub use sink::{AskedFields, Format, Screen, Sink, Spreadsheet, Wrote, ago, stated_columns};
pub use source::{BadRow, Item, ReadError, Reading, Rows, Source};
pub use tally::Tally;
