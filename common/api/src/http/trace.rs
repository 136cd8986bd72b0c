//! `--trace`: requests and answers as lines of text, with every secret hidden.
//!
//! What is a secret is decided in `secrets`. A body that is not JSON is only counted.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::AccessToken;
use crate::http::secrets::{self, HIDDEN, hide_all, secrets_of};
use crate::http::transport::{Exchange, Raw};
use crate::request::Request;

/// Where the lines go.
#[derive(Clone)]
pub struct Trace(Arc<dyn Fn(&str) + Send + Sync>);

impl Trace {
    /// Lines are given to `write`, without line end.
    pub fn new(write: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Trace(Arc::new(write))
    }

    pub(crate) fn request(&self, request: &Request, endpoint: &str) {
        let mut line = format!(
            "> {} {endpoint}{}",
            request.method.word(),
            secrets::replace_in_path(&request.target(), &hidden)
        );
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

/// `value` without its secrets.
fn hide(mut value: Value) -> Value {
    secrets::replace(&mut value, &hidden);
    value
}

fn hidden(_secret: &str) -> String {
    HIDDEN.to_owned()
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
        let path = format!("/accounts/me/login_keys/{secret}");
        let path = secrets::replace_in_path(&path, &hidden);
        assert_eq!(path, "/accounts/me/login_keys/[hidden]");
    }

    #[test]
    fn the_rest_is_shown() {
        let body = json!({"data":[{"type":"device","id":"23","attributes":{"name":null}}]});
        assert_eq!(hide(body.clone()), body);
    }
}
