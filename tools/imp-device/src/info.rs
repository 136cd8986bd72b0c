//! `imp-device info`

use clap::Args;
use cli::page::time;
use cli::rows::{RowDone, RowJob, each};
use cli::{Page, Session, text};
use model::{Record, ResourceKind};

/// Print the whole state of devices
///
/// A single device named on the command line is shown on a terminal as a page.
#[derive(Args)]
pub struct Info {
    #[command(flatten)]
    devices: cli::Devices,
    #[command(flatten)]
    common: cli::Common,
}

impl Info {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let args = self.devices.row_args();
        let as_page = session.shows_page(&args, false);
        each(&session, &RowJob::reading(args), |row| {
            let device = row.identifier(ResourceKind::Device, &[])?;
            let record = session.device(&device)?;
            let page = as_page.then(|| page(&session, &record));
            Ok(RowDone::shown(record, page))
        })
    }
}

/// What the page says in its own way.
const KNOWN: [&str; 21] = [
    "id",
    "name",
    "mac_address",
    "imp_type",
    "devicegroup_id",
    "product_id",
    "owner_id",
    "device_online",
    "device_state_changed_at",
    "rssi",
    "ip_address",
    "swversion",
    "free_memory",
    "last_enrolled_at",
    "plan_id",
    "agent_id",
    "agent_url",
    "agent_running",
    "agent_state_changed_at",
    "devicegroup_type",
    "product_type",
];

fn page(session: &Session, device: &Record) -> Page {
    let name = [text(device, "name"), text(device, "id")].into_iter().find(|name| !name.is_empty());
    let mut page = Page::new("device", name.unwrap_or_default());
    page.fields(
        device,
        &[("id", "id"), ("name", "name"), ("mac_address", "MAC address"), ("imp_type", "imp type")],
    );
    let group = session.named(ResourceKind::DeviceGroup, text(device, "devicegroup_id"));
    page.field("group", if group.is_empty() { "none".to_owned() } else { group });
    page.field("product", session.named(ResourceKind::Product, text(device, "product_id")));
    page.field("owner", session.named(ResourceKind::Account, text(device, "owner_id")));
    page.field(
        "state",
        state(device, "device_online", "device_state_changed_at", ["online", "offline"]),
    );
    let signal = device.get("rssi").and_then(serde_json::Value::as_i64);
    page.field("signal", signal.map(|rssi| format!("{rssi} dBm")).unwrap_or_default());
    page.fields(
        device,
        &[
            ("ip_address", "IP address"),
            ("swversion", "version"),
            ("free_memory", "free memory"),
            ("last_enrolled_at", "enrolled"),
            ("plan_id", "plan id"),
        ],
    );
    page.other_fields(device, &KNOWN);
    page.section("Agent");
    page.field(
        "state",
        state(device, "agent_running", "agent_state_changed_at", ["running", "not running"]),
    );
    page.fields(device, &[("agent_url", "URL"), ("agent_id", "id")]);
    page
}

/// What something is, and since when.
fn state(device: &Record, is: &str, since: &str, words: [&str; 2]) -> String {
    let word = words[usize::from(device.get(is) != Some(&true.into()))];
    match text(device, since) {
        "" => word.to_owned(),
        since => format!("{word} since {}", time(since)),
    }
}
