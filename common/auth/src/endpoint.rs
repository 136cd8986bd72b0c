//! The base URL of the service: what people type, made into the one form that is compared and stored.
//!
//! Careful about where a token may go: `https` everywhere, plain `http` only to this machine.

use api::Error;
use model::ErrorKind;

/// Where the service is when nobody says otherwise.
pub const DEFAULT_ENDPOINT: &str = "https://api.electricimp.com/v5";

/// Checks a base URL and gives it with a scheme and without a slash at the end.
///
/// The path is taken as it is, like `impt` does: the public service and private clouds have theirs
/// under `/v5`, and a path that is not there is not made up.
///
/// # Errors
/// Of kind `bad_input` for anything that is no `https` URL, unless it is `http` to this machine.
pub fn check_endpoint(text: &str) -> Result<String, Error> {
    let text = text.trim().trim_end_matches('/');
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => ("https".to_owned(), text),
    };
    if scheme != "https" && scheme != "http" {
        return Err(bad(text, "it must begin with https://"));
    }
    if rest.contains('@') {
        // Not shown: what stands before the @ may be a password.
        return Err(bad("(hidden)", "it must not hold a user or a password"));
    }
    if rest.contains(|c: char| c.is_whitespace() || c.is_control() || "?#\\".contains(c)) {
        return Err(bad(text, "it must be a base URL, without a query or blanks"));
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host_of(authority).ok_or_else(|| bad(text, "the host or port makes no sense"))?;
    if scheme == "http" && !api::http::proxy::is_this_machine(host) {
        return Err(bad(
            text,
            "plain http would show your sign-in to the network; only this machine may be \
             reached that way, use https://",
        ));
    }
    Ok(format!("{scheme}://{}{path}", authority.to_ascii_lowercase()))
}

/// A wrong endpoint answers 404, and then it is often `/v5` that is missing.
pub(crate) fn suspicion(endpoint: &str, status: Option<u16>) -> Option<String> {
    let no_path = endpoint.splitn(4, '/').nth(3).is_none();
    (status == Some(404) && no_path)
        .then(|| format!("is the endpoint right? It is {endpoint}, most end in /v5"))
}

fn bad(text: &str, why: &str) -> Error {
    Error::new(ErrorKind::BadInput, format!("The endpoint {text:?} cannot be used"))
        .detail(format!("{why}, for example {DEFAULT_ENDPOINT}"))
}

/// The host of `host`, `host:port`, `[v6]` or `[v6]:port`.
fn host_of(authority: &str) -> Option<&str> {
    let bracket = authority.starts_with('[').then(|| authority.find(']')).flatten();
    let (host, port) = match bracket {
        Some(end) => (&authority[..=end], authority[end + 1..].strip_prefix(':')),
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let bracket_ends = bracket.is_none_or(|end| {
        let after = &authority[end + 1..];
        after.is_empty() || after.starts_with(':')
    });
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    (bracket_ends && port_fits && !bare.is_empty()).then_some(host)
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
            assert_eq!(check_endpoint(typed).unwrap(), meant, "{typed}");
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
            let error = check_endpoint(other).unwrap_err();
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
            "https://[::1",
            "https://[::1]x/v5",
            "https://:80",
        ] {
            assert!(check_endpoint(nonsense).is_err(), "{nonsense}");
        }
        let error = check_endpoint("https://me:swordfish@host/v5").unwrap_err();
        assert!(!format!("{error:?}").contains("swordfish"));
    }
}
