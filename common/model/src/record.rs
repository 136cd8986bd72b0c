//! A record: one JSON object, its fields in the order in which they came.
//!
//! Careful about what passes through unread, which is most of it: a value keeps the text that it came with
//! (also its spelling: `1E5`, `\u00e9`) and is made a [`Value`] when somebody asks for it. A million records
//! go through a pipeline, so a field costs a few bytes of one text and no allocation of its own.

mod conversions;
mod edit;
mod json_text;
mod kept;
mod plain;
mod plain_reader;
mod read;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::OnceLock;

use serde_json::Value;

use plain::is_plain;
pub use plain_reader::Plain;
pub use read::{
    Builder, Key, MOST_FIELDS, Unreadable, borrowed, leave_out_unreadable_keys,
    without_repeated_keys,
};

/// A record: one JSON object, its fields in the order in which they came. It has each name once.
#[derive(Clone, Default)]
pub struct Record {
    /// The object as JSON without its last brace, in one line and without spaces; once it `is_patched`, only what
    /// `fields` point to counts.
    text: String,
    fields: Vec<Field>,
    /// Whether `text` has something that is no field any more.
    is_patched: bool,
}

/// One field, as places in the text of its record.
struct Field {
    name: Name,
    value: Span,
    /// The value, once somebody has asked for it.
    parsed: OnceLock<Box<Value>>,
}

/// From here to there in the text.
#[derive(Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Clone)]
enum Name {
    /// It stands in the text as it is.
    Plain(Span),
    /// In the text it is escaped. Rare, and one more box keeps a field small.
    Escaped(Box<Box<str>>),
}

impl Clone for Field {
    fn clone(&self) -> Self {
        Field { name: self.name.clone(), value: self.value, parsed: OnceLock::new() }
    }
}

static NULL: Value = Value::Null;

impl Record {
    /// A record without fields.
    pub fn new() -> Record {
        Record::default()
    }

    /// A record without fields, with room for so many, and so many bytes of JSON.
    pub fn with_room_for(fields: usize, bytes: usize) -> Record {
        let text = String::with_capacity(bytes);
        Record { text, fields: Vec::with_capacity(fields), is_patched: false }
    }

    /// The number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether it has no fields.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.field(name).map(|field| self.value(field))
    }

    /// The text of a field whose value is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        let place = self.position(name)?;
        let inner = self.inner_text(place)?;
        if inner.as_bytes().contains(&b'\\') {
            return self.value(&self.fields[place]).as_str();
        }
        Some(inner)
    }

    /// What is between the quotes of a value.
    fn inner_text(&self, place: usize) -> Option<&str> {
        self.slice(self.fields[place].value).strip_prefix('"')?.strip_suffix('"')
    }

    /// The value of a field as JSON, spelled as it came.
    pub fn json(&self, name: &str) -> Option<&str> {
        self.field(name).map(|field| self.slice(field.value))
    }

    /// The record that is the value of a field.
    pub fn record(&self, name: &str) -> Option<Record> {
        self.json(name)
            .filter(|json| json.starts_with('{'))
            .and_then(|json| Record::read_lenient(json).ok())
    }

    /// Whether there is a field of this name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.field(name).is_some()
    }

    /// The names of the fields.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.fields.iter().map(|field| self.name(field))
    }

    /// The fields with their values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.fields.iter().map(|field| (self.name(field), self.value(field)))
    }

    /// Appends the record as JSON in one line.
    pub fn write_json(&self, out: &mut String) {
        if !self.is_patched {
            out.push_str(if self.text.is_empty() { "{" } else { &self.text });
            out.push('}');
            return;
        }
        out.push('{');
        for (index, field) in self.fields.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            match &field.name {
                Name::Plain(span) => {
                    out.push('"');
                    out.push_str(self.slice(*span));
                    out.push('"');
                }
                Name::Escaped(name) => write_text(name, out),
            }
            out.push(':');
            out.push_str(self.slice(field.value));
        }
        out.push('}');
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| self.is_called(field, name))
    }

    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| self.is_called(field, name))
    }

    /// Lengths and first letters tell most names apart.
    fn is_called(&self, field: &Field, name: &str) -> bool {
        match &field.name {
            Name::Plain(span) => {
                let length = (span.end - span.start) as usize;
                if length != name.len() {
                    return false;
                }
                let own = &self.text.as_bytes()[span.start as usize..span.end as usize];
                own.first() == name.as_bytes().first() && own == name.as_bytes()
            }
            Name::Escaped(own) => ***own == *name,
        }
    }

    fn name<'a>(&'a self, field: &'a Field) -> &'a str {
        name_in(&self.text, field)
    }

    fn value<'a>(&'a self, field: &'a Field) -> &'a Value {
        field.parsed.get_or_init(|| Box::new(value_of(self.slice(field.value))))
    }

    fn slice(&self, span: Span) -> &str {
        &self.text[span.start as usize..span.end as usize]
    }
}

fn name_in<'a>(text: &'a str, field: &'a Field) -> &'a str {
    match &field.name {
        Name::Plain(span) => &text[span.start as usize..span.end as usize],
        Name::Escaped(name) => name,
    }
}

/// Appends a text as JSON.
pub fn write_text(text: &str, out: &mut String) {
    if is_plain(text) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&Value::from(text).to_string());
    }
}

/// What was looked at when it was taken into a record is JSON.
fn value_of(json: &str) -> Value {
    match json {
        "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        other => serde_json::from_str(other).unwrap_or_default(),
    }
}

impl std::ops::Index<&str> for Record {
    type Output = Value;

    /// `null` where there is no such field.
    fn index(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&NULL)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_string())
    }
}

impl fmt::Display for Record {
    /// JSON in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(self.text.len() + 1);
        self.write_json(&mut text);
        f.write_str(&text)
    }
}
