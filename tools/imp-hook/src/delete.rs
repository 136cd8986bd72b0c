//! `imp-hook delete`

use api::Request;
use clap::Args;
use cli::rows::{Ask, Outcome, RowDone, RowJob, each};
use cli::{OncePerTarget, Session};
use model::Record;

use crate::hook::{self, Webhooks};

/// Delete webhooks
#[derive(Args)]
pub struct Delete {
    /// Do not ask
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    hooks: Webhooks,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Delete {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let once = OncePerTarget::default();
        let ask = Ask::about_rows("delete", self.confirmed);
        each(&session, &RowJob::deleting(self.hooks.row_args(), self.changes.into(), ask), |row| {
            let (path, id) = hook::path(&session, row)?;
            let delete = || {
                let request =
                    if self.changes.dry_run { Request::get(path) } else { Request::delete(path) };
                session.send(&request).map(|_| ())
            };
            let ((), reported) = once.act(&row.source, &id, &Record::new(), delete)?;
            Ok(RowDone::changed(row, Record::new(), Outcome::Deleted).once(reported))
        })
    }
}
