//! Reads JSON as our own commands and the service write it: without spaces between its parts, and without escapes.
//!
//! Careful about what it takes: whatever is not certainly such JSON is left to the reader of JSON.

use std::sync::OnceLock;

use super::edit::place;
use super::plain::{plain_bytes, simple};
use super::read::{Builder, KEYS_OF_THE_LIBRARY, MANY, NamesSoFar};
use super::{Field, Name, Record, Span};

/// The record in a text that is a plain object of plain values; `None` if it is not certain that this is such a text,
/// or a name stands twice.
pub(super) fn read(text: &str) -> Option<Record> {
    let mut plain = Plain::new(text);
    let mut builder = Builder::with_room_for(24, text.len() + 256);
    builder.take_members(&mut plain)?;
    let record = builder.finish();
    (plain.is_over() && !record.is_empty()).then_some(record)
}

/// So deep is plain JSON nested at most.
const DEEPEST: usize = 16;

/// Reads plain JSON, part after part: without spaces between its parts, without escapes and exponents.
///
/// What is not certainly such JSON gives `None`; the reader of JSON has to begin anew then.
pub struct Plain<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Plain<'a> {
    /// At the beginning of a text.
    pub fn new(text: &'a str) -> Plain<'a> {
        Plain { text, at: 0 }
    }

    /// Whether nothing is left.
    pub fn is_over(&self) -> bool {
        self.at == self.text.len()
    }

    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    /// Goes on behind this byte, if it comes next.
    fn passes(&mut self, byte: u8) -> bool {
        let passes = self.rest().first() == Some(&byte);
        self.at += usize::from(passes);
        passes
    }

    /// Goes on behind a `null`, if that comes next.
    pub fn passes_null(&mut self) -> bool {
        let passes = self.rest().starts_with(b"null");
        self.at += if passes { 4 } else { 0 };
        passes
    }

    /// Reads an object. `member` is given the name of each member, and reads its value.
    pub fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &'a str) -> Option<()>,
    ) -> Option<()> {
        self.parts(b'{', b'}', |plain| {
            let name = plain.name()?;
            member(plain, name)
        })
    }

    /// Reads a list. `element` reads each of its values.
    pub fn list(&mut self, element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.parts(b'[', b']', element)
    }

    fn parts(
        &mut self,
        begin: u8,
        end: u8,
        mut part: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        if !self.passes(begin) {
            return None;
        }
        if self.passes(end) {
            return Some(());
        }
        loop {
            part(self)?;
            if !self.passes(b',') {
                return self.passes(end).then_some(());
            }
        }
    }

    /// Reads a name and the colon behind it.
    fn name(&mut self) -> Option<&'a str> {
        let begin = self.passes(b'"').then_some(self.at)?;
        self.at += plain_bytes(self.rest());
        let name = &self.text[begin..self.at];
        (self.passes(b'"') && self.passes(b':')).then_some(name)
    }

    /// Reads a value that is no object or list, and gives its JSON.
    pub fn simple(&mut self) -> Option<&'a str> {
        let begin = self.at;
        self.pass_simple()?;
        Some(&self.text[begin..self.at])
    }

    fn pass_simple(&mut self) -> Option<()> {
        self.at += simple(self.rest())?;
        Some(())
    }

    /// Reads any value, and gives its JSON.
    pub fn value(&mut self) -> Option<&'a str> {
        let begin = self.at;
        self.pass_over(DEEPEST)?;
        Some(&self.text[begin..self.at])
    }

    fn pass_over(&mut self, depth: usize) -> Option<()> {
        let inside = depth.checked_sub(1)?;
        match self.rest().first()? {
            b'{' => self.object(|plain, _| plain.pass_over(inside)),
            b'[' => self.list(|plain| plain.pass_over(inside)),
            _ => self.pass_simple(),
        }
    }
}

impl Builder {
    /// Adds the members of the object that is read next. `None` also where a value of them is an object or a list, or
    /// a name has come before.
    pub fn take_members(&mut self, plain: &mut Plain<'_>) -> Option<()> {
        let Builder { record, names, .. } = self;
        let (text, begin, old) = (plain.text, plain.at + 1, record.len());
        let behind = record.text.len() + 1;
        let _fits = u32::try_from(behind + text.len()).ok()?;
        let bytes = text.as_bytes();
        if bytes.get(plain.at..)?.starts_with(b"{}") {
            plain.at += 2;
            return Some(());
        }
        // Most of what is read are these, so that they are read in one loop and not by `object`.
        let mut at = bytes[plain.at..].starts_with(b"{").then_some(plain.at)?;
        while bytes.get(at)? != &b'}' {
            let [name_start, name_end, start, end] = member(bytes, at)?;
            let name = &text[name_start..name_end];
            let is_old = || {
                let (before, these) = record.fields.split_at(old);
                before.iter().any(|field| record.is_called(field, name))
                    || these.iter().any(|field| name_of(text, field) == name)
            };
            if !may_follow(name, record.len(), names, is_old) {
                return None;
            }
            at = end;
            // Places are those in this text, until it has become a part of the record's.
            record.fields.push(Field {
                name: Name::Plain(Span { start: place(name_start), end: place(name_end) }),
                value: Span { start: place(start), end: place(at) },
                parsed: OnceLock::new(),
            });
        }
        plain.at = at + 1;
        record.text.push(if old == 0 { '{' } else { ',' });
        record.text.push_str(&text[begin..at]);
        let (begin, behind) = (place(begin), place(behind));
        for Field { name, value, .. } in &mut record.fields[old..] {
            *value = value.moved(begin, behind);
            if let Name::Plain(name) = name {
                *name = name.moved(begin, behind);
            }
        }
        Some(())
    }

    /// Adds a plain value. Its name is given in two parts, and stands in JSON as it is. `None` where it has come before.
    pub fn take_simple(&mut self, (name, ending): (&str, &str), json: &str) -> Option<()> {
        let Builder { record, names, .. } = self;
        record.text.push_str(if record.text.is_empty() { "{\"" } else { ",\"" });
        let Span { start, .. } = record.append(name);
        let Span { end, .. } = record.append(ending);
        let span = Span { start, end };
        let name = record.slice(span);
        if !may_follow(name, record.len(), names, || record.contains_key(name)) {
            return None;
        }
        record.text.push_str("\":");
        let value = record.append(json);
        record.fields.push(Field { name: Name::Plain(span), value, parsed: OnceLock::new() });
        Some(())
    }
}

/// Where the name of a plain member begins and ends, and its value; before it is a brace or a comma in this place.
fn member(bytes: &[u8], at: usize) -> Option<[usize; 4]> {
    let name_start = at + 2;
    let name_end = name_start + plain_bytes(bytes.get(name_start..)?);
    if bytes[at + 1] != b'"' || bytes.get(name_end..name_end + 2)? != b"\":" {
        return None;
    }
    let start = name_end + 2;
    let end = start + simple(&bytes[start..])?;
    matches!(bytes.get(end)?, b',' | b'}').then_some([name_start, name_end, start, end])
}

/// Whether a record of so many fields may get one of this name; `is_old`: it has one.
fn may_follow(
    name: &str,
    fields: usize,
    names: &mut NamesSoFar,
    is_old: impl FnOnce() -> bool,
) -> bool {
    let is_unusual = name.starts_with(KEYS_OF_THE_LIBRARY) || fields == MANY;
    !(is_unusual || (names.note(name) && is_old()))
}

impl Span {
    /// The same part, where what began at `from` begins at `to`.
    fn moved(self, from: u32, to: u32) -> Span {
        Span { start: self.start - from + to, end: self.end - from + to }
    }
}

fn name_of<'a>(text: &'a str, field: &Field) -> &'a str {
    match field.name {
        Name::Plain(Span { start, end }) => &text[start as usize..end as usize],
        Name::Escaped(_) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn members_are_added_to_those_before_them() {
        let mut builder = Builder::with_room_for(4, 100);
        let mut plain = Plain::new(r#"[{"a":1,"é":"x"},{},{"b":null}]"#);
        builder.take_simple(("id", ""), r#""5""#).expect("new");
        plain.list(|plain| builder.take_members(plain)).expect("plain");
        builder.take_simple(("a", "_id"), "true").expect("new");
        assert!(plain.is_over());
        let record = builder.finish();
        let text = r#"{"id":"5","a":1,"é":"x","b":null,"a_id":true}"#;
        assert_eq!((record.to_string().as_str(), record.json("é")), (text, Some(r#""x""#)));
        assert_eq!(record, Record::read(text).unwrap());
        for again in [r#"{"x":1,"é":2}"#, r#"{"c":1,"c":1}"#, r#"{"a":{}}"#] {
            let mut builder = Builder::with_room_for(4, 100);
            builder.take_members(&mut Plain::new(r#"{"é":1}"#)).expect("plain");
            assert_eq!(builder.take_members(&mut Plain::new(again)), None, "{again}");
        }
        let mut builder = Builder::with_room_for(4, 100);
        builder.take_members(&mut Plain::new(r#"{"a_id":1}"#)).expect("plain");
        assert_eq!(builder.take_simple(("a", "_id"), "1"), None);
    }

    #[test]
    fn values_are_passed_over_as_far_as_they_are_plain() {
        for json in ["{}", "[]", r#"{"a":[1,{"b":"x"},[]],"c":null}"#, "-1.5", r#""x""#] {
            let text = format!("[{json},0]");
            let mut plain = Plain::new(&text);
            let mut values = Vec::new();
            plain
                .list(|plain| {
                    values.push(plain.value()?);
                    Some(())
                })
                .expect("plain");
            assert_eq!((values, plain.is_over()), (vec![json, "0"], true));
        }
        let deep = "[".repeat(DEEPEST) + &"]".repeat(DEEPEST);
        assert_eq!(Plain::new(&deep).value(), Some(&*deep));
        for text in [
            &*format!("[{deep}]"),
            "",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "[,1]",
            "{1:1}",
            "{\"a\"}",
            "[1 ]",
            "[1}",
        ] {
            assert_eq!(Plain::new(text).value(), None, "{text}");
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
