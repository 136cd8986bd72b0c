//! `imp-auth token delete`

use std::collections::HashSet;
use std::sync::OnceLock;

use api::resolve::may_be_shortened;
use api::{Request, list, segment};
use clap::Args;
use cli::rows::{Ask, Outcome, RowDone, RowJob, each};
use cli::{Input, OncePerTarget, Session, secret_identifier};
use model::{Effect, ErrorKind, Record, ResourceKind, Secret};
use pipe::Failure;

use crate::secrets::exposed;

/// Revoke refresh tokens
///
/// Sign-ins that have them end within the hour, when their access tokens do; so may the one used here.
#[derive(Args)]
pub struct Delete {
    /// The id of a refresh token; repeatable; `-` is stdin
    #[arg(long, short, value_name = "TOKEN", value_parser = secret_identifier, allow_hyphen_values = true, display_order = 0)]
    token: Vec<Secret>,
    /// The same without an option
    #[arg(value_name = "TOKEN", value_parser = secret_identifier, id = "named")]
    named: Vec<Secret>,
    /// Do not ask
    #[arg(long, short = 'q')]
    confirmed: bool,
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    changes: cli::DryRun,
    #[command(flatten)]
    common: cli::Common,
}

impl Delete {
    pub fn run(&self) -> cli::Result {
        let session = Session::open(&self.common)?;
        let tokens = exposed(&self.token, &self.named);
        let args = self.input.row_args("refresh token", "--token", &tokens);
        let once = OncePerTarget::default();
        let present = OnceLock::new();
        let ask = Ask::about_rows("revoke", self.confirmed)
            .also("sign-ins that have them end within the hour");
        each(&session, &RowJob::deleting(args, self.changes.into(), ask), |row| {
            let mut token = row.identifier(ResourceKind::RefreshToken, &[])?.text;
            if self.changes.dry_run || may_be_shortened(ResourceKind::RefreshToken, &token) {
                token = whole(present.get_or_init(|| ids(&session)), &token)?;
            }
            let revoke = || {
                if self.changes.dry_run {
                    return Ok(());
                }
                let path = format!("{}/{}", ResourceKind::RefreshToken.path(), segment(&token));
                session.send(&Request::delete(path)).map(|_| ())
            };
            let ((), reported) = once.act(&row.source, &token, &Record::new(), revoke)?;
            let state =
                [("type".to_owned(), "refresh_token".into()), ("id".to_owned(), token.into())];
            let done = RowDone::changed(row, Record::new(), Outcome::Deleted).once(reported);
            Ok(done.with(Effect::deletion(&state.into_iter().collect())))
        })
    }
}

/// The ids of all of them: the service has no way to ask for one.
fn ids(session: &Session) -> Result<HashSet<String>, Failure> {
    let listed = list::collect(&session.client, ResourceKind::RefreshToken.path(), &[], 1);
    let listed = listed.map_err(cli::failure)?;
    Ok(listed.iter().map(|token| cli::text(token, "id").to_owned()).collect())
}

/// The id that is meant: all of it, or its beginning as tables show it.
fn whole(ids: &Result<HashSet<String>, Failure>, token: &str) -> Result<String, Failure> {
    let ids = ids.as_ref().map_err(Failure::clone)?;
    let mut found = ids.iter().filter(|id| *id == token || is_beginning(token, id));
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id.clone()),
        (None, _) => {
            Err(Failure::new(ErrorKind::NotFound, "The account has no such refresh token"))
        }
        _ => Err(Failure::new(ErrorKind::Ambiguous, "Several refresh tokens begin like this")),
    }
}

fn is_beginning(text: &str, id: &str) -> bool {
    may_be_shortened(ResourceKind::RefreshToken, text) && id.starts_with(text)
}
