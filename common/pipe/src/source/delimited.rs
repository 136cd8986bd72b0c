//! CSV with a header.
//!
//! A quote that is never closed would swallow the rest of the file, so the size of a row that spans
//! lines is limited, and beyond it only the first line is a bad row. A row with more or fewer
//! fields than the header is refused: shifted columns could put a device into the wrong group.
//! So is a row with a carriage return in it, which would end it for the reader of csv.

use model::Record;
use model::text::bare;
use std::collections::HashSet;
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
    /// No two columns have the same name.
    are_all_different: bool,
    /// What a record needs beside the text of its row, about.
    room: usize,
}

impl Delimited {
    pub(super) fn new(header: Header) -> Delimited {
        // A single column has no separator; no row contains NUL.
        let splitter = Splitter::new(header.separator.unwrap_or(0));
        let columns = header.columns;
        let are_all_different = columns.iter().collect::<HashSet<_>>().len() == columns.len();
        let room = columns.iter().map(|name| name.len() + 8).sum::<usize>() + 256;
        Delimited { splitter, columns, are_all_different, room }
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
        if fields.clone().all(|field| without_formula(field.trim()).trim().is_empty()) {
            return Ok(None);
        }
        let (count, columns) = (fields.len(), self.columns.len());
        if count != columns {
            let detail = format!("it has {count}, the header has {columns}");
            return Err(Broken::new("Wrong number of fields", detail, row));
        }
        let mut record = Record::with_room_for(columns + 6, row.len() + self.room);
        for (column, field) in self.columns.iter().zip(fields) {
            match (&*without_formula(field), self.are_all_different) {
                ("", true) => record.push_null(column),
                ("", false) => record.insert_json(column, "null"),
                (text, true) => record.push_text(column, text),
                (text, false) => record.insert_text(column, text),
            }
        }
        Ok(Some(record))
    }
}

/// Splits rows into fields. Building its tables costs more than a row, so a source keeps one.
struct Splitter {
    separator: u8,
    reader: Box<csv_core::Reader>,
    /// The fields of the last row that has quotes, without them.
    text: Vec<u8>,
    ends: Vec<usize>,
    /// From where to where the fields are.
    places: Vec<(usize, usize)>,
}

impl Splitter {
    fn new(separator: u8) -> Splitter {
        let reader = csv_core::ReaderBuilder::new().delimiter(separator).build();
        let (text, ends, places) = (Vec::new(), Vec::new(), Vec::new());
        Splitter { separator, reader: Box::new(reader), text, ends, places }
    }

    /// The fields of one row, and whether these are all: a carriage return ends them.
    fn fields<'a>(
        &'a mut self,
        row: &'a str,
    ) -> (impl ExactSizeIterator<Item = &'a str> + Clone, bool) {
        self.places.clear();
        let line = row.trim_end_matches(['\r', '\n']);
        let is_plain = memchr::memchr2(b'"', b'\r', line.as_bytes()).is_none();
        let all = match is_plain {
            true => {
                let mut start = 0;
                for end in memchr::memchr_iter(self.separator, line.as_bytes()) {
                    self.places.push((start, end));
                    start = end + 1;
                }
                self.places.push((start, line.len()));
                true
            }
            false => self.unquote(row),
        };
        // Only ASCII was removed, so this is still UTF-8.
        let unquoted = || str::from_utf8(&self.text).unwrap_or_default();
        let text = if is_plain { line } else { unquoted() };
        (self.places.iter().map(move |(start, end)| &text[*start..*end]), all)
    }

    /// Finds the fields of a row that may have quotes; says whether these are all.
    fn unquote(&mut self, row: &str) -> bool {
        // The library takes a byte order mark off the first row that it reads, and for it each row is the first.
        let with_mark = row.starts_with('\u{feff}').then(|| format!("\u{feff}{row}"));
        let row = with_mark.as_deref().unwrap_or(row);
        // Fields are no longer than the row, and a separator begins one field at most.
        let separators = memchr::memchr_iter(self.separator, row.as_bytes()).count();
        self.text.resize(row.len(), 0);
        self.ends.resize(separators + 1, 0);
        self.reader.reset();
        let (result, taken, length, mut count) =
            self.reader.read_record(row.as_bytes(), &mut self.text, &mut self.ends);
        if result == ReadRecordResult::InputEmpty {
            // A last line without a line feed: empty input tells the reader that the row ends.
            count += self.reader.read_record(&[], &mut [], &mut self.ends[count..]).3;
        }
        self.text.truncate(length);
        let mut start = 0;
        let ends = self.ends[..count].iter();
        self.places.extend(ends.map(|end| (std::mem::replace(&mut start, *end), *end)));
        row[taken..].trim_matches(['\r', '\n']).is_empty()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_quotes_are_split_as_the_library_splits_them() {
        for row in [
            "",
            "\n",
            "\r\n",
            "a",
            "a\n",
            "a\r\n",
            "a,b\n",
            ",\n",
            "a,,b,\r\n",
            "a,b\r\r\n",
            " a , b \n",
            "é,東京,\u{7f}\n",
            "\u{feff}a,\u{feff}b\n",
            "a;b,c\n",
            "a\tb\n",
        ] {
            let mut splitter = Splitter::new(b',');
            let (fields, all) = splitter.fields(row);
            let fields: Vec<String> = fields.map(str::to_owned).collect();
            let mut other = Splitter::new(b',');
            let all_of_other = other.unquote(row);
            let text = str::from_utf8(&other.text).unwrap();
            let of_other: Vec<&str> =
                other.places.iter().map(|(start, end)| &text[*start..*end]).collect();
            assert_eq!(all, all_of_other, "{row:?}");
            // For the library a row with nothing in it has no field.
            let is_empty = row.trim_end_matches(['\r', '\n']).is_empty();
            assert!(fields == of_other || (is_empty && fields == [""]), "{row:?} {of_other:?}");
        }
    }

    #[test]
    fn of_two_columns_with_one_name_the_last_counts() {
        let header =
            Header { separator: Some(b','), columns: vec!["a".into(), "b".into(), "a".into()] };
        let mut rows = Delimited::new(header);
        let Ok(Some(record)) = rows.record("1,2,3\n") else { panic!("no record") };
        assert_eq!(record.to_string(), r#"{"a":"3","b":"2"}"#);
    }
}
