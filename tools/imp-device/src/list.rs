//! `imp-device list`

use clap::Args;
use cli::Session;
use model::Record;

use crate::filters::Filters;

/// List devices
///
/// Filters can be repeated: those of one kind unite, those of different kinds narrow. `-` takes accounts,
/// products or groups from stdin.
#[derive(Args)]
pub struct List {
    #[command(flatten)]
    filters: Filters,
    /// Sort by this field; everything is read first
    #[arg(long, value_name = "[-]FIELD", allow_hyphen_values = true)]
    sort: Option<String>,
    /// Print no more than this many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    common: cli::Common,
}

impl List {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let mut query = self.filters.query(&session)?;
        query.limit = self.limit;
        query.sort = self.sort.as_deref();
        let keep = |device: &Record| self.filters.keeps(device);
        query.keep = &keep;
        ops::list::list(&session, &query)
    }
}
