//! The sockets: accepts connections, reads requests, waits for latency, writes or cuts answers.
//!
//! Connections are served without a framework because a fault may have to end one unanswered: a
//! service that returns an error makes the server drop the connection.

mod body;
mod log_stream;
pub mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::faults::Cut;
use crate::http::answer::Answer;
use crate::http::decide::{Outcome, decide};
use crate::http::request::{JSON_API, Request};
use crate::limits::RateStatus;
use crate::sim::Sim;
use crate::{control, deliver};
use body::Body;
use log_stream::LogStream;

/// Maximum bytes of a request body. Code and batches fit many times over.
const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// The connection was ended on purpose.
#[derive(Debug)]
pub struct CutOff;

impl std::fmt::Display for CutOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut off, by a fault rule or by the client")
    }
}

impl std::error::Error for CutOff {}

/// What a listener offers.
#[derive(Clone)]
pub struct Service {
    /// The simulator behind it.
    pub sim: Arc<Sim>,
    /// Scheme and address, for links when a request names no host.
    pub origin: String,
    /// Whether the API is there.
    pub api: bool,
    /// Whether the control address is there.
    pub control: bool,
    /// Present: https.
    pub tls: Option<TlsAcceptor>,
}

/// Serves connections until the task is dropped.
pub async fn listen(listener: TcpListener, service: Service) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            // Out of file descriptors, most likely: let connections end first.
            service.sim.clock.wait(Duration::from_millis(10)).await;
            continue;
        };
        tokio::spawn(connection(stream, peer, service.clone()));
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, service: Service) {
    // Without it small answers wait for the peer's acknowledgement.
    let _ = stream.set_nodelay(true);
    debug_assert!(peer.ip().is_loopback());
    match service.tls.clone() {
        None => serve(stream, peer, service).await,
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream, peer, service).await;
            }
        }
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    peer: SocketAddr,
    service: Service,
) {
    let handler = service_fn(|request| {
        let service = service.clone();
        async move { handle(&service, peer, request).await }
    });
    // An error here is a connection that went away or was cut: nothing to do.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), handler)
        .await;
}

async fn handle(
    service: &Service,
    peer: SocketAddr,
    request: hyper::Request<Incoming>,
) -> Result<Response<Body>, CutOff> {
    let (head, body) = request.into_parts();
    if service.control && head.uri.path().starts_with("/control/") {
        let body = read(body).await?.unwrap_or_default();
        let answer = control::answer(&service.sim, &head, &body);
        deliver::start_calls(&service.sim);
        return Ok(answer.map(Body::whole));
    }
    let arrival = Arrival::new(&service.sim);
    let query = head.uri.query().unwrap_or_default();
    let request = Request {
        peer: peer.ip(),
        method: head.method.as_str().to_owned(),
        origin: origin(service, &head),
        target: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        parts: Request::parts_of(head.uri.path()).filter(|_| service.api).unwrap_or_default(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: head.headers,
        body: read(body).await?,
    };
    let sim = &service.sim;
    let outcome = decide(sim, &request, arrival.at);
    deliver::start_calls(sim);
    // One wait after the effect: a client that gives up meanwhile cannot know what was done.
    sim.clock.wait(sim.settings.latency + outcome.delay).await;
    match outcome.cut {
        Some(Cut::Before | Cut::After) => Err(CutOff),
        cut => Ok(response(sim, outcome, cut.is_some(), service.tls.is_some())),
    }
}

/// The body, unless it is too large. A client that is gone before its end is not served: the end of the
/// connection would not be noticed any more while a fault rule delays the answer.
async fn read(body: Incoming) -> Result<Option<Vec<u8>>, CutOff> {
    match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => Ok(Some(body.to_bytes().to_vec())),
        Err(error) if error.is::<LengthLimitError>() => Ok(None),
        Err(_) => Err(CutOff),
    }
}

/// Scheme and host as the client knows them, so that links work through a proxy too.
fn origin(service: &Service, head: &hyper::http::request::Parts) -> String {
    let host = head.headers.get("host").and_then(|host| host.to_str().ok());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte);
    match host.filter(|host| !host.is_empty() && host.bytes().all(plain)) {
        Some(host) if service.tls.is_some() => format!("https://{host}"),
        Some(host) => format!("http://{host}"),
        None => service.origin.clone(),
    }
}

/// The answer as it leaves; `broken` in the middle of its body.
pub fn response(sim: &Arc<Sim>, outcome: Outcome, broken: bool, https: bool) -> Response<Body> {
    let Outcome { answer, rate, .. } = outcome;
    let Answer { status, body, media_type, stream, .. } = answer;
    let length = body.len();
    let streams = stream.is_some() && !broken;
    let body = match stream.filter(|_| !broken) {
        Some(reading) => Body::live(LogStream::new(sim.clone(), reading)),
        None if broken => Body::broken(body),
        None => Body::whole(body),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: HeaderValue| {
        headers.insert(HeaderName::from_static(name), value);
    };
    if !media_type.is_empty() {
        set("content-type", HeaderValue::from_static(media_type));
    }
    if streams {
        set("cache-control", HeaderValue::from_static("no-cache"));
    } else if status != 204 {
        set("content-length", HeaderValue::from(length));
    }
    set("server", HeaderValue::from_static("imp-sim"));
    set("content-language", HeaderValue::from_static("en"));
    set("x-node", HeaderValue::from_static("sim01"));
    set("accept", HeaderValue::from_static(JSON_API));
    if https {
        set("strict-transport-security", HeaderValue::from_static("max-age=1209600"));
    }
    if sim.settings.variants.connection_close {
        set("connection", HeaderValue::from_static("close"));
    }
    if let Some(rate) = rate {
        rate_headers(sim, rate, status, set);
    }
    response
}

fn rate_headers(
    sim: &Sim,
    rate: RateStatus,
    status: u16,
    mut set: impl FnMut(&'static str, HeaderValue),
) {
    let variants = &sim.settings.variants;
    let milliseconds = rate.reset.as_nanos().div_ceil(1_000_000);
    let seconds = u64::try_from(milliseconds.div_ceil(1000)).unwrap_or_default();
    if variants.retry_after && status == 429 {
        set("retry-after", HeaderValue::from(seconds));
    }
    if variants.rate_headers_absent {
        return;
    }
    let milliseconds = u64::try_from(milliseconds).unwrap_or_default();
    let reset = if variants.reset_in_milliseconds { milliseconds } else { seconds };
    set("x-ratelimit-limit", HeaderValue::from(rate.limit));
    set("x-ratelimit-remaining", HeaderValue::from(rate.remaining));
    set("x-ratelimit-reset", HeaderValue::from(reset));
}

/// Counts a request as in flight until it is dropped, also when its client goes away.
struct Arrival<'a> {
    sim: &'a Sim,
    at: Duration,
}

impl<'a> Arrival<'a> {
    fn new(sim: &'a Sim) -> Self {
        let at = sim.clock.elapsed();
        sim.traffic().arrived(at);
        Self { sim, at }
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        self.sim.traffic().finished();
    }
}
