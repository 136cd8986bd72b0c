//! Tables for people: columns fitted to their content and to the terminal.
//!
//! The first rows are held back until the widths are known, then rows are printed as they come. A
//! later row that needs more room gets it, and one with a value in a column that was left out as
//! empty brings the column back: what is there is never hidden.

use model::Record;
use model::text::one_line;
use unicode_width::UnicodeWidthStr;

use super::cells::{self, ShortIds};
use super::columns::{for_table, heading};
use super::names::{NameLookup, refers_to_named};
use super::{Screen, colour};
use crate::identifier::is_identifier_column;

/// Maximum number of rows that are held back for the widths.
const FITTED: usize = 100;
/// Between columns.
const GAP: &str = "  ";
/// Columns of free text are not shrunk below `NARROW`. Those of names have at least `USUAL` when a
/// flush comes before most rows.
const NARROW: usize = 8;
const USUAL: usize = 16;
/// Columns that are never shortened, as times and identifiers: part of them is useless.
const WHOLE: [&str; 12] = [
    "run",
    "at",
    "state",
    "type",
    "outcome",
    "dry_run",
    "device_online",
    "flagged",
    "usages",
    "endpoint",
    "event",
    "error",
];

pub(super) struct Table {
    fields: Option<Vec<String>>,
    screen: Option<Screen>,
    is_coloured: bool,
    columns: Vec<Column>,
    waiting: Vec<Vec<String>>,
    ids: ShortIds,
    settled: bool,
}

struct Column {
    field: String,
    heading: String,
    /// The width that would hold everything so far, and the width that there is room for.
    wanted: usize,
    width: usize,
    /// False: left out, because no row has had a value there, or for want of room.
    shown: bool,
    crowded_out: bool,
}

impl Column {
    fn new((field, heading): (String, String)) -> Column {
        let heading = one_line(&heading);
        let wanted = heading.width();
        Column { field, heading, wanted, width: wanted, shown: true, crowded_out: false }
    }

    fn is_id(&self) -> bool {
        self.field == "id" || self.field.ends_with("_id")
    }

    fn is_whole(&self) -> bool {
        let field = self.field.as_str();
        let is_short = WHOLE.contains(&field) || field.ends_with("_at");
        is_short || (is_identifier_column(field) && !refers_to_named(field))
    }

    /// It is what the rows are called, or what became of them.
    fn tells_rows_apart(&self) -> bool {
        let field = self.field.as_str();
        ["name", "outcome"].contains(&field) || is_identifier_column(field)
    }

    /// Its heading stays whole too.
    fn can_shrink(&self) -> bool {
        !self.is_whole() && self.width > NARROW.max(self.heading.width())
    }
}

impl Table {
    /// Everything is shown whole if there is no `screen`.
    pub(super) fn new(
        fields: Option<Vec<String>>,
        screen: Option<Screen>,
        is_coloured: bool,
    ) -> Table {
        Table {
            fields,
            screen,
            is_coloured,
            columns: Vec::new(),
            waiting: Vec::new(),
            ids: ShortIds::new(),
            settled: false,
        }
    }

    /// Adds a row; what can be printed now is appended to `out`.
    pub(super) fn add(
        &mut self,
        record: &Record,
        expected: Option<&str>,
        names: &NameLookup,
        out: &mut String,
    ) {
        if self.columns.is_empty() {
            let fields = match &self.fields {
                Some(fields) => fields.iter().map(|name| (name.clone(), heading(name))).collect(),
                None => for_table(record, expected),
            };
            self.columns = fields.into_iter().map(Column::new).collect();
        }
        let now = self.screen.map(|screen| (screen.now)());
        let cell = |column: &Column| cells::shown(record, &column.field, names, now);
        let cells: Vec<String> = self.columns.iter().map(cell).collect();
        for (_, id) in self.columns.iter().zip(&cells).filter(|(column, _)| column.is_id()) {
            self.ids.see(id);
        }
        if !self.settled {
            self.waiting.push(cells);
            if self.waiting.len() == FITTED {
                self.finish(out);
            }
            return;
        }
        let comes_back = self.bring_back(&cells);
        self.fit([&cells].into_iter());
        if comes_back {
            self.header(out);
        }
        self.line(&cells, out);
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
        let may_be_left_out = self.screen.is_some() && self.fields.is_none();
        let has_value = |place: usize| waiting.iter().any(|row| !row[place].is_empty());
        let nothing_at_all = !(0..self.columns.len()).any(has_value);
        for (place, column) in self.columns.iter_mut().enumerate() {
            column.shown = has_value(place) || nothing_at_all || !may_be_left_out;
            if column.field == "name" || refers_to_named(&column.field) {
                column.wanted = column.wanted.max(least);
            }
        }
        self.settled = true;
        self.fit(waiting.iter());
        if may_be_left_out {
            self.crowd_out();
        }
        self.header(out);
        for row in &waiting {
            self.line(row, out);
        }
    }

    /// Leaves out columns of free text, the last first, where everything is as narrow as it can be and
    /// lines would still be longer than the terminal.
    fn crowd_out(&mut self) {
        while self.overhang() > 0 {
            let shown =
                || self.columns.iter().enumerate().filter(|(_, column)| column.shown).skip(1);
            let last = shown().filter(|(_, column)| !column.is_whole()).last();
            // Anything else only where that makes room enough.
            let overhang = self.overhang();
            let last = last.or_else(|| {
                let is_enough = |column: &Column| column.width + GAP.len() >= overhang;
                let small = shown().filter(|(_, column)| !column.tells_rows_apart());
                small.filter(|(_, column)| is_enough(column)).last()
            });
            let Some((place, _)) = last else { return };
            let last = &mut self.columns[place];
            last.shown = false;
            last.crowded_out = true;
            self.fit(std::iter::empty());
        }
    }

    /// By how much lines are longer than the terminal.
    fn overhang(&self) -> usize {
        let shown = self.columns.iter().filter(|column| column.shown);
        let needed: usize = shown.map(|column| column.width + GAP.len()).sum();
        let room = self.screen.map_or(usize::MAX, |screen| screen.width.saturating_add(GAP.len()));
        needed.saturating_sub(room)
    }

    /// Shows the columns again in which this row has something. True if there are any.
    fn bring_back(&mut self, cells: &[String]) -> bool {
        let mut any = false;
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            if !column.shown && !column.crowded_out && !cell.is_empty() {
                column.shown = true;
                any = true;
            }
        }
        any
    }

    /// Makes room for rows, as far as the terminal has it. Takes from the widest column of free text
    /// until everything has room or all are narrow.
    fn fit<'a>(&mut self, rows: impl Iterator<Item = &'a Vec<String>>) {
        for row in rows {
            for (column, cell) in self.columns.iter_mut().zip(row) {
                let width = shortened(column, cell, &self.ids, self.screen).width();
                column.wanted = column.wanted.max(width);
            }
        }
        for column in &mut self.columns {
            column.width = column.wanted;
        }
        while self.overhang() > 0 {
            let free = self.columns.iter_mut().filter(|column| column.shown && column.can_shrink());
            match free.max_by_key(|column| column.width) {
                Some(widest) => widest.width -= 1,
                None => return,
            }
        }
    }

    fn header(&self, out: &mut String) {
        let headings = self.columns.iter().map(|column| (column, column.heading.clone()));
        print(headings, false, out);
    }

    fn line(&self, cells: &[String], out: &mut String) {
        let fitted = |column, cell| fitted(shortened(column, cell, &self.ids, self.screen), column);
        let cells = self.columns.iter().zip(cells);
        print(cells.map(|(column, cell)| (column, fitted(column, cell))), self.is_coloured, out);
    }
}

/// Prints a line of cells, each filled up to the width of its column.
fn print<'a>(
    cells: impl Iterator<Item = (&'a Column, String)>,
    is_coloured: bool,
    out: &mut String,
) {
    let mut line = String::new();
    for (column, text) in cells.filter(|(column, _)| column.shown) {
        let padding = column.width.saturating_sub(text.width());
        line.push_str(&colour::of_cell(&column.field, &text).on(&text, is_coloured));
        line.extend(std::iter::repeat_n(' ', padding));
        line.push_str(GAP);
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

/// A cell as it is shown: an id on a terminal is short.
fn shortened<'a>(
    column: &Column,
    cell: &'a str,
    ids: &ShortIds,
    screen: Option<Screen>,
) -> &'a str {
    if column.is_id() && screen.is_some() { ids.short(cell) } else { cell }
}

/// The text, cut to the width of its column with `…` if it is wider. Names are cut in the middle:
/// those of one product begin alike.
fn fitted(text: &str, column: &Column) -> String {
    if text.width() <= column.width {
        return text.to_owned();
    }
    let room = column.width.saturating_sub(1);
    let end = if refers_to_named(&column.field) || column.field == "file" { room / 2 } else { 0 };
    let places = || text.char_indices().map(|(place, _)| place);
    let start = places().take_while(|place| text[..*place].width() <= room - end).last();
    let last = places().find(|place| text[*place..].width() <= end).unwrap_or(text.len());
    format!("{}…{}", &text[..start.unwrap_or(0)], &text[last..])
}
