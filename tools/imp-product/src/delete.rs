//! `imp-product delete`

use clap::Args;
use cli::Session;
use cli::api::identify::Thing;
use cli::api::{Request, segment};
use cli::each::{Acted, Ask, Outcome, Work};

/// Delete products
///
/// The service refuses a product that still has device groups; --force deletes those first.
#[derive(Args)]
pub struct Delete {
    /// First delete the product's device groups, taking devices out of them and flags away
    #[arg(long, short)]
    force: bool,
    /// Do not ask
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    products: cli::Products,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Delete {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let ask = Ask { verb: "delete", confirmed: self.confirmed };
        session.each(&Work::deleting(self.products.given(), self.changes.into(), ask), |row| {
            let product = session.thing(Thing::Product, row, &[])?;
            if !self.changes.dry_run {
                if self.force {
                    session.clear_product(cli::text(&product, "id"))?;
                }
                session.send(&Request::delete(format!(
                    "/products/{}",
                    segment(cli::text(&product, "id"))
                )))?;
            }
            Ok(Acted::changed(row, product, Outcome::Deleted))
        })
    }
}
