//! `imp-auth key delete`

use clap::Args;
use cli::api::Request;
use cli::rows::{Acted, Ask, Outcome, Work};
use cli::{Once, Session};
use cli::{Record, ResourceKind};

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
            .then(|| self.password.of(&session, Some(&self.keys.given())))
            .transpose()?;
        let once = Once::default();
        let ask = Ask { verb: "delete", confirmed: self.confirmed };
        session.each(&Work::deleting(self.keys.given(), self.changes.into(), ask), |row| {
            let key = row.identifier(ResourceKind::LoginKey, &[])?;
            let delete = || match &password {
                Some(password) => password.send(Request::delete(path(&key.text))).map(|_| ()),
                None => session.send(&Request::get(path(&key.text))).map(|_| ()),
            };
            let ((), reported) = once.act(&key.text, &Record::new(), delete)?;
            Ok(Acted::changed(row, Record::new(), Outcome::Deleted).once(reported))
        })
    }
}
