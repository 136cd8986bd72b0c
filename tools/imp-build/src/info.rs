//! `imp-build info`

use api::deployments::{CODE, without_code};
use clap::Args;
use cli::rows::{RowDone, RowJob, each};
use cli::{Page, Session, text};
use model::{Record, ResourceKind};

/// Print builds
///
/// A single build named on the command line is shown on a terminal as a page.
#[derive(Args)]
pub struct Info {
    /// Print the code too, as `device_code` and `agent_code`
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    builds: cli::Deployments,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let args = self.builds.row_args();
        let as_page = session.shows_page(&args, false);
        each(&session, &RowJob::reading(args), |row| {
            let build = session.resource(ResourceKind::Deployment, row, &[])?;
            let whole = session.get("deployments", text(&build, "id"))?;
            let record = if self.full { whole } else { without_code(whole) };
            let page = as_page.then(|| page(&session, &record));
            Ok(RowDone::shown(record, page))
        })
    }
}

/// What the page says in its own way.
const KNOWN: [&str; 14] = [
    "id",
    "sha",
    "description",
    "tags",
    "flagged",
    "origin",
    "devicegroup_id",
    "product_id",
    "owner_id",
    "creator_id",
    "created_at",
    "updated_at",
    CODE[0],
    CODE[1],
];

fn page(session: &Session, build: &Record) -> Page {
    let mut page = Page::new("build", &ops::info::build_in_short(build));
    page.fields(
        build,
        &[
            ("id", "id"),
            ("sha", "sha"),
            ("description", "description"),
            ("tags", "tags"),
            ("flagged", "flagged"),
            ("origin", "origin"),
        ],
    );
    let group = session.named(ResourceKind::DeviceGroup, text(build, "devicegroup_id"));
    page.field("group", if group.is_empty() { "none".to_owned() } else { group });
    page.field("product", session.named(ResourceKind::Product, text(build, "product_id")));
    page.field("creator", session.named(ResourceKind::Account, text(build, "creator_id")));
    page.fields(build, &[("created_at", "created"), ("updated_at", "updated")]);
    page.other_fields(build, &KNOWN);
    for (name, title) in CODE.into_iter().zip(["Device code", "Agent code"]) {
        page.section(title);
        for line in text(build, name).lines() {
            page.line(vec![line.replace('\t', "    ")]);
        }
    }
    page
}
