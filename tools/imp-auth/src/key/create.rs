//! `imp-auth key create`

use api::{Request, resource};
use clap::Args;
use cli::rows::{Outcome, RowDone};
use cli::{CommandError, Exit, Session};
use model::Record;

use super::KEYS;
use super::password::Password;

/// Create a login key
///
/// Its id in the record that is printed is the key. An account can have ten.
#[derive(Args)]
pub struct Create {
    /// A description
    #[arg(long, short = 's', value_name = "TEXT")]
    descr: Option<String>,
    #[command(flatten)]
    password: Password,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Create {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let descr = self.descr.clone().map(|descr| ("description".to_owned(), descr.into()));
        let attributes = Record::from_iter(descr);
        let mut record = if self.changes.dry_run {
            let mut record = RowDone::created("login_key", attributes).record;
            record.insert("dry_run".into(), true.into());
            record
        } else {
            let password = self.password.of(&session, None)?;
            let body = resource::create_body("login_key", attributes, Record::new());
            let answer =
                password.send(Request::post(KEYS).body(body)).map_err(CommandError::from)?;
            answer.created()?
        };
        record.insert("outcome".into(), Outcome::Created.word().into());
        session.output.print(&record)?;
        session.output.finish()?;
        Ok(Exit::Done)
    }
}
