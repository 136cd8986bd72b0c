//! A log stream: an answer that does not end (imp-service(7), section 13.3).
//!
//! It goes through the same proxy and the same trust as every request, but with timeouts of its own: as
//! long as it takes, and dead when not even a keep-alive has come for [`SILENCE`].

use model::ErrorKind;
use std::io::{self, Read};

use crate::Error;
use crate::client::Client;
use crate::http::transport::SILENCE;
use crate::logs::sse::{Event, Parser};
use crate::request::{Repeat, Request, segment};

/// An open stream.
pub struct LogStream {
    body: Box<dyn Read + Send>,
    parser: Parser,
}

impl Client {
    /// Asks for a new log stream; gives its id, which is a secret: who knows it can read the stream.
    /// Beyond the account's limit the service closes another one.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn create_log_stream(&self) -> Result<String, Error> {
        // One that got lost on the way is displaced by the next.
        let answer = self.send(&Request::post("/logstream").repeat(Repeat::Idempotent))?;
        let id = answer.body["data"]["id"].as_str().map(str::to_owned);
        id.ok_or_else(|| {
            Error::new(ErrorKind::Unexpected, "Unexpected answer")
                .detail("a log stream without an id")
        })
    }

    /// Opens a log stream for reading, once; events are JSON.
    ///
    /// # Errors
    /// An answer that is no stream, or no answer; it is for the caller to try again with a new stream.
    pub fn open_log_stream(&self, id: &str) -> Result<LogStream, Error> {
        let request = Request::get(format!("/logstream/{}", segment(id))).query("format", "json");
        let body = match self.open(&request, false) {
            // No token is needed (imp-service(7), section 13.3); a service that wants one gets it.
            Err(error) if matches!(error.status, Some(401 | 403)) => self.open(&request, true),
            opened => opened,
        };
        Ok(LogStream { body: body?, parser: Parser::default() })
    }

    /// Adds a device to a log stream that has been opened, by its id.
    ///
    /// # Errors
    /// As [`Client::send`]; refused for devices whose logs may not be read.
    pub fn add_to_log_stream(&self, id: &str, device: &str) -> Result<(), Error> {
        let path = format!("/logstream/{}/{}", segment(id), segment(device));
        self.send(&Request::put(path)).map(|_| ())
    }
}

impl LogStream {
    /// Waits for the next events; none at all is a keep-alive.
    ///
    /// # Errors
    /// When the stream has ended or is dead; what there is to say of it.
    pub fn read(&mut self) -> Result<Vec<Event>, String> {
        let mut buffer = [0; 16 << 10];
        match self.body.read(&mut buffer) {
            Ok(0) => Err("the service closed it".into()),
            Ok(length) => {
                let mut events = Vec::new();
                self.parser.feed(&buffer[..length], |event| events.push(event));
                Ok(events)
            }
            Err(error) if is_timeout(&error) => {
                Err(format!("nothing came for {} s, not even a keep-alive", SILENCE.as_secs()))
            }
            Err(error) => Err(format!("the connection broke: {error}")),
        }
    }
}

/// Whether nothing came in time; the library hides its own error in one of the system's.
pub(crate) fn is_timeout(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(inner, Some(ureq::Error::Timeout(_)))
}
