//! Prints records in one of the formats of `--output`.
//!
//! A closed pipe is no error: it is reported once, and later records are dropped. A line is always
//! written whole, so that a reader never sees half a record.

mod asked;
mod cells;
mod colour;
mod columns;
mod excel;
mod log;
mod names;
mod separated;
mod table;

use model::Record;
use std::borrow::Cow;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::time::SystemTime;

use serde_json::Value;

pub use asked::AskedFields;
pub use cells::ago;
pub use columns::csv as stated_columns;
pub use excel::Spreadsheet;
pub(crate) use excel::without_formula;
use log::LogLines;
use names::NameLookup;
pub use names::Names;
use separated::Separated;
use table::Table;

/// The values of `--output`. `debug` is `Ndjson`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One record a line.
    Ndjson,
    /// For people: on a terminal, what is long is shortened.
    Table,
    /// A table with everything whole.
    Wide,
    /// A header and rows; each type has fixed columns.
    Csv,
    /// The same for a spreadsheet.
    Excel(Spreadsheet),
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

/// The terminal that a table is made for.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Its columns.
    pub width: usize,
    /// The time now, to tell how long ago something was.
    pub now: fn() -> SystemTime,
    /// Date and time of day as they are where the terminal is.
    pub local_time: fn(SystemTime) -> [String; 2],
    /// Whether it may be shown colours.
    pub is_coloured: bool,
}

/// So much is written at once, and so much room for text is kept.
const KEPT: usize = 64 << 10;

/// Prints records in one format.
pub struct Sink {
    layout: Layout,
    fields: Option<Vec<String>>,
    expected: Option<String>,
    is_coloured: bool,
    /// Where logs are shown as lines for a person: on this terminal.
    log_screen: Option<Screen>,
    names: NameLookup,
    asked: AskedFields,
    /// The text of one record after the other.
    text: String,
    out: BufWriter<Box<dyn Write + Send>>,
    closed: bool,
}

enum Layout {
    Lines,
    Minimal,
    /// Whether an element was printed.
    Array(bool),
    Separated(Separated),
    Table(Box<Table>),
    Log(Box<LogLines>),
}

impl Sink {
    /// `fields` chooses and orders columns; a table is made for `screen` if there is one.
    pub fn new(
        format: Format,
        fields: Option<Vec<String>>,
        out: Box<dyn Write + Send>,
        screen: Option<Screen>,
    ) -> Sink {
        let log_screen = screen.filter(|_| format == Format::Table && fields.is_none());
        let is_coloured = screen.is_some_and(|screen| screen.is_coloured);
        let layout = match format {
            Format::Ndjson => Layout::Lines,
            Format::Minimal => Layout::Minimal,
            Format::Json => Layout::Array(false),
            Format::Csv => Layout::Separated(Separated::new(fields.clone(), None)),
            Format::Excel(spreadsheet) => {
                Layout::Separated(Separated::new(fields.clone(), Some(spreadsheet)))
            }
            Format::Table | Format::Wide => {
                let screen = screen.filter(|_| format == Format::Table);
                Layout::Table(Box::new(Table::new(fields.clone(), screen, is_coloured)))
            }
        };
        // Of `minimal` fields cannot be asked for.
        let asked = fields.as_deref().filter(|_| format != Format::Minimal);
        Sink {
            layout,
            asked: AskedFields::new("--fields", asked.unwrap_or_default()),
            names: NameLookup::default(),
            fields,
            expected: None,
            is_coloured,
            log_screen,
            text: String::new(),
            out: BufWriter::with_capacity(KEPT, out),
            closed: false,
        }
    }

    /// Where the names of groups, products and devices come from, in tables, in logs and in fields that were asked for.
    pub fn set_names(&mut self, names: Names) {
        self.names = NameLookup(Some(names));
    }

    /// The fields that were asked for and have not come; another output of the same run goes on with them.
    pub fn asked_fields(&mut self) -> &mut AskedFields {
        &mut self.asked
    }

    /// The value of a field of a record, or the name of what it refers to: `devicegroup_name`.
    pub fn value(&self, record: &Record, field: &str) -> Value {
        self.names.value(record, field)
    }

    /// The type of records that say none. CSV then has the header of that type even if no record
    /// comes at all.
    pub fn expect_type(&mut self, kind: &str) {
        self.expected = Some(kind.to_owned());
    }

    /// Says that the records will be log entries, of several devices or of one.
    pub fn expect_log(&mut self, of_several: bool) {
        self.expect_type("log");
        if let Some(screen) = self.log_screen {
            self.layout = Layout::Log(Box::new(LogLines::new(screen, of_several)));
        }
    }

    /// Gives CSV without records the columns that a changing verb adds.
    pub fn expect_marks(&mut self, dry_run: bool) {
        if let Layout::Separated(file) = &mut self.layout {
            file.expect_marks(&columns::MARKS[..if dry_run { 2 } else { 1 }]);
        }
    }

    /// The user's own fields, with which CSV ends if its header is still to come; gives those that
    /// came too late for it. Chosen fields are all that is wanted.
    pub fn expect_own(&mut self, names: &[String]) -> Vec<String> {
        match &mut self.layout {
            Layout::Separated(file) => file.expect_own(names),
            _ => Vec::new(),
        }
    }

    /// Prints one record. It may wait in a buffer until [`Sink::flush`].
    ///
    /// # Errors
    /// Those of writing, but for a closed pipe.
    pub fn write(&mut self, record: &Record) -> io::Result<Wrote> {
        let mut text = std::mem::take(&mut self.text);
        self.asked.see(record, self.expected.as_deref());
        match &mut self.layout {
            Layout::Lines => {
                chosen(record, self.fields.as_deref(), &self.names).write_json(&mut text);
                text.push('\n');
            }
            Layout::Minimal => {
                match id(record) {
                    Some(id) => text.push_str(&id),
                    None => record.write_json(&mut text),
                }
                text.push('\n');
            }
            Layout::Array(begun) => {
                text.push_str(if *begun { ",\n" } else { "[\n" });
                *begun = true;
                chosen(record, self.fields.as_deref(), &self.names).write_json(&mut text);
            }
            Layout::Table(table) => {
                table.add(record, self.expected.as_deref(), &self.names, &mut text);
            }
            Layout::Log(log) => log.add(record, &self.names, &mut text),
            Layout::Separated(file) => {
                file.add(record, self.expected.as_deref(), &self.names, &mut text);
            }
        }
        let wrote = self.quiet(|out| out.write_all(text.as_bytes()));
        text.clear();
        text.shrink_to(KEPT);
        self.text = text;
        wrote
    }

    /// Prints text that is no record, as a page about one; on a terminal with colours ids are dim in it.
    ///
    /// # Errors
    /// Those of writing, but for a closed pipe.
    pub fn write_text(&mut self, text: &str) -> io::Result<Wrote> {
        let text = if self.is_coloured { colour::with_dim_ids(text) } else { text.to_owned() };
        self.quiet(|out| out.write_all(text.as_bytes()))
    }

    /// Flushes what was printed so far.
    ///
    /// # Errors
    /// Those of writing, but for a closed pipe.
    pub fn flush(&mut self) -> io::Result<Wrote> {
        let mut text = String::new();
        match &mut self.layout {
            Layout::Table(table) => table.flush(&mut text),
            Layout::Log(log) => log.flush(&mut text),
            _ => {}
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
            Layout::Lines | Layout::Minimal => {}
            Layout::Array(begun) => text.push_str(if *begun { "\n]\n" } else { "[]\n" }),
            Layout::Table(table) => table.finish(&mut text),
            Layout::Log(log) => log.flush(&mut text),
            Layout::Separated(file) => file.finish(self.expected.as_deref(), &mut text),
        }
        self.quiet(|out| out.write_all(text.as_bytes()).and_then(|()| out.flush()))
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

/// The record with the fields that were asked for.
fn chosen<'a>(
    record: &'a Record,
    fields: Option<&[String]>,
    names: &NameLookup,
) -> Cow<'a, Record> {
    let Some(fields) = fields else {
        return Cow::Borrowed(record);
    };
    Cow::Owned(fields.iter().map(|name| (name.clone(), names.value(record, name))).collect())
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

#[cfg(test)]
mod tests;
