//! `imp-auth key info`

use api::Request;
use clap::Args;
use cli::rows::{RowDone, RowJob, each};
use cli::{Page, Session};
use model::{Record, ResourceKind};

use super::{LoginKeys, path};

/// Print login keys
#[derive(Args)]
pub struct Info {
    #[command(flatten)]
    keys: LoginKeys,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let args = self.keys.row_args();
        let as_page = session.shows_page(&args, false);
        each(&session, &RowJob::reading(args), |row| {
            let key = row.identifier(ResourceKind::LoginKey, &[])?;
            let record = session.record(&Request::get(path(&key.text)))?;
            let page = as_page.then(|| page(&record));
            Ok(RowDone::shown(record, page))
        })
    }
}

fn page(key: &Record) -> Page {
    let mut page = Page::new("login key", cli::text(key, "id"));
    page.fields(key, &[("description", "description"), ("usages", "times used")]);
    page.other_fields(key, &["id", "description", "usages"]);
    page
}
