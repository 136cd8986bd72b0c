//! The client: what the workers of a run share. Connections, token, rate limiter, retry budget, since when
//! nothing has worked, and since when changes have gone wrong. How one request gets through is in `send`.

use model::ErrorKind;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::http::record::Recording;
use crate::http::trace::Trace;
use crate::http::transport::Transport;
use crate::request::{Request, UNBLESSING_KEY};
use crate::send::circuit_breaker::CircuitBreaker;
use crate::send::rate_limit::RateLimiter;
use crate::send::retry_budget::{Grant, RetryBudget};
use crate::{Credentials, Error, http::proxy, send::clock};

/// Asked each time that a request is about to leave which changes something: what it refuses is not sent.
#[derive(Clone)]
pub struct WriteGate(Arc<GateFn>);

type GateFn = dyn Fn(&Request) -> Result<(), Error> + Send + Sync;

impl WriteGate {
    /// With what is asked.
    pub fn new(ask: impl Fn(&Request) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        WriteGate(Arc::new(ask))
    }

    /// Lets everything pass.
    pub fn open() -> Self {
        WriteGate::new(|_| Ok(()))
    }

    /// Whether the request may leave; those that change nothing may.
    pub(crate) fn may_leave(&self, request: &Request) -> Result<(), Error> {
        if request.changes_something() { (self.0)(request) } else { Ok(()) }
    }
}

impl fmt::Debug for WriteGate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WriteGate")
    }
}

/// What a client is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Base URL, with `/v5`, without a slash at the end.
    pub endpoint: String,
    /// The proxy variables.
    pub proxy: proxy::Variables,
    /// Time since the last success before what may still work is given up.
    pub patience: Duration,
    /// Set by Ctrl-C: no new requests.
    pub stop: Arc<AtomicBool>,
    /// Where requests and answers are shown.
    pub trace: Option<Trace>,
    /// Where they are written, to be answered from later.
    pub recording: Option<Recording>,
    /// Asked before a request leaves that changes something.
    pub write_gate: WriteGate,
    /// The limit of the account.
    pub rate_limiter: Arc<RateLimiter>,
    /// The limit of unblessing, which the service counts on its own (imp-service(7), section 4.4).
    pub unblessing_rate_limiter: Arc<RateLimiter>,
}

/// Sends requests. Clones share everything.
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Inner>, pub(crate) Tries);

/// How long one request is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tries {
    /// As long as it may still work.
    Many,
    /// A few times: it is asked again anyway.
    Few,
}

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) transport: Transport,
    pub(crate) credentials: Option<Arc<dyn Credentials>>,
    budget: Mutex<RetryBudget>,
    /// Since when requests that must not be sent twice have gone wrong.
    circuit_breaker: Mutex<CircuitBreaker>,
    /// Held by the one request that tries whether they work again.
    trial: Mutex<()>,
    /// Since when nothing has worked.
    outage: Mutex<Option<Instant>>,
    /// What the service said to requests under way that it failed, by their paths.
    troubles: Mutex<HashMap<String, Error>>,
    /// When every request is given up.
    deadline: OnceLock<Instant>,
    /// Counts good answers: has anything worked since?
    successes: AtomicU64,
    /// Counts requests sent.
    pub(crate) sent: AtomicU64,
}

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
        let transport = Transport::new(&settings, timeout)?;
        let inner = Inner {
            transport,
            credentials,
            budget: Mutex::new(RetryBudget::new(clock::monotonic())),
            circuit_breaker: Mutex::default(),
            trial: Mutex::default(),
            outage: Mutex::new(None),
            troubles: Mutex::default(),
            deadline: OnceLock::new(),
            successes: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            settings,
        };
        Ok(Client(Arc::new(inner), Tries::Many))
    }

    /// One that gives a request up after a few tries, for what is asked again and again anyway. That nothing has
    /// worked for as long as the patience lasts it tells as well.
    #[must_use]
    pub fn with_few_tries(&self) -> Self {
        Client(self.0.clone(), Tries::Few)
    }

    /// The base URL.
    pub fn endpoint(&self) -> &str {
        self.0.transport.endpoint()
    }

    /// What it was made of.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Gives up every request at this time, also one that is under way. What a service that failed said last is told
    /// then, with the kind `unreachable`; where it did not fail the kind is `not_attempted`.
    pub fn end_at(&self, deadline: Instant) {
        // The first counts.
        let _is_first = self.0.deadline.set(deadline);
    }

    /// The time until then, if there is such a time.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        let deadline = self.0.deadline.get()?;
        Some(deadline.saturating_duration_since(clock::monotonic()))
    }

    pub(crate) fn is_late(&self) -> bool {
        self.time_left().is_some_and(|left| left.is_zero())
    }

    /// How many requests have been sent so far, repeats included.
    pub fn requests_sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    pub(crate) fn successes(&self) -> u64 {
        self.0.successes.load(Ordering::Relaxed)
    }

    pub(crate) fn stopped(&self) -> Result<(), Error> {
        if self.0.settings.stop.load(Ordering::Relaxed) {
            Err(interrupted())
        } else if self.is_late() {
            Err(out_of_time())
        } else {
            Ok(())
        }
    }

    pub(crate) fn wait(&self, how_long: Duration) -> Result<(), Error> {
        let wait = self.time_left().map_or(how_long, |left| left.min(how_long));
        if !clock::wait_unless(&self.0.settings.stop, wait) {
            return Err(interrupted());
        }
        if self.is_late() { Err(out_of_time()) } else { Ok(()) }
    }

    /// What the service said last to a request for this path that is being tried again now.
    pub fn trouble_of(&self, path: &str) -> Option<Error> {
        lock(&self.0.troubles).get(path).cloned()
    }

    pub(crate) fn note_trouble(&self, path: &str, trouble: Option<Error>) {
        let mut troubles = lock(&self.0.troubles);
        match trouble {
            Some(trouble) => troubles.insert(path.to_owned(), trouble),
            None => troubles.remove(path),
        };
    }

    /// Notes an outcome; gives since when nothing has worked.
    pub(crate) fn note(&self, good: bool) -> Option<Instant> {
        let mut outage = lock(&self.0.outage);
        if good {
            *outage = None;
            self.0.successes.fetch_add(1, Ordering::Relaxed);
            lock(&self.0.budget).success(clock::monotonic());
        } else {
            outage.get_or_insert_with(clock::monotonic);
        }
        *outage
    }

    /// Waits until the retry budget grants one more; false if it is spent.
    pub(crate) fn within_budget(&self) -> Result<bool, Error> {
        loop {
            let asked = lock(&self.0.budget).take(clock::monotonic(), self.0.settings.patience);
            match asked {
                Grant::Granted => return Ok(true),
                Grant::Wait(_) if self.1 == Tries::Few => return Ok(false),
                Grant::Wait(wait) => self.wait(wait)?,
                Grant::Spent => return Ok(false),
            }
        }
    }

    /// Waits before another try; false if the budget does not allow one.
    pub(crate) fn wait_to_repeat(&self, how_long: Duration) -> Result<bool, Error> {
        if !self.within_budget()? {
            return Ok(false);
        }
        self.wait(how_long).map(|()| true)
    }

    pub(crate) fn circuit_breaker(&self) -> MutexGuard<'_, CircuitBreaker> {
        lock(&self.0.circuit_breaker)
    }

    /// Waits until no other request tries whether changes work again.
    pub(crate) fn trial(&self) -> MutexGuard<'_, ()> {
        simulated::lock(&self.0.trial).unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn rate_limiter_for(&self, request: &Request) -> &RateLimiter {
        let unblesses = request.secret_headers.iter().any(|(name, _)| *name == UNBLESSING_KEY);
        if unblesses {
            &self.0.settings.unblessing_rate_limiter
        } else {
            &self.0.settings.rate_limiter
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn out_of_time() -> Error {
    Error::new(ErrorKind::NotAttempted, "The time is over").detail("this was given up")
}

pub(crate) fn interrupted() -> Error {
    Error::new(ErrorKind::NotAttempted, "Interrupted")
        .detail("the run was stopped before this was sent")
}
