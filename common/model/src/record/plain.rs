//! Text that stands in JSON as it is, and records of nothing else, as our own commands print them.
//!
//! Careful about what it takes: whatever is not certainly such a record is left to the reader of JSON.

use std::sync::OnceLock;

use super::read::{KEYS_OF_THE_LIBRARY, MANY, NamesSoFar};
use super::{Field, Name, Record, Span, place};

/// Whether a text stands in JSON as it is.
pub(super) fn is_plain(text: &str) -> bool {
    plain_bytes(text.as_bytes()) == text.len()
}

/// How many bytes there are before the first that does not stand in JSON as it is: a quote, a backslash, a control
/// character. Eight are looked at together.
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES * 0x80;
    // The lowest bit that is set is certain: it is that of the first such byte.
    let below = |word: u64, least: u8| word.wrapping_sub(ONES * u64::from(least)) & !word & HIGH;
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let of = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let found = below(word, 0x20) | of(b'"') | of(b'\\');
        if found != 0 {
            return number * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let is_plain = |byte: &&u8| **byte >= 0x20 && **byte != b'"' && **byte != b'\\';
    bytes.len() - rest.len() + rest.iter().take_while(is_plain).count()
}

/// The record in a text without spaces between its parts and without escapes, whose values are no objects or
/// lists; `None` if it is not certain that this is such a text, or a name stands twice.
pub(super) fn read(text: &str) -> Option<Record> {
    let bytes = text.as_bytes();
    if !text.starts_with("{\"") || u32::try_from(text.len()).is_err() {
        return None;
    }
    let mut record = Record::with_room_for(24, text.len() + 256);
    let mut names = NamesSoFar::default();
    let mut at = 0;
    loop {
        let begin = at + 2;
        let end = begin + plain_bytes(bytes.get(begin..)?);
        if bytes[at + 1] != b'"' || bytes.get(end..end + 2)? != b"\":" {
            return None;
        }
        let name = &text[begin..end];
        let is_old = || record.fields.iter().any(|field| name_of(text, field) == name);
        let is_unusual = name.starts_with(KEYS_OF_THE_LIBRARY) || record.fields.len() == MANY;
        if is_unusual || (names.note(name) && is_old()) {
            return None;
        }
        let start = end + 2;
        at = start + value(&bytes[start..])?;
        record.fields.push(Field {
            name: Name::Plain(Span { start: place(begin), end: place(end) }),
            value: Span { start: place(start), end: place(at) },
            parsed: OnceLock::new(),
        });
        match bytes.get(at)? {
            b',' => {}
            b'}' if at + 1 == bytes.len() => break,
            _ => return None,
        }
    }
    record.text.push_str(&text[..at]);
    Some(record)
}

fn name_of<'a>(text: &'a str, field: &Field) -> &'a str {
    match field.name {
        Name::Plain(Span { start, end }) => &text[start as usize..end as usize],
        Name::Escaped(_) => "",
    }
}

/// The length of the value that these bytes begin with, as far as that is certain without looking behind it.
fn value(bytes: &[u8]) -> Option<usize> {
    let word = |word: &str| bytes.starts_with(word.as_bytes()).then_some(word.len());
    match bytes.first()? {
        b'"' => {
            let end = 1 + plain_bytes(&bytes[1..]);
            (bytes.get(end) == Some(&b'"')).then_some(end + 1)
        }
        b't' => word("true"),
        b'f' => word("false"),
        b'n' => word("null"),
        b'-' | b'0'..=b'9' => number(bytes),
        _ => None,
    }
}

/// The length of a number without an exponent.
fn number(bytes: &[u8]) -> Option<usize> {
    let digits =
        |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(bytes[0] == b'-');
    let whole = digits(sign);
    if whole == 0 || (whole > 1 && bytes[sign] == b'0') {
        return None;
    }
    let end = sign + whole;
    if bytes.get(end) != Some(&b'.') {
        return Some(end);
    }
    let part = digits(end + 1);
    (part > 0).then_some(end + 1 + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_stand_as_it_is_is_found_wherever_it_is() {
        for length in 0..30 {
            let text = "aé \u{7f}".chars().cycle().take(length).collect::<String>();
            assert!(is_plain(&text), "{text}");
            for (place, _) in text.char_indices() {
                for odd in ["\"", "\\", "\n", "\u{1f}", "\0"] {
                    let mut text = text.clone();
                    text.insert_str(place, odd);
                    assert_eq!(plain_bytes(text.as_bytes()), place, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn a_plain_record_is_read_as_the_reader_of_json_reads_it() {
        for text in [
            r#"{"a":"x","b":1,"c":-0.50,"d":true,"e":false,"f":null,"":"","é":"東京","g":0}"#,
            r#"{"a":""}"#,
        ] {
            let record = read(text).expect(text);
            let other: Record = serde_json::from_str(text).unwrap();
            assert_eq!((record.to_string(), &record), (text.to_owned(), &other));
            assert!(record.keys().eq(other.keys()));
        }
    }

    #[test]
    fn everything_else_is_left_to_the_reader_of_json() {
        let many: Vec<String> = (0..=MANY).map(|number| format!(r#""{number}":0"#)).collect();
        for text in [
            "",
            "{",
            "{}",
            "[]",
            "{\"",
            r#"{"a"#,
            r#"{"a":"#,
            r#"{"a":1"#,
            r#"{"a":1,"#,
            r#"{"a":1,}"#,
            r#"{"a":1}}"#,
            r#"{"a":1} "#,
            r#"{ "a":1}"#,
            r#"{"a" :1}"#,
            r#"{"a": 1}"#,
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":-}"#,
            r#"{"a":1e5}"#,
            r#"{"a":.5}"#,
            r#"{"a":truely}"#,
            r#"{"a":nul}"#,
            r#"{"a":"x\n"}"#,
            r#"{"\u0061":1}"#,
            r#"{"a":[]}"#,
            r#"{"a":{}}"#,
            "{\"a\":\"\t\"}",
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,b":1}"#,
            r#"{"a":1;"b":1}"#,
            r#"{"$serde_json::private::Number":"1"}"#,
            &format!("{{{}}}", many.join(",")),
        ] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
