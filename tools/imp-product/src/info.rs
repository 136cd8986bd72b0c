//! `imp-product info`

use clap::Args;
use cli::rows::{RowDone, RowJob, each};
use cli::{Page, Session, text};
use model::{Record, ResourceKind};
use pipe::Failure;

/// Print products
///
/// A single product named on the command line is shown on a terminal as a page; with --full all are, with
/// the tree of their groups.
#[derive(Args)]
pub struct Info {
    /// Add what belongs to the product, as lists `devicegroups`, `builds` and `webhooks`
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
        let args = self.products.row_args();
        let as_page = session.shows_page(&args, self.full);
        each(&session, &RowJob::reading(args), |row| {
            let product = session.resource(ResourceKind::Product, row, &[])?;
            let mut record = session.get("products", text(&product, "id"))?;
            if self.full {
                ops::info::add_to_product(&session, &mut record)?;
            }
            let page = if as_page { Some(self.page(&session, &record)?) } else { None };
            Ok(RowDone::shown(record, page))
        })
    }

    fn page(&self, session: &Session, product: &Record) -> Result<Page, Failure> {
        let mut page = Page::new("product", text(product, "name"));
        page.fields(product, &[("id", "id"), ("description", "description")]);
        page.field("owner", session.named(ResourceKind::Account, text(product, "owner_id")));
        page.fields(product, &[("created_at", "created"), ("updated_at", "updated")]);
        page.other_fields(product, &KNOWN);
        page.section("Groups");
        if self.full {
            ops::info::add_tree(&mut page, product);
        } else {
            for group in ops::info::groups_of(session, text(product, "id"))? {
                page.line(ops::info::group_line(&group));
            }
        }
        Ok(page)
    }
}

/// What the page says in its own way.
const KNOWN: [&str; 10] = [
    "id",
    "name",
    "description",
    "owner_id",
    "creator_id",
    "created_at",
    "updated_at",
    "devicegroups",
    "builds",
    "webhooks",
];
