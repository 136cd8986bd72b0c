//! `imp-auth account list`

use clap::Args;
use cli::Session;
use model::ResourceKind;
use ops::list::Query;

/// List one's own account and those of collaborators
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
        ops::list::list(
            &session,
            &Query { limit: self.limit, ..Query::all(ResourceKind::Account.path()) },
        )
    }
}
