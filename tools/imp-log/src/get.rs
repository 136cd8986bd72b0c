//! `imp-log get`

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use cli::Session;
use ops::logs::{LogQuery, NewEntries, Pattern};

/// Print the stored log of devices
///
/// All of it by default, newest first as the API gives it, one device after the other.
#[derive(Args)]
pub struct Get {
    /// The devices of this device group; `-` is stdin
    #[arg(long, short = 'g', value_name = "DEVICE_GROUP", display_order = 0)]
    dg: Vec<String>,
    /// Entries in one request
    #[arg(long, short = 's', value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=100))]
    page_size: u16,
    /// Only this page, counted from the newest entry
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    page_number: Option<u64>,
    /// Only entries from this time on, as 90s or 2h ago
    #[arg(long, value_name = "TIME", value_parser = cli::time_or_ago, conflicts_with = "page_number")]
    since: Option<SystemTime>,
    /// Oldest first
    #[arg(long)]
    reverse: bool,
    /// Only entries like this
    #[arg(long, value_name = "PATTERN")]
    grep: Vec<Pattern>,
    /// Only what is new since the run before with this file, oldest first
    #[arg(long, value_name = "FILE", conflicts_with_all = ["page_size", "page_number", "reverse"])]
    cursor: Option<PathBuf>,
    #[command(flatten)]
    devices: cli::Devices,
    #[command(flatten)]
    common: cli::Common,
}

impl Get {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        if let Some(cursor) = &self.cursor {
            let new = NewEntries { cursor, since: self.since, grep: &self.grep };
            return ops::logs::print_new(&session, self.devices.row_args(), &self.dg, &new);
        }
        let query = LogQuery {
            page_size: usize::from(self.page_size),
            page: self.page_number,
            since: self.since,
            reverse: self.reverse,
            grep: &self.grep,
        };
        ops::logs::print_logs(&session, self.devices.row_args(), &self.dg, &query)
    }
}
