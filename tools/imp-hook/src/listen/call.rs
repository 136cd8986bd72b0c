//! One call: from hyper's request to the answer, with the event on the disk in between.
//!
//! Careful about size: the body has a limit that is looked at before memory is taken. Refused calls are counted,
//! because somebody who calls in vain is not seen otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use api::send::clock;
use cli::terminal::stderr;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use model::Secret;

use super::commit::Committer;
use super::counts::Counts;
use super::deadline::Deadline;
use super::{event, secret};

/// The longest body, in bytes; the known events have less than one thousandth of it.
pub const MAX_BODY: usize = 1 << 20;

/// Turns calls into events. All connections share it.
pub struct Receiver {
    secret: Secret,
    committer: Committer,
    counts: Arc<Counts>,
    /// Events so far: the end of their ids.
    number: AtomicU64,
    started: SystemTime,
}

impl Receiver {
    /// A receiver of the calls whose path has the secret.
    pub fn new(secret: Secret, committer: Committer, counts: Arc<Counts>) -> Self {
        Receiver { secret, committer, counts, number: AtomicU64::new(0), started: clock::now() }
    }

    /// Answers a call, after its event is on the disk.
    pub async fn answer(
        &self,
        request: Request<Incoming>,
        deadline: &Deadline,
    ) -> Response<Empty<Bytes>> {
        let mut response = Response::new(Empty::new());
        if let Err(status) = self.receive(request, deadline).await {
            self.count_refused(status);
            *response.status_mut() = status;
            if status == StatusCode::METHOD_NOT_ALLOWED {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            }
        }
        response
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
        deadline: &Deadline,
    ) -> Result<(), StatusCode> {
        let (head, body) = request.into_parts();
        let body = read(body, deadline).await?;
        let hook = secret::hook(head.uri.path(), &self.secret).ok_or(StatusCode::NOT_FOUND)?;
        if head.method != Method::POST {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
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

async fn read(body: Incoming, deadline: &Deadline) -> Result<Bytes, StatusCode> {
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let read = Limited::new(body, MAX_BODY).collect().await;
    read.map(|body| body.to_bytes()).map_err(|error| match () {
        () if error.is::<LengthLimitError>() => StatusCode::PAYLOAD_TOO_LARGE,
        () if deadline.has_passed() => StatusCode::REQUEST_TIMEOUT,
        () => StatusCode::BAD_REQUEST,
    })
}
