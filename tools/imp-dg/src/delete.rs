//! `imp-dg delete`

use clap::Args;
use cli::Session;
use cli::rows::{Ask, RowJob};
use model::ResourceKind;
use ops::delete::Deletion;

/// Delete device groups, and with them their deployments
///
/// The service refuses a group that has devices or flagged deployments, or that is the target of a
/// fixture group. --force takes devices out and flags away first; fixture groups go before their targets.
#[derive(Args)]
pub struct Delete {
    /// First remove what stands in the way: devices and flags
    #[arg(long, short)]
    force: bool,
    /// Do not ask
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    groups: cli::DeviceGroups,
    #[command(flatten)]
    key: cli::UnblessingKey,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Delete {
    pub fn run(&self) -> cli::Result {
        let key = self.key.key()?;
        let session = Session::open(&self.common)?;
        let ask = Ask::about_rows("delete", self.confirmed);
        let job = RowJob::deleting(self.groups.row_args(), self.changes.into(), ask);
        let order = Deletion { job, force: self.force, builds: false, key };
        ops::delete::delete(&session, ResourceKind::DeviceGroup, &order)
    }
}
