//! `imp-device info`

use clap::Args;
use cli::ResourceKind;
use cli::Session;
use cli::api::{Request, resource};
use cli::rows::{Acted, Work};

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
        session.each(&Work::reading(self.devices.given()), |row| {
            let device = row.identifier(ResourceKind::Device, &[])?;
            let answer = session.with_device(&device, Request::get)?;
            Ok(Acted::read(resource::lift_data(&answer.body)))
        })
    }
}
