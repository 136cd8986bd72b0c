//! `imp-device update`

use clap::Args;
use cli::api::{Request, resource};
use cli::rows::{Outcome, RowDone, RowJob, each};
use cli::{OncePerTarget, Session};
use cli::{Record, ResourceKind};

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
        let session = Session::open(&self.common)?;
        let once = OncePerTarget::default();
        each(&session, &RowJob::changing(self.devices.row_args(), self.changes), |row| {
            let device = row.identifier(ResourceKind::Device, &["name"])?;
            let name = cli::text_option(row, &["name"])?.or(self.name.clone());
            let name = name.ok_or_else(|| cli::missing("--name", "the new name"))?;
            let attributes = Record::from_iter([("name".to_owned(), name.into())]);
            let (record, reported) = once.act(&device.text, &attributes, || {
                if self.changes.dry_run {
                    session.with_device(&device, Request::get)?;
                    return Ok(attributes.clone());
                }
                let answer = session.with_device(&device, |path| {
                    // The service takes in `data.id` whatever form stands in the path; a name never does.
                    let id = path.trim_start_matches("/devices/").to_owned();
                    let body =
                        resource::update_body("device", &id, attributes.clone(), Record::new());
                    Request::patch(path).body(body)
                })?;
                Ok(answer.record_if_any())
            })?;
            Ok(RowDone::changed(row, record, Outcome::Updated).once(reported))
        })
    }
}
