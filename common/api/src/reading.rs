//! What reads answers, without a client or a connection: here `tests/fuzz` enters, nothing else does.

use std::time::Duration;

use model::Record;
use serde_json::json;
use ureq::http::{HeaderMap, HeaderName, HeaderValue};

use crate::http::secrets::{hide_all, secrets_of};
use crate::http::transport::Raw;
use crate::list::records;
use crate::send::rate_limit::State;
use crate::send::{WINDOW, pause_of, quota_of};
use crate::{Answer, Error, Request};

/// Reads the text of an answer.
///
/// # Errors
/// What a status other than 2xx means.
pub fn answer(status: u16, text: &str) -> Result<Answer, Error> {
    answer_to(&Request::get("/devices"), status, text)
}

/// The same of what refuses a request that has this secret in it, as it is told.
///
/// # Errors
/// Always, unless the status is 2xx.
pub fn refusal(status: u16, text: &str, secret: &str) -> Result<Answer, Error> {
    let request = Request::post("/auth/token").body(json!({ "key": secret }));
    let secrets = secrets_of(&request, None);
    answer_to(&request, status, text)
        .map_err(|error| error.reworded(|words| hide_all(words, &secrets)))
}

/// Reads a page of a list.
///
/// # Errors
/// When it is none.
pub fn page(text: &str) -> Result<Vec<Record>, Error> {
    records(&mut answer_to(&Request { lists: true, ..Request::get("/devices") }, 200, text)?)
}

fn answer_to(request: &Request, status: u16, text: &str) -> Result<Answer, Error> {
    let raw = Raw::new(request, status, HeaderMap::new(), text.to_owned());
    match status {
        200..=299 => Ok(Answer { body: raw.body, records: raw.records }),
        _ => Err(Error::from_answer(status, &raw.body)),
    }
}

/// The pace of an account, which is told the time.
#[derive(Debug, Default)]
pub struct Pace(State);

impl Pace {
    /// Takes in the headers of an answer; `now` is the time since the epoch.
    pub fn take_in(&mut self, status: u16, headers: &[(&[u8], &[u8])], now: Duration) {
        let named = headers.iter().filter_map(|(name, value)| {
            Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?))
        });
        let raw = Raw::new(&Request::get("/devices"), status, named.collect(), String::new());
        let (quota, at) = (quota_of(&raw), now.as_micros() as u64);
        match status {
            429 => self.0.refuse(quota, pause_of(&raw, now.as_secs()).0, WINDOW, at),
            _ => self.0.learn(quota, WINDOW, at),
        }
    }

    /// How long a request that comes now has to wait.
    pub fn wait(&mut self, now: Duration) -> Duration {
        let now = now.as_micros() as u64;
        let ticket = self.0.take(now);
        Duration::from_micros(self.0.due(ticket).saturating_sub(now))
    }
}
