//! `imp-build delete`

use clap::Args;
use cli::Session;
use cli::api::deployments::without_code;
use cli::api::identify::Thing;
use cli::each::{Acted, Ask, Outcome, Work};

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
        let ask = Ask { verb: "delete", confirmed: self.confirmed };
        session.each(&Work::deleting(self.builds.given(), self.changes.into(), ask), |row| {
            let build = session.thing(Thing::Deployment, row, &[])?;
            if !self.changes.dry_run {
                session.delete_deployment(cli::text(&build, "id"), self.force)?;
            }
            Ok(Acted::changed(row, without_code(build), Outcome::Deleted))
        })
    }
}
