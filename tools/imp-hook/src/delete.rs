//! `imp-hook delete`

use api::Request;
use clap::Args;
use cli::rows::{Ask, Outcome, RowDone, RowJob, each};
use cli::{OncePerTarget, Session, journal};
use model::{Effect, Record};

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
                let mut effect = None;
                // What it is has to be known to make it again.
                if self.changes.dry_run || !journal::is_off() {
                    let present = session.record(&Request::get(path.clone()))?;
                    effect = Some(Effect::deletion(&present));
                }
                if !self.changes.dry_run {
                    journal::plan(Outcome::Deleted, effect.iter().cloned().collect());
                    session.send(&Request::delete(path))?;
                }
                Ok(effect)
            };
            let (effect, reported) = once.act(&row.source, &id, &Record::new(), delete)?;
            let done = RowDone::changed(row, Record::new(), Outcome::Deleted).once(reported);
            Ok(effect.into_iter().fold(done, RowDone::with))
        })
    }
}
