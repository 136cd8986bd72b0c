//! `imp-device restart`

use clap::Args;
use cli::api::{Request, resource};
use cli::each::{Acted, Outcome, Work};
use cli::{Record, Session, Target};

/// Restart devices
///
/// A restart is never sent twice: one whose answer got lost is reported as an unknown outcome.
#[derive(Args)]
pub struct Restart {
    /// Let devices at or above the minimum supported deployment shut down in their own time
    #[arg(long, short)]
    conditional: bool,
    #[command(flatten)]
    log: cli::LogAfter,
    #[command(flatten)]
    devices: cli::Devices,
    #[command(flatten)]
    changes: cli::Changes,
    #[command(flatten)]
    common: cli::Common,
}

impl Restart {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let action = if self.conditional { "conditional_restart" } else { "restart" };
        let work = Work::changing(self.devices.given(), self.changes);
        let marks = self.log.marks(&session, self.changes.dry_run)?;
        session.each_followed(&work, &marks, |row| {
            let device = row.identifier(&Target::DEVICE, &[])?;
            marks.device(&device)?;
            if !self.changes.dry_run {
                session.with_device(&device, |path| Request::post(format!("{path}/{action}")))?;
            }
            let mut state = Record::new();
            if self.changes.read_back && !self.changes.dry_run {
                state = resource::lift_data(&session.with_device(&device, Request::get)?.body);
            }
            let mut row = row.clone();
            cli::name_device(&mut row.record, &device, None);
            Ok(Acted::changed(&row, state, Outcome::Restarted))
        })
    }
}
