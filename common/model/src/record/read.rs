//! Reads a record from JSON, without making values of what may never be asked for.
//!
//! Careful about what would show only later, when a value is asked for: strings with half a surrogate pair and
//! values that are nested too deep are refused at once, and so are keys that the library takes for its own. About
//! keys that stand twice, of which a reader silently drops the first value. And about records of very many fields,
//! since a field is looked for among all of them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::json_text::{compact, depth_of, has_key_of_the_library, keys_in_text};
use super::{Field, Record, plain_reader};

/// The most fields of a record that comes as a row; what has been made of one may have twice as many.
pub const MOST_FIELDS: usize = 10_000;

/// So many fields are looked through one by one.
pub(super) const MANY: usize = 64;

/// The library gives objects with such keys another meaning.
pub(super) const KEYS_OF_THE_LIBRARY: &str = "$serde_json::private::";

const UNREADABLE_KEY: &str = "keys that begin with $serde_json::private:: cannot be read";

/// Why a text is no record.
#[derive(Debug)]
pub enum Unreadable {
    /// It is not JSON, or no object.
    NotJson(serde_json::Error),
    /// This key stands twice in it.
    KeyTwice(String),
    /// A key stands twice in an object inside of it.
    KeyTwiceInside,
    /// It has so many fields, more than [`MOST_FIELDS`].
    TooManyFields(usize),
}

/// A value with each key once, the last of its values, where an object in it has a key twice; `None` where none has.
///
/// # Errors
/// It is not JSON.
pub fn without_repeated_keys(json: &str) -> serde_json::Result<Option<String>> {
    if !json.starts_with(['{', '[']) {
        return Ok(None);
    }
    let value: Value = serde_json::from_str(json)?;
    Ok((keys_in_text(json) > keys_in(&value)).then(|| value.to_string()))
}

impl Record {
    /// Reads the one JSON object that is in `text`.
    ///
    /// # Errors
    /// It is something else, or has a key twice, anywhere.
    pub fn read(text: &str) -> Result<Record, Unreadable> {
        if let Some(record) = plain_reader::read(text) {
            return Ok(record);
        }
        let read = read(text).map_err(Unreadable::NotJson)?;
        if let Some(key) = read.twice {
            return Err(Unreadable::KeyTwice(key));
        }
        if read.record.len() > MOST_FIELDS {
            return Err(Unreadable::TooManyFields(read.record.len()));
        }
        let is_nested =
            |field: &&Field| matches!(read.record.slice(field.value).as_bytes(), [b'{' | b'[', ..]);
        for field in read.record.fields.iter().filter(is_nested) {
            if keys_in_text(read.record.slice(field.value)) > keys_in(read.record.value(field)) {
                return Err(Unreadable::KeyTwiceInside);
            }
        }
        Ok(read.record)
    }

    /// How deep its values are nested.
    pub fn depth(&self) -> usize {
        let bytes = self.text.as_bytes();
        let is_nested = |field: &&Field| matches!(bytes[field.value.start as usize], b'{' | b'[');
        let nested = self.fields.iter().filter(is_nested);
        nested.map(|field| depth_of(self.slice(field.value))).max().unwrap_or(0)
    }

    /// Whether a record can have a field of this name, or a value in it a key: the library takes some names for
    /// its own.
    pub fn may_have(name: &str) -> bool {
        !name.starts_with(KEYS_OF_THE_LIBRARY)
    }

    /// As [`Record::read`]; of a key that stands twice the last value counts.
    pub(super) fn read_lenient(text: &str) -> serde_json::Result<Record> {
        match plain_reader::read(text) {
            Some(record) => Ok(record),
            None => read(text).map(|read| read.record),
        }
    }
}

/// Makes a record of fields as they come.
pub struct Builder {
    pub(super) record: Record,
    pub(super) names: NamesSoFar,
    places: Places,
}

impl Builder {
    /// For so many fields, and so many bytes of JSON.
    pub fn with_room_for(fields: usize, bytes: usize) -> Builder {
        let record = Record::with_room_for(fields, bytes);
        Builder { record, names: NamesSoFar::default(), places: Places::default() }
    }

    /// Adds a value that came as JSON, spelled as it came; says whether the name had come before, and then it gets
    /// this value. `is_plain`: the name stands in JSON as it is.
    ///
    /// # Errors
    /// It looks like JSON, but has no value: half a surrogate pair, or too deep.
    pub fn take(
        &mut self,
        name: &str,
        is_plain: bool,
        json: &RawValue,
    ) -> serde_json::Result<bool> {
        if name.starts_with(KEYS_OF_THE_LIBRARY) {
            return Err(serde_json::Error::custom(UNREADABLE_KEY));
        }
        if self.record.len() == 2 * MOST_FIELDS {
            return Err(serde_json::Error::custom("it has too many fields"));
        }
        let json = json.get();
        let (text, value) = match json.as_bytes() {
            [b'{' | b'[', ..] => {
                if has_key_of_the_library(json) {
                    return Err(serde_json::Error::custom(UNREADABLE_KEY));
                }
                (compact(json), Some(serde_json::from_str(json)?))
            }
            [b'"', inner @ ..] if inner.contains(&b'\\') && json.contains("\\u") => {
                (Cow::Borrowed(json), Some(serde_json::from_str(json)?))
            }
            _ => (Cow::Borrowed(json), None),
        };
        // Of many fields the bits tell nothing, and all of them have to get their places.
        let is_one_of_many = self.record.len() >= MANY;
        let place = match is_one_of_many || self.names.note(name) {
            true => self.places.of(&self.record, name),
            false => None,
        };
        let is_old = place.is_some();
        match is_plain && !is_old {
            true => self.record.push_plain(name, &text),
            false => self.record.put_json(place, name, &text),
        }
        if let Some(value) = value
            && let Some(field) = self.record.fields.get(place.unwrap_or(self.record.len() - 1))
        {
            let _known = field.parsed.set(Box::new(value));
        }
        Ok(is_old)
    }

    /// The record of all fields.
    pub fn finish(self) -> Record {
        self.record
    }
}

/// Bits for the names so far: one whose bit is not set has not come.
#[derive(Default)]
pub(super) struct NamesSoFar([u64; 4]);

impl NamesSoFar {
    /// Notes a name; false if it is certainly new.
    pub(super) fn note(&mut self, name: &str) -> bool {
        let bytes = name.as_bytes();
        let (first, last) = (bytes.first().copied(), bytes.last().copied());
        let middle = bytes.get(bytes.len() / 2).copied().unwrap_or_default();
        let mixed = usize::from(first.unwrap_or_default()) * 31
            + usize::from(last.unwrap_or_default()) * 7
            + usize::from(middle) * 3
            + bytes.len() * 13;
        let (word, bit) = (mixed / 64 % 4, 1 << (mixed % 64));
        let had = self.0[word] & bit != 0;
        self.0[word] |= bit;
        had
    }
}

struct Read {
    record: Record,
    twice: Option<String>,
}

fn read(text: &str) -> serde_json::Result<Read> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let record = reader.deserialize_map(Fields { length: text.len() })?;
    reader.end()?;
    Ok(record)
}

/// Reads a record out of a text that outlives the reading, for `#[serde(deserialize_with)]`: in one pass.
///
/// # Errors
/// It is no object, or comes from something else than a text.
pub fn borrowed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Record, D::Error> {
    deserializer.deserialize_map(Fields { length: 1024 }).map(|read| read.record)
}

/// Collects the fields of an object.
struct Fields {
    length: usize,
}

impl<'de> Visitor<'de> for Fields {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read, A::Error> {
        let mut builder = Builder::with_room_for(24, self.length + 64);
        let mut twice = None;
        while let Some(key) = map.next_key_seed(Key)? {
            let json: &RawValue = map.next_value()?;
            if builder
                .take(&key, matches!(key, Cow::Borrowed(_)), json)
                .map_err(A::Error::custom)?
                && twice.is_none()
            {
                twice = Some(key.into_owned());
            }
        }
        Ok(Read { record: builder.finish(), twice })
    }
}

/// Where the fields of a record are, by their names, once there are so many that looking through them takes long.
#[derive(Default)]
struct Places(HashMap<String, usize>);

impl Places {
    /// The place of the field; none if it is the next one that the record gets.
    fn of(&mut self, record: &Record, name: &str) -> Option<usize> {
        if record.len() < MANY {
            return record.position(name);
        }
        if self.0.is_empty() {
            let names = record.keys().enumerate();
            self.0.extend(names.map(|(place, name)| (name.to_owned(), place)));
        }
        let place = self.0.get(name).copied();
        if place.is_none() {
            self.0.insert(name.to_owned(), record.len());
        }
        place
    }
}

/// A key of an object, without a copy where it has no escapes.
pub struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

/// Leaves out of a value what no record can have, at every depth: the rest is of use without it.
pub fn leave_out_unreadable_keys(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| Record::may_have(name));
            members.values_mut().for_each(leave_out_unreadable_keys);
        }
        Value::Array(values) => values.iter_mut().for_each(leave_out_unreadable_keys),
        _ => {}
    }
}

fn keys_in(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.len() + fields.values().map(keys_in).sum::<usize>(),
        Value::Array(elements) => elements.iter().map(keys_in).sum(),
        _ => 0,
    }
}
