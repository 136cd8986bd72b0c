//! `imp-product info`

use clap::Args;
use cli::ResourceKind;
use cli::Session;
use cli::api::{Request, resource, segment};
use cli::rows::{Acted, Work};

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
        session.each(&Work::reading(self.products.given()), |row| {
            let product = session.thing(ResourceKind::Product, row, &[])?;
            let id = cli::text(&product, "id");
            let answer = session.send(&Request::get(format!("/products/{}", segment(id))))?;
            let mut record = resource::lift_data(&answer.body);
            if self.full {
                let groups = session.collect("/devicegroups", &[("filter[product.id]", id)])?;
                record.insert("devicegroups".into(), groups.into());
            }
            Ok(Acted::read(record))
        })
    }
}
