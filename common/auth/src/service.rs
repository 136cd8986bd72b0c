//! What the service gives for a credential, one-time passwords included.

use api::sign_in::{self, Answered, Grant};
use api::{Client, Error};
use model::{ErrorKind, Secret};

use crate::{Interaction, Question};

/// The requests for a token. A trait because the tests have a service of their own.
pub trait Service: Send + Sync {
    /// See [`sign_in::with_password`].
    ///
    /// # Errors
    /// Kind `not_signed_in` when the service refuses; so too for the others.
    fn with_password(&self, user: &str, password: &Secret) -> Result<Answered, Error>;
    /// See [`sign_in::with_one_time_password`].
    ///
    /// # Errors
    /// As above.
    fn with_one_time_password(&self, login_token: &Secret, code: &Secret) -> Result<Grant, Error>;
    /// See [`sign_in::with_refresh_token`].
    ///
    /// # Errors
    /// As above.
    fn with_refresh_token(&self, token: &Secret) -> Result<Grant, Error>;
    /// See [`sign_in::with_login_key`].
    ///
    /// # Errors
    /// As above.
    fn with_login_key(&self, key: &Secret) -> Result<Grant, Error>;
}

impl Service for Client {
    fn with_password(&self, user: &str, password: &Secret) -> Result<Answered, Error> {
        sign_in::with_password(self, user, password)
    }

    fn with_one_time_password(&self, login_token: &Secret, code: &Secret) -> Result<Grant, Error> {
        sign_in::with_one_time_password(self, login_token, code)
    }

    fn with_refresh_token(&self, token: &Secret) -> Result<Grant, Error> {
        sign_in::with_refresh_token(self, token)
    }

    fn with_login_key(&self, key: &Secret) -> Result<Grant, Error> {
        sign_in::with_login_key(self, key)
    }
}

/// True when the service, not we, has said no to the credential, and asking again would not change that.
pub(crate) fn is_refusal(error: &Error) -> bool {
    error.status.is_some()
        && matches!(error.kind, ErrorKind::NotSignedIn | ErrorKind::NotFound | ErrorKind::Refused)
}

pub(crate) fn by_password(
    service: &dyn Service,
    interaction: &Interaction,
    endpoint: &str,
    user: &str,
    password: &Secret,
) -> Result<Grant, Error> {
    match service.with_password(user, password)? {
        Answered::Granted(grant) => Ok(grant),
        Answered::OneTimePassword { login_token } => by_one_time_password(
            service,
            interaction,
            endpoint,
            &login_token,
            ", or use a login key",
        ),
    }
}

/// A login key may be answered like a password with the wish for a one-time password: whether it
/// is, is not known (imp-service(7), section 3.5).
pub(crate) fn by_login_key(
    service: &dyn Service,
    interaction: &Interaction,
    endpoint: &str,
    key: &Secret,
) -> Result<Grant, Error> {
    let refusal = match service.with_login_key(key) {
        Err(error) if error.code.as_deref() == Some("PX200") => error,
        // The key is enough for what comes later; one of the five refresh tokens would be wasted.
        answer => {
            return answer.map(|grant| Grant { refresh_token: None, ..grant });
        }
    };
    let wanted = refusal.errors.iter().find_map(|error| error["meta"]["login_token"].as_str());
    match wanted.map(Secret::new) {
        Some(login_token) => by_one_time_password(service, interaction, endpoint, &login_token, ""),
        None => Err(refusal),
    }
}

fn by_one_time_password(
    service: &dyn Service,
    interaction: &Interaction,
    endpoint: &str,
    login_token: &Secret,
    other_way: &str,
) -> Result<Grant, Error> {
    let Some(code) = interaction.answer(Question::OneTimePassword { endpoint })? else {
        let detail = format!(
            "there is no terminal to ask for it; sign in with `imp-auth login --otp CODE`{other_way}"
        );
        return Err(Error::new(ErrorKind::NotSignedIn, "The account wants a one-time password")
            .detail(detail));
    };
    service.with_one_time_password(login_token, &code)
}
