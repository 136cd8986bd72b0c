//! `imp-auth key delete`

use api::Request;
use clap::Args;
use cli::rows::{Ask, Outcome, RowDone, RowJob, each};
use cli::{OncePerTarget, Session};
use model::{Effect, Record, ResourceKind};

use super::password::Password;
use super::{LoginKeys, path};

/// Delete login keys
///
/// Nobody can sign in with them any more. Tokens that they gave work to their end, an hour at most.
#[derive(Args)]
pub struct Delete {
    #[command(flatten)]
    keys: LoginKeys,
    /// Do not ask
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    password: Password,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Delete {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let password = (!self.changes.dry_run)
            .then(|| self.password.of(&session, Some(&self.keys.row_args())))
            .transpose()?;
        let once = OncePerTarget::default();
        let ask = Ask::about_rows("delete", self.confirmed);
        each(&session, &RowJob::deleting(self.keys.row_args(), self.changes.into(), ask), |row| {
            let key = row.identifier(ResourceKind::LoginKey, &[])?;
            let delete = || match &password {
                Some(password) => {
                    password.send(Request::delete(path(&key.text)))?;
                    Ok(row.record.clone())
                }
                None => session.record(&Request::get(path(&key.text))),
            };
            let (mut state, reported) = once.act(&row.source, &key.text, &Record::new(), delete)?;
            state.insert("type", "login_key".into());
            state.insert("id", key.text.into());
            let done = RowDone::changed(row, Record::new(), Outcome::Deleted).once(reported);
            Ok(done.with(Effect::deletion(&state)))
        })
    }
}
