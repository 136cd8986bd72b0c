//! CSV with a header.
//!
//! A quote that is never closed would swallow the rest of the file, so a row that spans lines is
//! bounded, and when it turns out to be endless only its first line is given up. A row with more
//! or fewer fields than the header is not stretched to fit: it would end up in the wrong group.

use std::io;

use serde_json::Value;

use super::input::{Input, LineEnd};
use super::sniff::column_name;
use super::{Broken, Found, ROW_LIMIT, readable};
use crate::Record;

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
        let fields = fields(line, separator)
            .into_iter()
            .enumerate()
            .map(|(place, text)| {
                let name = column_name(&text);
                if name.is_empty() {
                    format!("column_{}", place + 1)
                } else {
                    name
                }
            });
        Header {
            separator: Some(separator),
            columns: fields.collect(),
        }
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
                    return Ok(Some(Found {
                        line,
                        content: Err(broken),
                    }));
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
        let mut end = input.line(&mut text, ROW_LIMIT)?;
        if text.is_empty() {
            return Ok(None);
        }
        if end == LineEnd::TooLong {
            input.skip_line()?;
            return Ok(Some(Err(Broken::too_long(text))));
        }
        let first = text.len();
        let mut quotes = Quotes::new(self.separator());
        quotes.pass(&text);
        while quotes.open {
            let seen = text.len();
            if end == LineEnd::LineFeed {
                end = input.line(&mut text, SPAN_LIMIT.max(first))?;
            }
            if end != LineEnd::LineFeed && text.len() == seen || end == LineEnd::TooLong {
                input.give_back(&text[first..]);
                text.truncate(first);
                let detail = "the quote that begins a field here is never closed";
                return Ok(Some(Err(Broken::new("Quote not closed", detail, text))));
            }
            quotes.pass(&text[seen..]);
        }
        Ok(Some(Ok(text)))
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
        Ok(columns
            .iter()
            .cloned()
            .zip(fields.into_iter().map(value))
            .collect())
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
    let record = reader
        .records()
        .next()
        .and_then(Result::ok)
        .unwrap_or_default();
    record.iter().map(str::to_owned).collect()
}

/// Whether a quoted field is open, after the bytes that passed.
struct Quotes {
    separator: u8,
    open: bool,
    at_start: bool,
}

impl Quotes {
    fn new(separator: u8) -> Quotes {
        Quotes {
            separator,
            open: false,
            at_start: true,
        }
    }

    fn pass(&mut self, bytes: &[u8]) {
        let mut rest = bytes.iter().peekable();
        while let Some(byte) = rest.next() {
            if self.open {
                // A doubled quote closes and opens again.
                if *byte == b'"' && rest.next_if(|next| **next == b'"').is_none() {
                    self.open = false;
                }
            } else if *byte == b'"' && self.at_start {
                self.open = true;
            }
            self.at_start = !self.open && *byte == self.separator;
        }
    }
}
