//! `imp-dg reassign`

use clap::Args;
use cli::Session;
use cli::rows::RowJob;
use model::ResourceKind;
use ops::membership::{Group, Move};

/// Move all devices of one device group to another
///
/// The group is listed to its end before the first device is moved. Prints the devices.
#[derive(Args)]
pub struct Reassign {
    /// The group that the devices are in; repeatable; `-` takes groups from stdin
    #[arg(long, short, value_name = "DEVICE_GROUP", required = true)]
    from: Vec<String>,
    /// The group that they go to
    #[arg(long, short, value_name = "DEVICE_GROUP")]
    to: String,
    #[command(flatten)]
    bulk: cli::BatchSize,
    #[command(flatten)]
    changes: cli::Changes,
    #[command(flatten)]
    results: cli::Reports,
    #[command(flatten)]
    common: cli::Common,
}

impl Reassign {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let to = session.single(ResourceKind::DeviceGroup, "--to", Some(&self.to))?;
        let target = Group::of(&session.find(ResourceKind::DeviceGroup, &to.unwrap_or_default())?);
        let groups = session.one_id_of_each(ResourceKind::DeviceGroup, "--from", &self.from)?;
        let args = self.results.row_args("device", "--from");
        let order = Move {
            job: RowJob::changing(args, self.changes),
            target: Some(&|_| Ok(target.clone())),
            batch: self.bulk.batch(),
            stream: false,
            key: None,
            only_from: None,
        };
        ops::membership::move_members(&session, &order, &groups)
    }
}
