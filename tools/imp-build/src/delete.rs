//! `imp-build delete`

use clap::Args;
use cli::api::deployments::without_code;
use cli::rows::{Acted, Ask, Outcome, Work};
use cli::{Once, Session};
use cli::{Record, ResourceKind};

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
        let once = Once::default();
        let ask = Ask { verb: "delete", confirmed: self.confirmed };
        session.each(&Work::deleting(self.builds.given(), self.changes.into(), ask), |row| {
            let build = session.thing(ResourceKind::Deployment, row, &[])?;
            let id = cli::text(&build, "id");
            let delete = || match self.changes.dry_run {
                true => Ok(()),
                false => ops::deployments::delete_deployment(&session, id, self.force),
            };
            let ((), reported) = once.act(id, &Record::new(), delete)?;
            Ok(Acted::changed(row, without_code(build), Outcome::Deleted).once(reported))
        })
    }
}
