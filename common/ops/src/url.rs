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

/// Whether it has a password that is hidden.
pub fn hides_password(url: &str) -> bool {
    without_password(url).as_deref() == Some(url)
}

/// Whether a url is the one that a record tells, where its password may be hidden.
pub fn is_told_as(url: &str, told: &str) -> bool {
    url == told || (hides_password(told) && without_password(url).as_deref() == Some(told))
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

    #[test]
    fn a_url_is_told_with_its_password_or_without() {
        let url = "https://me:pass@host";
        assert!(is_told_as(url, url) && is_told_as(url, "https://***@host"));
        assert!(!is_told_as(url, "https://other@host") && !is_told_as(url, "https://***@other"));
        assert!(!is_told_as("https://host", "https://***@host") && !hides_password(url));
    }
}
