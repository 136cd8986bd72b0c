//! `imp-hook create`

use clap::Args;
use cli::rows::{Outcome, RowDone, RowJob, each};
use cli::{OncePerTarget, Session};
use model::{Effect, Record, ResourceKind};
use ops::webhooks;
use pipe::{Failure, Row};

use crate::hook::{Event, Mime};

/// Create webhooks: a URL that the service calls when something happens in a device group
///
/// Rows are device groups. `imp-hook listen --create` makes one for as long as it listens.
#[derive(Args)]
#[command(mut_arg("named", |named| named.hide(true).value_parser(cli::not_without_option)))]
pub struct Create {
    /// The URL to call; a column `url` of a row beats it
    #[arg(long, short, value_name = "URL")]
    url: Option<String>,
    /// What to call it for; a column `event` of a row beats it
    #[arg(long, short, value_name = "EVENT", value_enum)]
    event: Option<Event>,
    /// The form of the calls [default: json]; a column `mime` or `content_type` of a row beats it
    #[arg(long, short, value_name = "FORM", value_enum)]
    mime: Option<Mime>,
    #[command(flatten)]
    groups: cli::DeviceGroups,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Create {
    pub fn run(&self) -> cli::Result {
        self.groups.or_of_project()?;
        let session = Session::open(&self.common)?;
        let once = OncePerTarget::default();
        each(&session, &RowJob::changing(self.groups.row_args(), self.changes.into()), |row| {
            let attributes = self.attributes(row)?;
            let group = session.resource(ResourceKind::DeviceGroup, row, &[])?;
            let called = ["event", "url"].map(|name| cli::text(&attributes, name)).join(" ");
            let thing = format!("{} {called}", cli::text(&group, "id"));
            let create = || {
                let mut after = attributes.clone();
                after.insert("devicegroup_id", cli::text(&group, "id").into());
                let effect = Effect::creation("webhook", after);
                if self.changes.dry_run {
                    return Ok(RowDone::created("webhook", &attributes).with(effect));
                }
                let made = webhooks::create(&session, attributes.clone(), &group)?;
                let effect = effect.called(cli::text(&made, "id"));
                Ok(RowDone::new(made, Outcome::Created).with(effect))
            };
            let (done, reported) = once.act(&row.source, &thing, &attributes, create)?;
            Ok(done.once(reported))
        })
    }

    fn attributes(&self, row: &Row) -> Result<Record, Failure> {
        let url = cli::text_option(row, &["url"])?.or(self.url.clone());
        let url = url.ok_or_else(|| cli::missing("--url", "the URL to call"))?;
        let event = match cli::text_option(row, &["event"])? {
            Some(text) => Event::of_row(&text)?,
            None => self.event.ok_or_else(|| cli::missing("--event", "what to call it for"))?,
        };
        let mime = match cli::text_option(row, &["mime", "content_type"])? {
            Some(text) => Mime::of_row(&text)?,
            None => self.mime.unwrap_or(Mime::Json),
        };
        Ok(attributes(&url, event, mime))
    }
}

/// The attributes of a new webhook.
pub fn attributes(url: &str, event: Event, mime: Mime) -> Record {
    Record::from_iter([
        ("url".to_owned(), url.into()),
        ("event".to_owned(), event.word().into()),
        ("content_type".to_owned(), mime.content_type().into()),
    ])
}
