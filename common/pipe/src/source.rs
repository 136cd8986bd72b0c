//! Rows from a file or a pipe, whatever their format.
//!
//! The format is decided from the first line that is not blank, and rows are returned as they
//! arrive: nothing here waits for a buffer to fill. No input is lost silently: what cannot be read
//! becomes a [`BadRow`] with its text, or a [`ReadError`] that ends the source. Memory is bounded
//! by [`ROW_LIMIT`].

mod columns;
mod delimited;
mod encoding;
mod input;
mod json;
mod sniff;

use model::record::MOST_FIELDS;
use model::{ErrorKind, Record};
use std::fmt::{self, Write};
use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Failure, Row};
pub use columns::ColumnName;
use delimited::Delimited;
pub use encoding::Encoding;
use input::{Input, LineEnd};
use json::Json;
use model::text::{cut, one_line};

/// Maximum size of a row in bytes.
pub const ROW_LIMIT: usize = 16 << 20;
/// Maximum size of what the file of failed rows keeps of an unreadable row.
const KEPT: usize = 64 << 10;
/// How deep a row may be nested. A reader of JSON takes 127, and what keeps rows puts a few around them.
const DEEPEST: usize = 100;
/// What to do about other bytes.
const NOT_UTF_8: &str =
    "if a spreadsheet wrote it, give --encoding windows-1252; or save it as UTF-8";
/// Maximum size of the place that a row of a failed run was read from.
const ORIGIN_LIMIT: usize = 300;
/// Maximum size of a bare identifier; anything longer is some other kind of file.
const IDENTIFIER_LIMIT: usize = 4 << 10;

/// Something to read rows from.
pub struct Source {
    /// What messages call it: `devices.csv`, `stdin`.
    pub name: String,
    /// Its bytes.
    pub reader: Box<dyn Read + Send>,
    /// How they are to be read.
    pub reading: Reading,
}

/// How a source is to be read, where it does not say it itself.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What columns are called here and there.
    pub columns: Vec<ColumnName>,
    /// The encoding of the text; UTF-8 if none is given.
    pub encoding: Option<Encoding>,
}

impl Source {
    /// Names a reader.
    pub fn new(name: impl Into<String>, reader: Box<dyn Read + Send>) -> Source {
        Source { name: name.into(), reader, reading: Reading::default() }
    }

    /// The same, to be read in this way.
    #[must_use]
    pub fn reading(self, reading: &Reading) -> Source {
        Source { reading: reading.clone(), ..self }
    }

    /// Its rows. Nothing is read before the first is asked for.
    pub fn rows(self) -> Rows {
        let Reading { columns, encoding } = self.reading;
        let reader = match encoding {
            Some(encoding) => Box::new(encoding.decode(self.reader)),
            None => self.reader,
        };
        Rows { name: self.name, input: Input::new(reader), format: InputFormat::Unknown, columns }
    }
}

/// One row, good or bad.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A row to work on.
    Row(Row),
    /// A row that could not be read. It counts as failed.
    Bad(BadRow),
}

/// A row that could not be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BadRow {
    /// What is wrong with it.
    pub failure: Failure,
    /// What goes into the file of failed rows: the text of the row in `unparsed`.
    #[serde(deserialize_with = "model::record::borrowed")]
    pub input: Record,
    /// Where it begins: `devices.csv:17`.
    pub source: String,
}

/// A reader returns this in an [`io::Error::other`] when the run was stopped: the rows then end
/// without an error, and an unfinished row is dropped.
#[derive(Debug)]
pub struct Stopped;

impl Stopped {
    fn is_cause_of(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|cause| cause.is::<Stopped>())
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the run was stopped")
    }
}

impl std::error::Error for Stopped {}

/// The source cannot be read, or not to its end. Earlier rows stay valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// What cannot be read.
    pub source: String,
    /// Why, and what to do.
    pub reason: String,
}

impl ReadError {
    /// From an error of reading.
    pub fn new(source: impl Into<String>, error: &io::Error) -> ReadError {
        let reason = match error.kind() {
            io::ErrorKind::IsADirectory => "is a directory, not a file".to_owned(),
            _ => error.to_string(),
        };
        ReadError { source: source.into(), reason }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.reason)
    }
}

impl std::error::Error for ReadError {}

/// What was read at one place: the number of its first line, and either the fields or what is
/// wrong with the text.
struct Found {
    line: u64,
    content: Result<Record, Broken>,
}

struct Broken {
    failure: Failure,
    text: Vec<u8>,
}

impl Broken {
    fn new(title: &str, detail: impl Into<String>, text: impl Into<Vec<u8>>) -> Broken {
        let failure = Failure::new(ErrorKind::BadInput, title).detail(detail);
        Broken { failure, text: text.into() }
    }

    fn too_many(count: usize, text: &str) -> Broken {
        let detail = format!("it has {count}, a record may have {MOST_FIELDS}");
        Broken::new("Too many fields", detail, text)
    }

    fn too_long(text: Vec<u8>) -> Broken {
        let limit = ROW_LIMIT >> 20;
        Broken::new("Row too long", format!("a row may have {limit} MiB at most"), text)
    }
}

/// What a source turned out to be.
enum InputFormat {
    Unknown,
    Json(Json),
    Delimited(Delimited),
    /// One identifier a line.
    Bare,
    Ended,
}

/// The rows of a source, in order. After an error it is at its end.
pub struct Rows {
    name: String,
    input: Input,
    format: InputFormat,
    columns: Vec<ColumnName>,
}

impl Iterator for Rows {
    type Item = Result<Item, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.find();
        if !matches!(found, Ok(Some(_))) {
            self.format = InputFormat::Ended;
        }
        match found {
            Ok(found) => found.map(|found| Ok(self.item(found))),
            Err(error) if Stopped::is_cause_of(&error) => None,
            Err(error) => Some(Err(ReadError::new(&self.name, &error))),
        }
    }
}

impl Rows {
    fn find(&mut self) -> io::Result<Option<Found>> {
        if matches!(self.format, InputFormat::Unknown) {
            self.format = sniff::sniff(&mut self.input, &self.columns)?;
        }
        match &mut self.format {
            InputFormat::Json(json) => json.next(&mut self.input),
            InputFormat::Delimited(delimited) => delimited.next(&mut self.input),
            InputFormat::Bare => next_bare(&mut self.input),
            InputFormat::Unknown | InputFormat::Ended => Ok(None),
        }
    }

    /// The record with its fields called as the user says; CSV has that in its header.
    fn named(&self, record: Record) -> Record {
        if self.columns.is_empty() || !matches!(self.format, InputFormat::Json(_)) {
            return record;
        }
        let (names, values): (Vec<String>, Vec<Value>) = record.into_iter().unzip();
        columns::renamed(names, &self.columns).into_iter().zip(values).collect()
    }

    fn item(&self, found: Found) -> Item {
        let here = || {
            let mut here = String::with_capacity(self.name.len() + 12);
            here.push_str(&self.name);
            // Writing to memory cannot fail.
            let _written = write!(here, ":{}", found.line);
            here
        };
        let (origin, content) = match found.content {
            Ok(record) => unwrapped(record),
            Err(broken) => (None, Err(broken)),
        };
        let source = origin.unwrap_or_else(here);
        let broken = match content {
            Ok(record) => return Item::Row(Row { record: self.named(record), source }),
            Err(broken) => broken,
        };
        let text = String::from_utf8_lossy(&broken.text);
        let text = Value::from(cut(text.trim(), KEPT));
        let input = Record::from_iter([("unparsed".to_owned(), text)]);
        Item::Bad(BadRow { failure: broken.failure, input, source })
    }
}

/// The input row in a line of a file of failed rows, and where it was read first; any other record
/// as it is.
fn unwrapped(mut record: Record) -> (Option<String>, Result<Record, Broken>) {
    let mut origin = None;
    if record.json("error").is_some_and(|error| error.starts_with('{'))
        && let Some(input) = record.record("input")
    {
        let source = record.text("source").map(one_line);
        origin =
            source.map(|text| cut(&text, ORIGIN_LIMIT).to_owned()).filter(|text| !text.is_empty());
        record = input;
    }
    let content = match record.text("unparsed") {
        Some(text) if record.len() == 1 => Err(Broken::new(
            "Still not readable",
            "the row could not be read in an earlier run, and was not corrected since",
            text.as_bytes(),
        )),
        _ if record.depth() > DEEPEST => Err(Broken::new(
            "Nested too deep",
            format!("a row may be nested {DEEPEST} deep"),
            record.to_string(),
        )),
        _ => Ok(record),
    };
    (origin, content)
}

/// The next line that is not blank, as an identifier.
fn next_bare(input: &mut Input) -> io::Result<Option<Found>> {
    loop {
        let line = input.line_number();
        let mut text = Vec::new();
        let end = input.line(&mut text, IDENTIFIER_LIMIT)?;
        if text.is_empty() && end == LineEnd::End {
            return Ok(None);
        }
        if end == LineEnd::TooLong {
            input.skip_line()?;
            let detail = format!("a line of identifiers has {IDENTIFIER_LIMIT} bytes at most");
            let content = Err(Broken::new("Line too long", detail, text));
            return Ok(Some(Found { line, content }));
        }
        let content = match readable(&text) {
            Ok(text) if text.trim().is_empty() => continue,
            Ok(row) if row.trim().contains('\r') => {
                let detail = "it is a line end in some files; convert the file: tr '\\r' '\\n'";
                Err(Broken::new("A carriage return in the line", detail, row))
            }
            Ok(text) => Ok(Record::from_iter([("id".to_owned(), Value::from(text.trim()))])),
            Err(broken) => Err(broken),
        };
        return Ok(Some(Found { line, content }));
    }
}

/// The bytes as text, if they are text.
fn readable(bytes: &[u8]) -> Result<&str, Broken> {
    if bytes.contains(&0) {
        return Err(Broken::new("Not text", "there is a NUL byte in the row", bytes));
    }
    std::str::from_utf8(bytes).map_err(|_| Broken::new("Not UTF-8", NOT_UTF_8, bytes))
}

#[cfg(test)]
mod tests;
