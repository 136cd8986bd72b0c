//! `--record`: exchanges as lines of JSON, from which `imp-sim replay` answers later.
//!
//! Careful about secrets: each is replaced, the same one by the same text, so that an old token is still told from a
//! new one. Nothing is kept of what has been written, however long a list is, and of an answer that was cut only
//! its length: half a body cannot be searched for secrets.

pub(crate) mod replacement;
mod secrets_in_text;
mod stream;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use serde_json::{Map, Value, json};
use ureq::http::HeaderMap;

use crate::AccessToken;
use crate::http::secrets;
use crate::http::transport::{Exchange, Trouble};
use crate::request::Request;
use crate::send::clock;
use replacement::bodies::values_of_variables;
use replacement::{Replacement, schema};
use secrets_in_text::SecretsInText;

/// The headers of an answer that mean something to us.
const HEADERS: [&str; 6] = [
    "content-type",
    "date",
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
                let answer = serde_json::from_str(&raw.text).ok();
                let secrets = self.secrets_of(sent, answer.as_ref());
                let (name, mut answer) = self.answer(answer, &raw.text, sent.endpoint, &secrets);
                // Who has the id may read the logs, whatever it is said to be.
                if sent.request.path == "/logstream"
                    && let Some(id) = answer.pointer_mut("/data/id")
                {
                    secrets::replace_whole(id, &|id| self.0.replacement.secret(id));
                }
                line.insert(name.into(), answer);
                return self.write_hiding(line, &secrets);
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
        self.write_hiding(line, &self.secrets_of(sent, None));
    }

    /// Under which name an answer stands, and what of it.
    fn answer(
        &self,
        body: Option<Value>,
        text: &str,
        endpoint: &str,
        secrets: &SecretsInText,
    ) -> (&'static str, Value) {
        let replacement = &self.0.replacement;
        let Some(mut body) = body else {
            let text = replacement.hide_in_words(text, secrets);
            return ("answer_text", replacement.text(&text).into());
        };
        replacement.in_body(&mut body, endpoint);
        replacement.hide_in_value(&mut body, secrets);
        ("answer", body)
    }

    /// Writes a line without what is repeated of secrets.
    fn write_hiding(&self, mut line: Map<String, Value>, secrets: &SecretsInText) {
        if let Some(body) = line.get_mut("body") {
            self.0.replacement.hide_in_value(body, secrets);
        }
        if let Some(Value::String(target)) = line.get_mut("target") {
            *target = self.0.replacement.hide_in_target(target, secrets);
        }
        self.write(line);
    }

    /// The secrets of a request that may come back, and those of its answer. Those of the request, and tokens that a
    /// sign-in brings, may stand in all that comes later.
    fn secrets_of(&self, sent: &Sent<'_>, answer: Option<&Value>) -> SecretsInText {
        let replacement = &self.0.replacement;
        let mut credentials = secrets::all_of(sent.request, sent.token);
        let of_answer = answer.map(secrets::within).unwrap_or_default();
        let brought = of_answer.iter().filter(|_| sent.request.for_sign_in);
        credentials.iter().chain(brought).for_each(|secret| replacement.know(secret));
        credentials.extend(of_answer);
        let body = body_of(sent.request);
        body.iter().for_each(|body| replacement.know_variables_of(body));
        credentials.extend(answer.into_iter().flat_map(values_of_variables));
        let bodies = body.iter().chain(answer);
        let others: Vec<String> = bodies.flat_map(|body| replacement.secrets_in(body)).collect();
        SecretsInText::new(&credentials, &others)
    }
}

/// Those headers that are as they should be; anything may stand in others.
fn headers(headers: &HeaderMap) -> Value {
    let known = HEADERS.iter().filter_map(|&name| {
        let value = headers.get(name)?.to_str().ok()?;
        let value = match name {
            "content-type" => value.split(';').next().filter(|kind| schema::is_word(kind))?,
            "date" => httpdate::parse_http_date(value).ok().map(|_| value)?,
            _ => value.trim().parse::<f64>().ok().map(|_| value)?,
        };
        Some((name.to_owned(), json!(value)))
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
