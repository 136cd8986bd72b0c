//! `imp-device assign`

use std::sync::{Mutex, PoisonError};

use clap::Args;
use cli::Session;
use cli::rows::RowJob;
use model::ResourceKind;
use ops::membership::{Group, Move};
use pipe::{Failure, Row};

/// Put devices into a device group
///
/// Devices already in the group are left alone. Devices in another group are moved. Many devices go
/// in one request; the input is read to its end before the first.
#[derive(Args)]
pub struct Assign {
    /// The device group; a column `dg` of a row beats it
    #[arg(long, short = 'g', value_name = "DEVICE_GROUP")]
    dg: Option<String>,
    /// Accepted for scripts that come from impt; assigning asks nothing
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    devices: cli::Devices,
    #[command(flatten)]
    bulk: cli::Bulk,
    #[command(flatten)]
    changes: cli::Changes,
    #[command(flatten)]
    common: cli::Common,
}

impl Assign {
    pub fn run(&self) -> cli::Result {
        let dg = match &self.dg {
            Some(dg) => Some(dg.clone()),
            None => cli::project_file::device_group()?,
        };
        if dg.is_none() && self.devices.are_typed() {
            return Err(cli::CommandError::usage("--dg is missing: the device group to go to"));
        }
        let session = Session::open(&self.common)?;
        let dg = session.single(ResourceKind::DeviceGroup, "--dg", dg.as_ref())?;
        // The group of the last row: most rows have the same one.
        let last: Mutex<Option<(String, Group)>> = Mutex::default();
        let target = |row: &Row| -> Result<Group, Failure> {
            let own = cli::text_option(row, &["dg", "devicegroup", "device_group"])?;
            let group = own.as_deref().or(dg.as_deref());
            let group = group.ok_or_else(|| cli::missing("--dg", "the device group to go to"))?;
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, known)) = last.as_ref().filter(|(text, _)| text == group) {
                return Ok(known.clone());
            }
            let found = Group::of(&session.find(ResourceKind::DeviceGroup, group)?);
            *last = Some((group.to_owned(), found.clone()));
            Ok(found)
        };
        let order = Move {
            job: RowJob::changing(self.devices.row_args(), self.changes),
            target: Some(&target),
            batch: self.bulk.batch(),
            stream: self.bulk.stream,
            key: None,
            only_from: None,
        };
        // A wrong group is one error, not one for each row.
        match dg.as_ref().map(|group| session.find(ResourceKind::DeviceGroup, group)) {
            Some(Err(failure)) => ops::membership::not_begun(&session, &order, failure),
            _ => ops::membership::move_devices(&session, &order),
        }
    }
}
