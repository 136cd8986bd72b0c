//! `imp-product info`

use clap::Args;
use cli::api::identify::Thing;
use cli::api::{Request, resource, segment};
use cli::each::{Acted, Work};
use cli::{Given, Session, identifier};

/// Print products
#[derive(Args)]
pub struct Info {
    /// A product: id, name or {ACCOUNT}{PRODUCT}; repeatable; `-` is stdin
    #[arg(long, short, value_name = "PRODUCT", value_parser = identifier, allow_hyphen_values = true)]
    product: Vec<String>,
    /// Add the product's device groups, as a list `devicegroups`
    #[arg(long, short = 'u')]
    full: bool,
    #[command(flatten)]
    input: cli::Input,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let given = Given {
            noun: "product",
            option: "--product",
            identifiers: &self.product,
            input: &self.input,
        };
        session.each(&Work::reading(given), |row| {
            let product = session.thing(Thing::Product, row, &[])?;
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
