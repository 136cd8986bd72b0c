//! `imp-device update`

use clap::Args;
use cli::rows::change::{asks_for_something, nothing_to_change};
use cli::rows::{RowJob, change, each};
use cli::{OncePerTarget, Session};
use model::{Record, ResourceKind};
use ops::resources;

/// Rename devices
///
/// The name is the only attribute of a device that can be set. In rows the column `name` is the new
/// name, so the device is named by id, device, mac_address or agent_id.
#[derive(Args)]
pub struct Update {
    /// The new name; an empty one removes it; a column `name` of a row beats it
    #[arg(long, short, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    devices: cli::Devices,
    #[command(flatten)]
    changes: cli::Changes,
    #[command(flatten)]
    common: cli::Common,
}

impl Update {
    pub fn run(&self) -> cli::Result {
        let source = self.devices.row_args().source;
        asks_for_something(self.name.is_some(), &source, "--name")?;
        let session = Session::open(&self.common)?;
        let once = OncePerTarget::default();
        each(&session, &RowJob::changing(self.devices.row_args(), self.changes), |row| {
            let device = row.identifier(ResourceKind::Device, &["name"])?;
            let name = cli::text_option(row, &["name"])?.or(self.name.clone());
            let name = name.ok_or_else(|| nothing_to_change("--name"))?;
            let attributes = Record::from_iter([("name".to_owned(), name.into())]);
            let present = session.device(&device)?;
            let id = cli::text(&present, "id").to_owned();
            let state = present.clone();
            let send = || {
                // By its id, which is its own whatever else it is called.
                let (kind, attributes) = (ResourceKind::Device, attributes.clone());
                resources::update(&session, kind, &state, attributes, Record::new())
            };
            let (changed, reported) = once.act(&row.source, &id, &attributes, || {
                change(present, &attributes, self.changes.dry_run, send)
            })?;
            Ok(changed.of(row).once(reported))
        })
    }
}
