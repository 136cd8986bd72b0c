//! `imp-dg list`

use clap::Args;
use cli::Session;
use model::ResourceKind;
use ops::list::Query;

/// List device groups
#[derive(Args)]
pub struct List {
    /// Only groups of this account; repeatable; `-` takes accounts from stdin
    #[arg(long, short, value_name = "ACCOUNT")]
    owner: Vec<String>,
    /// Only groups of this product; repeatable; `-` takes products from stdin
    #[arg(long, short, value_name = "PRODUCT")]
    product: Vec<String>,
    /// Only groups of this type; repeatable
    #[arg(long, short = 'y', value_name = "TYPE", value_parser = cli::group_type())]
    dg_type: Vec<model::GroupType>,
    /// Print no more than this many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    common: cli::Common,
}

impl List {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let types: Vec<String> =
            self.dg_type.iter().map(|kind| kind.api_name().to_owned()).collect();
        let query = Query::all(ResourceKind::DeviceGroup.path())
            .one_of("owner.id", session.ids_of(ResourceKind::Account, "--owner", &self.owner)?)
            .one_of(
                "product.id",
                session.ids_of(ResourceKind::Product, "--product", &self.product)?,
            )
            .one_of("type", (!types.is_empty()).then_some(types));
        ops::list::list(&session, &Query { limit: self.limit, ..query })
    }
}
