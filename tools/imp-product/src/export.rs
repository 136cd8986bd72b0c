//! `imp-product export`: what an account or some products have, in the order in which it can be made.

mod reading;

use std::collections::HashSet;

use clap::Args;
use cli::consent::count;
use cli::rows::each_row;
use cli::rows::results::Results;
use cli::terminal::{progress, stderr};
use cli::{CommandError, Exit, Session, failure, text};
use model::{Record, ResourceKind};

use reading::{Ended, Reading};

/// The records are of many types.
const MIXED: &str = "export";

/// Print all that products have, in the order in which it can be made
///
/// As records of the list commands, with the code of builds and the variables of groups. Login keys and
/// tokens are no part of it, but code, variables and urls can hold secrets too.
#[derive(Args)]
pub struct Export {
    /// All that the account may see, accounts and devices in no group included
    #[arg(long, conflicts_with_all = ["product", "named", "input", "failed", "report"])]
    all: bool,
    /// Leave devices out
    #[arg(long)]
    no_devices: bool,
    #[command(flatten)]
    products: cli::Products,
    #[command(flatten)]
    common: cli::Common,
}

impl Export {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let reading = Reading::new(&session, !self.no_devices);
        if self.all { everything(&session, &reading) } else { self.products(&session, &reading) }
    }

    /// The products of the rows, one after the other; each is printed once.
    fn products(&self, session: &Session, reading: &Reading<'_>) -> cli::Result {
        let args = self.products.row_args();
        let mut results = Results::open(session, args, None)?;
        session.output.expect_type(MIXED);
        let rows = args.source.rows(&session.inputs)?;
        let find = |row: &pipe::Row| -> Result<Record, pipe::Failure> {
            let product = session.resource(ResourceKind::Product, row, &[])?;
            session.get("products", text(&product, "id"))
        };
        let mut printed = HashSet::new();
        each_row(session, &mut results, 1, rows, find, |results, product, row| {
            let is_new = printed.insert(text(&product, "id").to_owned());
            let ended = if is_new { reading.print_product(&product) } else { Ok(()) };
            match ended {
                Ok(()) => results.tally.ok(),
                Err(Ended::Unread) => return false,
                Err(Ended::Here(error)) => results.end_run(error),
                Err(Ended::Service(error)) => {
                    results.bad(&failure(error), &row.record, &row.source);
                }
            }
            true
        });
        reading.say_what_is_left_out();
        Ok(results.finish())
    }
}

/// Ends quietly when nobody reads any more.
fn everything(session: &Session, reading: &Reading<'_>) -> cli::Result {
    session.output.expect_type(MIXED);
    let ended = reading.print_everything();
    let finished = session.output.finish();
    progress::end();
    reading.say_what_is_left_out();
    match ended {
        Ok(()) | Err(Ended::Unread) => {}
        Err(Ended::Here(error)) => return Err(error),
        Err(Ended::Service(error)) => return Err(CommandError::from(error)),
    }
    if session.common.verbose {
        let (printed, requests) = (reading.printed(), session.client.requests_sent());
        stderr::say(&format!("{}, {}", count(printed, "record"), count(requests, "request")));
    }
    finished.map(|()| Exit::Done)
}
