//! `imp-hook info`

use api::Request;
use clap::Args;
use cli::Session;
use cli::rows::{RowDone, RowJob, each};

use crate::hook::{self, Webhooks};

/// Print webhooks
#[derive(Args)]
pub struct Info {
    #[command(flatten)]
    hooks: Webhooks,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        each(&session, &RowJob::reading(self.hooks.row_args()), |row| {
            let (path, _) = hook::path(row, &[])?;
            session.record(&Request::get(path)).map(RowDone::read)
        })
    }
}
