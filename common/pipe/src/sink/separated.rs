//! Records as lines of cells with separators between them, for programs and for spreadsheets.
//!
//! The header is that of the type, so that it does not depend on the first record, and stands also in a
//! file without records.

use model::Record;

use super::cell;
use super::columns::{csv, for_csv};
use super::excel::Spreadsheet;
use super::names::NameLookup;

pub(super) struct Separated {
    /// The fields that were chosen.
    fields: Option<Vec<String>>,
    spreadsheet: Option<Spreadsheet>,
    /// The user's own fields, which come last.
    own: Vec<String>,
    /// What a changing verb adds.
    marks: Vec<&'static str>,
    /// The columns, once the header was printed.
    columns: Option<Vec<String>>,
}

impl Separated {
    pub(super) fn new(fields: Option<Vec<String>>, spreadsheet: Option<Spreadsheet>) -> Separated {
        Separated { fields, spreadsheet, own: Vec::new(), marks: Vec::new(), columns: None }
    }

    pub(super) fn expect_marks(&mut self, marks: &[&'static str]) {
        self.marks = marks.to_vec();
    }

    /// The user's own fields; gives those that came too late for the header. Chosen fields are all that
    /// is wanted.
    pub(super) fn expect_own(&mut self, names: &[String]) -> Vec<String> {
        match &self.columns {
            None => self.own = names.to_vec(),
            Some(columns) if self.fields.is_none() => {
                return names.iter().filter(|name| !columns.contains(name)).cloned().collect();
            }
            Some(_) => {}
        }
        Vec::new()
    }

    /// Adds a record, and the header before the first.
    pub(super) fn add(
        &mut self,
        record: &Record,
        expected: Option<&str>,
        names: &NameLookup,
        out: &mut String,
    ) {
        if self.columns.is_none() {
            self.begin(for_csv(record, expected, &self.own), out);
        }
        let columns = self.columns.iter().flatten();
        let cells = columns.map(|name| match self.spreadsheet {
            Some(spreadsheet) => spreadsheet.cell(record, name, names),
            None => cell(&names.value(record, name)),
        });
        out.push_str(&self.line(cells));
    }

    /// Gives a file without records the header of the `expected` type, if that is known.
    pub(super) fn finish(&mut self, expected: Option<&str>, out: &mut String) {
        let stated = expected.and_then(csv);
        if self.columns.is_none() && (self.fields.is_some() || stated.is_some()) {
            let columns = stated.unwrap_or_default().iter().chain(&self.marks);
            self.begin(columns.map(|name| (*name).to_owned()).collect(), out);
        }
    }

    /// Prints the header: these columns, if none were chosen. Spreadsheets know UTF-8 by the mark in front.
    fn begin(&mut self, columns: Vec<String>, out: &mut String) {
        let columns = match (&self.fields, self.spreadsheet) {
            (Some(chosen), _) => chosen.clone(),
            (None, Some(spreadsheet)) => spreadsheet.columns(columns),
            (None, None) => columns,
        };
        if self.spreadsheet.is_some() {
            out.push('\u{feff}');
        }
        out.push_str(&self.line(columns.iter()));
        self.columns = Some(columns);
    }

    fn line<S: AsRef<[u8]>>(&self, cells: impl Iterator<Item = S>) -> String {
        let mut writer = ::csv::WriterBuilder::new();
        writer.buffer_capacity(1024);
        if let Some(spreadsheet) = self.spreadsheet {
            writer.delimiter(spreadsheet.separator()).terminator(::csv::Terminator::CRLF);
        }
        let mut writer = writer.from_writer(Vec::new());
        // Writing to memory cannot fail, and the cells are text.
        let written = writer.write_record(cells).ok().and_then(|()| writer.into_inner().ok());
        String::from_utf8(written.unwrap_or_default()).unwrap_or_default()
    }
}
