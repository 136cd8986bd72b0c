//! A request as the handlers see it: decoded, but not yet believed.

use std::net::IpAddr;

use hyper::HeaderMap;
use percent_encoding::percent_decode_str;

use crate::state::refusal::Refusal;

/// The media type of the API.
pub const JSON_API: &str = "application/vnd.api+json";
/// The media type of sign-in.
pub const JSON: &str = "application/json";

/// One request.
pub struct Request {
    /// Where it came from.
    pub peer: IpAddr,
    /// As sent.
    pub method: String,
    /// Scheme and host that were asked, for links.
    pub origin: String,
    /// Path and query as sent, for links.
    pub target: String,
    /// What follows `/v5`, cut at slashes, then percent-decoded.
    pub parts: Vec<String>,
    /// The query, decoded.
    pub query: Vec<(String, String)>,
    /// As sent.
    pub headers: HeaderMap,
    /// As sent; None when it was larger than the server reads.
    pub body: Option<Vec<u8>>,
}

impl Request {
    /// The parts of the path, or None when it is not below `/v5`.
    pub fn parts_of(path: &str) -> Option<Vec<String>> {
        let rest = path.strip_prefix("/v5/")?;
        let decoded = |part| percent_decode_str(part).decode_utf8_lossy().into_owned();
        Some(rest.split('/').map(decoded).collect())
    }

    /// A header's value, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The bearer token. The word `Bearer` may have any case.
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The body, if it is of the media type.
    pub fn body_of_type(&self, wanted: &str) -> Result<&[u8], Refusal> {
        let body = self.body.as_deref().ok_or_else(Refusal::body_too_large)?;
        let sent = self.header("content-type").unwrap_or_default();
        let sent = sent.split(';').next().unwrap_or_default().trim();
        if sent.eq_ignore_ascii_case(wanted) { Ok(body) } else { Err(Refusal::media_type(wanted)) }
    }

    /// The value of a query parameter, which may be there once.
    pub fn parameter(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.query.iter().filter(|(key, _)| key == name);
        let first = values.next().map(|(_, value)| value.as_str());
        match values.next() {
            None => Ok(first),
            Some(_) => Err(Refusal::query(format!("`{name}` is given more than once."))),
        }
    }

    /// The value of a filter.
    pub fn filter(&self, name: &str) -> Result<Option<&str>, Refusal> {
        self.parameter(&format!("filter[{name}]"))
    }

    /// Refuses filters that the list does not have.
    pub fn allow_filters(&self, names: &[&str]) -> Result<(), Refusal> {
        for (key, _) in &self.query {
            let name = key.strip_prefix("filter[").and_then(|name| name.strip_suffix(']'));
            if name.is_some_and(|name| !names.contains(&name)) {
                return Err(Refusal::query(format!("`{key}` is not a filter of this list.")));
            }
        }
        Ok(())
    }
}
