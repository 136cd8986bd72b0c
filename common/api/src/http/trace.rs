//! `--trace`: requests and answers as lines of text, with every secret hidden.
//!
//! Hidden by name, wherever it stands: headers with a secret value are never shown, members of bodies
//! that hold secrets are replaced, login keys are replaced in paths and bodies, since there the id is
//! the secret. A body that is not JSON is only counted. And a service may repeat in its words what it was
//! sent ("login key 7d8e… was not found"), so the keys and the token of a request are replaced in its
//! answer too.

use std::fmt;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::AccessToken;
use crate::http::transport::{Exchange, Raw};
use crate::request::{Request, UNBLESSING_KEY};

const HIDDEN: &str = "[hidden]";
const SECRET_MEMBERS: [&str; 8] = [
    "password",
    "token",
    "key",
    "login_token",
    "access_token",
    "refresh_token",
    "accessToken",
    "refreshToken",
];
const SECRET_IDS: [&str; 3] = ["login_key", "refresh_token", "logstream"];
const SECRET_SEGMENTS: [&str; 3] = ["login_keys", "refresh_tokens", "logstream"];

/// Where the lines go.
#[derive(Clone)]
pub struct Trace(Arc<dyn Fn(&str) + Send + Sync>);

impl Trace {
    /// Lines are given to `write`, without line end.
    pub fn new(write: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Trace(Arc::new(write))
    }

    pub(crate) fn request(&self, request: &Request, endpoint: &str) {
        let mut line =
            format!("> {} {endpoint}{}", request.method.word(), hide_in_path(&request.target()));
        for (name, _) in &request.secret_headers {
            line.push_str(&format!(" {name}: {HIDDEN}"));
        }
        let read = || serde_json::from_str(request.text.as_deref()?).ok();
        if let Some(body) = request.body.clone().or_else(read) {
            line.push_str(&format!(" {}", hide(body)));
        }
        (self.0)(&line);
    }

    pub(crate) fn exchange(
        &self,
        request: &Request,
        token: Option<&AccessToken>,
        exchange: &Exchange,
    ) {
        let line = match exchange {
            Exchange::Answered(raw) => {
                format!("< {}{} {}", raw.status, limit_headers(raw), shown_body(raw))
            }
            Exchange::NotSent(why) => format!("< not sent: {why}"),
            Exchange::Untrusted(why) => format!("< not trusted: {why}"),
            Exchange::Lost(why) => format!("< no answer: {why}"),
        };
        (self.0)(&hide_all(&line, &secrets_of(request, token)));
    }
}

/// Shorter ones are words that somebody has typed in place of a key.
const SHORTEST: usize = 8;

/// Keys and tokens that a request carries: in its headers, its path, or the body of a sign-in. Passwords
/// are left out: no service repeats them, and `the [hidden] is wrong` would tell one that is a word.
pub(crate) fn secrets_of(request: &Request, token: Option<&AccessToken>) -> Vec<String> {
    let member = |name| Some(request.body.as_ref()?.get(name)?.as_str()?.to_owned());
    let members = ["key", "token", "login_token"].into_iter().filter_map(member);
    let segments = || request.path.split('/');
    let in_path = segments()
        .zip(segments().skip(1))
        .filter(|(before, _)| SECRET_SEGMENTS.contains(before))
        .map(|(_, segment)| percent_decode_str(segment).decode_utf8_lossy().into_owned());
    let keys = request.secret_headers.iter().filter(|(name, _)| *name == UNBLESSING_KEY);
    let headers = token.into_iter().chain(keys.map(|(_, key)| key));
    let in_headers = headers.map(|secret| secret.expose().to_owned());
    members.chain(in_path).chain(in_headers).filter(|secret| secret.len() >= SHORTEST).collect()
}

/// `text` without these secrets.
pub(crate) fn hide_all(text: &str, secrets: &[String]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
}

impl fmt::Debug for Trace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Trace")
    }
}

fn limit_headers(raw: &Raw) -> String {
    let names = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"];
    let shown = names.iter().filter_map(|name| Some(format!(" {name}: {}", raw.number(name)?)));
    shown.collect()
}

fn shown_body(raw: &Raw) -> String {
    match serde_json::from_str(&raw.text).unwrap_or_default() {
        Value::Null if raw.text.is_empty() => String::new(),
        Value::Null => format!("({} bytes that are not JSON)", raw.text.len()),
        body => hide(body).to_string(),
    }
}

/// Replaces secrets in `value`.
fn hide(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            let id_is_secret = members
                .get("type")
                .and_then(Value::as_str)
                .is_some_and(|kind| SECRET_IDS.contains(&kind));
            for (name, member) in members.iter_mut() {
                let secret = SECRET_MEMBERS.contains(&name.as_str())
                    || (id_is_secret && ["id", "links", "url"].contains(&name.as_str()));
                *member =
                    if secret && !member.is_null() { HIDDEN.into() } else { hide(member.take()) };
            }
        }
        Value::Array(elements) => {
            elements.iter_mut().for_each(|element| *element = hide(element.take()));
        }
        Value::String(text) if text.contains("://") => *text = hide_in_path(text),
        _ => {}
    }
    value
}

fn hide_in_path(path: &str) -> String {
    let mut previous = "";
    let shown = path.split('/').map(|part| {
        let secret = SECRET_SEGMENTS.contains(&previous);
        previous = part;
        if secret { HIDDEN } else { part }
    });
    shown.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Secret;
    use serde_json::json;

    #[test]
    fn no_secret_is_left() {
        let secret = "7d8e6670aa285e9d";
        let bodies = [
            json!({"id":"me@x","password":secret}),
            json!({"access_token":secret,"expires_in":3600,"refresh_token":secret}),
            json!({"errors":[{"meta":{"login_token":secret}}]}),
            json!({"data":{"type":"login_key","id":secret,"links":{"self":format!("https://h/v5/accounts/me/login_keys/{secret}")}}}),
            json!({"links":{"next":format!("https://h/v5/accounts/me/login_keys/{secret}")}}),
            json!({"key":secret}),
            json!({"data":{"type":"logstream","id":secret,"attributes":{"url":format!("https://h/v5/logstream/{secret}")}}}),
        ];
        for body in bodies {
            assert!(!hide(body.clone()).to_string().contains(secret), "{body}");
        }
        let path = hide_in_path(&format!("/accounts/me/login_keys/{secret}"));
        assert_eq!(path, "/accounts/me/login_keys/[hidden]");
    }

    #[test]
    fn what_the_service_repeats_of_a_secret_is_hidden() {
        let said = "Login key 7d8e/6670aa is not known, the password is wrong";
        let delete = Request::delete("/accounts/me/login_keys/7d8e%2F6670aa")
            .secret_header("x-electricimp-password", Secret::new("password"));
        let sign_in = Request::post("/auth/token").body(json!({"key": "7d8e/6670aa"}));
        for request in [delete, sign_in] {
            let hidden = hide_all(said, &secrets_of(&request, None));
            assert_eq!(hidden, "Login key [hidden] is not known, the password is wrong");
        }
        let typed = Request::post("/auth").body(json!({"id": "me", "password": "password"}));
        assert_eq!(hide_all(said, &secrets_of(&typed, None)), said);
    }

    #[test]
    fn the_token_and_the_unblessing_key_are_hidden_in_what_the_service_repeats() {
        let request =
            Request::get("/devices").secret_header(UNBLESSING_KEY, Secret::new("the-key-1"));
        let secrets = secrets_of(&request, Some(&Secret::new("the-token")));
        assert_eq!(hide_all("the-token, the-key-1?", &secrets), "[hidden], [hidden]?");
    }

    #[test]
    fn the_rest_is_shown() {
        let body = json!({"data":[{"type":"device","id":"23","attributes":{"name":null}}]});
        assert_eq!(hide(body.clone()), body);
    }
}
