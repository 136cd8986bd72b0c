//! `imp-device restart`

use api::Request;
use clap::Args;
use cli::rows::{Outcome, RowDone, RowJob, certainly_not_done};
use cli::terminal::stderr;
use cli::{OncePerTarget, Session};
use model::{Effect, ErrorKind, Record, ResourceKind};
use pipe::{Failure, Identifier};

use crate::known_devices::{FirstShape, as_device, names_of};

/// Restart devices
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
    devices: cli::Devices,
    #[command(flatten)]
    changes: cli::Changes,
    #[command(flatten)]
    common: cli::Common,
}

impl Restart {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let job = RowJob::changing(self.devices.row_args(), self.changes);
        let once = OncePerTarget::default();
        let first = FirstShape::default();
        let marks = self.log.marks(&session, self.changes.dry_run)?;
        ops::logs::each_followed(&session, &job, &marks, |row| {
            let device = row.identifier(ResourceKind::Device, &[])?;
            let conditional = cli::truth_option(row, "conditional")?.unwrap_or(self.conditional);
            let action = if conditional { "conditional_restart" } else { "restart" };
            let wanted = Record::from_iter([("conditional".to_owned(), conditional.into())]);
            let restart = || {
                if self.changes.dry_run {
                    let state = session.device(&device)?;
                    // The record of a dry run may say that it would be in a group by then.
                    if cli::text(&state, "devicegroup_id").is_empty() && !row.is_dry_run() {
                        return Err(in_no_group());
                    }
                    return Ok(state);
                }
                certainly_not_done()?;
                let request = |path: String| Request::post(format!("{path}/{action}"));
                marks.device(&device, || session.with_device(&device, request))?;
                if !self.changes.read_back {
                    return Ok(Record::new());
                }
                state_after(&session, &device)
            };
            let names = match first.is_as_first(&device) {
                true => vec![device.text.clone()],
                false => names_of(&session, &device)?,
            };
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let (state, reported) = once.act_any(&row.source, &names, &wanted, restart)?;
            let mut row = row.clone();
            session.name_device(&mut row.record, &device);
            let restarted =
                Effect::action(&as_device(if state.is_empty() { &row.record } else { &state }));
            let known = if self.changes.dry_run { Record::new() } else { state };
            let done = RowDone::changed(&row, known, Outcome::Restarted);
            Ok(done.once(reported).with(restarted))
        })
    }
}

/// The whole state of a device that has been restarted. When the run has ended since, the restart stands.
fn state_after(session: &Session, device: &Identifier) -> Result<Record, Failure> {
    let why = match session.device(device) {
        Ok(state) => return Ok(state),
        Err(why) => why,
    };
    let done = "it was restarted, but its state could not be read back";
    if why.kind.ends_run() || why.kind == ErrorKind::NotAttempted {
        stderr::say(&format!(
            "{}: {done}: {}",
            model::text::one_line(&device.text),
            why.sentence()
        ));
        return Ok(Record::new());
    }
    Err(why.after(done, "do not restart it again for that"))
}

/// A device that is in no group has nothing to run (imp-service(7), section 7.6).
fn in_no_group() -> Failure {
    Failure::new(ErrorKind::Conflict, "The device is in no device group")
        .detail("`imp-device assign` puts it into one, and that restarts it")
}
