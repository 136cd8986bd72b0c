//! What a spreadsheet takes: the separator of its locale, names, dates that are dates, and texts that stay
//! texts.
//!
//! Careful about what a spreadsheet makes of a text: an id of digits becomes a rounded number, a version a
//! date, and a name that begins with `=` is carried out. Such a text is written as a formula that gives
//! it: `="…"`. Our own reader takes that back.

use std::borrow::Cow;
use std::collections::BTreeSet;

use model::Record;
use pure_rust_locales::{Locale, locale_match};
use serde_json::Value;

use super::cell;
use super::names::{NameLookup, refers_to_named};

/// Digits that a number keeps in a spreadsheet.
const EXACT_DIGITS: usize = 15;
/// The longest text that may stand in a formula.
const LONGEST_IN_FORMULA: usize = 255;
/// What begins a formula.
const BEGINS_FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];
/// Words that make a date of a number beside them.
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// How a spreadsheet reads: what is between cells, and in numbers before the fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spreadsheet {
    separator: u8,
    decimal: char,
}

impl Spreadsheet {
    /// As it reads in this locale, `de_DE.UTF-8` for example: where numbers have a comma, semicolons are
    /// between cells.
    pub fn of_locale(locale: Option<&str>) -> Spreadsheet {
        let name = locale.and_then(|name| name.split(['.', '@']).next()).unwrap_or_default();
        let locale = Locale::try_from(name).unwrap_or(Locale::POSIX);
        if locale_match!(locale => LC_NUMERIC::DECIMAL_POINT) == "," {
            Spreadsheet { separator: b';', decimal: ',' }
        } else {
            Spreadsheet { separator: b',', decimal: '.' }
        }
    }

    /// The columns, with names where a table has names.
    pub(super) fn columns(self, columns: Vec<String>) -> Vec<String> {
        let named = |column: String| match column.strip_suffix("_id") {
            Some(relation) if refers_to_named(&column) => format!("{relation}_name"),
            _ => column,
        };
        // A column of the user's own may have such a name already.
        let mut seen = BTreeSet::new();
        columns.into_iter().map(named).filter(|name| seen.insert(name.clone())).collect()
    }

    /// What is between cells.
    pub(super) fn separator(self) -> u8 {
        self.separator
    }

    /// The cell of a field. What has no name that can be seen is told by its id.
    pub(super) fn cell(self, record: &Record, column: &str, names: &NameLookup) -> String {
        let value = names.value(record, column);
        let id = column
            .strip_suffix("_name")
            .and_then(|relation| record.get(&format!("{relation}_id")).filter(|_| value.is_null()));
        match id.unwrap_or(&value) {
            Value::String(text) => time(column, text).unwrap_or_else(|| protected(text)),
            Value::Number(number) => self.number(&number.to_string()),
            Value::Array(words) if words.iter().all(Value::is_string) => {
                let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
                protected(&words.join(", "))
            }
            other => cell(other),
        }
    }

    /// A number, as a text if a spreadsheet would round it.
    fn number(self, number: &str) -> String {
        if number.bytes().filter(u8::is_ascii_digit).count() > EXACT_DIGITS {
            return formula(number);
        }
        number.replace('.', &self.decimal.to_string())
    }
}

/// A time of the service as spreadsheets in every locale take it, in UTC.
fn time(column: &str, text: &str) -> Option<String> {
    let is_time = column.ends_with("_at") || ["ts", "timestamp"].contains(&column);
    let time = humantime::parse_rfc3339_weak(text).ok().filter(|_| is_time)?;
    let text = humantime::format_rfc3339_seconds(time).to_string();
    Some(text.trim_end_matches('Z').replace('T', " "))
}

fn protected(text: &str) -> String {
    if is_misread(text) { formula(text) } else { text.to_owned() }
}

/// Whether a spreadsheet would take the text for a formula, a number, a date or a time.
fn is_misread(text: &str) -> bool {
    let lower = text.trim().to_ascii_lowercase();
    let is_number_like = |part: char| part.is_ascii_digit() || ".,:/-+e% ".contains(part);
    let has_digit = lower.contains(|part: char| part.is_ascii_digit());
    let letters: String = lower.chars().filter(|part| part.is_alphabetic()).collect();
    let is_month = letters.len() >= 3 && MONTHS.iter().any(|month| letters.starts_with(month));
    text.starts_with(BEGINS_FORMULA)
        || lower.starts_with(BEGINS_FORMULA)
        || (has_digit && (lower.chars().all(is_number_like) || is_month))
}

/// A formula that gives the text; behind an apostrophe if it is too long for one.
fn formula(text: &str) -> String {
    if text.chars().count() > LONGEST_IN_FORMULA {
        return format!("'{text}");
    }
    format!("=\"{}\"", text.replace('"', "\"\""))
}

/// The text that such a formula gives; any other cell as it is.
pub(crate) fn without_formula(cell: &str) -> Cow<'_, str> {
    let inner = cell.trim().strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) if !inner.replace("\"\"", "").contains('"') => {
            inner.replace("\"\"", "\"").into()
        }
        _ => cell.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_locale_says_what_is_between_cells() {
        for (locale, separator) in [
            (Some("de_DE.UTF-8"), b';'),
            (Some("fr_FR@euro"), b';'),
            (Some("pt_BR"), b';'),
            (Some("en_US.UTF-8"), b','),
            (Some("es_MX"), b','),
            (Some("C.UTF-8"), b','),
            (Some("tlh"), b','),
            (None, b','),
        ] {
            assert_eq!(Spreadsheet::of_locale(locale).separator, separator, "{locale:?}");
        }
    }

    #[test]
    fn what_would_be_misread_stays_a_text_and_comes_back() {
        for text in [
            "40000e2698169123",
            "007",
            "-jXp_9QaLm2Z",
            "=1+1",
            "+49 30",
            "@home",
            "1.2",
            "1-2",
            "3/4",
            "10:30",
            "2 Mar",
            "sept2",
            "00:11:22:33:44:55",
            " =1",
            "=\"",
        ] {
            let written = protected(text);
            assert!(written.starts_with("=\""), "{text}: {written}");
            assert_eq!(without_formula(&written), text);
        }
        for text in
            ["5000d8c46a56cfca", "oven-7", "gold, v2", "", "may be", "0c:2a:69:05:0d:62", "-"]
        {
            let expected = if text == "-" { "=\"-\"" } else { text };
            assert_eq!(protected(text), expected);
        }
        assert_eq!(protected(&"=".repeat(300)), format!("'{}", "=".repeat(300)));
        assert_eq!(without_formula("=\"a\" & \"b\""), "=\"a\" & \"b\"");
    }

    #[test]
    fn cells_are_what_a_spreadsheet_takes() {
        let german = Spreadsheet::of_locale(Some("de_DE"));
        let record = json!({"created_at": "2026-11-28T14:47:31.123Z", "ts": "soon", "rssi": -61,
            "share": 0.5, "serial": 1_234_567_890_123_456_789_u64, "tags": ["a", "b"], "flagged": true,
            "product_id": "p", "devicegroup_id": "g", "name": null, "text": "2026-11-28T14:47:31Z"});
        let record = &Record::from(record.as_object().expect("an object").clone());
        let names =
            NameLookup(Some(Box::new(|_, id| (id == "g").then(|| "Bench; left".to_owned()))));
        let columns = ["devicegroup_id", "product_id", "owner_id", "created_at"].map(str::to_owned);
        assert_eq!(
            german.columns(columns.into()),
            ["devicegroup_name", "product_name", "owner_id", "created_at"]
        );
        let cell = |column| german.cell(record, column, &names);
        for (column, expected) in [
            ("created_at", "2026-11-28 14:47:31"),
            ("ts", "soon"),
            ("rssi", "-61"),
            ("share", "0,5"),
            ("serial", "=\"1234567890123456789\""),
            ("tags", "a, b"),
            ("flagged", "true"),
            ("devicegroup_name", "Bench; left"),
            ("product_name", "p"),
            ("name", ""),
            ("text", "2026-11-28T14:47:31Z"),
        ] {
            assert_eq!(cell(column), expected, "{column}");
        }
    }
}
