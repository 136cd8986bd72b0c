//! A record: one JSON object, its fields in the order in which they came.
//!
//! Careful about what passes through unread, which is most of it: a value keeps the text that it came with
//! (also its spelling: `1E5`, `\u00e9`) and is made a [`Value`] when somebody asks for it. A million records
//! go through a pipeline, so a field costs a few bytes of one text and no allocation of its own.

mod conversions;
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

    /// Gives a field this value: in its place if there is one, else as the last.
    pub fn insert(&mut self, name: &str, value: Value) {
        match value {
            Value::Null => self.insert_json(name, "null"),
            Value::Bool(true) => self.insert_json(name, "true"),
            Value::Bool(false) => self.insert_json(name, "false"),
            Value::Number(number) => self.insert_json(name, number.as_str()),
            Value::String(text) if is_plain(&text) => self.insert_text(name, &text),
            other => self.insert_json(name, &other.to_string()),
        }
    }

    /// The same with a text as its value.
    pub fn insert_text(&mut self, name: &str, text: &str) {
        let place = self.position(name);
        if place.is_some_and(|place| self.inner_text(place) == Some(text) && is_plain(text)) {
            return;
        }
        let new = if place.is_none() { Some(self.begin(name)) } else { None };
        let value = self.append_text(text);
        self.set(place, new, value);
    }

    /// What is between the quotes of a value.
    fn inner_text(&self, place: usize) -> Option<&str> {
        self.slice(self.fields[place].value).strip_prefix('"')?.strip_suffix('"')
    }

    /// The same with the value as JSON, which has to be one value without spaces between its parts.
    pub fn insert_json(&mut self, name: &str, json: &str) {
        self.put_json(self.position(name), name, json);
    }

    /// The same of a field whose place is known, if it has one.
    fn put_json(&mut self, place: Option<usize>, name: &str, json: &str) {
        if place.is_some_and(|place| self.slice(self.fields[place].value) == json) {
            return;
        }
        let new = if place.is_none() { Some(self.begin(name)) } else { None };
        let value = self.append(json);
        self.set(place, new, value);
    }

    /// The value that was appended is that of the field in this place, or of a new one.
    fn set(&mut self, place: Option<usize>, new: Option<Name>, value: Span) {
        match (place, new) {
            (Some(place), _) => {
                self.is_patched = true;
                self.fields[place].value = value;
                self.fields[place].parsed = OnceLock::new();
            }
            (None, Some(name)) => self.fields.push(Field { name, value, parsed: OnceLock::new() }),
            (None, None) => {}
        }
    }

    /// Adds a field with a text as its value, which the record must not have.
    pub fn push_text(&mut self, name: &str, text: &str) {
        let name = self.begin(name);
        let value = self.append_text(text);
        self.fields.push(Field { name, value, parsed: OnceLock::new() });
    }

    /// Adds a field that the record must not have, and that is null.
    pub fn push_null(&mut self, name: &str) {
        self.push_json(name, "null");
    }

    /// Adds a field that the record does not have.
    fn push_json(&mut self, name: &str, json: &str) {
        let name = self.begin(name);
        let value = self.append(json);
        self.fields.push(Field { name, value, parsed: OnceLock::new() });
    }

    /// The same with a name that stands in JSON as it is.
    fn push_plain(&mut self, name: &str, json: &str) {
        self.text.push_str(if self.text.is_empty() { "{\"" } else { ",\"" });
        let name = self.append(name);
        self.text.push_str("\":");
        let value = self.append(json);
        self.fields.push(Field { name: Name::Plain(name), value, parsed: OnceLock::new() });
    }

    /// Appends a name; its value comes next.
    fn begin(&mut self, name: &str) -> Name {
        self.text.push(if self.text.is_empty() { '{' } else { ',' });
        let appended = if is_plain(name) {
            self.text.push('"');
            let span = self.append(name);
            self.text.push('"');
            Name::Plain(span)
        } else {
            self.text.push_str(&Value::from(name).to_string());
            Name::Escaped(Box::new(name.into()))
        };
        self.text.push(':');
        appended
    }

    /// Takes a field out, and gives its value.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let field = self.fields.remove(self.position(name)?);
        self.is_patched = true;
        let parsed = field.parsed.into_inner();
        Some(parsed.map_or_else(|| value_of(self.slice(field.value)), |value| *value))
    }

    /// Keeps the fields whose names pass, and no memory for others.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        let (before, text) = (self.fields.len(), &self.text);
        self.fields.retain(|field| keep(name_in(text, field)));
        if self.fields.len() < before {
            *self = self.rewritten();
        }
    }

    /// The same with nothing in its text but its fields.
    fn rewritten(&self) -> Record {
        let length_of = |field: &Field| (field.value.end - field.value.start) as usize + 24;
        let length: usize = self.fields.iter().map(length_of).sum();
        // A few come with what is done.
        let mut rewritten = Record::with_room_for(self.fields.len() + 4, length + 128);
        for field in &self.fields {
            let value = self.slice(field.value);
            match &field.name {
                Name::Plain(name) => rewritten.push_plain(self.slice(*name), value),
                Name::Escaped(name) => rewritten.push_json(name, value),
            }
        }
        rewritten
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

    /// Appends a text as JSON.
    fn append_text(&mut self, text: &str) -> Span {
        let start = place(self.text.len());
        write_text(text, &mut self.text);
        Span { start, end: place(self.text.len()) }
    }

    fn append(&mut self, text: &str) -> Span {
        let start = place(self.text.len());
        self.text.push_str(text);
        Span { start, end: place(self.text.len()) }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| self.is_called(field, name))
    }

    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| self.is_called(field, name))
    }

    /// Lengths tell most names apart.
    fn is_called(&self, field: &Field, name: &str) -> bool {
        match &field.name {
            Name::Plain(span) => {
                (span.end - span.start) as usize == name.len()
                    && self.text.as_bytes()[span.start as usize..span.end as usize]
                        == *name.as_bytes()
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

/// Records are read up to a size that is far below.
fn place(length: usize) -> u32 {
    u32::try_from(length).expect("a record has less than 4 GiB")
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
