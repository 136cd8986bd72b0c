//! What a row is about: which of its columns names the thing that the verb works on.
//!
//! It is careful never to take one thing for another: a record of another kind is not guessed at,
//! the group that a device is in is never taken for the device, and a value that a spreadsheet has
//! damaged is refused instead of looked up. A value that cannot be what its column says gives way to
//! another column, but only to one whose value can be.

use model::{ErrorKind, Record, ResourceKind};
use serde_json::Value;

use crate::{Failure, Row};
use model::identifier::{Shape, is_uuid, shape};
use model::mac::{DAMAGE_ADVICE, MacReading, mac, mac_or_other, number_damage};
use model::text::{bare, quoted};

/// Whether a column of this name can tell what a row is about, for any kind of thing.
pub fn is_identifier_column(name: &str) -> bool {
    ResourceKind::ALL.iter().any(|kind| {
        let reference =
            name.strip_suffix("_id").is_some_and(|type_name| type_name == kind.reference());
        reference || kind.columns().iter().any(|spellings| spellings.contains(&name))
    })
}

/// In which way an identifier names its thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NamedBy {
    /// Not known: an id or anything else that the kind can be identified by.
    Any,
    /// The id, from a record of ours.
    Id,
    /// A MAC address in the API's spelling.
    Mac,
    /// An agent id.
    AgentId,
    /// A name.
    Name,
}

/// What names the thing that a row is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identifier {
    /// In which way it does.
    pub named_by: NamedBy,
    /// The text for the API: an id or a MAC address in its spelling, anything else as it was given.
    pub text: String,
}

impl Identifier {
    fn new(named_by: NamedBy, text: impl Into<String>) -> Identifier {
        Identifier { named_by, text: text.into() }
    }

    /// An id, or what may be one. What may be a name as well stays as it is: names are compared exactly.
    fn id(kind: ResourceKind, named_by: NamedBy, text: &str) -> Identifier {
        let is_id = match kind {
            ResourceKind::Device => shape(text) == Shape::Id,
            ResourceKind::Webhook => is_uuid(text),
            _ => named_by == NamedBy::Id && is_uuid(text),
        };
        Identifier::new(named_by, if is_id { text.to_ascii_lowercase() } else { text.to_owned() })
    }
}

impl Row {
    /// What names the row's thing of the kind `kind`. Columns in `options` are the verb's own
    /// options and no identifiers there.
    ///
    /// # Errors
    /// `wrong_type` for a record of another kind that does not refer to one of `kind`;
    /// `bad_input` if no column has a value, or the value is damaged or not text.
    pub fn identifier(&self, kind: ResourceKind, options: &[&str]) -> Result<Identifier, Failure> {
        let type_name = self.kind();
        let typed = !type_name.is_empty() && !options.contains(&"type");
        let reference = || format!("{}_id", kind.reference());
        if typed && !kind.types().contains(&type_name) {
            let id = self.text(&reference())?;
            return id
                .map(|id| Identifier::id(kind, NamedBy::Id, &id))
                .ok_or_else(|| wrong_type(kind, type_name));
        }
        let mut first = None;
        for spellings in kind.columns() {
            for column in spellings.iter().filter(|column| !options.contains(column)) {
                let Some(text) = self.text(column)? else { continue };
                let ours = typed && *column == "id";
                if ours || may_be(kind, spellings[0], &text) {
                    return read(kind, spellings[0], text, ours);
                }
                first.get_or_insert((spellings[0], text));
            }
        }
        if let Some((column, text)) = first {
            return read(kind, column, text, false);
        }
        let reference = reference();
        let referred =
            if options.contains(&reference.as_str()) { None } else { self.text(&reference)? };
        referred
            .map(|id| Identifier::id(kind, NamedBy::Id, &id))
            .ok_or_else(|| nothing_named(kind, options, &self.record))
    }

    /// The column whose value cannot be what it says, and that value: a running number in `id`. Where
    /// another column names the thing, that counts.
    pub fn misfit(&self, kind: ResourceKind) -> Option<(&'static str, String)> {
        if self.record.len() < 2 || kind.types().contains(&self.kind()) {
            return None;
        }
        let mut values = kind.columns().iter().flat_map(|spellings| {
            let value = |column: &&str| self.text(column).ok().flatten();
            spellings.iter().filter_map(value).map(|text| (spellings[0], text))
        });
        let (column, text) = values.next().filter(|(column, text)| !may_be(kind, column, text))?;
        values.any(|(column, text)| may_be(kind, column, &text)).then_some((column, text))
    }

    /// The text of a column; `None` if it is missing, `null` or blank.
    fn text(&self, column: &str) -> Result<Option<String>, Failure> {
        /// JSON numbers above this are rounded by most programs.
        const EXACT: u64 = 1 << 53;
        if let Some(text) = self.record.text(column) {
            let bare = bare(text);
            return Ok((!bare.is_empty()).then(|| bare.to_owned()));
        }
        match self.record.get(column) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => match number.as_u64() {
                Some(whole) if whole <= EXACT => Ok(Some(whole.to_string())),
                _ => Err(damaged(column, &format!("{number} is a rounded number"))),
            },
            Some(other) => {
                let title = format!("Column {column} is no text");
                Err(Failure::new(ErrorKind::BadInput, title).detail(quoted(&other.to_string())))
            }
        }
    }
}

/// Whether the text can be what the column says. A damaged one stands where it is, to be told.
fn may_be(kind: ResourceKind, column: &str, text: &str) -> bool {
    let id =
        |text: &str| text.len() >= 8 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let device = kind == ResourceKind::Device;
    match column {
        "mac_address" => mac(text) != MacReading::Other,
        "id" if device => {
            id(text) || shape(text) != Shape::Name || mac_or_other(text) != MacReading::Other
        }
        "id" => id(text) || text == "me" || text.contains(['{', '@']),
        _ => true,
    }
}

/// Reads the text of the column `column` (in its usual spelling).
fn read(kind: ResourceKind, column: &str, text: String, ours: bool) -> Result<Identifier, Failure> {
    let device = kind == ResourceKind::Device;
    let (named_by, reading) = match column {
        "name" => return Ok(Identifier::new(NamedBy::Name, text)),
        "agent_id" => return Ok(Identifier::new(NamedBy::AgentId, text)),
        "id" if ours => (NamedBy::Id, MacReading::Other),
        "mac_address" => match mac(&text) {
            MacReading::Other => return Err(no_mac(&text)),
            reading => (NamedBy::Mac, reading),
        },
        _ if device => (NamedBy::Any, mac_or_other(&text)),
        _ => (NamedBy::Any, MacReading::Other),
    };
    match reading {
        MacReading::Address(address) => Ok(Identifier::new(NamedBy::Mac, address)),
        MacReading::Damaged(damage) => Err(damaged(column, &damage)),
        // An id that is all digits, with an `e` in it, is damaged like an address.
        MacReading::Other => match number_damage(&text).filter(|_| column == "id") {
            Some(damage) => Err(damaged(column, &damage)),
            None => Ok(Identifier::id(kind, named_by, &text)),
        },
    }
}

fn damaged(column: &str, damage: &str) -> Failure {
    let title = format!("Damaged by a spreadsheet: {column} {damage}");
    Failure::new(ErrorKind::BadInput, title).detail(DAMAGE_ADVICE)
}

fn no_mac(text: &str) -> Failure {
    Failure::new(ErrorKind::BadInput, "No MAC address")
        .detail(format!("mac_address is {}, but should be like 0c:2a:69:05:0d:62", quoted(text)))
}

fn wrong_type(kind: ResourceKind, type_name: &str) -> Failure {
    Failure::new(ErrorKind::WrongType, format!("No {}", kind.noun())).detail(format!(
        "the record's type is {}, and it has no {}_id",
        quoted(type_name),
        kind.reference()
    ))
}

fn nothing_named(kind: ResourceKind, options: &[&str], record: &Record) -> Failure {
    let usual = kind.columns().iter().map(|spellings| spellings[0]);
    let expected: Vec<&str> = usual.filter(|column| !options.contains(column)).collect();
    let found: Vec<&str> = record.keys().collect();
    let found = if found.is_empty() { "no fields".to_owned() } else { found.join(", ") };
    Failure::new(ErrorKind::BadInput, format!("Nothing names the {}", kind.noun())).detail(format!(
        "expected a value in one of {}; the row has {found}; --column {}=NAME says which it is",
        expected.join(", "),
        expected.first().unwrap_or(&"id")
    ))
}

#[cfg(test)]
mod tests;
