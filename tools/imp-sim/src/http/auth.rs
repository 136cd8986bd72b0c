//! Sign-in and renewal. Plain JSON in and out, no `data`, no rate limit.

use serde::Serialize;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::document::json;
use super::request::{JSON, Request};
use crate::sim::Sim;
use crate::state::ids::{Id, Timestamp};
use crate::state::refusal::Refusal;

#[derive(Serialize)]
struct Tokens {
    access_token: String,
    expires_in: u64,
    expires_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// `POST /auth`: id and password, or login token and one-time password.
pub fn sign_in(sim: &Sim, request: &Request, now: Timestamp) -> Result<Answer, Refusal> {
    let body = object(request)?;
    let account = if body.contains_key("login_token") {
        let code = request.header("x-electricimp-otp-token").unwrap_or_default();
        sim.state().sign_in_with_code(text(&body, "login_token")?, code, now)?
    } else {
        sim.state().sign_in(text(&body, "id")?, text(&body, "password")?, now)?
    };
    let refresh_token = sim.state().issue_refresh(account, now);
    Ok(tokens(sim, request, account, Some(refresh_token), now))
}

/// `POST /auth/token`: a refresh token or a login key.
pub fn renew(sim: &Sim, request: &Request, now: Timestamp) -> Result<Answer, Refusal> {
    let body = object(request)?;
    match (body.contains_key("token"), body.contains_key("key")) {
        (true, false) => {
            let secret = text(&body, "token")?;
            let account = sim.state().account_of_refresh(secret)?;
            let rotates = sim.settings.variants.refresh_rotates;
            let new = rotates.then(|| sim.state().replace_refresh(secret, now)).flatten();
            Ok(tokens(sim, request, account, new, now))
        }
        (false, true) => {
            let mut state = sim.state();
            let account = state.use_login_key(text(&body, "key")?)?;
            if sim.settings.variants.login_key_needs_otp {
                state.require_one_time_password(account, now)?;
            }
            drop(state);
            Ok(tokens(sim, request, account, None, now))
        }
        _ => Err(Refusal::shape("The body must have either `token` or `key`.")),
    }
}

fn tokens(
    sim: &Sim,
    request: &Request,
    account: Id,
    refresh_token: Option<String>,
    now: Timestamp,
) -> Answer {
    let life = sim.settings.token_life;
    let issued = sim.state().issue_access(account, Some(request.peer), now, life);
    let body = Tokens {
        access_token: issued.token,
        expires_in: life.as_secs(),
        expires_at: issued.expires_at,
        refresh_token,
    };
    Answer::json(200, JSON, &body)
}

fn object(request: &Request) -> Result<Map<String, Value>, Refusal> {
    match json(request, JSON)? {
        Value::Object(object) => Ok(object),
        _ => Err(Refusal::shape("The body must be an object.")),
    }
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    let text = body.get(name).and_then(Value::as_str);
    text.ok_or_else(|| Refusal::shape(format!("`{name}` must be a string.")))
}
