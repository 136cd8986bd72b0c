//! One exchange over HTTP: the edge to `ureq`.
//!
//! Careful about what the library does by itself: it would follow redirects, turn an error status into
//! an error without its body, and wait for ever. All three are switched off here. Certificates are
//! those of the operating system (`SSL_CERT_FILE` and `SSL_CERT_DIR` count).

use model::ErrorKind;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use ureq::config::ConfigBuilder;
use ureq::http;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;
use ureq::{Agent, Proxy};

use crate::Endpoint;
use crate::http::connector::{self, NotConnected};
pub(crate) use crate::http::raw::Raw;
use crate::http::record::{Recording, Sent};
use crate::request::Request;
use crate::{AccessToken, Error, Settings, http::proxy};

const JSON_API: &str = "application/vnd.api+json";
/// Larger answers are cut off: no page of a hundred records comes near.
const LARGEST_BODY: u64 = 64 << 20;
/// The service closes idle connections at a time that we do not know; older ones are not used again.
const IDLE: Duration = Duration::from_secs(20);
/// What a connection holds of an answer and of a request at once: a page of a list comes in two parts, and a request
/// goes in one, so that a run with many connections needs little memory for them.
const HELD: (usize, usize) = (64 << 10, 32 << 10);
/// Time to make a connection.
const CONNECTING: Duration = Duration::from_secs(15);

/// After this long without even a comment the service is taken for gone; a client of the maker waits
/// as long (imp-service(7), section 13.6).
pub(crate) const SILENCE: Duration = Duration::from_secs(60);

/// What one exchange gave.
#[derive(Debug)]
pub(crate) enum Exchange {
    /// An answer, whatever its status.
    Answered(Raw),
    /// It cannot have arrived; why.
    NotSent(String),
    /// It may have arrived; why there is no answer.
    Lost(String),
    /// Who answers is not trusted, and will not be the next time either; why.
    Untrusted(String),
}

/// The body of an answer that does not end.
pub(crate) type Body = Box<dyn Read + Send>;

#[derive(Debug)]
pub(crate) struct Transport {
    endpoint: String,
    timeout: Duration,
    /// Keeps connections.
    agent: Agent,
    /// Makes a new connection each time: a kept one may have been closed just now, and then nobody
    /// could tell whether a request that must not happen twice has arrived.
    fresh: Agent,
    proxy: Option<Proxy>,
    recording: Option<Recording>,
}

/// More of why there is no answer, for who records it.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    /// Nothing came in time.
    pub(crate) is_timeout: bool,
    /// Status, headers and number of bytes of an answer that was cut.
    pub(crate) cut: Option<(u16, http::HeaderMap, usize)>,
}

impl Trouble {
    fn of(error: &ureq::Error) -> Self {
        Trouble { is_timeout: matches!(error, ureq::Error::Timeout(_)), cut: None }
    }
}

impl Transport {
    pub(crate) fn new(settings: &Settings, timeout: Duration) -> Result<Self, Error> {
        let endpoint = Endpoint::parse(&settings.endpoint)?;
        let proxy = settings.proxy.proxy_for(endpoint.scheme(), endpoint.host());
        let proxy = proxy.map(proxy_in).transpose()?;
        Ok(Transport {
            endpoint: endpoint.to_string(),
            timeout,
            agent: agent(proxy.clone(), timeout, 64),
            fresh: agent(proxy.clone(), timeout, 0),
            proxy,
            recording: settings.recording.clone(),
        })
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Sends once and reads the whole answer, if it comes before the time that is left is over.
    pub(crate) fn exchange(
        &self,
        request: &Request,
        token: Option<&AccessToken>,
        kept: bool,
        left: Option<Duration>,
    ) -> Exchange {
        let within = left.map_or(self.timeout, |left| left.min(self.timeout));
        let Some(recording) = &self.recording else {
            return self.exchange_once(request, token, kept, within).unwrap_or_else(|lost| lost.0);
        };
        let sent = Sent::now(&self.endpoint, request, token);
        match self.exchange_once(request, token, kept, within) {
            Ok(exchange) => {
                recording.exchange(&sent, &exchange, &Trouble::default());
                exchange
            }
            Err(lost) => {
                recording.exchange(&sent, &lost.0, &lost.1);
                lost.0
            }
        }
    }

    fn exchange_once(
        &self,
        request: &Request,
        token: Option<&AccessToken>,
        kept: bool,
        within: Duration,
    ) -> Result<Exchange, Box<(Exchange, Trouble)>> {
        let built = match self.build(request, token) {
            Ok(built) => built,
            Err(why) => return Ok(Exchange::NotSent(why)),
        };
        if let Some(run) = simulated::here() {
            return Ok(self.simulated(&run, request, built, within));
        }
        let agent = if kept { &self.agent } else { &self.fresh };
        let sent = match built {
            (parts, Some(body)) => {
                run_within(agent, http::Request::from_parts(parts, body), within)
            }
            (parts, None) => run_within(agent, http::Request::from_parts(parts, ()), within),
        };
        let mut response = sent.map_err(|error| (failure(&error), Trouble::of(&error)))?;
        let mut bytes = Vec::new();
        let body = response.body_mut().with_config().limit(LARGEST_BODY);
        let read = body.reader().read_to_end(&mut bytes);
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        if let Err(error) = read {
            let error = ureq::Error::from(error);
            let trouble =
                Trouble { cut: Some((status, headers, bytes.len())), ..Trouble::of(&error) };
            return Err(Box::new((Exchange::Lost(plain(&error)), trouble)));
        }
        let text = String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Ok(Exchange::Answered(Raw::new(request, status, headers, text)))
    }

    /// Opens an answer that does not end; what came instead, if it is no stream.
    pub(crate) fn open(
        &self,
        request: &Request,
        token: Option<&AccessToken>,
    ) -> Result<Body, Box<Exchange>> {
        let Some(recording) = &self.recording else {
            return self.open_once(request, token).map_err(|lost| Box::new(lost.0));
        };
        let sent = Sent::now(&self.endpoint, request, token);
        match self.open_once(request, token) {
            Ok(body) => Ok(recording.stream(&sent, body)),
            Err(lost) => {
                recording.exchange(&sent, &lost.0, &lost.1);
                Err(Box::new(lost.0))
            }
        }
    }

    fn open_once(
        &self,
        request: &Request,
        token: Option<&AccessToken>,
    ) -> Result<Body, Box<(Exchange, Trouble)>> {
        let (parts, _) = self
            .build(request, token)
            .map_err(|why| (Exchange::NotSent(why), Trouble::default()))?;
        let agent = endless_agent(self.proxy.clone());
        let response = agent
            .run(http::Request::from_parts(parts, ()))
            .map_err(|error| (failure(&error), Trouble::of(&error)))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        if status == 200 {
            return Ok(Box::new(response.into_body().into_with_config().limit(u64::MAX).reader()));
        }
        let text = response.into_body().into_with_config().limit(LARGEST_BODY).read_to_string();
        let text = text.unwrap_or_default();
        let answered = Exchange::Answered(Raw::new(request, status, headers, text));
        Err(Box::new((answered, Trouble::default())))
    }

    /// One exchange in the world of a test.
    fn simulated(
        &self,
        run: &simulated::Run,
        request: &Request,
        (parts, body): (http::request::Parts, Option<String>),
        within: Duration,
    ) -> Exchange {
        let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let sent = simulated::Request {
            method: request.method.word(),
            target: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            headers: parts
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            body: body.map(String::into_bytes),
        };
        match run.exchange(&sent, within) {
            simulated::Reply::Answer { status, headers, body, .. } => {
                let header = |(name, value): &(String, String)| {
                    let name: http::HeaderName = name.parse().ok()?;
                    Some((name, value.parse().ok()?))
                };
                let headers = headers.iter().filter_map(header).collect();
                let text = String::from_utf8_lossy(&body).into_owned();
                Exchange::Answered(Raw::new(request, status, headers, text))
            }
            simulated::Reply::NotSent => Exchange::NotSent("no connection".into()),
            simulated::Reply::Lost { .. } | simulated::Reply::Kill => {
                Exchange::Lost("no answer in time".into())
            }
        }
    }

    fn build(
        &self,
        request: &Request,
        token: Option<&AccessToken>,
    ) -> Result<(http::request::Parts, Option<String>), String> {
        let content_type = if request.for_sign_in { "application/json" } else { JSON_API };
        let mut builder = http::Request::builder()
            .method(request.method.word())
            .uri(format!("{}{}", self.endpoint, request.target()))
            .header("content-type", content_type);
        if let Some(token) = token {
            builder = builder.header("authorization", format!("Bearer {}", token.expose()));
        }
        for (name, value) in &request.secret_headers {
            builder = builder.header(*name, value.expose());
        }
        // The library's own message would show the header's value.
        let parts = builder
            .body(())
            .map_err(
                |_| "the request cannot be built: a header or the address has forbidden characters",
            )?
            .into_parts()
            .0;
        let written = || request.body.as_ref().map(Value::to_string);
        Ok((parts, request.text.clone().or_else(written)))
    }
}

/// Nothing of the value is shown: there may be a password in it.
pub(super) fn proxy_in(variable: &proxy::Variable) -> Result<Proxy, Error> {
    Proxy::new(&variable.value).map_err(|_| {
        Error::new(ErrorKind::BadInput, "Unusable proxy").detail(format!(
            "{} has to hold the URL of a proxy: http, https, socks4, socks4a, socks5 or socks5h",
            variable.name
        ))
    })
}

/// What all agents have in common: that nothing is followed, and who is trusted, is said only here.
fn base(
    proxy: Option<Proxy>,
    accept: &'static str,
    connect: Duration,
) -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(proxy)
        .user_agent(concat!("imp-tools/", env!("CARGO_PKG_VERSION")))
        .accept(accept)
        .timeout_connect(Some(connect))
        .input_buffer_size(HELD.0)
        .output_buffer_size(HELD.1)
        .tls_config(tls())
}

fn tls() -> TlsConfig {
    TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build()
}

fn agent(proxy: Option<Proxy>, timeout: Duration, kept: usize) -> Agent {
    let config = base(proxy, JSON_API, timeout.min(CONNECTING))
        .timeout_global(Some(timeout))
        .max_idle_connections(kept)
        .max_idle_connections_per_host(kept)
        .max_idle_age(IDLE);
    connector::agent(config.build())
}

fn run_within<S: ureq::AsSendBody>(
    agent: &Agent,
    request: http::Request<S>,
    within: Duration,
) -> Result<http::Response<ureq::Body>, ureq::Error> {
    agent.run(agent.configure_request(request).timeout_global(Some(within)).build())
}

/// For a server that is not the service.
pub(super) fn agent_for_others(proxy: Option<Proxy>, timeout: Duration) -> Agent {
    let config = base(proxy, "*/*", timeout.min(CONNECTING))
        .timeout_global(Some(timeout))
        .max_idle_connections(1)
        .max_idle_age(IDLE);
    connector::agent(config.build())
}

/// For a log stream: it lasts as long as something comes.
fn endless_agent(proxy: Option<Proxy>) -> Agent {
    let config = base(proxy, "text/event-stream", CONNECTING)
        // Compression would hold lines back.
        .accept_encoding("identity")
        .timeout_recv_response(Some(Duration::from_secs(30)))
        .timeout_per_read(Some(SILENCE))
        .max_idle_connections(0);
    connector::agent(config.build())
}

fn failure(error: &ureq::Error) -> Exchange {
    let not_connected = match error {
        ureq::Error::Other(inner) => inner.downcast_ref::<NotConnected>(),
        _ => None,
    };
    let (why, sent) = match error {
        ureq::Error::Other(inner) => (inner.to_string(), not_connected.is_none()),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => (error.to_string(), false),
        _ => (plain(error), true),
    };
    if not_connected.is_some_and(|reason| reason.is_untrusted) || connector::is_untrusted(error) {
        return Exchange::Untrusted(format!(
            "{why}; if the service has a private authority, name its certificate in SSL_CERT_FILE"
        ));
    }
    if sent { Exchange::Lost(why) } else { Exchange::NotSent(why) }
}

/// Why there is no answer.
pub(super) fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Other(inner) => inner.to_string(),
        _ => plain(error),
    }
}

/// The library's error in words that help.
fn plain(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "no answer in time".into(),
        _ => error.to_string(),
    }
}
