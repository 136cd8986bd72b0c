//! `--record`: exchanges as lines of JSON, from which `imp-sim replay` answers later.
//!
//! Careful about secrets: each is replaced, the same one by the same text, so that an old token is still told from a
//! new one. Nothing is kept of what has been written, however long a list is, and of an answer that was cut only
//! its length: half a body cannot be searched for secrets.

pub(crate) mod replacement;

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::{Map, Value, json};
use ureq::http::HeaderMap;

use crate::AccessToken;
use crate::http::secrets;
use crate::http::transport::{Body, Exchange, Trouble};
use crate::logs::sse::{Event, Parser};
use crate::logs::stream::is_timeout;
use crate::request::Request;
use crate::send::clock;
use replacement::Replacement;

/// The headers of an answer that mean something to us.
const HEADERS: [&str; 5] = [
    "content-type",
    "retry-after",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

/// Where the exchanges of a run are written.
#[derive(Clone)]
pub struct Recording(Arc<Inner>);

struct Inner {
    /// The run, in each of its lines: several may write to one file.
    run: String,
    begin: Instant,
    replacement: Replacement,
    streams: AtomicU64,
    write: Box<dyn Fn(&str) + Send + Sync>,
}

/// A request that is on its way.
pub(crate) struct Sent<'a> {
    endpoint: &'a str,
    request: &'a Request,
    token: Option<&'a AccessToken>,
    at: Instant,
}

impl<'a> Sent<'a> {
    /// It leaves now.
    pub(crate) fn now(
        endpoint: &'a str,
        request: &'a Request,
        token: Option<&'a AccessToken>,
    ) -> Self {
        Sent { endpoint, request, token, at: clock::monotonic() }
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Recording")
    }
}

impl Recording {
    /// Lines are given to `write`, without line end; their times count from now.
    pub fn new(
        run: String,
        replacement: Replacement,
        write: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        let (begin, streams) = (clock::monotonic(), AtomicU64::new(0));
        Recording(Arc::new(Inner { run, begin, replacement, streams, write: Box::new(write) }))
    }

    /// A line of `kind` of this run, as of now.
    pub fn line(&self, kind: &str) -> Map<String, Value> {
        self.line_at(kind, clock::monotonic())
    }

    /// What stands in the place of secrets and names.
    pub fn replacement(&self) -> &Replacement {
        &self.0.replacement
    }

    /// Writes a line.
    pub fn write(&self, line: Map<String, Value>) {
        (self.0.write)(&Value::Object(line).to_string());
    }

    fn line_at(&self, kind: &str, at: Instant) -> Map<String, Value> {
        let mut line = Map::new();
        line.insert("type".into(), kind.into());
        line.insert("run".into(), self.0.run.as_str().into());
        line.insert("at".into(), milliseconds(self.0.begin, at));
        line
    }

    /// The request of an exchange that has ended now.
    fn line_of(&self, sent: &Sent<'_>) -> Map<String, Value> {
        let Sent { endpoint, request, token, at } = sent;
        let replacement = &self.0.replacement;
        let mut line = self.line_at("exchange", *at);
        line.insert("took".into(), milliseconds(*at, clock::monotonic()));
        line.insert("method".into(), request.method.word().into());
        line.insert("target".into(), replacement.target(&request.target()).into());
        if let Some(token) = token {
            line.insert("token".into(), replacement.secret(token.expose()).into());
        }
        let secret = |(name, value): &(&'static str, model::Secret)| {
            ((*name).to_owned(), replacement.secret(value.expose()).into())
        };
        if !request.secret_headers.is_empty() {
            let headers: Map<String, Value> = request.secret_headers.iter().map(secret).collect();
            line.insert("request_headers".into(), headers.into());
        }
        if let Some(mut body) = body_of(request) {
            replacement.in_body(&mut body, endpoint);
            line.insert("body".into(), body);
        }
        line
    }

    /// Writes an exchange that has ended now.
    pub(crate) fn exchange(&self, sent: &Sent<'_>, exchange: &Exchange, trouble: &Trouble) {
        let mut line = self.line_of(sent);
        let fault = match exchange {
            Exchange::Answered(raw) => {
                line.insert("status".into(), raw.status.into());
                line.insert("headers".into(), headers(&raw.headers));
                let (name, mut answer) = self.answer(&raw.text, sent.endpoint);
                // Who has the id may read the logs, whatever it is said to be.
                if sent.request.path == "/logstream"
                    && let Some(id) = answer.pointer_mut("/data/id")
                {
                    secrets::replace_whole(id, &|id| self.0.replacement.secret(id));
                }
                line.insert(name.into(), answer);
                return self.write_hiding(line, sent);
            }
            Exchange::NotSent(_) => "not_sent",
            Exchange::Untrusted(_) => "untrusted",
            Exchange::Lost(_) if trouble.is_timeout => "timeout",
            Exchange::Lost(_) if trouble.cut.is_some() => "cut",
            Exchange::Lost(_) => "lost",
        };
        line.insert("fault".into(), fault.into());
        if let Some((status, of_answer, received)) = &trouble.cut {
            line.insert("status".into(), (*status).into());
            line.insert("headers".into(), headers(of_answer));
            line.insert("received".into(), (*received).into());
        }
        self.write_hiding(line, sent);
    }

    /// Under which name an answer stands, and what of it.
    fn answer(&self, text: &str, endpoint: &str) -> (&'static str, Value) {
        match serde_json::from_str(text) {
            Ok(mut body) => {
                self.0.replacement.in_body(&mut body, endpoint);
                ("answer", body)
            }
            Err(_) => ("answer_text", self.0.replacement.text(text).into()),
        }
    }

    /// Writes a line without what the service has repeated of the request's secrets.
    fn write_hiding(&self, mut line: Map<String, Value>, sent: &Sent<'_>) {
        let secrets = self.secrets_of(sent);
        for name in ["target", "body", "answer", "answer_text"] {
            if let Some(member) = line.get_mut(name) {
                self.hide(member, &secrets);
            }
        }
        self.write(line);
    }

    /// The secrets of a request that may come back, longer ones first.
    fn secrets_of(&self, sent: &Sent<'_>) -> Vec<String> {
        let mut secrets = secrets::secrets_of(sent.request, sent.token);
        if let Some(body) = body_of(sent.request) {
            secrets.extend(self.0.replacement.secrets_in(&body));
        }
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets
    }

    /// Replaces secrets within texts; types stay, by which a command knows what it reads.
    fn hide(&self, value: &mut Value, secrets: &[String]) {
        match value {
            Value::Object(members) => {
                let others = members.iter_mut().filter(|(name, _)| *name != "type");
                others.for_each(|(_, member)| self.hide(member, secrets));
            }
            Value::Array(elements) => elements.iter_mut().for_each(|it| self.hide(it, secrets)),
            Value::String(text) => {
                for secret in secrets {
                    *text = text.replace(secret, &self.0.replacement.secret(secret));
                }
            }
            _ => {}
        }
    }

    /// Writes that a stream has been opened, and from now on what comes.
    pub(crate) fn stream(&self, sent: &Sent<'_>, body: Body) -> Body {
        let number = self.0.streams.fetch_add(1, Ordering::Relaxed);
        let mut line = self.line_of(sent);
        line.insert("status".into(), 200.into());
        line.insert("stream".into(), number.into());
        self.write_hiding(line, sent);
        let endpoint = sent.endpoint.to_owned();
        let (recording, secrets) = (self.clone(), self.secrets_of(sent));
        Box::new(Stream { body, parser: Parser::default(), number, endpoint, secrets, recording })
    }
}

/// A stream that is recorded while it is read.
struct Stream {
    body: Body,
    parser: Parser,
    number: u64,
    endpoint: String,
    secrets: Vec<String>,
    recording: Recording,
}

impl Stream {
    fn line(&self, name: &str, value: Value) -> Map<String, Value> {
        let mut line = self.recording.line("stream");
        line.insert("stream".into(), self.number.into());
        line.insert(name.into(), value);
        line
    }

    fn write_event(&self, event: &Event) {
        let (name, mut data) = self.recording.answer(&event.data, &self.endpoint);
        self.recording.hide(&mut data, &self.secrets);
        let mut line = self.line("event", event.kind.as_str().into());
        line.insert(name.into(), data);
        self.recording.write(line);
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.body.read(buffer);
        let end = match &read {
            Ok(0) => "closed",
            Ok(length) => {
                let mut events = Vec::new();
                self.parser.feed(&buffer[..*length], |event| events.push(event));
                events.iter().for_each(|event| self.write_event(event));
                return read;
            }
            Err(error) if is_timeout(error) => "silent",
            Err(_) => "broken",
        };
        self.recording.write(self.line("end", end.into()));
        read
    }
}

fn headers(headers: &HeaderMap) -> Value {
    let known = HEADERS.iter().filter_map(|name| {
        let value = headers.get(*name)?.to_str().ok()?;
        Some(((*name).to_owned(), json!(value)))
    });
    known.collect::<Map<String, Value>>().into()
}

fn milliseconds(from: Instant, to: Instant) -> Value {
    let passed = to.saturating_duration_since(from).as_millis();
    u64::try_from(passed).unwrap_or(u64::MAX).into()
}

/// The body of a request, of whichever form it is.
fn body_of(request: &Request) -> Option<Value> {
    let read = || serde_json::from_str(request.text.as_deref()?).ok();
    read().or_else(|| request.body.clone())
}
