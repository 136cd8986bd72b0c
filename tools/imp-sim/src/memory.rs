//! A simulator without sockets, for tests that run the commands in their own process.
//!
//! Requests are decided as those that come by a socket are. Whoever asks says what time it is, and waits for what
//! would take time. Webhooks are not called, and log streams are not read.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Parser;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

use crate::changes::ChangesFile;
use crate::clock::Clock;
use crate::control;
pub use crate::faults::Cut;
use crate::faults::Faults;
use crate::http::decide::decide;
use crate::http::request::Request;
use crate::options::{Command, Options};
use crate::server::response;
pub use crate::service::Entry;
use crate::service::{entry, simulator};
use crate::sim::Sim;
use crate::state::ids::Timestamp;

/// A simulator in memory.
pub struct Simulator {
    sim: Arc<Sim>,
    passed: Arc<AtomicU64>,
    /// How to enter it.
    pub entry: Entry,
}

/// What a request is answered.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// By a fault rule, the connection ends there.
    pub cut: Option<Cut>,
    /// How long it takes.
    pub delay: Duration,
}

impl Simulator {
    /// A simulator that begins at `begin`, in milliseconds of the Unix epoch. `options` are those of
    /// `imp-sim serve`.
    ///
    /// # Errors
    /// Options that make no sense.
    pub fn start(options: &[&str], begin: u64) -> anyhow::Result<Self> {
        let words = ["imp-sim", "serve"].iter().chain(options);
        let Command::Serve { service, .. } = Options::try_parse_from(words)?.command else {
            bail!("these are no options of `serve`");
        };
        let passed = Arc::new(AtomicU64::new(0));
        let clock = Clock::told(Timestamp(begin), passed.clone());
        let sim = Arc::new(simulator(&service, clock)?);
        let origin = "http://127.0.0.1:1";
        let entry = entry(&sim.state(), origin, origin, None)?;
        Ok(Simulator { sim, passed, entry })
    }

    /// Decides a request that comes after so much time.
    ///
    /// # Errors
    /// What is no HTTP.
    pub fn ask(
        &self,
        at: Duration,
        method: &str,
        target: &str,
        headers: &[(String, String)],
        body: Option<Vec<u8>>,
    ) -> anyhow::Result<Answer> {
        self.is_now(at);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut known = HeaderMap::new();
        for (name, value) in headers {
            known.append(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
        }
        let request = Request {
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            method: method.to_owned(),
            origin: "http://127.0.0.1:1".to_owned(),
            target: target.to_owned(),
            parts: Request::parts_of(path).unwrap_or_default(),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers: known,
            body: Some(body.unwrap_or_default()),
        };
        let sim = &self.sim;
        sim.traffic().arrived(at);
        let outcome = decide(sim, &request, at);
        sim.traffic().finished();
        sim.state().live.calls.clear();
        let (cut, delay) = (outcome.cut, outcome.delay + sim.settings.latency);
        let body = outcome.answer.body.clone();
        let response = response(sim, outcome, cut.is_some(), false);
        let headers = response.headers().iter();
        let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
        Ok(Answer {
            status: response.status().as_u16(),
            headers: headers.map(|(name, value)| (name.to_string(), text(value))).collect(),
            body,
            cut,
            delay,
        })
    }

    /// The same for somebody whom no fault rule and no limit holds up.
    ///
    /// # Errors
    /// What is no HTTP.
    pub fn ask_aside(
        &self,
        at: Duration,
        method: &str,
        target: &str,
        headers: &[(String, String)],
        body: Option<Vec<u8>>,
    ) -> anyhow::Result<Answer> {
        let faults = std::mem::replace(&mut *self.sim.faults(), Faults::new(0));
        let limit = self.sim.limits().requests.take();
        let answer = self.ask(at, method, target, headers, body);
        *self.sim.faults() = faults;
        self.sim.limits().requests = limit;
        answer
    }

    /// What its control address answers: what was asked, what is known, fault rules.
    ///
    /// # Errors
    /// What is no HTTP.
    pub fn control(&self, method: &str, path: &str, body: &str) -> anyhow::Result<String> {
        let request = hyper::Request::builder().method(method).uri(format!("/control/{path}"));
        let (head, ()) = request.body(())?.into_parts();
        let answer = control::answer(&self.sim, &head, body.as_bytes());
        String::from_utf8(answer.into_body()).context("it answers no text")
    }

    /// From now on it is noted what requests change, as change records in a file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn note_changes(&self, file: &Path) -> anyhow::Result<()> {
        let mut file = ChangesFile::open(file)?;
        file.begin();
        self.sim.note_changes(file);
        Ok(())
    }

    /// What was done that no change record tells of.
    pub fn left_out(&self) -> Option<String> {
        self.sim.changes()?.left_out()
    }

    /// So much time has passed.
    pub fn is_now(&self, at: Duration) {
        let nanoseconds = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
        self.passed.store(nanoseconds, Ordering::Relaxed);
    }
}
