//! Tables for people: columns fitted to their content and to the terminal.
//!
//! The first rows are held back until the widths are known, then rows are printed as they come.
//! Names come from outside and may contain anything, so no control character is printed.

use model::Record;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::columns::{for_table, heading};
use super::{Names, cell};
use model::text::one_line;

/// Maximum number of rows that are held back for the widths.
const FITTED: usize = 100;
/// Between columns.
const GAP: &str = "  ";
/// Columns of free text are not shrunk below `NARROW`. Those of names have at least `USUAL` when a
/// flush comes before most rows.
const NARROW: usize = 6;
const USUAL: usize = 16;
/// Columns that are never shortened: part of an id or of an outcome is useless.
const WHOLE: [&str; 9] = [
    "id",
    "type",
    "mac_address",
    "agent_id",
    "device_online",
    "flagged",
    "usages",
    "outcome",
    "dry_run",
];

pub(super) struct Table {
    fields: Option<Vec<String>>,
    room: Option<usize>,
    names: Option<Names>,
    columns: Vec<(String, String)>,
    waiting: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
}

impl Table {
    pub(super) fn new(fields: Option<Vec<String>>, room: Option<usize>) -> Table {
        let (columns, waiting) = (Vec::new(), Vec::new());
        Table { fields, room, names: None, columns, waiting, widths: None }
    }

    pub(super) fn set_names(&mut self, names: Names) {
        self.names = Some(names);
    }

    /// Adds a row; what can be printed now is appended to `out`.
    pub(super) fn add(&mut self, record: &Record, out: &mut String) {
        if self.columns.is_empty() {
            self.columns = match &self.fields {
                Some(fields) => fields.iter().map(|name| (name.clone(), heading(name))).collect(),
                None => for_table(record),
            };
        }
        let cells: Vec<String> =
            self.columns.iter().map(|(field, _)| self.cell(record, field)).collect();
        match &self.widths {
            Some(widths) => self.line(&cells, widths, out),
            None => self.waiting.push(cells),
        }
        if self.waiting.len() == FITTED {
            self.finish(out);
        }
    }

    /// Prints the rows held back. More rows may come, so columns get room for them.
    pub(super) fn flush(&mut self, out: &mut String) {
        self.print_waiting(USUAL, out);
    }

    /// Prints the rows held back, fitted exactly.
    pub(super) fn finish(&mut self, out: &mut String) {
        self.print_waiting(0, out);
    }

    fn print_waiting(&mut self, least: usize, out: &mut String) {
        if self.waiting.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let headings: Vec<String> = self.columns.iter().map(|(_, name)| one_line(name)).collect();
        let width = |(place, (field, _)): (usize, &(String, String))| {
            let rows = waiting.iter().chain([&headings]).map(|row| row[place].width());
            let room = if field == "name" || refers_to_named(field) { least } else { 0 };
            rows.max().unwrap_or(0).max(room)
        };
        let mut widths: Vec<usize> = self.columns.iter().enumerate().map(width).collect();
        if let Some(room) = self.room {
            let gaps = GAP.len() * headings.len().saturating_sub(1);
            self.shrink(&mut widths, room.saturating_sub(gaps));
        }
        for row in [&headings].into_iter().chain(&waiting) {
            self.line(row, &widths, out);
        }
        self.widths = Some(widths);
    }

    /// Takes from the widest column of free text, until the columns have room or all are narrow.
    fn shrink(&self, widths: &mut [usize], room: usize) {
        while widths.iter().sum::<usize>() > room {
            let columns = widths.iter_mut().zip(&self.columns);
            let text = columns.filter(|(_, (field, _))| !WHOLE.contains(&field.as_str()));
            match text.map(|(width, _)| width).max().filter(|width| **width > NARROW) {
                Some(width) => *width -= 1,
                None => return,
            }
        }
    }

    fn line(&self, cells: &[String], widths: &[usize], out: &mut String) {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            let shown = if self.room.is_some() { fitted(cell, *width) } else { cell.clone() };
            let padding = width.saturating_sub(shown.width());
            line.push_str(&shown);
            line.extend(std::iter::repeat_n(' ', padding));
            line.push_str(GAP);
        }
        let line = line.trim_end();
        out.push_str(&self.room.map_or_else(|| line.to_owned(), |room| fitted(line, room)));
        out.push('\n');
    }

    fn cell(&self, record: &Record, field: &str) -> String {
        let value = record.get(field).unwrap_or(&Value::Null);
        let text = match value {
            Value::Bool(true) => "yes".to_owned(),
            Value::Bool(false) => "no".to_owned(),
            Value::String(text) if field == "type" => group_type(text),
            Value::String(id) => self.name(record, field, id).unwrap_or_else(|| id.clone()),
            other => cell(other),
        };
        one_line(&text)
    }

    /// The name of the group or product that a field refers to.
    fn name(&self, record: &Record, field: &str, id: &str) -> Option<String> {
        let relation = field.strip_suffix("_id").filter(|_| refers_to_named(field))?;
        let kind = record.get(&format!("{relation}_type")).and_then(Value::as_str);
        let name = self.names.as_ref()?(kind.unwrap_or(relation), id)?;
        Some(name).filter(|name| !name.trim().is_empty())
    }
}

/// A device group's type as it is typed on the command line; any other type as it is.
fn group_type(kind: &str) -> String {
    match kind.strip_suffix("_devicegroup") {
        Some(short) => short.replace("factoryfixture", "factory").replace('_', "-"),
        None => kind.to_owned(),
    }
}

/// Whether a field is the id of something whose name says more.
fn refers_to_named(field: &str) -> bool {
    ["devicegroup_id", "product_id", "production_target_id", "dut_target_id"].contains(&field)
}

/// The text, cut to a width with `…` if it is wider.
fn fitted(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let ends = text.char_indices().map(|(place, _)| place);
    let end = ends.take_while(|end| text[..*end].width() < width).last().unwrap_or(0);
    let cut = if width == 0 { "" } else { "…" };
    format!("{}{cut}", &text[..end])
}
