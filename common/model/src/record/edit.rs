//! Changes of a record: what is new is appended to its text, and what it replaces stays there unseen.

use std::sync::OnceLock;

use serde_json::Value;

use super::plain::is_plain;
use super::{Field, Name, Record, Span, name_in, value_of, write_text};

impl Record {
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

    /// The same with the value as JSON, which has to be one value without spaces between its parts.
    pub fn insert_json(&mut self, name: &str, json: &str) {
        self.put_json(self.position(name), name, json);
    }

    /// The same of a field whose place is known, if it has one.
    pub(super) fn put_json(&mut self, place: Option<usize>, name: &str, json: &str) {
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
    pub(super) fn push_json(&mut self, name: &str, json: &str) {
        let name = self.begin(name);
        let value = self.append(json);
        self.fields.push(Field { name, value, parsed: OnceLock::new() });
    }

    /// The same with a name that stands in JSON as it is.
    pub(super) fn push_plain(&mut self, name: &str, json: &str) {
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
    pub(super) fn rewritten(&self) -> Record {
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

    /// Appends a text as JSON.
    fn append_text(&mut self, text: &str) -> Span {
        let start = place(self.text.len());
        write_text(text, &mut self.text);
        Span { start, end: place(self.text.len()) }
    }

    pub(super) fn append(&mut self, text: &str) -> Span {
        let start = place(self.text.len());
        self.text.push_str(text);
        Span { start, end: place(self.text.len()) }
    }
}

/// Records are read up to a size that is far below.
pub(super) fn place(length: usize) -> u32 {
    u32::try_from(length).expect("a record has less than 4 GiB")
}
