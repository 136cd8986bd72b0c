//! `imp-device info`

use clap::Args;
use cli::ResourceKind;
use cli::Session;
use cli::rows::{RowDone, RowJob, each};

/// Print the whole state of devices
#[derive(Args)]
pub struct Info {
    #[command(flatten)]
    devices: cli::Devices,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        each(&session, &RowJob::reading(self.devices.row_args()), |row| {
            let device = row.identifier(ResourceKind::Device, &[])?;
            session.device(&device).map(RowDone::read)
        })
    }
}
