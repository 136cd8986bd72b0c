//! `imp-dg info`

use clap::Args;
use cli::rows::{RowDone, RowJob, each};
use cli::{Page, Session, text};
use model::{Record, ResourceKind};
use ops::info::{build_of, group_line, list_in};
use pipe::Failure;

/// Print device groups
///
/// A single group named on the command line is shown on a terminal as a page; with --full all are.
#[derive(Args)]
pub struct Info {
    /// Add what belongs to the group, as lists `devices`, `builds` and `webhooks`
    #[arg(long, short = 'u')]
    full: bool,
    #[command(flatten)]
    groups: cli::DeviceGroups,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        self.groups.or_of_project()?;
        let session = Session::open(&self.common)?;
        let args = self.groups.row_args();
        let as_page = session.shows_page(&args, self.full);
        each(&session, &RowJob::reading(args), |row| {
            let group = session.resource(ResourceKind::DeviceGroup, row, &[])?;
            let mut record = session.get("devicegroups", text(&group, "id"))?;
            if self.full {
                ops::info::add_to_group(&session, &mut record)?;
            }
            let page = if as_page { Some(page(&session, &record)?) } else { None };
            Ok(RowDone::shown(record, page))
        })
    }
}

/// What the page says in its own way.
const KNOWN: [&str; 19] = [
    "id",
    "name",
    "description",
    "product_id",
    "owner_id",
    "creator_id",
    "region",
    "load_code_after_blessing",
    "created_at",
    "updated_at",
    "current_deployment_id",
    "min_supported_deployment_id",
    "production_target_id",
    "dut_target_id",
    "env_vars",
    "devices",
    "devices_total",
    "builds",
    "webhooks",
];

fn page(session: &Session, group: &Record) -> Result<Page, Failure> {
    let mut page = Page::new(
        &format!("{} group", cli::page::group_type(text(group, "type"))),
        text(group, "name"),
    );
    page.fields(group, &[("id", "id"), ("description", "description")]);
    page.field("product", session.named(ResourceKind::Product, text(group, "product_id")));
    page.field("owner", session.named(ResourceKind::Account, text(group, "owner_id")));
    page.fields(
        group,
        &[
            ("region", "region"),
            ("load_code_after_blessing", "load code after blessing"),
            ("created_at", "created"),
            ("updated_at", "updated"),
        ],
    );
    page.field("devices", ops::info::online_of_total(group));
    let known: Vec<&str> = KNOWN.into_iter().chain(["devices_online"]).collect();
    page.other_fields(group, &known);
    page.section("Builds");
    page.field("current", build_of(session, group, "current_deployment_id"));
    page.field("minimum", build_of(session, group, "min_supported_deployment_id"));
    for build in list_in(group, "builds") {
        page.line(vec![String::new(), with_id(&ops::info::build_in_short(&build), &build)]);
    }
    add_targets(session, &mut page, group)?;
    add_variables(&mut page, group);
    add_lists(&mut page, group);
    Ok(page)
}

fn add_variables(page: &mut Page, group: &Record) {
    page.section("Variables");
    for (name, value) in
        group.get("env_vars").and_then(|vars| vars.as_object()).into_iter().flatten()
    {
        page.field(name, value.to_string());
    }
}

/// What `--full` has added.
fn add_lists(page: &mut Page, group: &Record) {
    page.section("Webhooks");
    for hook in list_in(group, "webhooks") {
        page.line(vec![with_id(&ops::info::webhook_in_short(&hook), &hook)]);
    }
    page.section("Devices");
    for device in list_in(group, "devices") {
        let online = device.get("device_online") == Some(&true.into());
        let state = if online { "online" } else { "offline" };
        let of_device = |name: &str| text(&device, name).to_owned();
        page.line(vec![of_device("name"), of_device("id"), of_device("mac_address"), state.into()]);
    }
}

fn with_id(line: &str, record: &Record) -> String {
    format!("{line}  {}", text(record, "id"))
}

/// Where devices go from here, and the groups from which they come.
fn add_targets(session: &Session, page: &mut Page, group: &Record) -> Result<(), Failure> {
    page.section("Targets");
    for (label, name) in
        [("devices under test", "dut_target_id"), ("blessed devices", "production_target_id")]
    {
        page.field(label, session.named(ResourceKind::DeviceGroup, text(group, name)));
    }
    page.section("Target of");
    let id = text(group, "id");
    for other in ops::info::groups_of(session, text(group, "product_id"))? {
        if [text(&other, "dut_target_id"), text(&other, "production_target_id")].contains(&id) {
            page.line(group_line(&other));
        }
    }
    Ok(())
}
