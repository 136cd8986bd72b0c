//! Tokens: `POST /auth` and `POST /auth/token` (imp-service(7), section 3.1 to 3.5). Plain JSON, no
//! bearer token.

use model::{ErrorKind, Secret};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::request::{Repeat, Request};
use crate::{Client, Error, send::clock};

/// What a sign-in gives.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Goes into the `Authorization` header.
    pub access_token: Secret,
    /// When it ends.
    pub expires_at: SystemTime,
    /// For later access tokens; an answer to a renewal normally has none.
    pub refresh_token: Option<Secret>,
}

/// The answer to a password.
#[derive(Clone, Debug)]
pub enum Answered {
    /// Signed in.
    Granted(Grant),
    /// The account also wants a one-time password; `login_token` stands for the password meanwhile.
    OneTimePassword {
        /// Sent back with the one-time password.
        login_token: Secret,
    },
}

/// Signs in with user (email or username) and password.
///
/// # Errors
/// Kind `not_signed_in` when the service refuses them.
pub fn with_password(client: &Client, user: &str, password: &Secret) -> Result<Answered, Error> {
    let request = ask("/auth", json!({"id": user, "password": password.expose()}));
    match client.send(&request) {
        Ok(answer) => grant(&answer.body).map(Answered::Granted),
        Err(error) => match login_token(&error) {
            Some(login_token) => Ok(Answered::OneTimePassword { login_token }),
            None => Err(refused(error)),
        },
    }
}

/// Signs in with the one-time password that [`with_password`] was answered to want.
///
/// # Errors
/// Kind `not_signed_in` when the service refuses it.
pub fn with_one_time_password(
    client: &Client,
    login_token: &Secret,
    password: &Secret,
) -> Result<Grant, Error> {
    let request = ask("/auth", json!({"login_token": login_token.expose()}))
        .secret_header("x-electricimp-otp-token", password.clone());
    grant(&client.send(&request).map_err(refused)?.body)
}

/// A new access token for a refresh token.
///
/// # Errors
/// Kind `not_signed_in` when the service does not know it any more.
pub fn with_refresh_token(client: &Client, token: &Secret) -> Result<Grant, Error> {
    grant(
        &client.send(&ask("/auth/token", json!({"token": token.expose()}))).map_err(refused)?.body,
    )
}

/// An access token for a login key.
///
/// # Errors
/// Kind `not_signed_in` when the service does not know it.
pub fn with_login_key(client: &Client, key: &Secret) -> Result<Grant, Error> {
    grant(&client.send(&ask("/auth/token", json!({"key": key.expose()}))).map_err(refused)?.body)
}

/// A second token does no harm, so these may be repeated.
fn ask(path: &str, body: Value) -> Request {
    Request::post(path).body(body).repeat(Repeat::Idempotent).for_sign_in()
}

/// The service says no to a credential with 400, 401, 403 or 404, depending on what it is.
fn refused(error: Error) -> Error {
    match error.status {
        Some(400 | 401 | 403 | 404) => Error { kind: ErrorKind::NotSignedIn, ..error },
        _ => error,
    }
}

fn login_token(error: &Error) -> Option<Secret> {
    let wanted = error.status == Some(403);
    let token = error.errors.iter().find_map(|one| one["meta"]["login_token"].as_str());
    token.filter(|_| wanted).map(Secret::new)
}

fn grant(body: &Value) -> Result<Grant, Error> {
    let Some(access_token) = body["access_token"].as_str().filter(|token| !token.is_empty()) else {
        return Err(Error::new(ErrorKind::Unexpected, "Unexpected answer to the sign-in")
            .detail("there is no access_token in it; is the endpoint an impCentral API?"));
    };
    Ok(Grant {
        access_token: Secret::new(access_token),
        expires_at: end(body, clock::now()),
        refresh_token: body["refresh_token"].as_str().map(Secret::new),
    })
}

/// `expires_in` first: it does not depend on how well this machine's clock is set. An end that no
/// calendar shows makes no sense, and counts like none: an hour, as usual
/// (imp-service(7), section 3.2).
fn end(body: &Value, now: SystemTime) -> SystemTime {
    let seconds = body["expires_in"].as_u64().or_else(|| body["expires_in"].as_str()?.parse().ok());
    let stated = match seconds {
        Some(seconds) => now.checked_add(Duration::from_secs(seconds)),
        None => body["expires_at"].as_str().and_then(|end| humantime::parse_rfc3339(end).ok()),
    };
    let year_10000 = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800);
    stated.filter(|end| *end < year_10000).unwrap_or(now + Duration::from_secs(3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_read_from_either_member() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        let of =
            |body| end(&body, now).duration_since(SystemTime::UNIX_EPOCH).expect("later").as_secs();
        assert_eq!(of(json!({"expires_in": 60, "expires_at": "1970-01-01T05:00:00.000Z"})), 1060);
        assert_eq!(of(json!({"expires_in": "60"})), 1060);
        assert_eq!(of(json!({"expires_at": "1970-01-01T00:30:00.000Z"})), 1800);
        assert_eq!(of(json!({})), 4600);
        for nonsense in [u64::MAX, i64::MAX.unsigned_abs(), 300_000_000_000, 253_402_299_800] {
            assert_eq!(of(json!({"expires_in": nonsense})), 4600, "{nonsense}");
        }
        assert_eq!(of(json!({"expires_in": 253_402_299_799_u64})), 253_402_300_799);
    }

    #[test]
    fn a_plain_refusal_is_no_question_for_a_one_time_password() {
        let asks = json!({"errors":[{"status":"403","code":"PX200","meta":{"login_token":"x","expires_at":"y"}}]});
        assert!(login_token(&Error::from_answer(403, &asks)).is_some());
        assert!(
            login_token(&Error::from_answer(403, &json!({"errors":[{"status":"403"}]}))).is_none()
        );
    }
}
