//! `--metrics`: the counts for Prometheus, at an address of their own, because everybody may call that of the
//! hooks.
//!
//! Careful about whoever asks: a connection is for one question and does not last, and there are never many.
//! Nothing here waits for the journal.

use std::convert::Infallible;
use std::future::pending;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use cli::exposition::{Exposition, Form, timestamp};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::commit::Progress;
use super::counts::{Counts, Present};
use super::deadline;

/// Where the counts are.
pub const PATH: &str = "/metrics";
/// Connections at a time.
const MOST: usize = 8;
/// How long a connection is kept.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The pause after an error of `accept`.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);
/// What calls are refused with: a count that is there from the start can be seen to rise.
const STATUSES: [u16; 8] = [400, 404, 405, 408, 413, 415, 431, 503];

/// What the counts are made of.
pub struct Metrics {
    counts: Arc<Counts>,
    progress: Arc<Progress>,
    forwards: bool,
}

/// Reads `ADDRESS:PORT`, or a port of this machine that nobody else can reach.
///
/// # Errors
/// When it is neither.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let local = text.parse().map(|port: u16| (Ipv4Addr::LOCALHOST, port).into());
    local
        .or_else(|_| text.parse())
        .map_err(|_| format!("`{text}` is neither ADDRESS:PORT nor a port"))
}

impl Metrics {
    /// With the counts of --forward-to if the receiver `forwards`.
    pub fn new(counts: Arc<Counts>, progress: Arc<Progress>, forwards: bool) -> Self {
        Metrics { counts, progress, forwards }
    }

    fn answer<T>(&self, request: &Request<T>) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        if request.uri().path() != PATH {
            *response.status_mut() = StatusCode::NOT_FOUND;
        } else if ![Method::GET, Method::HEAD].contains(request.method()) {
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        } else {
            let accepted = request.headers().get_all(ACCEPT).into_iter();
            let accepted: Vec<&str> = accepted.filter_map(|value| value.to_str().ok()).collect();
            let form = Form::accepted(&accepted.join(","));
            let content_type = HeaderValue::from_static(form.content_type());
            response.headers_mut().insert(CONTENT_TYPE, content_type);
            *response.body_mut() = Full::from(self.text(form));
        }
        response
    }

    fn text(&self, form: Form) -> String {
        let state = self.progress.state();
        let waiting = self.forwards.then(|| state.committed.saturating_sub(state.forwarded));
        exposition(form, &self.counts.present(), waiting)
    }
}

/// The counts as text; `waiting` are the bytes of the journal that are still to be forwarded.
fn exposition(form: Form, counts: &Present, waiting: Option<u64>) -> String {
    let mut text = Exposition::new(form);
    text.counter("imp_hook_events", "Events taken, repeats among them.");
    text.sample(&[], counts.events);
    let help = "Events that came again within a minute.";
    text.counter("imp_hook_repeated_events", help).sample(&[], counts.repeats);
    let help = "Calls refused, by the status of the answer.";
    text.counter("imp_hook_refused_calls", help);
    let mut refused = counts.refused.clone();
    STATUSES.iter().for_each(|status| _ = refused.entry(*status).or_default());
    for (status, number) in refused {
        text.sample(&[("code", &status.to_string())], number);
    }
    let help = "When the last event was taken, in seconds since 1970.";
    text.gauge("imp_hook_last_event_timestamp_seconds", help);
    if let Some(time) = counts.last_event {
        text.sample(&[], timestamp(time));
    }
    if let Some(waiting) = waiting {
        let help = "Events that --forward-to has taken.";
        text.counter("imp_hook_forwarded_events", help);
        text.sample(&[], counts.forwarded);
        let help = "Bytes of the journal that --forward-to has still to take.";
        text.gauge("imp_hook_forward_waiting_bytes", help).sample(&[], waiting);
    }
    text.finish()
}

/// Answers whoever asks, until the runtime ends.
pub async fn serve(listener: TcpListener, metrics: Metrics) {
    let (metrics, places) = (Arc::new(metrics), Arc::new(Semaphore::new(MOST)));
    // The places are never closed.
    while let Ok(place) = places.clone().acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            deadline::at_most(ACCEPT_RETRY, pending::<()>()).await;
            continue;
        };
        let metrics = metrics.clone();
        tokio::spawn(async move {
            deadline::at_most(TIMEOUT, serve_one(stream, &metrics)).await;
            drop(place);
        });
    }
}

async fn serve_one(stream: TcpStream, metrics: &Metrics) {
    let service = service_fn(async |request| {
        Ok::<_, Infallible>(metrics.answer::<hyper::body::Incoming>(&request))
    });
    let mut server = http1::Builder::new();
    server.keep_alive(false);
    let _gone = server.serve_connection(TokioIo::new(stream), service).await;
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_port_alone_is_of_this_machine() {
        assert_eq!(address("9100"), Ok(([127, 0, 0, 1], 9100).into()));
        assert_eq!(address("0.0.0.0:0"), Ok(([0, 0, 0, 0], 0).into()));
        assert_eq!(address("[::1]:9100").map(|address| address.is_ipv6()), Ok(true));
        assert!(address("localhost").is_err() && address("65536").is_err());
    }

    #[test]
    fn what_has_not_happened_yet_is_zero_or_not_there() {
        let text = exposition(Form::Prometheus, &Present::default(), None);
        assert!(text.contains("\nimp_hook_events_total 0\n"), "{text}");
        assert!(text.contains("\nimp_hook_refused_calls_total{code=\"404\"} 0\n"), "{text}");
        assert!(!text.contains("\nimp_hook_last_event_timestamp_seconds"), "{text}");
        assert!(!text.contains("forward"), "{text}");
        let last_event = Some(UNIX_EPOCH + Duration::from_millis(1500));
        let refused = [(404, 2), (418, 1)].into();
        let counts = Present { events: 3, repeats: 1, last_event, refused, forwarded: 2 };
        let text = exposition(Form::OpenMetrics, &counts, Some(70));
        for line in [
            "imp_hook_events_total 3",
            "imp_hook_repeated_events_total 1",
            "imp_hook_refused_calls_total{code=\"404\"} 2",
            "imp_hook_refused_calls_total{code=\"418\"} 1",
            "imp_hook_refused_calls_total{code=\"503\"} 0",
            "imp_hook_last_event_timestamp_seconds 1.500",
            "imp_hook_forwarded_events_total 2",
            "imp_hook_forward_waiting_bytes 70",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
