//! `imp-product import`: makes products, with their groups, builds and webhooks, from an export.
//!
//! Careful about doing half of it: what cannot be made as a whole is refused before the first request that
//! changes something, and a run that was cut goes on where it ended, because what is there already is found
//! anew. See `there`.

mod builds;
mod checks;
mod file;
mod make;
mod there;

use clap::Args;
use cli::rows::{RowJob, carry_out};
use cli::terminal::stderr;
use cli::{CommandError, Rows, Session};
use std::sync::OnceLock;

use file::File;
use make::Making;

/// Make products, their groups, builds and webhooks, from what `imp-product export` has printed
///
/// In the account that is signed in, with ids of their own; devices stay where they are. Run again after
/// an interruption, it goes on. A product of the same name that is no beginning of it is refused.
#[derive(Args)]
pub struct Import {
    /// Only this product of the input, by its name or id; repeatable
    #[arg(long, short, value_name = "PRODUCT")]
    product: Vec<String>,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    input: cli::Input,
    #[command(flatten)]
    common: cli::Common,
}

impl Import {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let args = self.input.row_args("record", "--input", &[]);
        // What a row makes is named by later ones.
        let job = RowJob {
            all_first: true,
            in_turn: true,
            ..RowJob::changing(args, self.changes.into())
        };
        let making = OnceLock::new();
        let rows = || {
            let file = File::read(args.source.rows(&session.inputs)?, &self.product)?;
            let (made, rows) = self.begin(&session, file)?;
            let _first = making.set(made);
            Ok(rows)
        };
        let results = carry_out(&session, &job, rows, |row| match making.get() {
            Some(making) => Making::make(making, row),
            None => Err(cli::rows::run_ended()),
        })?;
        Ok(results.finish())
    }

    /// Looks what is there of the file; nothing is written yet.
    fn begin<'a>(
        &self,
        session: &'a Session,
        file: File,
    ) -> Result<(Making<'a>, Rows), CommandError> {
        let present = there::present(session, &file)?;
        if let Some(left_out) = file.left_out() {
            stderr::say(&left_out);
        }
        let making = Making::new(session, self.changes.dry_run, &file, present);
        Ok((making, file.into_rows()))
    }
}
