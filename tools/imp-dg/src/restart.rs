//! `imp-dg restart`

use clap::Args;
use cli::api::identify::Thing;
use cli::api::{Request, segment};
use cli::each::{Acted, Outcome, Work};
use cli::{Record, Session};

/// Restart all devices of device groups, with one request a group
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
    groups: cli::DeviceGroups,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Restart {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let action = if self.conditional { "conditional_restart" } else { "restart" };
        let marks = self.log.marks(&session, self.changes.dry_run)?;
        let work = Work::changing(self.groups.given(), self.changes.into());
        session.each_followed(&work, &marks, |row| {
            let group = session.thing(Thing::DeviceGroup, row, &[])?;
            if !self.changes.dry_run {
                marks.group(cli::text(&group, "id"))?;
                let id = segment(cli::text(&group, "id"));
                session.send(&Request::post(format!("/devicegroups/{id}/{action}")))?;
            }
            let known = Record::from_iter(
                group
                    .into_iter()
                    .filter(|(name, _)| !row.record.contains_key(name) || name == "id"),
            );
            Ok(Acted::changed(row, known, Outcome::Restarted))
        })
    }
}
