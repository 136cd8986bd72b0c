//! A record as bytes from which it is made again without looking at what is in it: its text, and how long each
//! name and value in it is.
//!
//! Careful about speed, and only about what this process has written itself: a million rows wait in this form.

use std::sync::OnceLock;

use super::{Field, Name, Record, Span};

impl Record {
    /// Appends the record in this form.
    pub fn keep(&self, into: &mut Vec<u8>) {
        if self.is_patched {
            return self.rewritten().keep(into);
        }
        number(self.text.len(), into);
        into.extend_from_slice(self.text.as_bytes());
        number(self.fields.len(), into);
        let mut at = 0;
        for field in &self.fields {
            // A name stands behind a brace or comma, its value behind a colon.
            let name = field.value.start as usize - at - 2;
            let is_plain = matches!(field.name, Name::Plain(_));
            number(name << 1 | usize::from(is_plain), into);
            number((field.value.end - field.value.start) as usize, into);
            at = field.value.end as usize;
        }
    }

    /// The record that was kept at the beginning of these bytes, which go on behind it; `None` if they are no such
    /// record.
    pub fn kept(bytes: &mut &[u8]) -> Option<Record> {
        let length = next_number(bytes)?;
        let kept = str::from_utf8(bytes.get(..length)?).ok()?;
        *bytes = &bytes[length..];
        let count = next_number(bytes)?.min(length);
        // A few come with what is done.
        let mut record = Record::with_room_for(count + 6, length + 256);
        record.text.push_str(kept);
        let _fits = u32::try_from(length).ok()?;
        let text = kept.as_bytes();
        let mut at = 0_usize;
        for _ in 0..count {
            let (name, value) = (next_number(bytes)?, next_number(bytes)?);
            let begin = at + 1;
            let end = begin.checked_add(name >> 1)?;
            // Quotes and the colon stand where they belong, so that this is between characters, too.
            if text.get(begin)? != &b'"' || text.get(end)? != &b':' || text[end - 1] != b'"' {
                return None;
            }
            let name = match name & 1 {
                1 => Name::Plain(Span { start: begin as u32 + 1, end: end as u32 - 1 }),
                _ => Name::Escaped(serde_json::from_str(&kept[begin..end]).ok()?),
            };
            at = end.checked_add(1)?.checked_add(value)?;
            if at > length || !matches!(text.get(at), None | Some(b',')) {
                return None;
            }
            let value = Span { start: end as u32 + 1, end: at as u32 };
            record.fields.push(Field { name, value, parsed: OnceLock::new() });
        }
        (at == length).then_some(record)
    }
}

/// Seven bits a byte, the lowest first; the eighth says that more come.
fn number(mut number: usize, into: &mut Vec<u8>) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

fn next_number(bytes: &mut &[u8]) -> Option<usize> {
    if let [byte @ 0..0x80, rest @ ..] = *bytes {
        *bytes = rest;
        return Some(usize::from(*byte));
    }
    let mut number = 0;
    for shift in (0..usize::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(record: &Record) -> Record {
        let mut bytes = Vec::new();
        record.keep(&mut bytes);
        bytes.extend_from_slice(b"rest");
        let mut left = bytes.as_slice();
        let kept = Record::kept(&mut left).unwrap();
        assert_eq!(left, b"rest");
        kept
    }

    #[test]
    fn a_record_that_was_kept_is_the_same_in_every_byte() {
        let long = format!(r#"{{"{}":"{}"}}"#, "n".repeat(200), "v".repeat(20_000));
        for text in [
            "{}",
            r#"{"a":1E5,"":"","é":"\u00e9","a\"b":{"c":[1,2]},"b\\":null,"\u0041":"x"}"#,
            &long,
        ] {
            let record = Record::read(text).unwrap();
            let kept = again(&record);
            assert_eq!(kept.to_string(), record.to_string());
            assert!(kept.keys().eq(record.keys()), "{text}");
            assert!(kept.keys().all(|name| kept.json(name) == record.json(name)));
        }
    }

    #[test]
    fn what_has_been_changed_is_kept_as_it_is_now() {
        let mut record = Record::read(r#"{"a":1,"b":2,"c\n":3}"#).unwrap();
        record.insert("a", "new".into());
        record.remove("b");
        record.insert("d\"", 4.into());
        assert_eq!(again(&record).to_string(), r#"{"a":"new","c\n":3,"d\"":4}"#);
        record.remove("a");
        record.remove("c\n");
        record.remove("d\"");
        assert_eq!(again(&record).to_string(), "{}");
    }

    #[test]
    fn bytes_that_are_no_record_give_none() {
        let mut bytes = Vec::new();
        Record::read(r#"{"a":"x","b":2}"#).unwrap().keep(&mut bytes);
        for length in 0..bytes.len() {
            assert!(Record::kept(&mut &bytes[..length]).is_none(), "{length}");
        }
    }
}
