//! `imp-product info`

use clap::Args;
use cli::ResourceKind;
use cli::Session;
use cli::rows::{RowDone, RowJob, each};

/// Print products
#[derive(Args)]
pub struct Info {
    /// Add the product's device groups, as a list `devicegroups`
    #[arg(long, short = 'u')]
    full: bool,
    #[command(flatten)]
    products: cli::Products,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        each(&session, &RowJob::reading(self.products.row_args()), |row| {
            let product = session.resource(ResourceKind::Product, row, &[])?;
            let id = cli::text(&product, "id");
            let mut record = session.get("products", id)?;
            if self.full {
                let groups = session.collect("/devicegroups", &[("filter[product.id]", id)])?;
                record.insert("devicegroups".into(), groups.into());
            }
            Ok(RowDone::read(record))
        })
    }
}
