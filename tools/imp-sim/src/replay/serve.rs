//! The socket that a command under replay talks to.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, watch};
use tokio_rustls::TlsAcceptor;

use super::answers;
use super::body::Body;
use super::outages::{self, Outage};
use super::pace::{Pace, Timeline};
use super::recording::{Exchange, Fault, Recording};
use super::report::Counts;
use super::requests::{Asked, Found, Requests, nearest};
use crate::clock::Clock;
use crate::console;
use crate::server::{CutOff, tls};

/// What has been written gets time to leave before a connection is ended.
pub const TO_LEAVE: Duration = Duration::from_millis(20);

/// A recording that is being replayed.
pub struct Replay {
    pub recording: Recording,
    pub timeline: Timeline,
    pub clock: Clock,
    /// Scheme, address and `/v5`.
    pub endpoint: OnceLock<String>,
    requests: Mutex<Requests>,
    pub counts: Counts,
    under_way: AtomicUsize,
    /// An answer has been given.
    answered: Notify,
    /// Changes when all connections are to end.
    outage: watch::Sender<()>,
}

/// Begins to listen; gives the endpoint.
pub async fn start(replay: &Arc<Replay>, directory: &Path) -> anyhow::Result<String> {
    let socket = bound(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = socket.local_addr()?;
    let is_untrusted = |exchange: &Exchange| exchange.fault == Some(Fault::Untrusted);
    let untrusted = replay.recording.exchanges.iter().any(is_untrusted);
    // Nobody is told of its authority, so nobody trusts it.
    let acceptor = untrusted.then(|| tls::prepare(directory)).transpose()?.map(|(it, _)| it);
    let scheme = if untrusted { "https" } else { "http" };
    let endpoint = replay.endpoint.get_or_init(|| format!("{scheme}://{address}/v5")).clone();
    let mut outages = outages::of(&replay.recording.exchanges);
    outages.reverse();
    let due = outages.pop_if(|outage| replay.is_due(outage));
    let first = if due.is_none() { Some(socket.listen(1024)?) } else { None };
    let replay = replay.clone();
    tokio::spawn(async move {
        if let Err(error) = listen(&replay, first, due, outages, address, acceptor).await {
            console::message(format_args!("nothing is answered any more: {error}"));
        }
    });
    Ok(endpoint)
}

/// A socket that keeps its address, and refuses whoever connects until it listens.
fn bound(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn listen(
    replay: &Arc<Replay>,
    mut listener: Option<TcpListener>,
    mut due: Option<Outage>,
    mut outages: Vec<Outage>,
    address: SocketAddr,
    acceptor: Option<TlsAcceptor>,
) -> std::io::Result<()> {
    loop {
        if let Some(outage) = due.take() {
            drop(listener.take());
            let socket = bound(address)?;
            replay.clock.wait(TO_LEAVE).await;
            replay.outage.send_replace(());
            replay.pass(&outage);
            match outage.lasts {
                Some(time) => replay.clock.wait(time).await,
                None => std::future::pending().await,
            }
            listener = Some(socket.listen(1024)?);
        }
        let Some(open) = &listener else { return Ok(()) };
        tokio::select! {
            accepted = open.accept() => if let Ok((stream, _)) = accepted {
                tokio::spawn(connection(replay.clone(), stream, acceptor.clone()));
            },
            () = replay.answered.notified() => due = outages.pop_if(|outage| replay.is_due(outage)),
        }
    }
}

async fn connection(replay: Arc<Replay>, stream: TcpStream, acceptor: Option<TlsAcceptor>) {
    let _ = stream.set_nodelay(true);
    match acceptor {
        None => serve(replay, stream).await,
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => serve(replay, stream).await,
            Err(_) => replay.refused(),
        },
    }
}

async fn serve(replay: Arc<Replay>, stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
    let mut outage = replay.outage.subscribe();
    let handler = service_fn(|request| handle(replay.clone(), request));
    let serving =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), handler);
    // An error here is a connection that went away or was cut: nothing to do.
    tokio::select! {
        _ = serving => {}
        _ = outage.changed() => {}
    }
}

async fn handle(replay: Arc<Replay>, request: Request<Incoming>) -> Result<Response<Body>, CutOff> {
    let (head, body) = request.into_parts();
    let body: Bytes = body.collect().await.map_err(|_| CutOff)?.to_bytes();
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let token = text("authorization").and_then(|value| value.split_once(' '));
    let target = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let asked = Asked {
        method: head.method.as_str().to_owned(),
        target: target.strip_prefix("/v5").map(str::to_owned).unwrap_or(target),
        token: token.map(|(_, token)| token.to_owned()),
        body: serde_json::from_slice(&body).ok(),
    };
    let exchanges = &replay.recording.exchanges;
    let under_way = UnderWay::begin(&replay);
    let found = replay.requests().take(exchanges, &asked);
    let at = match found {
        Found::Recorded(at) => at,
        Found::Again(at) => {
            replay.counts.again.add(1);
            at
        }
        Found::Ahead => {
            replay.counts.ahead.add(1);
            return Ok(answers::not_recorded(&asked.target, "other pages of the list are in it"));
        }
        Found::Nothing => return Ok(replay.not_recorded(&asked)),
    };
    let exchange = &exchanges[at];
    if exchange.fault == Some(Fault::Timeout) {
        // Until the command loses its patience; what it does then may be refused.
        drop(under_way);
        std::future::pending::<()>().await;
    }
    replay.clock.wait(replay.timeline.answer(exchange, replay.clock.elapsed())).await;
    answers::give(&replay, at)
}

impl Replay {
    /// Nothing has been asked yet.
    pub fn new(recording: Recording, pace: Pace) -> Self {
        Self {
            requests: Mutex::new(Requests::new(&recording.exchanges)),
            recording,
            timeline: Timeline::new(pace),
            clock: Clock::start(),
            endpoint: OnceLock::new(),
            counts: Counts::default(),
            under_way: AtomicUsize::new(0),
            answered: Notify::new(),
            outage: watch::Sender::new(()),
        }
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether all before it has been asked and answered.
    fn is_due(&self, outage: &Outage) -> bool {
        self.under_way.load(Ordering::Relaxed) == 0 && self.requests().all_before(outage.first)
    }

    /// The refusals of an outage count as done.
    fn pass(&self, outage: &Outage) {
        let mut requests = self.requests();
        (outage.first..outage.end).for_each(|at| requests.done(at));
    }

    /// A client has not trusted us.
    fn refused(&self) {
        let mut requests = self.requests();
        let exchanges = &self.recording.exchanges;
        let untrusted = requests.open().find(|at| exchanges[*at].fault == Some(Fault::Untrusted));
        if let Some(at) = untrusted {
            requests.done(at);
        }
    }

    /// The account that was known for the sign-in with this token, or else for the first.
    fn account_of(&self, token: Option<&str>) -> Option<&Map<String, Value>> {
        let known = || {
            let all = self.recording.runs.iter().flat_map(|run| &run.sign_ins);
            all.filter_map(|it| Some((it.token.as_deref(), it.account.as_ref()?)))
        };
        let of_token = known().find(|(of, _)| *of == token).or_else(|| known().next());
        of_token.map(|(_, account)| account)
    }

    fn not_recorded(&self, asked: &Asked) -> Response<Body> {
        // Whose account it is may have been known, from a run before the recording.
        if asked.method == "GET"
            && asked.target == "/accounts/me"
            && let Some(account) = self.account_of(asked.token.as_deref())
        {
            return answers::account(account);
        }
        self.counts.not_recorded.add(1);
        let what = format!("{} {}", asked.method, asked.target);
        let near = nearest(&self.recording.exchanges, asked);
        console::message(format_args!("not in the recording: {what}; {near}"));
        answers::not_recorded(&what, &near)
    }

    /// Says how much was asked for; false if that was not what was recorded.
    pub fn tell_what_is_left(&self) -> bool {
        self.counts.tell(&self.recording.exchanges, &self.requests())
    }
}

/// Counts a request until it is answered, also when its client goes away.
struct UnderWay<'a>(&'a Replay);

impl<'a> UnderWay<'a> {
    fn begin(replay: &'a Replay) -> Self {
        replay.under_way.fetch_add(1, Ordering::Relaxed);
        Self(replay)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
        self.0.answered.notify_one();
    }
}
