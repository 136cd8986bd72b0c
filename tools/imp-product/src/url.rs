//! What of a webhook's url certainly is a credential: whatever stands before the `@` of its host.

/// What stands in its place.
pub const HIDDEN: &str = "***";

/// The url without the user and password in it; `None` if it has none.
pub fn without_password(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = rest[..end].rfind('@')?;
    Some(format!("{scheme}://{HIDDEN}{}", &rest[host..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_before_a_host_is_hidden() {
        for (url, hidden) in [
            ("https://me:pass@host/path?a@b", Some("https://***@host/path?a@b")),
            ("https://token@host", Some("https://***@host")),
            ("https://a@b@host?x", Some("https://***@host?x")),
            ("https://***@host", Some("https://***@host")),
            ("https://host/me@home", None),
            ("https://host?mail=me@home", None),
            ("no url @ all", None),
        ] {
            assert_eq!(without_password(url).as_deref(), hidden, "{url}");
        }
    }
}
