//! Which proxy a request goes through, as `curl` reads the variables.
//!
//! `https_proxy`/`HTTPS_PROXY` for https, `http_proxy` (lower case only) for http, `all_proxy` for both;
//! lower case wins; `no_proxy` lists hosts and domain suffixes, with or without a leading dot, split at
//! commas or blanks; `*` means everything. This machine itself is never reached through a proxy.

/// The values of the proxy variables, read elsewhere.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "named like the variables")]
pub struct Variables {
    pub http_proxy: Option<String>,
    pub https_proxy: Option<String>,
    pub all_proxy: Option<String>,
    pub no_proxy: Option<String>,
}

impl Variables {
    /// The proxy for `host` (no brackets, no port) over `scheme`, `None` for a direct connection.
    pub fn proxy_for(&self, scheme: &str, host: &str) -> Option<&str> {
        if is_this_machine(host) || self.is_excepted(host) {
            return None;
        }
        let own = if scheme == "https" { &self.https_proxy } else { &self.http_proxy };
        // A variable that is set but empty means: no proxy for this scheme.
        own.as_deref().or(self.all_proxy.as_deref()).filter(|proxy| !proxy.trim().is_empty())
    }

    fn is_excepted(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let list = self.no_proxy.as_deref().unwrap_or_default();
        list.split([',', ' ', '\t'])
            .map(|entry| {
                entry.trim().trim_start_matches('.').trim_end_matches('.').to_ascii_lowercase()
            })
            .filter(|entry| !entry.is_empty())
            .any(|entry| {
                entry == "*"
                    || host == entry
                    || host.strip_suffix(&entry).is_some_and(|rest| rest.ends_with('.'))
            })
    }
}

/// True for `localhost` and the loopback addresses.
pub fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(no_proxy: &str) -> Variables {
        Variables {
            http_proxy: Some("http://plain:1".into()),
            https_proxy: Some("http://secure:2".into()),
            all_proxy: Some("http://all:3".into()),
            no_proxy: Some(no_proxy.into()),
        }
    }

    #[test]
    fn each_scheme_has_its_own() {
        let all = variables("");
        assert_eq!(all.proxy_for("https", "api.example.com"), Some("http://secure:2"));
        assert_eq!(all.proxy_for("http", "api.example.com"), Some("http://plain:1"));
        let only = Variables { https_proxy: None, ..variables("") };
        assert_eq!(only.proxy_for("https", "api.example.com"), Some("http://all:3"));
        let off = Variables { https_proxy: Some(String::new()), ..variables("") };
        assert_eq!(off.proxy_for("https", "api.example.com"), None);
    }

    #[test]
    fn exceptions_are_hosts_suffixes_and_blanks() {
        for list in [
            "example.com",
            ".example.com",
            "x.org, example.com",
            "a b example.com",
            "*",
            "EXAMPLE.com.",
        ] {
            assert_eq!(variables(list).proxy_for("https", "api.example.com"), None, "{list}");
        }
        for list in ["ample.com", "api.example.co", "example.com.x"] {
            assert!(variables(list).proxy_for("https", "api.example.com").is_some(), "{list}");
        }
    }

    #[test]
    fn this_machine_is_never_proxied() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"] {
            assert_eq!(variables("").proxy_for("http", host), None, "{host}");
        }
    }
}
