//! Calls webhooks: one POST each, with a short time-out, never repeated.
//!
//! Only addresses of this machine are called, and only over plain http: a simulator must not call
//! anybody else. All other calls are recorded as not delivered.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::sim::Sim;
use crate::state::hooks::{Call, ContentType, HookEvent};
use crate::state::ids::{Id, Timestamp};

/// How long a receiver has for its answer.
const TIME_OUT: Duration = Duration::from_secs(5);
/// Maximum calls under way at a time.
const AT_A_TIME: usize = 64;
/// Maximum deliveries remembered.
const LOG: usize = 200_000;
/// Maximum bytes of an answer that are read, and thrown away.
const ANSWER: usize = 65_536;

/// One call, as `GET /control/deliveries` prints it.
#[derive(Clone, Debug, Serialize)]
pub struct Delivery {
    /// When the event happened.
    pub at: Timestamp,
    /// The webhook.
    pub webhook_id: Id,
    /// What happened.
    pub event: HookEvent,
    /// What was called.
    pub url: String,
    /// What was told.
    pub body: Value,
    /// Whether the receiver answered 2xx.
    pub delivered: bool,
    /// Its status, if it answered.
    pub status: Option<u16>,
    /// Why there was no answer.
    pub error: Option<String>,
}

/// What `GET /control/counts` says about calls.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Counts {
    /// Calls that came about.
    pub calls: u64,
    /// Not answered yet.
    pub calls_pending: u64,
    /// Answered 2xx.
    pub delivered: u64,
    /// All others.
    pub not_delivered: u64,
}

/// The calls made so far.
pub struct Deliveries {
    counts: Counts,
    log: VecDeque<Delivery>,
    slots: Arc<Semaphore>,
}

impl Default for Deliveries {
    fn default() -> Self {
        let slots = Arc::new(Semaphore::new(AT_A_TIME));
        Self { counts: Counts::default(), log: VecDeque::new(), slots }
    }
}

impl Deliveries {
    /// What was counted.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// What was remembered, in the order in which the calls ended.
    pub fn log(&self) -> impl Iterator<Item = &Delivery> {
        self.log.iter()
    }

    /// Forgets everything but the calls under way.
    pub fn reset(&mut self) {
        let pending = self.counts.calls_pending;
        self.counts = Counts { calls: pending, calls_pending: pending, ..Counts::default() };
        self.log.clear();
    }

    fn ended(&mut self, delivery: Delivery) {
        let counts = &mut self.counts;
        counts.calls_pending = counts.calls_pending.saturating_sub(1);
        if delivery.delivered {
            counts.delivered += 1;
        } else {
            counts.not_delivered += 1;
        }
        if self.log.len() == LOG {
            self.log.pop_front();
        }
        self.log.push_back(delivery);
    }
}

/// Takes on the calls that have come about.
pub fn start_calls(sim: &Arc<Sim>) {
    let calls = std::mem::take(&mut sim.state().live.calls);
    if calls.is_empty() {
        return;
    }
    let slots = {
        let mut deliveries = sim.deliveries();
        let count = u64::try_from(calls.len()).unwrap_or_default();
        deliveries.counts.calls += count;
        deliveries.counts.calls_pending += count;
        deliveries.slots.clone()
    };
    for call in calls {
        let (sim, slots) = (sim.clone(), slots.clone());
        tokio::spawn(async move {
            let _slot = slots.acquire().await;
            let result = tokio::select! {
                result = deliver(&call) => result.map_err(|error| error.to_string()),
                () = sim.clock.wait(TIME_OUT) => Err("no answer in time".to_owned()),
            };
            sim.deliveries().ended(delivery(call, result));
        });
    }
}

fn delivery(call: Call, result: Result<u16, String>) -> Delivery {
    let status = result.as_ref().ok().copied();
    Delivery {
        at: call.at,
        webhook_id: call.hook,
        event: call.event,
        url: call.url,
        body: call.body,
        delivered: status.is_some_and(|status| (200..300).contains(&status)),
        status,
        error: result.err(),
    }
}

/// Where a call goes, if it may go there at all.
fn address(uri: &Uri) -> anyhow::Result<String> {
    let host = uri.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if !loopback && !host.eq_ignore_ascii_case("localhost") {
        bail!("not an address of this machine");
    }
    if uri.scheme_str() != Some("http") {
        bail!("only plain http is called");
    }
    let host = if loopback { host } else { "127.0.0.1" };
    Ok(format!("{host}:{}", uri.port_u16().unwrap_or(80)))
}

/// The receiver's status.
async fn deliver(call: &Call) -> anyhow::Result<u16> {
    let uri: Uri = call.url.parse().context("no address")?;
    let stream = TcpStream::connect(address(&uri)?).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let (media_type, body) = match call.content_type {
        ContentType::Json => ("application/json", call.body.to_string()),
        ContentType::Form => ("application/x-www-form-urlencoded", form(&call.body)),
    };
    let authority = uri.authority().map_or("localhost", |authority| authority.as_str());
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut request = Request::post(if target.is_empty() { "/" } else { target })
        .header(HOST, authority.rsplit_once('@').map_or(authority, |(_, host)| host))
        .header(CONTENT_TYPE, media_type)
        .header(USER_AGENT, "imp-sim")
        .body(Full::new(Bytes::from(body)))?;
    if let Some(basic) = basic(authority).and_then(|basic| HeaderValue::try_from(basic).ok()) {
        request.headers_mut().insert(AUTHORIZATION, basic);
    }
    // It ends by itself once the sender below is gone.
    tokio::spawn(connection);
    let answer = sender.send_request(request).await?;
    let status = answer.status().as_u16();
    let _ = Limited::new(answer.into_body(), ANSWER).collect().await;
    Ok(status)
}

/// The credentials of an address, as a header.
fn basic(authority: &str) -> Option<String> {
    let (credentials, _) = authority.rsplit_once('@')?;
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let mut decoded: Vec<u8> = percent_decode_str(user).collect();
    decoded.push(b':');
    decoded.extend(percent_decode_str(password));
    Some(format!("Basic {}", BASE64_STANDARD.encode(decoded)))
}

/// What stays as it is in forms.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-').remove(b'.');

/// The members of an object whose values are texts.
fn form(body: &Value) -> String {
    let encoded = |text| utf8_percent_encode(text, PLAIN);
    let pairs = body.as_object().into_iter().flatten().map(|(key, value)| {
        format!("{}={}", encoded(key), encoded(value.as_str().unwrap_or_default()))
    });
    pairs.collect::<Vec<String>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called() {
        let of = |url: &str| address(&url.parse().unwrap());
        assert_eq!(of("http://127.0.0.1:81/a?b").unwrap(), "127.0.0.1:81");
        assert_eq!(of("http://localhost/").unwrap(), "127.0.0.1:80");
        assert_eq!(of("http://[::1]:9/").unwrap(), "[::1]:9");
        for other in ["http://example.com/", "http://10.0.0.1/", "http://localhost.example.com/"] {
            assert!(of(other).is_err(), "{other}");
        }
        assert!(of("https://127.0.0.1/").is_err());
    }

    #[test]
    fn forms_have_the_same_keys() {
        let body = serde_json::json!({"device_id": "5000", "plan_id": "a b&c"});
        assert_eq!(form(&body), "device_id=5000&plan_id=a%20b%26c");
    }
}
