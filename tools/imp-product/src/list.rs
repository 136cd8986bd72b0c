//! `imp-product list`

use clap::Args;
use cli::Session;
use model::ResourceKind;
use ops::list::Query;

/// List products, those of collaborators included
#[derive(Args)]
pub struct List {
    /// Only products of this account; repeatable; `-` takes accounts from stdin
    #[arg(long, short, value_name = "ACCOUNT")]
    owner: Vec<String>,
    /// Print no more than this many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    common: cli::Common,
}

impl List {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let owners = session.ids_of(ResourceKind::Account, "--owner", &self.owner)?;
        let query = Query::all(ResourceKind::Product.path()).one_of("owner.id", owners);
        ops::list::list(&session, &Query { limit: self.limit, ..query })
    }
}
