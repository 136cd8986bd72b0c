//! `imp-dg info`

use clap::Args;
use cli::ResourceKind;
use cli::Session;
use cli::rows::{RowDone, RowJob, each};

/// Print device groups
#[derive(Args)]
pub struct Info {
    /// Add the group's devices, as a list `devices`
    #[arg(long, short = 'u')]
    full: bool,
    #[command(flatten)]
    groups: cli::DeviceGroups,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        each(&session, &RowJob::reading(self.groups.row_args()), |row| {
            let group = session.resource(ResourceKind::DeviceGroup, row, &[])?;
            let id = cli::text(&group, "id");
            let mut record = session.get("devicegroups", id)?;
            if self.full {
                let devices = session.collect("/devices", &[("filter[devicegroup.id]", id)])?;
                record.insert("devices".into(), devices.into());
            }
            Ok(RowDone::read(record))
        })
    }
}
