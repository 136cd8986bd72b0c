//! The base URL of the service: what people type, made into the one form that is compared and stored.
//!
//! Careful about where a token may go: `https` everywhere, plain `http` only to this machine.

use std::fmt;

use model::ErrorKind;
use ureq::http::Uri;

use crate::Error;
use crate::http::proxy::is_this_machine;

/// Where the service is when nobody says otherwise.
pub const DEFAULT_ENDPOINT: &str = "https://api.electricimp.com/v5";

/// The base URL of a service.
///
/// The path is taken as it is, like `impt` does: the public service and private clouds have theirs
/// under `/v5`, and a path that is not there is not made up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Uri);

impl Endpoint {
    /// Checks a base URL; `https://` may be left out, and a slash at the end does not count.
    ///
    /// # Errors
    /// Of kind `bad_input` for anything that is no `https` URL, unless it is `http` to this machine.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim().trim_end_matches('/');
        if text.split_once("://").map_or(text, |(_, rest)| rest).contains('@') {
            // Not shown: what stands before the @ may be a password.
            return Err(bad("(hidden)", "it must not hold a user or a password"));
        }
        if text.contains(['?', '#', '\\']) {
            return Err(bad(text, "it must be a base URL, without a query"));
        }
        let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let uri: Uri =
            whole.parse().map_err(|error| bad(text, &format!("it is no URL ({error})")))?;
        let endpoint = Endpoint(uri);
        if !matches!(endpoint.scheme(), "https" | "http") {
            return Err(bad(text, "it must begin with https://"));
        }
        if !endpoint.has_host_and_port() {
            return Err(bad(text, "the host or port makes no sense"));
        }
        if endpoint.scheme() == "http" && !is_this_machine(endpoint.host()) {
            return Err(bad(
                text,
                "plain http would show your sign-in to the network; only this machine may be \
                 reached that way, use https://",
            ));
        }
        Ok(endpoint)
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &str {
        self.0.scheme_str().unwrap_or_default()
    }

    /// The host, without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        self.0.host().unwrap_or_default().trim_matches(['[', ']'])
    }

    fn has_host_and_port(&self) -> bool {
        let Some(authority) = self.0.authority() else { return false };
        let has_port = authority.as_str().len() > authority.host().len();
        !self.host().is_empty() && (!has_port || authority.port_u16().is_some_and(|port| port > 0))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.0.authority().map(|authority| authority.as_str().to_ascii_lowercase());
        let path = self.0.path().trim_end_matches('/');
        write!(formatter, "{}://{}{path}", self.scheme(), authority.unwrap_or_default())
    }
}

fn bad(text: &str, why: &str) -> Error {
    Error::new(ErrorKind::BadInput, format!("The endpoint {text:?} cannot be used"))
        .detail(format!("{why}, for example {DEFAULT_ENDPOINT}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_for_what_people_type() {
        for (typed, meant) in [
            ("https://api.electricimp.com/v5", "https://api.electricimp.com/v5"),
            (" HTTPS://API.electricimp.com/v5// ", "https://api.electricimp.com/v5"),
            ("api.example.com/v5", "https://api.example.com/v5"),
            ("api.example.com:8443/v5", "https://api.example.com:8443/v5"),
            ("https://api.example.com", "https://api.example.com"),
            ("http://localhost:8080/v5", "http://localhost:8080/v5"),
            ("http://127.9.9.9/v5", "http://127.9.9.9/v5"),
            ("http://[::1]:8080/v5", "http://[::1]:8080/v5"),
        ] {
            assert_eq!(Endpoint::parse(typed).unwrap().to_string(), meant, "{typed}");
        }
    }

    #[test]
    fn a_token_never_goes_over_plain_http_to_another_machine() {
        for other in [
            "http://api.electricimp.com/v5",
            "http://localhost.example.com/v5",
            "http://127.0.0.1.example.com",
            "http://[::2]/v5",
            "http://10.0.0.1/v5",
        ] {
            let error = Endpoint::parse(other).unwrap_err();
            assert_eq!(error.kind, ErrorKind::BadInput);
            assert!(error.detail.unwrap().contains("plain http"), "{other}");
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for nonsense in [
            "",
            "https://",
            "ftp://host/v5",
            "https://host:0/v5",
            "https://host:99999",
            "https://h h/v5",
            "https://host/v5?x=1",
            "https://host/v5#a",
            r"https://host\v5",
            r"https://host/v5\x",
            "https://[::1",
            "https://[::1]x/v5",
            "https://:80",
        ] {
            assert!(Endpoint::parse(nonsense).is_err(), "{nonsense}");
        }
        let error = Endpoint::parse("https://me:swordfish@host/v5").unwrap_err();
        assert!(!format!("{error:?}").contains("swordfish"));
    }
}
