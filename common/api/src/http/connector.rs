//! Making a connection: the name looked up, the proxy asked, TLS agreed.
//!
//! What goes wrong here went wrong before the first byte of a request, and is marked so: only then may a
//! request that must not happen twice be sent again.

use std::fmt;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport,
};
use ureq::{Agent, Error};

/// There is no connection.
#[derive(Debug)]
pub(crate) struct NotConnected {
    /// Why, in words.
    why: String,
    /// The other side showed a certificate that is not trusted.
    pub is_untrusted: bool,
}

impl fmt::Display for NotConnected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.why)
    }
}

impl std::error::Error for NotConnected {}

/// An agent whose errors say whether there was a connection.
pub(crate) fn agent(config: Config) -> Agent {
    Agent::with_parts(config, Connections::default(), Names::default())
}

#[derive(Debug, Default)]
struct Names(DefaultResolver);

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        self.0.resolve(uri, config, timeout).map_err(|error| match error {
            // The system's own words do not say which name, and a proxy has one too.
            Error::HostNotFound | Error::Io(_) => {
                let name = uri.host().unwrap_or_default();
                marked(format!("the name {name} cannot be resolved"))
            }
            other => not_connected(other),
        })
    }
}

#[derive(Debug, Default)]
struct Connections(DefaultConnector);

impl Connector for Connections {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        self.0.connect(details, chained).map_err(not_connected)
    }
}

fn not_connected(error: Error) -> Error {
    match error {
        // Marked already: a proxy is looked up, and connected to, in the same way.
        Error::Other(_) => error,
        Error::Timeout(_) => marked("no connection in time".into()),
        error => {
            let is_untrusted = is_untrusted(&error);
            Error::Other(Box::new(NotConnected { why: error.to_string(), is_untrusted }))
        }
    }
}

fn marked(why: String) -> Error {
    Error::Other(Box::new(NotConnected { why, is_untrusted: false }))
}

/// Whether the other side's certificate is not trusted. TLS is agreed with the first bytes that are sent, so
/// the error comes now with the connection, now out of the stream.
pub(crate) fn is_untrusted(error: &Error) -> bool {
    let reason = match error {
        Error::Rustls(reason) => Some(reason),
        Error::Io(error) => error.get_ref().and_then(|inner| inner.downcast_ref()),
        _ => None,
    };
    matches!(reason, Some(rustls::Error::InvalidCertificate(_)))
}
