//! `imp-auth key create`

use std::iter;

use api::{Request, resource};
use clap::Args;
use cli::rows::{Outcome, RowDone, RowJob, carry_out};
use cli::{Reports, Rows, Session};
use model::{Effect, Record};
use pipe::{Item, Row};

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
        let password =
            (!self.changes.dry_run).then(|| self.password.of(&session, None)).transpose()?;
        let reports = Reports::default();
        let job = RowJob::changing(reports.row_args("login key", "--descr"), self.changes.into());
        let one = Row { record: attributes.clone(), source: "key create".into() };
        let rows = || Ok(Box::new(iter::once(Ok(Item::Row(one)))) as Rows);
        let results = carry_out(&session, &job, rows, |_| {
            let effect = Effect::creation("login_key", attributes.clone());
            let Some(password) = &password else {
                return Ok(RowDone::created("login_key", &attributes).with(effect));
            };
            let body = resource::create_body("login_key", attributes.clone(), Record::new());
            let answer = password.send(Request::post(KEYS).body(body))?;
            let made = answer.created().map_err(cli::failure)?;
            let effect = effect.called(cli::text(&made, "id"));
            Ok(RowDone::new(made, Outcome::Created).with(effect))
        });
        Ok(results?.finish())
    }
}
