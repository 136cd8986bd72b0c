//! A log stream that is recorded while it is read.

use std::io::{self, Read};
use std::sync::atomic::Ordering;

use serde_json::{Map, Value};

use super::replacement::schema;
use super::secrets_in_text::SecretsInText;
use super::{Recording, Sent};
use crate::http::transport::Body;
use crate::logs::sse::{Event, Parser};
use crate::logs::stream::is_timeout;

impl Recording {
    /// Writes that a stream has been opened, and from now on what comes.
    pub(crate) fn stream(&self, sent: &Sent<'_>, body: Body) -> Body {
        let number = self.0.streams.fetch_add(1, Ordering::Relaxed);
        let secrets = self.secrets_of(sent, None);
        let mut line = self.line_of(sent);
        line.insert("status".into(), 200.into());
        line.insert("stream".into(), number.into());
        self.write_hiding(line, &secrets);
        let (recording, endpoint) = (self.clone(), sent.endpoint.to_owned());
        Box::new(Stream { body, parser: Parser::default(), number, endpoint, secrets, recording })
    }
}

/// A stream that is recorded while it is read.
struct Stream {
    body: Body,
    parser: Parser,
    number: u64,
    endpoint: String,
    secrets: SecretsInText,
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
        let (replacement, body) =
            (self.recording.replacement(), serde_json::from_str(&event.data).ok());
        let (name, data) = self.recording.answer(body, &event.data, &self.endpoint, &self.secrets);
        let kind = match schema::is_word(&event.kind) {
            true => event.kind.clone(),
            false => replacement.hide_in_words(&replacement.name(&event.kind), &self.secrets),
        };
        let mut line = self.line("event", kind.into());
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
