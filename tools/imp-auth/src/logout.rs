//! `imp-auth logout`

use model::{ErrorKind, Record, ResourceKind, Secret};
use std::sync::Arc;
use std::time::Duration;

use api::{AccessToken, Client, Credentials, Error, Request, list, segment, sign_in};
use auth::{self, Destination, LoggedOut, Source};
use clap::Args;
use cli::terminal::stderr;
use cli::{Common, Exit, Session};

/// Remove the sign-in that counts here, and end its refresh token
///
/// No other one goes, unless an option or a variable names it. The refresh token is deleted at the service as well, if it can be told from the account's others.
/// Login keys stay; see `imp-auth key delete`.
#[derive(Args)]
pub struct Logout {
    /// Remove the one in the current directory
    #[arg(long, short, conflicts_with_all = ["auth_file", "account"])]
    local: bool,
    #[command(flatten)]
    common: Common,
}

/// Signing out works without the service, so it is not waited for long.
const PATIENCE: Duration = Duration::from_secs(10);

impl Logout {
    pub fn run(&self) -> cli::Result {
        let environment = cli::sign_in_environment(&self.common);
        let which = if self.local { Destination::Local } else { Destination::Usual };
        let interaction = cli::interaction(&self.common);
        let is_named =
            self.local || environment.auth_file.is_some() || environment.account.is_some();
        let removed = auth::log_out(&which, &environment, &interaction)?;
        if !is_named && !matches!(removed.source, Source::HomeFile(_)) {
            stderr::say(&format!("signed out of {}", removed.source));
        }
        // A file that is named counts even if it is not there, as the one just removed.
        let is_there = |left: &&Source| left.file().is_none_or(std::path::Path::exists);
        if let Some(left) = auth::sources(&environment).first().filter(is_there) {
            stderr::say(&format!("commands here use {left}"));
        }
        let deleted = self.delete_refresh_token(&removed);
        if let Err(error) = &deleted {
            stderr::say(&format!("the refresh token stays valid at the service: {error}"));
        }
        let mut record = Record::from_iter([("type".to_owned(), "sign_in".into())]);
        record.insert("name", removed.source.account().map(str::to_owned).into());
        let account = removed.account.as_ref();
        record.insert("email", account.and_then(|account| account.email.clone()).into());
        record.insert("username", account.and_then(|account| account.username.clone()).into());
        record.insert("endpoint", removed.endpoint.into());
        record.insert("file", removed.file.display().to_string().into());
        record.insert("refresh_token_deleted", deleted.unwrap_or_default().into());
        record.insert("outcome", "removed".into());
        Session::print_without(&self.common, &record)?;
        Ok(Exit::Done)
    }

    /// Deletes the refresh token at the service. False when there was none, or it had ended.
    fn delete_refresh_token(&self, removed: &LoggedOut) -> Result<bool, Error> {
        let (Some(endpoint), Some(token)) = (&removed.endpoint, &removed.refresh_token) else {
            return Ok(false);
        };
        let mut settings = cli::settings(&self.common, endpoint);
        settings.patience = settings.patience.min(PATIENCE);
        let without_token = Client::new(settings.clone(), None)?;
        let grant = match sign_in::with_refresh_token(&without_token, token) {
            Err(error) if error.kind == ErrorKind::NotSignedIn => return Ok(false),
            grant => grant?,
        };
        // A service that gives a new one with each renewal has just ended the old one.
        let token = grant.refresh_token.as_ref().unwrap_or(token);
        let client = Client::new(settings, Some(Arc::new(Fixed(grant.access_token.clone()))))?;
        let tokens = ResourceKind::RefreshToken.path();
        let listed = list::collect(&client, tokens, &[], 1)?;
        let ids: Vec<&str> = listed.iter().map(|token| cli::text(token, "id")).collect();
        let id = id_of(token, &ids).ok_or_else(unidentified)?;
        client.send(&Request::delete(format!("{tokens}/{}", segment(id))))?;
        Ok(true)
    }
}

/// Which of the listed ids is that of the token, which is known to be valid. Whether the service
/// lists tokens under themselves is not known (imp-service(7), section 3.6); but a token that is
/// alone is ours.
fn id_of<'a>(token: &Secret, ids: &[&'a str]) -> Option<&'a str> {
    let is_own = |id: &&&str| **id == token.expose();
    ids.iter().find(is_own).or(if let [only] = ids { Some(only) } else { None }).copied()
}

fn unidentified() -> Error {
    Error::new(
        ErrorKind::Ambiguous,
        "The account has several, and the service does not say which is which",
    )
}

/// The one token with which the refresh token is deleted.
struct Fixed(Secret);

impl Credentials for Fixed {
    fn token(&self) -> Result<AccessToken, Error> {
        Ok(self.0.clone())
    }

    fn renewed(&self, _refused: &AccessToken) -> Result<AccessToken, Error> {
        Err(Error::new(
            ErrorKind::NotSignedIn,
            "The service refuses a token that it has just given",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_token_that_is_certainly_ours_is_deleted() {
        let token = Secret::new("R1");
        assert_eq!(id_of(&token, &["R0", "R1"]), Some("R1"));
        assert_eq!(id_of(&token, &["id"]), Some("id"));
        assert_eq!(id_of(&token, &["one", "other"]), None);
        assert_eq!(id_of(&token, &[]), None);
    }
}
