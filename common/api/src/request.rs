//! A request and its answer, as the rest of the crate sees them: no HTTP library in the types.

use model::{ErrorKind, Record, Secret};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::Error;

/// The header that carries the unblessing key.
pub(crate) const UNBLESSING_KEY: &str = "x-electricimp-key";

/// HTTP methods that the API uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Method {
    Get,
    Post,
    Patch,
    Put,
    Delete,
}

impl Method {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

/// May the request be sent again when it is not known whether it was carried out?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Doing it twice is doing it once: reads, PATCH, PUT, DELETE of one thing.
    Idempotent,
    /// Doing it twice would do harm (a second product, a second restart): only repeated when it was
    /// certainly not carried out. Otherwise the error is of kind `unknown_outcome`.
    NotIdempotent,
}

/// A request to the service. Paths are below the endpoint and begin with `/`.
#[derive(Clone, Debug)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// The path, already escaped ([`segment`]).
    pub path: String,
    /// Query parameters, not escaped.
    pub query: Vec<(String, String)>,
    /// A query in its escaped form, which wins over `query`: that of a `links.next`.
    pub raw_query: Option<String>,
    /// The body, if there is one.
    pub body: Option<Value>,
    /// The body as JSON, where it is written so: that of many devices. It wins over `body`.
    pub text: Option<String>,
    /// Headers whose values are secrets.
    pub secret_headers: Vec<(&'static str, Secret)>,
    /// May it be sent again.
    pub repeat: Repeat,
    /// It reads a page of a list of resources.
    pub lists: bool,
    /// The fields that are wanted of those, where not all are.
    pub only: Option<&'static [&'static str]>,
    /// True for `/auth` and `/auth/token`: plain JSON type, no bearer token, not paced.
    pub for_sign_in: bool,
}

impl Request {
    fn new(method: Method, path: impl Into<String>, repeat: Repeat) -> Self {
        Request {
            method,
            path: path.into(),
            query: Vec::new(),
            raw_query: None,
            body: None,
            text: None,
            secret_headers: Vec::new(),
            repeat,
            lists: false,
            only: None,
            for_sign_in: false,
        }
    }

    /// Reads; safe to repeat.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::Get, path, Repeat::Idempotent)
    }

    /// Creates or acts; not repeated once it may have been carried out.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::Post, path, Repeat::NotIdempotent)
    }

    /// Sets attributes; safe to repeat.
    pub fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::Patch, path, Repeat::Idempotent)
    }

    /// Sets a relation; safe to repeat.
    pub fn put(path: impl Into<String>) -> Self {
        Self::new(Method::Put, path, Repeat::Idempotent)
    }

    /// Deletes; safe to repeat (see [`Client::send`](crate::Client::send) for the second answer).
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::Delete, path, Repeat::Idempotent)
    }

    /// Refuses a path in which an id is missing: `DELETE /devicegroups/` would speak of all of them.
    pub(crate) fn names_its_resource(&self) -> Result<(), Error> {
        if self.path.split('/').skip(1).all(|segment| !segment.is_empty()) {
            return Ok(());
        }
        let title = "Something to ask the service about has no id";
        Err(Error::new(ErrorKind::Unexpected, title)
            .detail(format!("no request for {}", self.path)))
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Sets the body, which is JSON already and has no secret in it.
    #[must_use]
    pub fn text(mut self, body: String) -> Self {
        self.text = Some(body);
        self
    }

    /// Adds a header with a secret value.
    #[must_use]
    pub fn secret_header(mut self, name: &'static str, value: Secret) -> Self {
        self.secret_headers.push((name, value));
        self
    }

    /// Says whether it may be repeated.
    #[must_use]
    pub fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    /// Marks it as one for a page of resources: the answer has its records.
    #[must_use]
    pub fn for_list(mut self) -> Self {
        self.lists = true;
        self
    }

    /// Marks it as a request for a token.
    #[must_use]
    pub fn for_sign_in(mut self) -> Self {
        self.for_sign_in = true;
        self
    }

    /// Whether it changes anything in the account. Tokens and log streams come and go by themselves.
    pub fn changes_something(&self) -> bool {
        let passes = self.for_sign_in || self.path.starts_with("/logstream");
        self.method != Method::Get && !passes
    }

    /// Path and query as they go on the wire.
    pub fn target(&self) -> String {
        let query = match &self.raw_query {
            Some(raw) => raw.clone(),
            None => self
                .query
                .iter()
                .map(|(name, value)| format!("{}={}", escape(name, QUERY), escape(value, QUERY)))
                .collect::<Vec<_>>()
                .join("&"),
        };
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }
}

/// Brackets stay as they are: every known client sends them so.
pub(crate) const QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'&')
    .add(b'+')
    .add(b'=')
    .add(b'%')
    .add(b'?')
    .add(b'/')
    .add(b'\\')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'|')
    .add(b'^')
    .add(b':')
    .add(b'\'');

/// All but letters, digits, `-`, `_`, `.`, `~` and `:` (of MAC addresses).
const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':');

fn escape(text: &str, set: &'static AsciiSet) -> String {
    utf8_percent_encode(text, set).to_string()
}

/// `text` as one segment of a path, whatever is in it: a name may hold `/`, `?`, `..`, anything.
pub fn segment(text: &str) -> String {
    match text {
        // Dots alone would be taken for directories by what stands between us and the service.
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        _ => escape(text, SEGMENT),
    }
}

/// A good answer of the service.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The body, `Null` when there is none; of a page only its links.
    pub body: Value,
    /// The records of a page that was asked for as one.
    pub records: Option<Vec<Record>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_escapes_from_its_segment() {
        assert_eq!(segment("a/b?c"), "a%2Fb%3Fc");
        assert_eq!(segment(".."), "%2E%2E");
        assert_eq!(segment("0c:2a:69:00:00:01"), "0c:2a:69:00:00:01");
        assert_eq!(segment("-Ab_9"), "-Ab_9");
    }

    #[test]
    fn a_path_without_an_id_is_refused() {
        let named = |id: &str| Request::delete(format!("/devicegroups/{}", segment(id)));
        assert!(named("g").names_its_resource().is_ok());
        assert_eq!(named("").names_its_resource().unwrap_err().kind, ErrorKind::Unexpected);
        let inside = Request::get(format!("/devices/{}/logs", segment("")));
        assert!(inside.names_its_resource().is_err());
    }

    #[test]
    fn brackets_are_sent_raw_and_values_escaped() {
        let request = Request::get("/devices").query("filter[owner.id]", "a&b=c d");
        assert_eq!(request.target(), "/devices?filter[owner.id]=a%26b%3Dc%20d");
    }
}
