//! `imp-change reverse`

use std::collections::VecDeque;

use clap::Args;
use cli::rows::results::Results;
use cli::rows::{RowDone, run_ended};
use cli::{Input, Session};
use pipe::Item;

use crate::records::{reversed, with_values};

/// Turn change records round, the last first
///
/// What there is no way back from fails. Sends nothing.
#[derive(Args)]
pub struct Reverse {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    common: cli::Common,
}

impl Reverse {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let args = self.input.row_args("change", "--input", &[]);
        let mut results = Results::open(&session, args, None)?;
        let mut items = Vec::new();
        for item in args.source.rows(&session.inputs)? {
            match item {
                Ok(item) => items.push(with_values(item)),
                Err(error) => results.end_run(error.into()),
            }
        }
        let is_whole = !results.is_over();
        let mut turned = VecDeque::from(reversed(items));
        while let Some(item) = turned.pop_front() {
            match item {
                // Not the half of a run.
                Item::Row(row) if !is_whole => {
                    results.bad(&run_ended(), &row.record, &row.source);
                }
                Item::Row(row) => {
                    if !results.good(RowDone::read(row.record), &row.source) {
                        break;
                    }
                }
                Item::Bad(bad) => results.bad(&bad.failure, &bad.input, &bad.source),
            }
        }
        Ok(results.finish())
    }
}
