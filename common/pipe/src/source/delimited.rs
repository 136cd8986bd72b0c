//! CSV with a header.
//!
//! A quote that is never closed would swallow the rest of the file, so a row that spans lines is
//! bounded, and when it turns out to be endless only its first line is given up. A row with more
//! or fewer fields than the header is not stretched to fit: it would end up in the wrong group.

use model::Record;
use std::io;

use serde_json::Value;

use super::input::{Input, LineEnd};
use super::sniff::column_name;
use super::{Broken, Found, ROW_LIMIT, readable};

/// The most bytes of a row that goes over several lines.
const SPAN_LIMIT: usize = 64 << 10;

/// The columns of a source.
pub(super) struct Header {
    /// What is between fields; `None` if there is one column, which takes whole lines.
    pub(super) separator: Option<u8>,
    pub(super) columns: Vec<String>,
}

impl Header {
    /// The columns that the line has under this separator. One without a name is `column_3`.
    pub(super) fn read(line: &str, separator: u8) -> Header {
        let fields = fields(line, separator).into_iter().enumerate().map(|(place, text)| {
            let name = column_name(&text);
            if name.is_empty() { format!("column_{}", place + 1) } else { name }
        });
        Header { separator: Some(separator), columns: fields.collect() }
    }
}

/// The rows below a header.
pub(super) struct Delimited {
    header: Header,
}

impl Delimited {
    pub(super) fn new(header: Header) -> Delimited {
        Delimited { header }
    }

    /// The next row; rows with nothing in them are skipped.
    pub(super) fn next(&self, input: &mut Input) -> io::Result<Option<Found>> {
        loop {
            let line = input.line_number();
            let text = match self.text(input)? {
                None => return Ok(None),
                Some(Err(broken)) => {
                    return Ok(Some(Found { line, content: Err(broken) }));
                }
                Some(Ok(text)) => text,
            };
            let content = match readable(&text) {
                Ok(text) => self.record(text),
                Err(broken) => Err(broken),
            };
            match content {
                Ok(record) if record.values().all(Value::is_null) => {}
                content => return Ok(Some(Found { line, content })),
            }
        }
    }

    /// The bytes of the next row, which is one line unless a quote is open at its end.
    fn text(&self, input: &mut Input) -> io::Result<Option<Result<Vec<u8>, Broken>>> {
        let mut text = Vec::new();
        let end = input.line(&mut text, ROW_LIMIT)?;
        if text.is_empty() {
            return Ok(None);
        }
        if end == LineEnd::TooLong {
            input.skip_line()?;
            return Ok(Some(Err(Broken::too_long(text))));
        }
        Ok(Some(match close_quotes(input, &mut text, self.separator())? {
            Ok(()) => Ok(text),
            Err(detail) => Err(Broken::new("Quotes do not match", detail, text)),
        }))
    }

    /// With one column there is no separator; NUL is in no row.
    fn separator(&self) -> u8 {
        self.header.separator.unwrap_or(0)
    }

    fn record(&self, text: &str) -> Result<Record, Broken> {
        let fields = fields(text, self.separator());
        let columns = &self.header.columns;
        if fields.iter().all(|field| field.trim().is_empty()) {
            return Ok(Record::new());
        }
        if fields.len() != columns.len() {
            let detail = format!("it has {}, the header has {}", fields.len(), columns.len());
            return Err(Broken::new("Wrong number of fields", detail, text));
        }
        let value = |field: String| match field.is_empty() {
            true => Value::Null,
            false => Value::String(field),
        };
        Ok(columns.iter().cloned().zip(fields.into_iter().map(value)).collect())
    }
}

/// The fields of one row.
fn fields(row: &str, separator: u8) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .buffer_capacity(row.len().max(1))
        .from_reader(row.as_bytes());
    // A row that is text cannot fail; if it did, it would have no fields and be a bad row.
    let record = reader.records().next().and_then(Result::ok).unwrap_or_default();
    record.iter().map(str::to_owned).collect()
}

/// Takes further lines until every quote in `text`, which is one line, is closed. If they never
/// are, `text` stays one line, and the reason is given.
pub(super) fn close_quotes(
    input: &mut Input,
    text: &mut Vec<u8>,
    separator: u8,
) -> io::Result<Result<(), &'static str>> {
    let first = text.len();
    let mut quotes = Quotes { separator, state: State::Start };
    quotes.pass(text);
    while quotes.state == State::Quoted {
        let seen = text.len();
        let end = input.line(text, SPAN_LIMIT.max(first))?;
        if end == LineEnd::TooLong || text.len() == seen {
            break;
        }
        quotes.pass(&text[seen..]);
    }
    let reason = match quotes.state {
        State::Quoted => "the quote that begins a field here is never closed",
        State::Wrong => "a closing quote is followed by more text",
        _ => return Ok(Ok(())),
    };
    input.give_back(&text[first..]);
    text.truncate(first);
    Ok(Err(reason))
}

/// Where in a row a byte is, as far as quotes matter.
struct Quotes {
    separator: u8,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the start of a field.
    Start,
    /// In a field without quotes.
    Plain,
    /// Inside of quotes.
    Quoted,
    /// Behind a closing quote.
    Closed,
    /// Behind a closing quote that cannot be one. If this were let pass, two rows with one quote
    /// too many would become one good row.
    Wrong,
}

impl Quotes {
    fn pass(&mut self, bytes: &[u8]) {
        let mut rest = bytes.iter().peekable();
        while let Some(byte) = rest.next() {
            self.state = match (self.state, byte) {
                (State::Wrong, _) => State::Wrong,
                // A doubled quote stands for one.
                (State::Quoted, b'"') if rest.next_if(|next| **next == b'"').is_some() => {
                    State::Quoted
                }
                (State::Quoted, b'"') => State::Closed,
                (State::Quoted, _) => State::Quoted,
                (State::Start, b'"') => State::Quoted,
                (_, byte) if *byte == self.separator => State::Start,
                (State::Closed, b' ' | b'\t' | b'\r' | b'\n') => State::Closed,
                (State::Closed, _) => State::Wrong,
                (State::Start | State::Plain, _) => State::Plain,
            };
        }
    }
}
