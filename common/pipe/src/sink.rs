//! Prints records in one of the formats of `--output`.
//!
//! A closed pipe is no error: it is reported once, and later records are dropped. A line is always
//! written whole, so that a reader never sees half a record.

mod columns;
mod table;

use model::Record;
use std::borrow::Cow;
use std::io::{self, BufWriter, ErrorKind, Write};

use serde_json::Value;

pub(crate) use columns::csv as stated_columns;
use table::Table;

/// The values of `--output`. `debug` is `Ndjson`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One record a line.
    Ndjson,
    /// For people, on a terminal.
    Table,
    /// A header and rows; each type has fixed columns.
    Csv,
    /// One array, one element a line.
    Json,
    /// The id of each record, one a line; a record without one is printed whole.
    Minimal,
}

/// Whether the output is still open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrote {
    /// It was written, as far as can be known.
    Done,
    /// The reader has gone (`| head`): later records are dropped.
    Closed,
}

/// Gives the name of a group or product for its type and id, if it is known.
pub type Names = Box<dyn Fn(&str, &str) -> Option<String> + Send>;

/// Prints records in one format.
pub struct Sink {
    layout: Layout,
    fields: Option<Vec<String>>,
    expected: Option<String>,
    expected_marks: Vec<&'static str>,
    out: BufWriter<Box<dyn Write + Send>>,
    closed: bool,
}

enum Layout {
    Lines,
    Minimal,
    /// Whether an element was printed.
    Array(bool),
    /// The columns, once they are known.
    Csv(Option<Vec<String>>),
    Table(Box<Table>),
}

impl Sink {
    /// `fields` chooses and orders columns; a table is cut to `width` columns if there is a width.
    pub fn new(
        format: Format,
        fields: Option<Vec<String>>,
        out: Box<dyn Write + Send>,
        width: Option<usize>,
    ) -> Sink {
        let layout = match format {
            Format::Ndjson => Layout::Lines,
            Format::Minimal => Layout::Minimal,
            Format::Json => Layout::Array(false),
            Format::Csv => Layout::Csv(None),
            Format::Table => Layout::Table(Box::new(Table::new(fields.clone(), width))),
        };
        Sink {
            layout,
            fields,
            expected: None,
            expected_marks: Vec::new(),
            out: BufWriter::new(out),
            closed: false,
        }
    }

    /// Where tables get the names of groups and products.
    pub fn set_names(&mut self, names: Names) {
        if let Layout::Table(table) = &mut self.layout {
            table.set_names(names);
        }
    }

    /// The type of records that say none. CSV then has the header of that type even if no record
    /// comes at all.
    pub fn expect_type(&mut self, kind: &str) {
        self.expected = Some(kind.to_owned());
    }

    /// Gives CSV without records the columns that a changing verb adds.
    pub fn expect_marks(&mut self, dry_run: bool) {
        self.expected_marks = columns::MARKS[..if dry_run { 2 } else { 1 }].to_vec();
    }

    /// Prints one record. It may wait in a buffer until [`Sink::flush`].
    ///
    /// # Errors
    /// Those of writing, but for a closed pipe.
    pub fn write(&mut self, record: &Record) -> io::Result<Wrote> {
        let mut text = String::new();
        match &mut self.layout {
            Layout::Lines => text = line(&self.chosen(record)),
            Layout::Minimal => text = id(record).map_or_else(|| line(record), |id| id + "\n"),
            Layout::Array(begun) => {
                text.push_str(if *begun { ",\n" } else { "[\n" });
                *begun = true;
                text.push_str(line(&self.chosen(record)).trim_end());
            }
            Layout::Table(table) => table.add(record, &mut text),
            Layout::Csv(columns) => {
                let columns = columns.get_or_insert_with(|| {
                    let expected = self.expected.as_deref();
                    let chosen = self.fields.clone();
                    let columns = chosen.unwrap_or_else(|| columns::for_csv(record, expected));
                    text.push_str(&csv_line(columns.iter().map(String::as_str)));
                    columns
                });
                let cells =
                    columns.iter().map(|name| record.get(name).map(cell).unwrap_or_default());
                text.push_str(&csv_line(cells));
            }
        }
        self.quiet(|out| out.write_all(text.as_bytes()))
    }

    /// Flushes what was printed so far.
    ///
    /// # Errors
    /// Those of writing, but for a closed pipe.
    pub fn flush(&mut self) -> io::Result<Wrote> {
        let mut text = String::new();
        if let Layout::Table(table) = &mut self.layout {
            table.flush(&mut text);
        }
        self.quiet(|out| out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// Ends the output.
    ///
    /// # Errors
    /// Those of writing, but for a closed pipe.
    pub fn finish(&mut self) -> io::Result<Wrote> {
        let mut text = String::new();
        match &mut self.layout {
            Layout::Lines | Layout::Minimal | Layout::Csv(Some(_)) => {}
            Layout::Array(begun) => text.push_str(if *begun { "\n]\n" } else { "[]\n" }),
            Layout::Table(table) => table.finish(&mut text),
            Layout::Csv(None) => text = self.header_alone(),
        }
        self.quiet(|out| out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// The header of a CSV file without rows.
    fn header_alone(&self) -> String {
        let stated = self.expected.as_deref().and_then(columns::csv);
        match (&self.fields, stated) {
            (Some(fields), _) => csv_line(fields.iter()),
            (None, Some(columns)) => csv_line(columns.iter().chain(&self.expected_marks)),
            (None, None) => String::new(),
        }
    }

    fn chosen<'a>(&self, record: &'a Record) -> Cow<'a, Record> {
        let Some(fields) = &self.fields else {
            return Cow::Borrowed(record);
        };
        let value = |name: &String| record.get(name).cloned().unwrap_or_default();
        Cow::Owned(fields.iter().map(|name| (name.clone(), value(name))).collect())
    }

    fn quiet<F>(&mut self, write: F) -> io::Result<Wrote>
    where
        F: FnOnce(&mut BufWriter<Box<dyn Write + Send>>) -> io::Result<()>,
    {
        if self.closed {
            return Ok(Wrote::Closed);
        }
        match write(&mut self.out) {
            Ok(()) => Ok(Wrote::Done),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(Wrote::Closed)
            }
            Err(error) => Err(error),
        }
    }
}

fn line(record: &Record) -> String {
    // The fields of a record are what JSON can say, so this cannot fail.
    serde_json::to_string(record).unwrap_or_default() + "\n"
}

fn id(record: &Record) -> Option<String> {
    record.get("id").map(cell).filter(|id| !id.is_empty())
}

/// A value as the text of a cell: `null` is empty, objects and arrays are JSON.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn csv_line<S: AsRef<[u8]>>(cells: impl Iterator<Item = S>) -> String {
    let mut writer = csv::WriterBuilder::new().buffer_capacity(1024).from_writer(Vec::new());
    // Writing to memory cannot fail, and the cells are text.
    let written = writer.write_record(cells).ok().and_then(|()| writer.into_inner().ok());
    String::from_utf8(written.unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
