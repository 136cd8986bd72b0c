//! `imp-product delete`

use clap::Args;
use cli::api::identify::Thing;
use cli::api::{Request, segment};
use cli::each::{Acted, Ask, Outcome, Work};
use cli::{Given, Session, identifier};

/// Delete products
///
/// The service refuses a product that still has device groups; --force deletes those first.
#[derive(Args)]
pub struct Delete {
    /// A product: id, name or {ACCOUNT}{PRODUCT}; repeatable; `-` is stdin
    #[arg(long, short, value_name = "PRODUCT", value_parser = identifier, allow_hyphen_values = true)]
    product: Vec<String>,
    /// First delete the product's device groups, taking devices out of them and flags away
    #[arg(long, short)]
    force: bool,
    /// Do not ask
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    input: cli::Input,
    #[command(flatten)]
    common: cli::Common,
}

impl Delete {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let given = Given {
            noun: "product",
            option: "--product",
            identifiers: &self.product,
            input: &self.input,
        };
        let ask = Ask { verb: "delete", confirmed: self.confirmed };
        session.each(&Work::deleting(given, self.changes.into(), ask), |row| {
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
