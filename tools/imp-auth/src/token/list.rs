//! `imp-auth token list`

use clap::Args;
use cli::Session;
use model::ResourceKind;
use ops::list::Query;

/// List the account's refresh tokens
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
        let all = Query::all(ResourceKind::RefreshToken.path());
        ops::list::list(&session, &Query { limit: self.limit, ..all })
    }
}
