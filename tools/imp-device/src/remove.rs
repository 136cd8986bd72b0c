//! `imp-device remove`

use clap::Args;
use cli::api::{Kind, Request, membership, resource};
use cli::each::{Acted, Ask, Outcome, Work};
use cli::{Failure, Identifier, Record, Session, Target};
use serde_json::Value;

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

impl Remove {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let ask = Ask { verb: "remove", confirmed: self.confirmed };
        session.each(&Work::deleting(self.devices.given(), self.changes.into(), ask), |row| {
            let device = row.identifier(&Target::DEVICE, &[])?;
            if !self.changes.dry_run {
                let outside = if self.force { &take_out(&session, &device)? } else { &device };
                session.with_device(outside, Request::delete)?;
            }
            let mut row = row.clone();
            cli::name_device(&mut row.record, &device, None);
            Ok(Acted::changed(&row, Record::new(), Outcome::Removed))
        })
    }
}

/// Takes the device out of its group, if it is in one; gives it by its id, which stays valid.
fn take_out(session: &Session, device: &Identifier) -> Result<Identifier, Failure> {
    let state = resource::lift_data(&session.with_device(device, Request::get)?.body);
    let text = |name: &str| state.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    if state.contains_key("devicegroup_id") {
        match session.client.send(&membership::unassign(
            &text("devicegroup_id"),
            &[text("id")],
            None,
        )) {
            Ok(_) => {}
            // The answer got lost: whether it left the group shows when it is removed.
            Err(error) if error.kind == Kind::UnknownOutcome => {}
            Err(error) => return Err(cli::failure(error)),
        }
    }
    Ok(Identifier { form: cli::Form::Id, text: text("id") })
}
