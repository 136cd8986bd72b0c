//! How one request gets through: the one loop that sends, waits and repeats.
//!
//! Every decision is made by `retry`, `retry_budget`, `circuit_breaker` and `rate_limit`; this file carries it out.

pub mod activity;
pub(crate) mod circuit_breaker;
pub mod clock;
mod doubt;
mod failure;
pub mod rate_limit;
pub(crate) mod retry;
pub(crate) mod retry_budget;

use model::ErrorKind;
use std::sync::MutexGuard;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::client::Client;
use crate::http::secrets;
use crate::http::transport::{Exchange, Raw};
use crate::request::{Answer, Method, Repeat, Request};
use crate::send::circuit_breaker::Next;
pub(crate) use crate::send::failure::error_of;
use crate::send::rate_limit::{Pause, Quota, RateLimiter, unix_now};
use crate::send::retry::{Decision, Outcome, Situation};
use crate::{AccessToken, Error};

/// The limit counts requests a second (imp-service(7), section 4.1).
pub(crate) const WINDOW: Duration = Duration::from_secs(1);
/// Who waits for a ticket looks so often whether it is due earlier or later.
const LOOK: Duration = Duration::from_millis(250);

impl Client {
    /// Sends `request` until there is an answer or no hope.
    ///
    /// A DELETE of one thing that is repeated and then answered 404 was carried out the first time. After the
    /// last try of a change the thing is looked at, if it may have been changed.
    ///
    /// # Errors
    /// [`Error`] with the service's words, but no secret of the request in them. Kinds `not_signed_in` and
    /// `unreachable` end the run, `not_attempted` says that a signal came first, `unknown_outcome` that
    /// it may have been done.
    pub fn send(&self, request: &Request) -> Result<Answer, Error> {
        request.names_its_resource()?;
        SendLoop::new(self, request).until_done()
    }

    /// Takes a ticket and waits until it is due.
    fn wait_for_ticket(&self, rate_limiter: &RateLimiter) -> Result<(), Error> {
        let (mut ticket, mut left) = rate_limiter.take_ticket();
        activity::held_by_limit(left, || {
            while !left.is_zero() {
                self.wait(left.min(LOOK))?;
                left = rate_limiter.time_left(&mut ticket);
            }
            Ok(())
        })
    }

    /// Opens an answer that does not end, once, with or without a token.
    pub(crate) fn open(
        &self,
        request: &Request,
        signed_in: bool,
    ) -> Result<Box<dyn std::io::Read + Send>, Error> {
        request.names_its_resource()?;
        self.stopped()?;
        let credentials = self.0.credentials.as_ref().filter(|_| signed_in);
        let token = credentials.map(|credentials| credentials.token()).transpose()?;
        self.wait_for_ticket(self.rate_limiter_for(request))?;
        self.0.sent.fetch_add(1, Ordering::Relaxed);
        let trace = self.0.settings.trace.as_ref();
        if let Some(trace) = trace {
            trace.request(request, self.endpoint());
        }
        self.0.transport.open(request, token.as_ref()).map_err(|exchange| {
            if let Some(trace) = trace {
                trace.exchange(request, token.as_ref(), &exchange);
            }
            let secrets = secrets::secrets_of(request, token.as_ref());
            error_of(&exchange).reworded(|words| secrets::hide_all(words, &secrets))
        })
    }
}

/// One request on its way.
pub(crate) struct SendLoop<'a> {
    client: &'a Client,
    request: &'a Request,
    attempts: u32,
    token: Option<AccessToken>,
    /// A sending may have arrived.
    lost: bool,
    /// Good answers to others before this one was first sent.
    seen: u64,
    /// What the service said when it failed last.
    trouble: Option<Error>,
}

impl<'a> SendLoop<'a> {
    pub(crate) fn new(client: &'a Client, request: &'a Request) -> Self {
        let seen = client.successes();
        SendLoop { client, request, attempts: 0, token: None, lost: false, seen, trouble: None }
    }

    /// As [`Client::send`].
    pub(crate) fn until_done(mut self) -> Result<Answer, Error> {
        let done = self.repeat_until_done();
        if self.trouble.is_some() {
            self.client.note_trouble(&self.request.path, None);
        }
        let answer = match done {
            Err(why) if why.kind == ErrorKind::NotAttempted && self.client.is_late() => {
                Err(self.trouble.take().unwrap_or(why))
            }
            Err(why) if self.lost => self.in_doubt(why),
            answer => answer,
        };
        answer.map_err(|error| self.without_secrets(error))
    }

    fn repeat_until_done(&mut self) -> Result<Answer, Error> {
        loop {
            let _alone = self.wait_for_turn()?;
            let exchange = self.send_once()?;
            let outcome = match &exchange {
                Exchange::Answered(raw) => Outcome::Status(raw.status),
                Exchange::NotSent(_) => Outcome::NotSent,
                Exchange::Lost(_) => Outcome::Lost,
                Exchange::Untrusted(_) => Outcome::Untrusted,
            };
            self.lost |= may_have_arrived(outcome);
            let decision = retry::decide(outcome, &self.note(outcome));
            if matches!(decision, Decision::PauseAll | Decision::Again(_)) {
                self.note_trouble(&exchange);
            }
            match decision {
                Decision::Take => return self.settled(exchange),
                Decision::PauseAll => {
                    // It was never carried out, and waiting is no attempt.
                    self.attempts -= 1;
                    self.pause(&exchange)?;
                }
                Decision::NewToken => self.other_token(&exchange)?,
                Decision::Again(wait) => {
                    if !activity::between_tries(|| self.client.wait_to_repeat(wait))? {
                        return Err(failure::not_again(self.attempts, &exchange));
                    }
                }
                Decision::UnknownOutcome => {
                    let patience = self.client.settings().patience;
                    self.client.circuit_breaker().record_unknown(clock::monotonic(), patience);
                    return Err(failure::unknown(self.attempts, &exchange));
                }
                Decision::Misconfigured => return Err(error_of(&exchange)),
                Decision::Failed => return Err(failure::gave_up(self.attempts, &exchange)),
                Decision::Unreachable => {
                    let patience = self.client.settings().patience;
                    return Err(failure::unreachable(self.attempts, &exchange, patience));
                }
            }
        }
    }

    /// Notes what the service said, for who asks while this is tried again, and for the end of the time.
    fn note_trouble(&mut self, exchange: &Exchange) {
        let trouble = self.without_secrets(failure::out_of_time(self.attempts, exchange));
        self.client.note_trouble(&self.request.path, Some(trouble.clone()));
        self.trouble = Some(trouble);
    }

    fn without_secrets(&self, error: Error) -> Error {
        let secrets = secrets::secrets_of(self.request, self.token.as_ref());
        error.reworded(|words| secrets::hide_all(words, &secrets))
    }

    /// Waits while changes go wrong, and looks first whether the service answers at all. As long as what it
    /// gives is held, this request is the only one that tries again.
    fn wait_for_turn(&self) -> Result<Option<MutexGuard<'a, ()>>, Error> {
        let client = self.client;
        let careful = self.request.repeat == Repeat::NotIdempotent && !self.request.for_sign_in;
        if !careful || !client.circuit_breaker().is_open() {
            return Ok(None);
        }
        let trial = client.trial();
        client.stopped()?;
        let patience = client.settings().patience;
        let next = client.circuit_breaker().probe(clock::monotonic(), patience, fastrand::f64());
        match next {
            Next::Send => Ok(None),
            Next::GiveUp => Err(failure::nothing_changes(patience)),
            Next::Try(wait) => {
                client.wait(wait)?;
                // Where so many requests fail, this one shows as well as another whether there is a service.
                if !client.within_budget()? {
                    return Ok(Some(trial));
                }
                match client.send(&Request::get("/accounts/me")) {
                    Err(error) if error.ends_run() || error.kind == ErrorKind::NotAttempted => {
                        Err(error)
                    }
                    _ => Ok(Some(trial)),
                }
            }
        }
    }

    /// Waits for a token and until a ticket is due, which is later after a 429, then sends once.
    fn send_once(&mut self) -> Result<Exchange, Error> {
        self.client.stopped()?;
        if let (None, Some(credentials), false) =
            (&self.token, &self.client.0.credentials, self.request.for_sign_in)
        {
            self.token = Some(credentials.token()?);
        }
        let rate_limiter = self.client.rate_limiter_for(self.request);
        if !self.request.for_sign_in {
            self.client.wait_for_ticket(rate_limiter)?;
        }
        self.client.settings().write_gate.may_leave(self.request)?;
        self.attempts += 1;
        self.client.0.sent.fetch_add(1, Ordering::Relaxed);
        let trace = self.client.0.settings.trace.as_ref();
        if let Some(trace) = trace {
            trace.request(self.request, self.client.endpoint());
        }
        // Something that must not be done twice goes over a connection that nobody can have closed.
        let kept = self.request.repeat == Repeat::Idempotent;
        let token = self.token.as_ref();
        let transport = &self.client.0.transport;
        let exchange = activity::until_answered(|| {
            transport.exchange(self.request, token, kept, self.client.time_left())
        });
        let exchange = self.or_lost(exchange);
        if let Some(trace) = trace {
            trace.exchange(self.request, self.token.as_ref(), &exchange);
        }
        if let Exchange::Answered(raw) = &exchange {
            self.learn(raw, rate_limiter);
        }
        Ok(exchange)
    }

    /// A change that is answered with something else than JSON may have been made, and half an answer is none.
    fn or_lost(&self, exchange: Exchange) -> Exchange {
        match exchange {
            Exchange::Answered(raw) if raw.is_cut() => Exchange::Lost(failure::CUT.into()),
            Exchange::Answered(raw)
                if raw.is_unreadable()
                    && self.request.changes_something()
                    && !self.request.for_sign_in =>
            {
                Exchange::Lost(failure::NOT_JSON.into())
            }
            exchange => exchange,
        }
    }

    /// A good answer shows that the token was taken. The limit stands in every answer of the API itself; a gateway's
    /// error page knows nothing of it.
    fn learn(&self, raw: &Raw, rate_limiter: &RateLimiter) {
        if let (200..300, Some(token), Some(credentials)) =
            (raw.status, &self.token, &self.client.0.credentials)
        {
            credentials.accepted(token);
        }
        let quota = quota_of(raw);
        let from_api = raw.status < 500 && !self.request.for_sign_in;
        if raw.status != 429 && (quota.limit.is_some() || from_api) {
            rate_limiter.learn(quota, WINDOW);
        }
    }

    /// After a 429.
    fn pause(&self, exchange: &Exchange) -> Result<(), Error> {
        let Exchange::Answered(raw) = exchange else { return Ok(()) };
        let (pause, time) = pause_of(raw, unix_now());
        if self.request.for_sign_in {
            // It takes no ticket, so nothing else would hold it.
            return self.client.wait(time);
        }
        let rate_limiter = self.client.rate_limiter_for(self.request);
        rate_limiter.refuse(quota_of(raw), pause, WINDOW);
        Ok(())
    }

    /// Notes the outcome for the whole run, and gives what the decision depends on.
    fn note(&self, outcome: Outcome) -> Situation {
        let good = matches!(outcome, Outcome::Status(status) if status < 500 && status != 429);
        let careful = self.request.repeat == Repeat::NotIdempotent;
        let doubtful = careful && matches!(outcome, Outcome::Status(500..=599) | Outcome::Lost);
        if good && careful {
            self.client.circuit_breaker().record_answer();
        }
        Situation {
            repeat: self.request.repeat,
            attempts: self.attempts,
            tries: self.client.1,
            others_succeed: self.client.successes() > self.seen,
            // What is in doubt is counted there: nobody tries it again, so time passes without a try.
            outage_since: if doubtful { None } else { self.client.note(good) },
            patience: self.client.0.settings.patience,
            now: clock::monotonic(),
            jitter: fastrand::f64(),
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
            self.lost = false;
            return Err(Error { kind: ErrorKind::Refused, ..refusal() });
        }
        self.token = Some(token);
        Ok(())
    }

    /// What was answered is certain, whatever became of earlier sendings.
    fn settled(&mut self, exchange: Exchange) -> Result<Answer, Error> {
        let answer = self.finish(exchange);
        self.lost = false;
        answer
    }

    fn finish(&self, exchange: Exchange) -> Result<Answer, Error> {
        let Exchange::Answered(raw) = exchange else {
            return Err(error_of(&exchange));
        };
        let deleted_before = self.lost && raw.status == 404 && self.deletes_one_thing();
        if (200..300).contains(&raw.status) || deleted_before {
            if raw.is_unreadable() {
                return Err(failure::unreadable(self.attempts, &raw));
            }
            return Ok(Answer { body: raw.body, records: raw.records });
        }
        Err(Error { attempts: self.attempts, ..Error::from_answer(raw.status, &raw.body) })
    }

    fn deletes_one_thing(&self) -> bool {
        self.request.method == Method::Delete && !self.request.path.contains("/relationships/")
    }
}

/// Whether a request that had this outcome may have been carried out.
fn may_have_arrived(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Lost | Outcome::Status(500..=599))
}

/// How long a 429 asks to wait, and how long that is at most.
pub(crate) fn pause_of(raw: &Raw, unix_now: u64) -> (Pause, Duration) {
    let [after, reset] = ["retry-after", "x-ratelimit-reset"].map(|name| raw.number(name));
    let time = retry::pause(after, reset, unix_now);
    let pause = match (after, reset) {
        (Some(_), _) => Pause::Asked(time),
        (None, Some(_)) => Pause::Window(time),
        (None, None) => Pause::Untold,
    };
    (pause, time)
}

pub(crate) fn quota_of(raw: &Raw) -> Quota {
    let number = |name| raw.number(name);
    Quota { limit: number("x-ratelimit-limit"), remaining: number("x-ratelimit-remaining") }
}
