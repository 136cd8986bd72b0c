//! One call: from hyper's request to the answer, with the event on the disk in between.
//!
//! Refused calls are counted, and kept if that is asked for: somebody who calls in vain is not seen otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use api::send::clock;
use cli::terminal::stderr;
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use model::Secret;

use super::commit::Committer;
use super::counts::Counts;
use super::refused::RefusedCalls;
use super::seen::Call;
use super::server::Connection;
use super::{body, event, secret};

/// Turns calls into events. All connections share it.
pub struct Receiver {
    secret: Secret,
    committer: Committer,
    counts: Arc<Counts>,
    refused: Option<Arc<RefusedCalls>>,
    /// Events so far: the end of their ids.
    number: AtomicU64,
    started: SystemTime,
}

impl Receiver {
    /// A receiver of the calls whose path has the secret, which keeps those that are refused in `refused`.
    pub fn new(
        secret: Secret,
        committer: Committer,
        counts: Arc<Counts>,
        refused: Option<RefusedCalls>,
    ) -> Self {
        let (refused, number) = (refused.map(Arc::new), AtomicU64::new(0));
        Receiver { secret, committer, counts, refused, number, started: clock::now() }
    }

    /// Answers a call, after its event is on the disk.
    pub async fn answer(
        &self,
        request: Request<Incoming>,
        connection: &Connection,
    ) -> Response<Empty<Bytes>> {
        let mut response = Response::new(Empty::new());
        let received = self.receive(request, connection).await;
        let call = connection.seen.take();
        if let Err(status) = received {
            self.refuse(status, call).await;
            *response.status_mut() = status;
            if status == StatusCode::METHOD_NOT_ALLOWED {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            }
        }
        response
    }

    /// Keeps and counts a call that is refused; the first one with each status is said.
    pub async fn refuse(&self, status: StatusCode, call: Call) {
        self.count_refused(status);
        if let Some(refused) = self.refused.clone() {
            // A slow disk does not hold up other calls.
            let keep = move || refused.keep(status, &call);
            let _panicked = tokio::task::spawn_blocking(keep).await;
        }
    }

    /// Counts a call that was refused; the first one with each status is said.
    pub fn count_refused(&self, status: StatusCode) {
        if self.counts.refused(status.as_u16()) {
            let reason = status.canonical_reason().unwrap_or_default();
            stderr::say(&format!(
                "a call was answered {} ({reason}); from now on they are only counted",
                status.as_u16()
            ));
        }
    }

    async fn receive(
        &self,
        request: Request<Incoming>,
        connection: &Connection,
    ) -> Result<(), StatusCode> {
        let (head, body) = request.into_parts();
        let hook = secret::hook(head.uri.path(), &self.secret);
        if hook.is_some() {
            connection.place.show_secret();
        }
        connection.seen.begin(&head);
        let body = body::read(body, &connection.deadline, &connection.seen).await?;
        let hook = hook.ok_or(StatusCode::NOT_FOUND)?;
        if head.method != Method::POST {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        let body = body::unpacked(&body)?;
        let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let members = event::body(content_type, &body)?;
        let digest = event::digest(hook, &body);
        let received_at = humantime::format_rfc3339_millis(clock::now()).to_string();
        let record = event::record(self.next_id(), received_at, hook, digest, members);
        let committed = self.committer.commit(record, digest).await;
        committed.then_some(()).ok_or(StatusCode::SERVICE_UNAVAILABLE)
    }

    /// An id that no other event of this machine has.
    fn next_id(&self) -> String {
        let start = self.started.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        format!("{start:x}-{}", self.number.fetch_add(1, Ordering::Relaxed) + 1)
    }
}
