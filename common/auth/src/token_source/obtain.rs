//! The next token: which credential is tried, and what is said when none is taken.

use api::Error;
use api::sign_in::Grant;
use model::{ErrorKind, Secret};

use super::{State, TokenSource};
use crate::Question;
use crate::choose::{EnvCredential, Source};
use crate::keyring;
use crate::service::{by_login_key, by_password, is_refusal};

impl TokenSource {
    /// Asks the service, with the refresh token before anything else.
    pub(super) fn obtain(&self, state: &mut State) -> Result<Grant, Error> {
        keyring::fetch(&mut state.sign_in, &self.interaction)?;
        let mut refusal = None;
        if let Some(token) = &state.sign_in.refresh_token {
            match self.service.with_refresh_token(token) {
                Err(error) if is_refusal(&error) => refusal = Some(error),
                answer => return answer,
            }
        }
        let (service, interaction, endpoint) = (&*self.service, &self.interaction, self.endpoint());
        let answer = match (&self.choice.env_credential, &state.sign_in.login_key) {
            (EnvCredential::LoginKey(key), _) | (EnvCredential::Nothing, Some(key)) => {
                by_login_key(service, interaction, endpoint, key)
            }
            (EnvCredential::Password { user, password }, _) => {
                let password = self.password(user, password.as_ref(), &mut state.typed)?;
                by_password(service, interaction, endpoint, user, &password)
            }
            (EnvCredential::Nothing, None) => return Err(self.ended(refusal.as_ref())),
        };
        answer.map_err(|error| if is_refusal(&error) { self.ended(Some(&error)) } else { error })
    }

    fn password(
        &self,
        user: &str,
        given: Option<&Secret>,
        typed: &mut Option<Secret>,
    ) -> Result<Secret, Error> {
        if let Some(password) = given.or(typed.as_ref()) {
            return Ok(password.clone());
        }
        let question = Question::Password { user, endpoint: self.endpoint() };
        match self.interaction.answer(question)? {
            Some(password) => Ok(typed.insert(password).clone()),
            None => Err(Error::new(
                ErrorKind::NotSignedIn,
                format!("No password for IMPT_USER ({user})"),
            )
            .detail("there is no terminal to ask for it; set IMPT_PASSWORD or IMPT_LOGINKEY")),
        }
    }

    /// The service does not take the credential, or there is none to take.
    fn ended(&self, refusal: Option<&Error>) -> Error {
        let temporary = refusal.is_none();
        let title = match &self.choice.env_credential {
            EnvCredential::Nothing if temporary => {
                format!("{} was temporary and has ended", self.source())
            }
            EnvCredential::Nothing => format!("{} is no longer valid", self.source()),
            _ => format!("The service does not accept {}", self.source()),
        };
        let advice = match self.source() {
            Source::LoginKey => "set another login key".to_owned(),
            Source::User(_) => "correct IMPT_USER and IMPT_PASSWORD".to_owned(),
            Source::HomeFile(_) => "sign in again with `imp-auth login`".to_owned(),
            Source::Account(name, _) | Source::DefaultAccount(name, _) => {
                format!("sign in again with `imp-auth login --as {name}`")
            }
            Source::LocalFile(_) => "sign in again with `imp-auth login --local`".to_owned(),
            Source::NamedFile(path) | Source::DirectoryFile(path) => {
                format!("sign in again with `imp-auth login --auth-file {}`", path.display())
            }
        };
        let advice =
            suspicion(self.endpoint(), refusal.and_then(|error| error.status)).unwrap_or(advice);
        // Of the refusal only the words: what else is in it may be a login token.
        let words = refusal.map(|error| error.detail.as_ref().unwrap_or(&error.title));
        let said = words.map(|words| format!("the service says {words:?}; ")).unwrap_or_default();
        Error {
            status: refusal.and_then(|error| error.status),
            code: refusal.and_then(|error| error.code.clone()),
            attempts: refusal.map_or(0, |error| error.attempts),
            ..Error::new(ErrorKind::NotSignedIn, title).detail(format!("{said}{advice}"))
        }
    }

    pub(super) fn refused_anew(&self) -> Error {
        Error {
            status: Some(401),
            ..Error::new(
                ErrorKind::NotSignedIn,
                "The service refuses a token that it has just given",
            )
            .detail(format!(
                "sign-in: {}, endpoint: {}",
                self.source(),
                self.endpoint()
            ))
        }
    }
}

/// A wrong endpoint answers 404, and then it is often `/v5` that is missing.
pub(crate) fn suspicion(endpoint: &str, status: Option<u16>) -> Option<String> {
    let no_path = endpoint.splitn(4, '/').nth(3).is_none();
    (status == Some(404) && no_path)
        .then(|| format!("is the endpoint right? It is {endpoint}, most end in /v5"))
}
