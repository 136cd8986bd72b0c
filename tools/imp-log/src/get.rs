//! `imp-log get`

use std::time::SystemTime;

use clap::Args;
use cli::Session;
use cli::api::send::clock;
use ops::logs::LogQuery;

/// Print the stored log of devices
///
/// All of it by default, newest first as the API gives it, one device after the other.
#[derive(Args)]
#[command(mut_arg("fields", cli::args::fields_of("log")))]
pub struct Get {
    /// Entries in one request
    #[arg(long, short = 's', value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=100))]
    page_size: u16,
    /// Only this page, counted from the newest entry; 1 is the first
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    page_number: Option<u64>,
    /// Only entries from this time on, as 2026-11-23T20:00:00Z, or so long ago, as 90s or 2h
    #[arg(long, value_name = "TIME", value_parser = since, conflicts_with = "page_number")]
    since: Option<SystemTime>,
    /// Oldest first
    #[arg(long)]
    reverse: bool,
    #[command(flatten)]
    devices: cli::Devices,
    #[command(flatten)]
    common: cli::Common,
}

impl Get {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let query = LogQuery {
            page_size: usize::from(self.page_size),
            page: self.page_number,
            since: self.since,
            reverse: self.reverse,
        };
        ops::logs::print_logs(&session, self.devices.row_args(), &query)
    }
}

/// A time of day, or how long ago it was.
fn since(text: &str) -> Result<SystemTime, String> {
    let ago = humantime::parse_duration(text).ok().and_then(|ago| clock::now().checked_sub(ago));
    ago.or_else(|| humantime::parse_rfc3339_weak(text).ok()).ok_or_else(|| {
        format!("`{text}` is neither a time as 2026-11-23T20:00:00Z nor a duration as 90s or 2h")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations() {
        let day = since("2026-11-23T20:00:00Z").unwrap();
        assert_eq!(humantime::format_rfc3339_seconds(day).to_string(), "2026-11-23T20:00:00Z");
        let ago = clock::now().duration_since(since("2h").unwrap()).unwrap();
        assert!((7100..7300).contains(&ago.as_secs()), "{ago:?}");
        assert!(since("yesterday").is_err());
    }
}
