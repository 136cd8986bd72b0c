//! `imp-product delete`

use clap::Args;
use cli::Session;
use cli::rows::{Ask, RowJob};
use model::ResourceKind;
use ops::delete::Deletion;

/// Delete products
///
/// The service refuses a product that still has device groups; --force deletes those first.
#[derive(Args)]
pub struct Delete {
    /// Delete the builds of the product too, those of no device group included
    #[arg(long, short)]
    builds: bool,
    /// First delete the product's device groups, taking devices out of them and flags away
    #[arg(long, short)]
    force: bool,
    /// Do not ask
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    products: cli::Products,
    #[command(flatten)]
    key: cli::UnblessingKey,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Delete {
    pub fn run(&self) -> cli::Result {
        let key = self.key.key()?;
        let session = Session::open(&self.common)?;
        let ask = Ask::about_rows("delete", self.confirmed);
        let job = RowJob::deleting(self.products.row_args(), self.changes.into(), ask);
        let order = Deletion { job, force: self.force, builds: self.builds, key };
        ops::delete::delete(&session, ResourceKind::Product, &order)
    }
}
