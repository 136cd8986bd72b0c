//! `imp-log stream`

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use cli::{Devices, Session};
use ops::logs::{FollowRows, LogChecks};

/// Print what devices log as they log it
///
/// Eight devices go on a log stream; the stored logs of the others are polled. After a cut the missing
/// lines are taken from the stored log, each line comes once, and a line of the type `gap` stands where
/// lines may be missing. Ends with Ctrl-C, when nobody reads any more, or as is asked for.
#[derive(Args)]
pub struct Stream {
    /// The devices of this device group; `-` is stdin
    #[arg(long, short = 'g', value_name = "DEVICE_GROUP", display_order = 0)]
    dg: Vec<String>,
    /// Log streams to use; one too many ends one
    #[arg(long, value_name = "N", default_value_t = 1, hide_default_value = true, value_parser = clap::value_parser!(u8).range(0..=8))]
    streams: u8,
    /// Begin with what was stored since, as 2h ago
    #[arg(long, value_name = "TIME", value_parser = cli::time_or_ago, display_order = 1)]
    since: Option<SystemTime>,
    /// Go on where the run before with this file ended
    #[arg(long, value_name = "FILE", display_order = 1)]
    cursor: Option<PathBuf>,
    #[command(flatten)]
    checks: LogChecks,
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
                since: self.since,
                cursor: self.cursor.as_deref(),
                checks: &self.checks,
            },
        )
    }
}
