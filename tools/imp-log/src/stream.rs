//! `imp-log stream`

use clap::Args;
use cli::{Devices, Session};
use ops::logs::FollowRows;

/// Print what devices log as they log it
///
/// Eight devices go on a log stream; the stored logs of the others are polled. After a cut the missing
/// lines are taken from the stored log, each line comes once, and a line of the type `gap` stands where
/// lines may be missing. Ends with Ctrl-C, or when nobody reads any more.
#[derive(Args)]
pub struct Stream {
    /// The devices of this device group; `-` is stdin
    #[arg(long, short = 'g', value_name = "DEVICE_GROUP", display_order = 0)]
    dg: Vec<String>,
    /// Log streams to use; one too many closes another
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=8))]
    streams: u8,
    #[command(flatten)]
    devices: Devices,
    #[command(flatten)]
    common: cli::Common,
}

impl Stream {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        ops::logs::follow_rows(
            &session,
            &FollowRows {
                args: self.devices.row_args(),
                groups: &self.dg,
                streams: usize::from(self.streams),
            },
        )
    }
}
