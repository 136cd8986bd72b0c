//! The columns of each type, for CSV and for tables.
//!
//! They are fixed, so that the header of a file does not depend on its first record.

mod of_csv;
mod of_tables;

use model::Record;
use serde_json::Value;

pub use of_csv::csv;
use of_tables::table;

/// What verbs add to records; the second only in a dry run.
pub(super) const MARKS: [&str; 2] = ["outcome", "dry_run"];

/// The columns of a CSV file that begins with this record. `expected` is the type of records that
/// say none, `added` the fields that the user added, which come last.
pub(super) fn for_csv(record: &Record, expected: Option<&str>, added: &[String]) -> Vec<String> {
    let stated = kind_of_columns(record, expected)
        .and_then(csv)
        .or_else(|| expected.and_then(csv))
        .map(|names| names.iter().map(|name| (*name).to_owned()));
    let mut columns = with_marks(stated.map_or_else(|| own(record), Iterator::collect), record);
    let added: Vec<&String> = added.iter().filter(|name| !columns.contains(name)).collect();
    columns.extend(added.into_iter().cloned());
    columns
}

/// The fields and headings of a table that begins with this record. `expected` is the type of records
/// that say none: rows of a list of the user's own, whose columns come behind.
pub(super) fn for_table(record: &Record, expected: Option<&str>) -> Vec<(String, String)> {
    let said = kind_of_columns(record, expected);
    let expected = expected.filter(|_| said.is_none());
    let stated = said.or(expected).and_then(table).unwrap_or_default();
    let mut fields: Vec<String> = stated.iter().map(|(field, _)| (*field).to_owned()).collect();
    if stated.is_empty() || expected.is_some() {
        // Of a type that has no table of its own, all fields are columns.
        let known = expected.filter(|_| !stated.is_empty()).and_then(csv).unwrap_or_default();
        fields.extend(own(record).into_iter().filter(|name| !known.contains(&name.as_str())));
    }
    let heading = |field: &str| {
        let stated = stated.iter().find(|(name, _)| *name == field);
        stated.map_or_else(|| self::heading(field), |(_, heading)| (*heading).to_owned())
    };
    let fields = with_marks(fields, record).into_iter();
    fields.map(|field| (field.clone(), heading(&field))).collect()
}

/// The heading of a field that was chosen with `--fields`, or is not ours.
pub(super) fn heading(field: &str) -> String {
    field.to_uppercase().replace('_', " ")
}

pub(super) fn kind(record: &Record) -> Option<&str> {
    record.get("type").and_then(Value::as_str)
}

/// Where records of several types are mixed, their types do not choose the columns.
fn kind_of_columns<'a>(record: &'a Record, expected: Option<&'a str>) -> Option<&'a str> {
    expected.filter(|kind| *kind == of_csv::MIXED).or_else(|| kind(record))
}

fn own(record: &Record) -> Vec<String> {
    record.keys().filter(|name| !MARKS.contains(name)).map(str::to_owned).collect()
}

/// All records of a verb have its marks, or none has.
fn with_marks(mut fields: Vec<String>, record: &Record) -> Vec<String> {
    let marks = MARKS.iter().filter(|mark| record.contains_key(mark));
    fields.extend(marks.map(|mark| (*mark).to_owned()));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::is_identifier_column;
    use model::ResourceKind;

    #[test]
    fn every_kind_has_columns_and_can_be_read_back() {
        for kind in ResourceKind::ALL.iter().flat_map(|target| target.types()) {
            let columns = csv(kind).unwrap_or_else(|| panic!("{kind}"));
            assert_eq!(columns[..2], ["type", "id"], "{kind}");
            assert!(columns.iter().any(|column| is_identifier_column(column)));
            for (field, _) in table(kind).unwrap_or_else(|| panic!("{kind}")) {
                assert!(columns.contains(field), "{kind}: {field}");
            }
        }
    }

    #[test]
    fn mixed_records_lose_nothing() {
        let columns = csv(of_csv::MIXED).unwrap();
        for kind in ResourceKind::ALL.iter().flat_map(|target| target.types()) {
            let is_exported = !["login_key", "refresh_token"].contains(kind);
            for column in csv(kind).unwrap().iter().filter(|_| is_exported) {
                assert!(columns.contains(column), "{kind}: {column}");
            }
        }
    }

    #[test]
    fn the_manual_lists_the_columns_of_csv() {
        let page = include_str!("../../../../man/imp-records.7");
        let words: Vec<&str> = page.split([' ', '\n']).collect();
        for kind in ResourceKind::ALL.iter().map(|target| target.types()[0]) {
            let columns = csv(kind).unwrap_or_else(|| panic!("{kind}"));
            let stated = |start: usize| {
                let words = words[start..].iter().filter(|word| !matches!(**word, ".Cm" | ","));
                words.zip(columns).all(|(word, column)| word == column)
            };
            assert!((0..words.len()).any(stated), "{kind}");
        }
    }
}
