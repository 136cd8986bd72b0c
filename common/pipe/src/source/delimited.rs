//! CSV with a header.
//!
//! A quote that is never closed would swallow the rest of the file, so the size of a row that spans
//! lines is limited, and beyond it only the first line is a bad row. A row with more or fewer
//! fields than the header is refused: shifted columns could put a device into the wrong group.
//! So is a row with a carriage return in it, which would end it for the reader of csv.

use model::Record;
use model::text::bare;
use std::io;

use csv_core::ReadRecordResult;

use super::columns::{ColumnName, renamed};
use super::input::{Input, LineEnd};
use super::{Broken, Found, ROW_LIMIT, readable};
use crate::sink::without_formula;

/// Maximum size of a row that spans lines.
const SPAN_LIMIT: usize = 64 << 10;

/// The columns of a source.
pub(super) struct Header {
    /// What is between fields; `None` if there is one column, which takes whole lines.
    pub(super) separator: Option<u8>,
    pub(super) columns: Vec<String>,
}

impl Header {
    /// The columns that the line has under this separator. One without a name is `column_3`.
    pub(super) fn read(line: &str, separator: u8, names: &[ColumnName]) -> Header {
        let mut splitter = Splitter::new(separator);
        let columns = splitter.fields(line).0.enumerate().map(|(place, text)| {
            let name = column_name(text);
            if name.is_empty() { format!("column_{}", place + 1) } else { name }
        });
        Header { separator: Some(separator), columns: renamed(columns.collect(), names) }
    }
}

/// The rows below a header.
pub(super) struct Delimited {
    splitter: Splitter,
    columns: Vec<String>,
}

impl Delimited {
    pub(super) fn new(header: Header) -> Delimited {
        // A single column has no separator; no row contains NUL.
        let splitter = Splitter::new(header.separator.unwrap_or(0));
        Delimited { splitter, columns: header.columns }
    }

    /// The next row; rows with nothing in them are skipped.
    pub(super) fn next(&mut self, input: &mut Input) -> io::Result<Option<Found>> {
        loop {
            let line = input.line_number();
            let Some(text) = self.text(input)? else {
                return Ok(None);
            };
            let content = text.and_then(|text| self.record(readable(&text)?));
            if let Some(content) = content.transpose() {
                return Ok(Some(Found { line, content }));
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
        Ok(Some(match close_quotes(input, &mut text, self.splitter.separator)? {
            Ok(()) => Ok(text),
            Err(detail) => Err(Broken::new("Quotes do not match", detail, text)),
        }))
    }

    /// The record of a row, if there is something in it. A formula that gives a text, as spreadsheets need
    /// for ids of digits, is that text.
    fn record(&mut self, row: &str) -> Result<Option<Record>, Broken> {
        let (fields, all) = self.splitter.fields(row);
        if !all {
            let detail = "it is a line end in some files; put the field in quotes, or convert \
                          the file: tr '\\r' '\\n'";
            return Err(Broken::new("A carriage return in the row", detail, row));
        }
        if fields.clone().all(|field| field.trim().is_empty()) {
            return Ok(None);
        }
        let (count, columns) = (fields.len(), self.columns.len());
        if count != columns {
            let detail = format!("it has {count}, the header has {columns}");
            return Err(Broken::new("Wrong number of fields", detail, row));
        }
        let mut record = Record::new();
        for (column, field) in self.columns.iter().zip(fields) {
            match field {
                "" => record.insert_json(column, "null"),
                text => record.insert_text(column, &without_formula(text)),
            }
        }
        Ok(Some(record))
    }
}

/// Splits rows into fields. Building its tables costs more than a row, so a source keeps one.
struct Splitter {
    separator: u8,
    reader: Box<csv_core::Reader>,
    /// The fields of the last row, without quotes, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Splitter {
    fn new(separator: u8) -> Splitter {
        let reader = csv_core::ReaderBuilder::new().delimiter(separator).build();
        Splitter { separator, reader: Box::new(reader), text: Vec::new(), ends: Vec::new() }
    }

    /// The fields of one row, and whether these are all: a carriage return ends them.
    fn fields(&mut self, row: &str) -> (impl ExactSizeIterator<Item = &str> + Clone, bool) {
        // Fields are no longer than the row, and a separator begins one field at most.
        let separators = row.bytes().filter(|byte| *byte == self.separator).count();
        self.text.resize(row.len(), 0);
        self.ends.resize(separators + 1, 0);
        self.reader.reset();
        let (result, taken, length, mut count) =
            self.reader.read_record(row.as_bytes(), &mut self.text, &mut self.ends);
        if result == ReadRecordResult::InputEmpty {
            // A last line without a line feed: empty input tells the reader that the row ends.
            count += self.reader.read_record(&[], &mut [], &mut self.ends[count..]).3;
        }
        // Only ASCII was removed, so this is still UTF-8.
        let text = str::from_utf8(&self.text[..length]).unwrap_or_default();
        let all = row[taken..].trim_matches(['\r', '\n']).is_empty();
        let mut start = 0;
        let fields = self.ends[..count]
            .iter()
            .map(move |end| &text[std::mem::replace(&mut start, *end)..*end]);
        (fields, all)
    }
}

/// Takes further lines until every quote in `text`, which is one line, is closed. If that does not
/// happen, `text` stays one line, and the reason is returned.
pub(super) fn close_quotes(
    input: &mut Input,
    text: &mut Vec<u8>,
    separator: u8,
) -> io::Result<Result<(), &'static str>> {
    if !text.contains(&b'"') {
        return Ok(Ok(()));
    }
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

/// Tracks quotes through the bytes of a row.
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
    /// Inside quotes.
    Quoted,
    /// After a closing quote.
    Closed,
    /// After a closing quote with text behind it. If this were accepted, two rows with one quote
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

/// The normalized name of a column: `MAC Address` is `mac_address`.
pub(super) fn column_name(text: &str) -> String {
    let text = bare(text).to_lowercase();
    text.chars()
        .map(|c| if c.is_whitespace() || matches!(c, '-' | '.') { '_' } else { c })
        .collect()
}
