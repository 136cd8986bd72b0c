//! `imp-product update`

use clap::Args;
use cli::rows::change::{asks_for_something, nothing_to_change};
use cli::rows::{RowJob, change, each};
use cli::{OncePerTarget, Session};
use model::{Record, ResourceKind};
use ops::resources;

/// What can be asked for.
const OPTIONS: &str = "--name or --descr";

/// Change the name or description of products
///
/// In rows the column `name` is the new name, so the product is named by `id` or `product`.
#[derive(Args)]
pub struct Update {
    /// The new name; a column `name` of a row beats it
    #[arg(long, short, value_name = "NAME")]
    name: Option<String>,
    /// The new description; a column `descr` of a row beats it
    #[arg(long, short = 's', value_name = "TEXT")]
    descr: Option<String>,
    #[command(flatten)]
    products: cli::Products,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Update {
    pub fn run(&self) -> cli::Result {
        let is_given = self.name.is_some() || self.descr.is_some();
        asks_for_something(is_given, &self.products.row_args().source, OPTIONS)?;
        let session = Session::open(&self.common)?;
        let once = OncePerTarget::default();
        each(&session, &RowJob::changing(self.products.row_args(), self.changes.into()), |row| {
            // A list of groups leads to their product; their own names are not for it.
            let row = row.as_reference_to(ResourceKind::Product);
            let product = session.resource(ResourceKind::Product, &row, &["name"])?;
            let name = cli::text_option(&row, &["name"])?.or(self.name.clone());
            let descr = cli::text_option(&row, &["descr"])?.or(self.descr.clone());
            let mut attributes = Record::new();
            attributes.extend(name.map(|name| ("name".to_owned(), name.into())));
            attributes.extend(descr.map(|descr| ("description".to_owned(), descr.into())));
            if attributes.is_empty() {
                return Err(nothing_to_change(OPTIONS));
            }
            let id = cli::text(&product, "id");
            let send = || {
                let (kind, attributes) = (ResourceKind::Product, attributes.clone());
                resources::update(&session, kind, &product, attributes, Record::new())
            };
            let (changed, reported) = once.act(&row.source, id, &attributes, || {
                let present = session.present(ResourceKind::Product, &row, &product)?;
                if self.changes.dry_run && attributes.contains_key("name") {
                    let (owner, name) =
                        (cli::text(&present, "owner_id"), cli::text(&attributes, "name"));
                    session.name_is_free(ResourceKind::Product, owner, name, id)?;
                }
                change(present, &attributes, self.changes.dry_run, send)
            })?;
            Ok(changed.of(&row).once(reported))
        })
    }
}
