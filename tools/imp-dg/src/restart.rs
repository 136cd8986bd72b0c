//! `imp-dg restart`

use api::{Request, segment};
use clap::Args;
use cli::rows::{Outcome, RowDone, RowJob, certainly_not_done};
use cli::{OncePerTarget, Session};
use model::{Effect, Record, ResourceKind};
use pipe::Failure;

/// Restart all devices of device groups, with one request a group
///
/// A restart is never sent twice: one whose answer got lost is reported as an unknown outcome.
#[derive(Args)]
pub struct Restart {
    /// Let devices at or above the minimum supported deployment shut down in their own time; a column
    /// `conditional` of a row beats it
    #[arg(long, short)]
    conditional: bool,
    #[command(flatten)]
    log: ops::logs::LogAfter,
    #[command(flatten)]
    groups: cli::DeviceGroups,
    #[command(flatten)]
    production: cli::ConfirmedProduction,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Restart {
    pub fn run(&self) -> cli::Result {
        self.groups.or_of_project()?;
        let session = Session::open(&self.common)?;
        let once = OncePerTarget::default();
        let marks = self.log.marks(&session, self.changes.dry_run)?;
        let job = RowJob::changing(self.groups.row_args(), self.changes.into())
            .asking(self.production.ask("restart"));
        ops::logs::each_followed(&session, &job, &marks, |row| {
            // A list of devices leads to their group once each, and it is restarted once.
            let row = row.as_reference_to(ResourceKind::DeviceGroup);
            let group = session.resource(ResourceKind::DeviceGroup, &row, &[])?;
            let id = cli::text(&group, "id");
            let conditional = cli::truth_option(&row, "conditional")?.unwrap_or(self.conditional);
            let action = if conditional { "conditional_restart" } else { "restart" };
            let wanted = Record::from_iter([("conditional".to_owned(), conditional.into())]);
            let restart = || {
                certainly_not_done()?;
                if !has_devices(&session, id)? {
                    return Ok(Outcome::Unchanged);
                }
                if !self.changes.dry_run {
                    let path = format!("/devicegroups/{}/{action}", segment(id));
                    marks.group(id, || session.send(&Request::post(path)))?;
                }
                Ok(Outcome::Restarted)
            };
            let (outcome, reported) = once.act(&row.source, id, &wanted, restart)?;
            let mut known = group.clone();
            known.retain(|name| !row.record.contains_key(name) || name == "id");
            let done = RowDone::changed(&row, known, outcome).once(reported);
            Ok(done.with(Effect::action(&group)))
        })
    }
}

/// Whether there is anything to restart. In doubt there is.
fn has_devices(session: &Session, group: &str) -> Result<bool, Failure> {
    let first =
        Request::get("/devices").query("filter[devicegroup.id]", group).query("page[size]", "1");
    let answer = session.send(&first)?;
    let has_none = answer.body["data"].as_array().is_some_and(Vec::is_empty);
    if has_none {
        // A group that is not there has an empty list, too.
        session.get("devicegroups", group)?;
    }
    Ok(!has_none)
}
