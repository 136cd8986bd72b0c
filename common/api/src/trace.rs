//! `--trace`: requests and answers as lines of text, with every secret hidden.
//!
//! Hidden by name, wherever it stands: headers with a secret value are never shown, members of bodies
//! that hold secrets are replaced, login keys are replaced in paths and bodies, since there the id is
//! the secret. A body that is not JSON is only counted.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::request::Request;
use crate::transport::{Exchange, Raw};

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
        if let Some(body) = &request.body {
            line.push_str(&format!(" {}", hide(body.clone())));
        }
        (self.0)(&line);
    }

    pub(crate) fn exchange(&self, exchange: &Exchange) {
        let line = match exchange {
            Exchange::Answered(raw) => {
                format!("< {}{} {}", raw.status, limit_headers(raw), shown_body(raw))
            }
            Exchange::NotSent(why) => format!("< not sent: {why}"),
            Exchange::Lost(why) => format!("< no answer: {why}"),
        };
        (self.0)(&line);
    }
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
    match &raw.body {
        Value::Null if raw.text.is_empty() => String::new(),
        Value::Null => format!("({} bytes that are not JSON)", raw.text.len()),
        body => hide(body.clone()).to_string(),
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
    fn the_rest_is_shown() {
        let body = json!({"data":[{"type":"device","id":"23","attributes":{"name":null}}]});
        assert_eq!(hide(body.clone()), body);
    }
}
