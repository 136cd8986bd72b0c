//! `imp-dg delete`

use clap::Args;
use cli::Session;
use cli::api::identify::Thing;
use cli::api::{Request, segment};
use cli::each::{Acted, Ask, Outcome, Work};

/// Delete device groups, and with them their deployments
///
/// The service refuses a group that has devices or flagged deployments, or that is the target of a
/// fixture group. --force takes devices out and takes flags away first.
#[derive(Args)]
pub struct Delete {
    /// First remove what stands in the way
    #[arg(long, short)]
    force: bool,
    /// Do not ask
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    groups: cli::DeviceGroups,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Delete {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let ask = Ask { verb: "delete", confirmed: self.confirmed };
        session.each(&Work::deleting(self.groups.given(), self.changes.into(), ask), |row| {
            let group = session.thing(Thing::DeviceGroup, row, &[])?;
            let id = cli::text(&group, "id");
            if !self.changes.dry_run {
                if self.force {
                    session.clear_group(id)?;
                }
                session.send(&Request::delete(format!("/devicegroups/{}", segment(id))))?;
            }
            Ok(Acted::changed(row, group, Outcome::Deleted))
        })
    }
}
