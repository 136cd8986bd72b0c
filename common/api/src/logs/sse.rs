//! Server-sent events: from bytes to events, however the bytes are cut. Pure.
//!
//! Careful about what a stream of days may bring: lines end with LF, CRLF or CR, comments are
//! keep-alives and nothing else, unknown fields are skipped, bytes that are not UTF-8 are shown as
//! such, and an event without end is cut at [`LONGEST`].

/// The most bytes of an event that are kept; what is beyond is left out.
pub const LONGEST: usize = 1 << 20;

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The kind: `message`, `state_change`.
    pub kind: String,
    /// The data; several lines of it are joined by line breaks.
    pub data: String,
}

/// Puts events together.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    /// The last byte was a CR: a LF after it belongs to it.
    after_cr: bool,
    begun: bool,
    kind: String,
    data: Option<String>,
}

impl Parser {
    /// Takes in bytes, and gives each event that they complete to `each`.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Event)) {
        for byte in bytes {
            let second_of_two = self.after_cr && *byte == b'\n';
            self.after_cr = *byte == b'\r';
            match byte {
                _ if second_of_two => {}
                b'\n' | b'\r' => {
                    if let Some(event) = self.end_line() {
                        each(event);
                    }
                }
                _ if self.line.len() < LONGEST => self.line.push(*byte),
                _ => {}
            }
        }
    }

    fn end_line(&mut self) -> Option<Event> {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        let line = if self.begun { &text } else { text.trim_start_matches('\u{feff}') };
        self.begun = true;
        if line.is_empty() {
            let kind = std::mem::take(&mut self.kind);
            let kind = if kind.is_empty() { "message".to_owned() } else { kind };
            return self.data.take().map(|data| Event { kind, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.kind = value.to_owned(),
            "data" => match &mut self.data {
                Some(data) if data.len() + value.len() < LONGEST => {
                    data.push('\n');
                    data.push_str(value);
                }
                Some(_) => {}
                none => *none = Some(value.to_owned()),
            },
            // A comment (an empty field name), `id`, `retry`, or something of the future.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str, size: usize) -> Vec<(String, String)> {
        let mut parser = Parser::default();
        let mut events = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            parser.feed(piece, |event| events.push((event.kind, event.data)));
        }
        events
    }

    fn pair(kind: &str, data: &str) -> (String, String) {
        (kind.into(), data.into())
    }

    #[test]
    fn events_come_out_the_same_however_they_are_cut() {
        let text = "\u{feff}event: state_change\ndata: {\"state\":\"opened\"}\n\n: keep-alive\n\n\
            event: message\r\ndata: one\r\ndata:two\r\ndata\r\n\r\nid: 7\rretry: 10\rdata: äö\r\r\
            event: message\n\ndata: not ended";
        let expected = [
            pair("state_change", "{\"state\":\"opened\"}"),
            pair("message", "one\ntwo\n"),
            pair("message", "äö"),
        ];
        for size in [1, 2, 3, 5, 1000] {
            assert_eq!(events(text, size), expected, "{size}");
        }
    }

    #[test]
    fn an_event_without_end_takes_no_memory_without_end() {
        let mut parser = Parser::default();
        let mut longest = 0;
        for _ in 0..40 {
            parser.feed(&[b'd'; LONGEST / 10], |_| panic!("no event has ended"));
        }
        assert!(parser.line.len() <= LONGEST);
        parser.feed(b"\n\n", |_| panic!("a line of d is no event"));
        for _ in 0..20 {
            parser.feed(&[&b"data: "[..], &[b'd'; LONGEST / 10], b"\n"].concat(), |_| {});
        }
        parser.feed(b"\n", |event| longest = event.data.len());
        assert!((LONGEST / 2..=LONGEST).contains(&longest), "{longest}");
    }
}
