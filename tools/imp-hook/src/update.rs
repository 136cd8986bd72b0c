//! `imp-hook update`

use api::Request;
use clap::Args;
use cli::rows::change::{asks_for_something, nothing_to_change};
use cli::rows::{RowJob, change, each};
use cli::{OncePerTarget, Session};
use model::{Record, ResourceKind};
use ops::resources;
use pipe::{Failure, Row};

use crate::hook::{self, Mime, Webhooks};

/// What can be asked for.
const OPTIONS: &str = "--url or --mime";

/// Change the URL or the form of webhooks
///
/// Event and device group of a webhook are for ever.
#[derive(Args)]
pub struct Update {
    /// The new URL; beaten by a column `url` of a row that is no webhook's record
    #[arg(long, short, value_name = "URL")]
    url: Option<String>,
    /// The new form of the calls; beaten by a column `mime` of a row
    #[arg(long, short, value_name = "FORM", value_enum)]
    mime: Option<Mime>,
    #[command(flatten)]
    hooks: Webhooks,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Update {
    pub fn run(&self) -> cli::Result {
        let is_given = self.url.is_some() || self.mime.is_some();
        asks_for_something(is_given, &self.hooks.row_args().source, OPTIONS)?;
        let session = Session::open(&self.common)?;
        let once = OncePerTarget::default();
        each(&session, &RowJob::changing(self.hooks.row_args(), self.changes.into()), |row| {
            let (path, id) = hook::path(&session, row)?;
            let attributes = self.attributes(row)?;
            if attributes.is_empty() {
                return Err(nothing_to_change(OPTIONS));
            }
            let (changed, reported) = once.act(&row.source, &id, &attributes, || {
                let present = session.record(&Request::get(path))?;
                let state = present.clone();
                change(present, &attributes, self.changes.dry_run, || {
                    let (kind, attributes) = (ResourceKind::Webhook, attributes.clone());
                    resources::update(&session, kind, &state, attributes, Record::new())
                })
            })?;
            Ok(changed.of(row).once(reported))
        })
    }

    /// The `url` of a webhook's own record is the present one: it must not undo what the flag asks for.
    fn attributes(&self, row: &Row) -> Result<Record, Failure> {
        let is_record = row.record.get("type").is_some_and(|kind| kind == "webhook");
        let of_row = cli::text_option(row, &["url"])?;
        let url = match (&self.url, is_record) {
            (Some(url), true) => Some(url.clone()),
            _ => of_row.or(self.url.clone()),
        };
        let mime = match cli::text_option(row, &["mime"])? {
            Some(text) => Some(Mime::of_row(&text)?),
            None => self.mime,
        };
        let mut attributes = Record::new();
        attributes.extend(url.map(|url| ("url".to_owned(), url.into())));
        attributes.extend(mime.map(|mime| ("content_type".to_owned(), mime.content_type().into())));
        Ok(attributes)
    }
}
