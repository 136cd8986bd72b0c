//! `imp-device unassign`

use clap::Args;
use cli::Session;
use cli::rows::RowJob;
use ops::membership::{self, Move};

/// Take devices out of their device groups
///
/// Production devices are unblessed by it: that needs the account's unblessing key and consent.
#[derive(Args)]
pub struct Unassign {
    #[command(flatten)]
    devices: cli::Devices,
    #[command(flatten)]
    unblessing: cli::Unblessing,
    #[command(flatten)]
    bulk: cli::Bulk,
    #[command(flatten)]
    changes: cli::Changes,
    #[command(flatten)]
    common: cli::Common,
}

impl Unassign {
    pub fn run(&self) -> cli::Result {
        let key = self.unblessing.key()?;
        let session = Session::open(&self.common)?;
        let mut job = RowJob::changing(self.devices.row_args(), self.changes);
        job.ask = Some(membership::unblessing(self.unblessing.confirmed));
        ops::membership::move_devices(
            &session,
            &Move {
                job,
                target: None,
                batch: self.bulk.batch(),
                stream: self.bulk.stream,
                key,
                only_from: None,
            },
        )
    }
}
