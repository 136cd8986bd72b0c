//! The client: the one loop that sends, waits and repeats.
//!
//! It holds what the workers of a run share: connections, token, pace, retry budget, and since when
//! nothing has worked. Every decision is made by `retry`, `budget` and `pace`; this file carries it out.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::budget::Budget;
use crate::pace::{Pace, unix_now};
use crate::request::{Answer, Method, Request};
use crate::retry::{self, Decision, Outcome, Situation};
use crate::trace::{self, Trace};
use crate::transport::{Exchange, Raw, Transport};
use crate::{AccessToken, Credentials, Error, Kind, clock, proxy};

/// What a client is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Base URL, with `/v5`, without a slash at the end.
    pub endpoint: String,
    /// The proxy variables.
    pub proxy: proxy::Variables,
    /// So long is nothing given up that may still work, counted from the last success.
    pub patience: Duration,
    /// Set by Ctrl-C: no new requests.
    pub stop: Arc<AtomicBool>,
    /// Where requests and answers are shown.
    pub trace: Option<Trace>,
    /// The pace of the account.
    pub pace: Arc<Pace>,
    /// The pace of unblessing, which the service limits on its own (reference 2).
    pub unblessing_pace: Arc<Pace>,
}

/// Sends requests. Clones share everything.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    settings: Settings,
    transport: Transport,
    credentials: Option<Arc<dyn Credentials>>,
    budget: Mutex<Budget>,
    /// Since when nothing has worked.
    outage: Mutex<Option<Instant>>,
    /// Counts good answers: has anything worked since?
    successes: AtomicU64,
    /// Counts requests sent.
    sent: AtomicU64,
}

/// The limit counts requests a second (reference 2: 40 in a window of which the reset header says 1).
const WINDOW: Duration = Duration::from_secs(1);

/// The header that carries the unblessing key.
pub(crate) const UNBLESSING_KEY: &str = "x-electricimp-key";

impl Client {
    /// A client for the sign-in `credentials`, or without one for signing in.
    ///
    /// # Errors
    /// Of kind `bad_input` when endpoint or proxy cannot be used.
    pub fn new(
        settings: Settings,
        credentials: Option<Arc<dyn Credentials>>,
    ) -> Result<Self, Error> {
        // A single request that hangs must not use up the patience of the whole run.
        let timeout =
            (settings.patience / 4).clamp(Duration::from_secs(1), Duration::from_secs(30));
        let transport = Transport::new(&settings.endpoint, &settings.proxy, timeout)?;
        Ok(Client(Arc::new(Inner {
            transport,
            credentials,
            budget: Mutex::new(Budget::new(clock::monotonic())),
            outage: Mutex::new(None),
            successes: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            settings,
        })))
    }

    /// The base URL.
    pub fn endpoint(&self) -> &str {
        self.0.transport.endpoint()
    }

    /// What it was made of.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// How many requests have been sent so far, repeats included.
    pub fn requests_sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// Sends `request` until there is an answer or no hope.
    ///
    /// A DELETE of one thing that is repeated and then answered 404 was carried out the first time.
    ///
    /// # Errors
    /// [`Error`] with the service's words, but no secret of the request in them. Kinds `not_signed_in` and
    /// `unreachable` end the run, `not_attempted` says that a signal came first, `unknown_outcome` that
    /// it may have been done.
    pub fn send(&self, request: &Request) -> Result<Answer, Error> {
        let mut sending = Sending {
            client: self,
            request,
            attempts: 0,
            token: None,
            lost: false,
            seen: self.successes(),
        };
        sending.until_done().map_err(|error| {
            let secrets = trace::secrets_of(request, sending.token.as_ref());
            error.reworded(|words| trace::hide_all(words, &secrets))
        })
    }

    /// Opens an answer that does not end, once, with or without a token.
    pub(crate) fn open(
        &self,
        request: &Request,
        signed_in: bool,
    ) -> Result<Box<dyn std::io::Read + Send>, Error> {
        self.stopped()?;
        let credentials = self.0.credentials.as_ref().filter(|_| signed_in);
        let token = credentials.map(|credentials| credentials.token()).transpose()?;
        self.wait(self.pace_of(request).take())?;
        self.0.sent.fetch_add(1, Ordering::Relaxed);
        let trace = self.0.settings.trace.as_ref();
        if let Some(trace) = trace {
            trace.request(request, self.endpoint());
        }
        self.0.transport.open(request, token.as_ref()).map_err(|exchange| {
            if let Some(trace) = trace {
                trace.exchange(request, token.as_ref(), &exchange);
            }
            let secrets = trace::secrets_of(request, token.as_ref());
            error_of(&exchange).reworded(|words| trace::hide_all(words, &secrets))
        })
    }

    fn successes(&self) -> u64 {
        self.0.successes.load(Ordering::Relaxed)
    }

    fn stopped(&self) -> Result<(), Error> {
        if self.0.settings.stop.load(Ordering::Relaxed) { Err(interrupted()) } else { Ok(()) }
    }

    fn wait(&self, how_long: Duration) -> Result<(), Error> {
        if clock::wait_unless(&self.0.settings.stop, how_long) {
            Ok(())
        } else {
            Err(interrupted())
        }
    }

    /// Notes an outcome; gives since when nothing has worked.
    fn note(&self, good: bool) -> Option<Instant> {
        let mut outage = self.0.outage.lock().unwrap_or_else(PoisonError::into_inner);
        if good {
            *outage = None;
            self.0.successes.fetch_add(1, Ordering::Relaxed);
            self.0.budget.lock().unwrap_or_else(PoisonError::into_inner).success();
        } else {
            outage.get_or_insert_with(clock::monotonic);
        }
        *outage
    }

    fn pace_of(&self, request: &Request) -> &Pace {
        let unblesses = request.secret_headers.iter().any(|(name, _)| *name == UNBLESSING_KEY);
        if unblesses { &self.0.settings.unblessing_pace } else { &self.0.settings.pace }
    }
}

fn interrupted() -> Error {
    Error::new(Kind::NotAttempted, "Interrupted").detail("the run was stopped before this was sent")
}

/// One request on its way.
struct Sending<'a> {
    client: &'a Client,
    request: &'a Request,
    attempts: u32,
    token: Option<AccessToken>,
    /// An earlier sending may have arrived.
    lost: bool,
    /// Good answers to others before this one was first sent.
    seen: u64,
}

impl Sending<'_> {
    fn until_done(&mut self) -> Result<Answer, Error> {
        loop {
            let exchange = self.once()?;
            let outcome = match &exchange {
                Exchange::Answered(raw) => Outcome::Status(raw.status),
                Exchange::NotSent(_) => Outcome::NotSent,
                Exchange::Lost(_) => Outcome::Lost,
                Exchange::Untrusted(_) => Outcome::Untrusted,
            };
            match retry::decide(outcome, &self.situation(outcome)) {
                Decision::Take => return self.take(exchange),
                Decision::PauseAll => {
                    // It was never carried out, and waiting is no attempt.
                    self.attempts -= 1;
                    self.client.pace_of(self.request).hold(pause_asked(&exchange));
                }
                Decision::NewToken => self.other_token(&exchange)?,
                Decision::Again(wait) => {
                    self.lost |= outcome != Outcome::NotSent;
                    self.client.wait(wait)?;
                    self.within_budget()?;
                }
                Decision::UnknownOutcome => return Err(self.unknown(&exchange)),
                Decision::Misconfigured => return Err(error_of(&exchange)),
                Decision::Failed => return Err(self.gave_up(&exchange, Kind::Unexpected)),
                Decision::Unreachable => return Err(self.gave_up(&exchange, Kind::Unreachable)),
            }
        }
    }

    /// Waits for token and slot, then sends once.
    fn once(&mut self) -> Result<Exchange, Error> {
        self.client.stopped()?;
        if let (None, Some(credentials), false) =
            (&self.token, &self.client.0.credentials, self.request.for_sign_in)
        {
            self.token = Some(credentials.token()?);
        }
        let pace = self.client.pace_of(self.request);
        if !self.request.for_sign_in {
            self.client.wait(pace.take())?;
        }
        self.attempts += 1;
        self.client.0.sent.fetch_add(1, Ordering::Relaxed);
        let trace = self.client.0.settings.trace.as_ref();
        if let Some(trace) = trace {
            trace.request(self.request, self.client.endpoint());
        }
        // Something that must not be done twice goes over a connection that nobody can have closed.
        let kept = self.request.repeat == crate::Repeat::Safe;
        let exchange = self.client.0.transport.exchange(self.request, self.token.as_ref(), kept);
        if let Some(trace) = trace {
            trace.exchange(self.request, self.token.as_ref(), &exchange);
        }
        if let Exchange::Answered(raw) = &exchange {
            self.learn(raw, pace);
        }
        Ok(exchange)
    }

    /// The limit stands in every answer of the API itself; a gateway's error page knows nothing of it.
    fn learn(&self, raw: &Raw, pace: &Pace) {
        let limit = raw.number("x-ratelimit-limit");
        let from_api = raw.status < 500 && raw.status != 429 && !self.request.for_sign_in;
        if limit.is_none() && !from_api {
            return;
        }
        pace.learn(limit, WINDOW);
    }

    fn situation(&self, outcome: Outcome) -> Situation {
        let good = matches!(outcome, Outcome::Status(status) if status < 500 && status != 429);
        Situation {
            repeat: self.request.repeat,
            attempts: self.attempts,
            others_succeed: self.client.successes() > self.seen,
            outage_since: self.client.note(good),
            patience: self.client.0.settings.patience,
            now: clock::monotonic(),
            jitter: fastrand::f64(),
        }
    }

    fn within_budget(&self) -> Result<(), Error> {
        loop {
            let asked = {
                let mut budget =
                    self.client.0.budget.lock().unwrap_or_else(PoisonError::into_inner);
                budget.take(clock::monotonic())
            };
            match asked {
                Ok(()) => return Ok(()),
                Err(wait) => self.client.wait(wait)?,
            }
        }
    }

    fn other_token(&mut self, exchange: &Exchange) -> Result<(), Error> {
        let attempts = self.attempts;
        let refusal = || Error { attempts, ..error_of(exchange) };
        let (Some(refused), Some(credentials)) = (&self.token, &self.client.0.credentials) else {
            return Err(refusal());
        };
        // The refused sending was never carried out.
        self.attempts -= 1;
        if self.request.secret_headers.is_empty() {
            self.token = Some(credentials.renewed(refused)?);
            return Ok(());
        }
        // The 401 may be about the password or key in the header: another request tells, and gets a new
        // token if it is the token after all.
        self.client.send(&Request::get("/accounts/me"))?;
        let token = credentials.token()?;
        if token == *refused {
            return Err(Error { kind: Kind::Refused, ..refusal() });
        }
        self.token = Some(token);
        Ok(())
    }

    fn take(&self, exchange: Exchange) -> Result<Answer, Error> {
        let Exchange::Answered(raw) = exchange else {
            return Err(error_of(&exchange));
        };
        let deleted_before = self.lost && raw.status == 404 && self.deletes_one_thing();
        if (200..300).contains(&raw.status) || deleted_before {
            if raw.body.is_null() && !raw.text.trim().is_empty() {
                return Err(Error {
                    status: Some(raw.status),
                    attempts: self.attempts,
                    ..Error::new(Kind::Unexpected, "Unexpected answer")
                        .detail("the answer is not JSON; is the endpoint an impCentral API?")
                });
            }
            return Ok(Answer { body: raw.body });
        }
        Err(Error { attempts: self.attempts, ..Error::from_answer(raw.status, &raw.body) })
    }

    fn deletes_one_thing(&self) -> bool {
        self.request.method == Method::Delete && !self.request.path.contains("/relationships/")
    }

    fn unknown(&self, exchange: &Exchange) -> Error {
        let why = error_of(exchange);
        Error {
            kind: Kind::UnknownOutcome,
            attempts: self.attempts,
            title: "It is not known whether this was done".into(),
            detail: Some(format!("{}; look before you repeat it", why.words())),
            ..why
        }
    }

    fn gave_up(&self, exchange: &Exchange, kind: Kind) -> Error {
        let why = error_of(exchange);
        let patience = humantime::format_duration(self.client.0.settings.patience);
        let title = match kind {
            Kind::Unreachable => format!("The service could not be reached for {patience}"),
            _ => format!("The service failed {} times", self.attempts),
        };
        let detail = match kind {
            Kind::Unreachable => format!("{}; try again later", why.words()),
            _ => why.words(),
        };
        Error { kind, attempts: self.attempts, title, detail: Some(detail), ..why }
    }
}

fn error_of(exchange: &Exchange) -> Error {
    match exchange {
        Exchange::Answered(raw) => Error::from_answer(raw.status, &raw.body),
        Exchange::NotSent(why) => Error::new(Kind::Unreachable, "No connection").detail(why),
        Exchange::Lost(why) => Error::new(Kind::Unreachable, "No answer").detail(why),
        Exchange::Untrusted(why) => {
            Error::new(Kind::Misconfigured, "The service's certificate is not trusted").detail(why)
        }
    }
}

fn pause_asked(exchange: &Exchange) -> Duration {
    match exchange {
        Exchange::Answered(raw) => {
            retry::pause(raw.number("retry-after"), raw.number("x-ratelimit-reset"), unix_now())
        }
        _ => Duration::ZERO,
    }
}
