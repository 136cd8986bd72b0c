//! `imp-build delete`

use api::deployments::without_code;
use clap::Args;
use cli::rows::{Ask, Outcome, RowDone, RowJob, each};
use cli::{OncePerTarget, Session};
use model::{Record, ResourceKind};

/// Delete builds
///
/// The service refuses flagged builds, and the minimum supported deployment of a group and newer ones.
#[derive(Args)]
pub struct Delete {
    /// First take the flag away, unless the build is protected otherwise
    #[arg(long, short)]
    force: bool,
    /// Do not ask
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    builds: cli::Deployments,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Delete {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let once = OncePerTarget::default();
        let ask = Ask::about_rows("delete", self.confirmed).also(match self.force {
            true => "Flags are taken away first.",
            false => "",
        });
        each(&session, &RowJob::deleting(self.builds.row_args(), self.changes.into(), ask), |row| {
            let build = session.resource(ResourceKind::Deployment, row, &[])?;
            let id = cli::text(&build, "id");
            let delete = || match self.changes.dry_run {
                true => ops::deployments::could_be_deleted(&session, id, self.force),
                false => ops::deployments::delete_deployment(&session, id, self.force),
            };
            let ((), reported) = once.act(&row.source, id, &Record::new(), delete)?;
            let gone = ops::deployments::gone(&build);
            let done = RowDone::changed(row, without_code(build), Outcome::Deleted).once(reported);
            Ok(gone.fold(done, RowDone::with))
        })
    }
}
