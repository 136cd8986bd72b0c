//! Handing JSON on to a server that is not the service.
//!
//! Careful about what goes there and what is said of it: no token, and of its URL only who it is, because there
//! may be a secret in the path. Proxies and certificates are those of every other request.

use std::time::Duration;

use ureq::Agent;
use ureq::http::{Request, Uri};

use super::{proxy, transport};

/// An answer is read to here, so that the connection can be used again.
const LARGEST_ANSWER: u64 = 64 << 10;

/// A URL that takes JSON.
#[derive(Debug)]
pub struct Delivery {
    agent: Agent,
    uri: Uri,
}

impl Delivery {
    /// Prepares to send; nothing is sent yet. An exchange takes no longer than `timeout`.
    ///
    /// # Errors
    /// Why the URL, or the proxy that the variables name for it, cannot be used.
    pub fn new(url: &str, variables: &proxy::Variables, timeout: Duration) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|error| format!("it is no URL ({error})"))?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if authority.contains('@') {
            return Err("it must not hold a user or a password".into());
        }
        let scheme = uri.scheme_str().unwrap_or_default();
        if !matches!(scheme, "http" | "https") || uri.host().is_none_or(str::is_empty) {
            return Err("it has to begin with http:// or https:// and a host".into());
        }
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let proxy = variables.proxy_for(scheme, host).map(transport::proxy_in).transpose();
        let proxy = proxy.map_err(|error| error.detail.unwrap_or(error.title))?;
        Ok(Delivery { agent: transport::agent_for_others(proxy, timeout), uri })
    }

    /// Who gets it, without path and query.
    pub fn origin(&self) -> String {
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        format!("{}://{authority}", self.uri.scheme_str().unwrap_or_default())
    }

    /// Sends it once.
    ///
    /// # Errors
    /// Why it was not taken, or may not have been: any answer but 2xx, or none.
    pub fn post(&self, json: &[u8]) -> Result<(), String> {
        let request = Request::post(&self.uri).header("content-type", "application/json");
        let request = request.body(json).map_err(|error| error.to_string())?;
        let mut response = self.agent.run(request).map_err(|error| transport::reason(&error))?;
        let status = response.status();
        let _not_needed = response
            .body_mut()
            .with_config()
            .limit(LARGEST_ANSWER)
            .lossy_utf8(true)
            .read_to_string();
        if status.is_success() { Ok(()) } else { Err(format!("it answers {status}")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_who_gets_it() {
        let of = |url: &str| {
            let delivery = Delivery::new(url, &proxy::Variables::default(), Duration::from_secs(1));
            delivery.map(|delivery| delivery.origin())
        };
        assert_eq!(of("https://x.test:8443/secret?key=1").as_deref(), Ok("https://x.test:8443"));
        assert_eq!(of("http://10.0.0.1").as_deref(), Ok("http://10.0.0.1"));
        for bad in
            ["", "x.test/a", "/a", "ftp://x.test/", "http://", "http://me:pass@x.test/", "a b"]
        {
            let why = of(bad).unwrap_err();
            assert!(!why.contains("pass@"), "{why}");
        }
    }
}
