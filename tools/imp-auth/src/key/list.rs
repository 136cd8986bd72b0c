//! `imp-auth key list`

use clap::Args;
use cli::Session;
use ops::list::Query;

use super::KEYS;

/// List the account's login keys
#[derive(Args)]
pub struct List {
    /// Print no more than this many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    common: cli::Common,
}

impl List {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        ops::list::list(&session, &Query { limit: self.limit, ..Query::all(KEYS) })
    }
}
