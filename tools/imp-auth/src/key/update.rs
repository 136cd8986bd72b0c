//! `imp-auth key update`

use api::{Request, resource};
use clap::Args;
use cli::rows::change::{asks_for_something, nothing_to_change};
use cli::rows::{RowJob, change, each};
use cli::{OncePerTarget, Session};
use model::{Record, ResourceKind};

use super::password::Password;
use super::{LoginKeys, path};

/// Change the description of login keys
#[derive(Args)]
pub struct Update {
    #[command(flatten)]
    keys: LoginKeys,
    /// The new description; a column `descr` of a row beats it
    #[arg(long, short = 's', value_name = "TEXT")]
    descr: Option<String>,
    #[command(flatten)]
    password: Password,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Update {
    pub fn run(&self) -> cli::Result {
        let source = self.keys.row_args().source;
        asks_for_something(self.descr.is_some(), &source, "--descr")?;
        let session = Session::open(&self.common)?;
        let password = (!self.changes.dry_run)
            .then(|| self.password.of(&session, Some(&self.keys.row_args())))
            .transpose()?;
        let once = OncePerTarget::default();
        each(&session, &RowJob::changing(self.keys.row_args(), self.changes.into()), |row| {
            let key = row.identifier(ResourceKind::LoginKey, &[])?;
            let descr = cli::text_option(row, &["descr"])?
                .or(self.descr.clone())
                .ok_or_else(|| nothing_to_change("--descr"))?;
            let attributes = Record::from_iter([("description".to_owned(), descr.into())]);
            let send = || {
                let Some(password) = &password else { return Ok(attributes.clone()) };
                let attributes = attributes.clone();
                let body = resource::update_body("login_key", &key.text, attributes, Record::new());
                let answer = password.send(Request::patch(path(&key.text)).body(body))?;
                Ok(answer.record_if_any())
            };
            let (changed, reported) = once.act(&row.source, &key.text, &attributes, || {
                let present = session.record(&Request::get(path(&key.text)))?;
                change(present, &attributes, self.changes.dry_run, send)
            })?;
            Ok(changed.of(row).once(reported))
        })
    }
}
