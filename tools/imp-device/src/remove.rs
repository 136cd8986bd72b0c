//! `imp-device remove`

use api::{Request, membership};
use clap::Args;
use cli::rows::{Ask, Outcome, RowDone, RowJob, carry_out};
use cli::{OncePerTarget, Session, journal};
use model::{Effect, ErrorKind, Record, ResourceKind};
use pipe::{Failure, Identifier};

use crate::known_devices::{KnownDevices, as_device};

/// Remove devices from the account
///
/// A removed device comes back only by BlinkUp. The service refuses devices that are in a group;
/// --force takes them out of it first. Production devices cannot be removed.
#[derive(Args)]
pub struct Remove {
    /// Take devices out of their groups first
    #[arg(long, short)]
    force: bool,
    /// Do not ask
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    devices: cli::Devices,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

/// What the first step of --force did.
enum TakenOut {
    Not,
    Certainly,
    Perhaps,
}

/// What to do about a device that was taken out and not removed.
const AGAIN: &str = "give the command again to remove it";

impl Remove {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let once = OncePerTarget::default();
        let ask = Ask::about_rows("remove", self.confirmed).also(match self.force {
            true => "They are taken out of their groups first. Only BlinkUp brings a removed device back.",
            false => "Only BlinkUp brings a removed device back.",
        });
        let job = RowJob::deleting(self.devices.row_args(), self.changes.into(), ask);
        let known = KnownDevices::default();
        let rows = || known.rows(&session, &job.args.source);
        let results = carry_out(&session, &job, rows, |row| {
            let named = row.identifier(ResourceKind::Device, &[])?;
            let device = known.unmistakable(&session, &named)?;
            let remove = || self.remove(&session, &device, &row.record);
            let (state, reported) = once.act(&row.source, &device.text, &Record::new(), remove)?;
            let mut row = row.clone();
            session.name_device(&mut row.record, &named);
            let done = RowDone::changed(&row, Record::new(), Outcome::Removed).once(reported);
            Ok(effects(&state.unwrap_or_else(|| as_device(&row.record)))
                .into_iter()
                .fold(done, RowDone::with))
        });
        Ok(results?.finish())
    }

    /// Gives the state that the device had, if it had to be looked at.
    fn remove(
        &self,
        session: &Session,
        device: &Identifier,
        record: &Record,
    ) -> Result<Option<Record>, Failure> {
        if !self.changes.dry_run && !self.force {
            let mut known = record.clone();
            session.name_device(&mut known, device);
            journal::plan(Outcome::Removed, vec![Effect::deletion(&as_device(&known))]);
            return session.with_device(device, Request::delete).map(|_| None);
        }
        let state = session.device(device)?;
        journal::plan(Outcome::Removed, effects(&state));
        let (outside, taken_out) = self.outside(session, &state)?;
        if self.changes.dry_run {
            return Ok(Some(state));
        }
        let removed = session.with_device(&outside, Request::delete);
        removed.map(|_| Some(state)).map_err(|failure| match taken_out {
            TakenOut::Not => failure,
            TakenOut::Certainly => {
                failure.after("The device was taken out of its group, but not removed", AGAIN)
            }
            TakenOut::Perhaps => failure.after(
                "The device may have been taken out of its group; it was not removed",
                AGAIN,
            ),
        })
    }

    /// The device by its id, which stays valid, after it has been taken out of its group if it is in one.
    fn outside(
        &self,
        session: &Session,
        state: &Record,
    ) -> Result<(Identifier, TakenOut), Failure> {
        let mut taken_out = TakenOut::Not;
        let text = |name| cli::text(state, name).to_owned();
        let group = text("devicegroup_id");
        if !group.is_empty() {
            self.may_be_taken_out(&text("devicegroup_type"))?;
        }
        if !group.is_empty() && !self.changes.dry_run {
            match session.client.send(&membership::unassign(&group, &[text("id")], None)) {
                Ok(_) => {
                    taken_out = TakenOut::Certainly;
                    left_group(state)
                        .iter()
                        .for_each(|effect| journal::note_part(Outcome::Unassigned, effect));
                }
                // The answer got lost: whether it left the group shows when it is removed.
                Err(error) if error.kind == ErrorKind::UnknownOutcome => {
                    taken_out = TakenOut::Perhaps;
                }
                Err(error) => return Err(cli::failure(error)),
            }
        }
        Ok((Identifier { named_by: pipe::NamedBy::Id, text: text("id") }, taken_out))
    }

    /// Production devices cannot be removed (imp-service(7), section 9.1), and without --force no
    /// device of a group.
    fn may_be_taken_out(&self, kind: &str) -> Result<(), Failure> {
        // Without --force this is a dry run, and the service would say so.
        let kind_of_error = if self.force { ErrorKind::Refused } else { ErrorKind::Conflict };
        let refuse = |title: &str, what_to_do: &str| {
            Err(Failure::new(kind_of_error, title).detail(what_to_do))
        };
        match model::GroupType::of_api(kind) {
            Some(model::GroupType::Production) => refuse(
                "A production device cannot be removed",
                "`imp-device unassign` with the unblessing key makes it a development device",
            ),
            _ if !self.force => {
                refuse("The device is in a device group", "--force takes it out first")
            }
            _ => Ok(()),
        }
    }
}

/// What the removal of a device of this state changes.
fn effects(state: &Record) -> Vec<Effect> {
    left_group(state).into_iter().chain([Effect::deletion(state)]).collect()
}

/// That a device of this state leaves its group first, if it is in one.
fn left_group(state: &Record) -> Option<Effect> {
    let (group, kind) = (cli::text(state, "devicegroup_id"), cli::text(state, "devicegroup_type"));
    (!group.is_empty()).then(|| Effect::transfer(state, Some((group, kind)), None))
}
