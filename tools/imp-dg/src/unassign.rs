//! `imp-dg unassign`

use clap::Args;
use cli::rows::RowJob;
use cli::{Session, identifier};
use model::ResourceKind;
use ops::membership::{self, Move};

/// Take all devices out of device groups
///
/// Production devices are unblessed by it: that needs the account's unblessing key and consent.
/// Prints the devices.
#[derive(Args)]
pub struct Unassign {
    /// A device group: id, name, {PRODUCT}{GROUP} or {ACCOUNT}{PRODUCT}{GROUP}; repeatable; `-` is stdin
    #[arg(long, short = 'g', value_name = "DEVICE_GROUP", required = true, value_parser = identifier, allow_hyphen_values = true)]
    dg: Vec<String>,
    #[command(flatten)]
    unblessing: cli::Unblessing,
    #[command(flatten)]
    bulk: cli::BatchSize,
    #[command(flatten)]
    changes: cli::Changes,
    #[command(flatten)]
    results: cli::Reports,
    #[command(flatten)]
    common: cli::Common,
}

impl Unassign {
    pub fn run(&self) -> cli::Result {
        let key = self.unblessing.key()?;
        let session = Session::open(&self.common)?;
        let groups = session.one_id_of_each(ResourceKind::DeviceGroup, "--dg", &self.dg)?;
        let args = self.results.row_args("device", "--dg");
        let mut job = RowJob::changing(args, self.changes);
        job.ask = Some(membership::unblessing(self.unblessing.confirmed));
        let order = Move {
            job,
            target: None,
            batch: self.bulk.batch(),
            stream: false,
            key,
            only_from: None,
        };
        ops::membership::move_members(&session, &order, &groups)
    }
}
