//! Which proxy a request goes through, as `curl` reads the variables.
//!
//! `https_proxy`/`HTTPS_PROXY` for https, `http_proxy` (lower case only) for http, `all_proxy` for both;
//! lower case wins; `no_proxy` lists hosts and domain suffixes, with or without a leading dot, split at
//! commas or blanks; `*` means everything. This machine itself is never reached through a proxy.

/// A proxy variable that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name as it was spelt.
    pub name: &'static str,
    /// A URL, or only a host and a port.
    pub value: String,
}

/// The proxy variables, read elsewhere.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "named like the variables")]
pub struct Variables {
    pub http_proxy: Option<Variable>,
    pub https_proxy: Option<Variable>,
    pub all_proxy: Option<Variable>,
    pub no_proxy: Option<String>,
}

impl Variables {
    /// The proxy for `host` (no brackets, no port) over `scheme`, `None` for a direct connection.
    pub fn proxy_for(&self, scheme: &str, host: &str) -> Option<&Variable> {
        if is_this_machine(host) || self.is_excepted(host) {
            return None;
        }
        let own = if scheme == "https" { &self.https_proxy } else { &self.http_proxy };
        own.as_ref().or(self.all_proxy.as_ref())
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
        let set = |name| Some(Variable { name, value: format!("http://{name}:1") });
        Variables {
            http_proxy: set("http_proxy"),
            https_proxy: set("HTTPS_PROXY"),
            all_proxy: set("all_proxy"),
            no_proxy: Some(no_proxy.into()),
        }
    }

    #[test]
    fn each_scheme_has_its_own() {
        let chosen = |variables: &Variables, scheme: &str| {
            variables.proxy_for(scheme, "api.example.com").map(|variable| variable.name)
        };
        let all = variables("");
        assert_eq!(chosen(&all, "https"), Some("HTTPS_PROXY"));
        assert_eq!(chosen(&all, "http"), Some("http_proxy"));
        let only = Variables { https_proxy: None, ..all };
        assert_eq!(chosen(&only, "https"), Some("all_proxy"));
        assert_eq!(chosen(&Variables::default(), "https"), None);
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
