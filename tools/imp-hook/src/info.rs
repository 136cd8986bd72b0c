//! `imp-hook info`

use api::Request;
use clap::Args;
use cli::rows::{RowDone, RowJob, each};
use cli::{Page, Session, text};
use model::{Record, ResourceKind};

use crate::hook::{self, Webhooks};

/// Print webhooks
///
/// A single webhook named on the command line is shown on a terminal as a page.
#[derive(Args)]
pub struct Info {
    #[command(flatten)]
    hooks: Webhooks,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let args = self.hooks.row_args();
        let as_page = session.shows_page(&args, false);
        each(&session, &RowJob::reading(args), |row| {
            let (path, _) = hook::path(&session, row)?;
            let record = session.record(&Request::get(path))?;
            let page = as_page.then(|| page(&session, &record));
            Ok(RowDone::shown(record, page))
        })
    }
}

/// What the page says in its own way.
const KNOWN: [&str; 10] = [
    "id",
    "url",
    "event",
    "content_type",
    "devicegroup_id",
    "product_id",
    "owner_id",
    "creator_id",
    "created_at",
    "updated_at",
];

fn page(session: &Session, hook: &Record) -> Page {
    let mut page = Page::new("webhook", text(hook, "url"));
    page.fields(hook, &[("id", "id"), ("event", "event"), ("content_type", "content type")]);
    page.field("group", session.named(ResourceKind::DeviceGroup, text(hook, "devicegroup_id")));
    page.field("product", session.named(ResourceKind::Product, text(hook, "product_id")));
    page.field("creator", session.named(ResourceKind::Account, text(hook, "creator_id")));
    page.fields(hook, &[("created_at", "created"), ("updated_at", "updated")]);
    page.other_fields(hook, &KNOWN);
    page
}
