//! JSON values one after another, or the elements of an array.
//!
//! After a broken value, reading continues where the next one probably begins. Continuing too early
//! would take the inside of the broken value for rows (a line `"id": "a",` of pretty-printed text
//! is no identifier), continuing too late would lose good rows. So: behind the closing brace if it
//! is on the same line, else at the next line that is indented no deeper than the broken value and
//! begins with a brace, or closes the value and opens the next one. Lines that were passed over are told.

use model::Record;
use model::record::Unreadable;
use model::text::quoted;
use std::io::{self, Read};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value};

use super::input::{Input, LineEnd};
use super::{Broken, Found, KEPT, ROW_LIMIT, readable};

/// A line is put together from several reads as long as it is no longer.
const GATHERED: usize = 128 << 10;

/// What may stand between values: blanks in the sense of [`u8::is_ascii_whitespace`], commas, and the separators of
/// records of RFC 7464.
const BETWEEN: &[u8] = b" \t\r\n\x0c,\x1e";

/// The rows of a JSON source.
#[derive(Default)]
pub(super) struct Json {
    /// The line of the bracket that is open.
    array: Option<u64>,
}

impl Json {
    pub(super) fn next(&mut self, input: &mut Input) -> io::Result<Option<Found>> {
        loop {
            input.skip(BETWEEN)?;
            match (input.peek()?, self.array) {
                (None, None) => return Ok(None),
                (None, Some(line)) => {
                    self.array = None;
                    let detail = "the array that begins here is not closed; was the input cut off?";
                    let content = Err(Broken::new("Input ends too soon", detail, "["));
                    return Ok(Some(Found { line, content }));
                }
                (Some(b'['), None) => {
                    self.array = Some(input.line_number());
                    input.take(1);
                }
                (Some(b']'), Some(_)) => {
                    self.array = None;
                    input.take(1);
                }
                (Some(first), _) => {
                    let line = input.line_number();
                    let content = match first {
                        b'{' | b'[' | b'"' => value(input, self.array.is_some())?,
                        _ => Err(scalar(input)?),
                    };
                    return Ok(Some(Found { line, content }));
                }
            }
        }
    }
}

/// Where a value begins: what its line and the lines after it are compared with.
#[derive(Clone, Copy)]
struct Start {
    column: usize,
    in_array: bool,
}

/// Reads an object, a string or an array.
fn value(input: &mut Input, in_array: bool) -> io::Result<Result<Record, Broken>> {
    if let Some(read) = whole_line(input)? {
        return Ok(read);
    }
    let start = Start { column: input.column(), in_array };
    let mut recorder = Recorder { input, taken: Vec::new(), full: false };
    let mut reader = Deserializer::from_reader(&mut recorder);
    let result = IgnoredAny::deserialize(&mut reader);
    drop(reader);
    let Recorder { taken, full, .. } = recorder;
    let read = result.and_then(|IgnoredAny| match std::str::from_utf8(&taken) {
        Ok(text) => record(text),
        // What is no text is no JSON either.
        Err(_) => serde_json::from_slice(&taken).map(identifier),
    });
    match read {
        Ok(read) => Ok(read),
        Err(_) if full => {
            input.skip_line()?;
            let mut resync = Resync { start, depth: 0 };
            taken.split_inclusive(|byte| *byte == b'\n').for_each(|line| resync.pass(line));
            let mut text = taken;
            text.truncate(KEPT);
            skip_to_value(input, resync, &mut text)?;
            Ok(Err(Broken::too_long(text)))
        }
        Err(error) if error.is_io() => Err(error.into()),
        Err(error) => broken(input, taken, start, &error).map(Err),
    }
}

/// Fast path: a value alone on a line that is in the buffer, or has to come because an object is still open.
fn whole_line(input: &mut Input) -> io::Result<Option<Result<Record, Broken>>> {
    let is_open =
        |come: &[u8]| come.len() < GATHERED && come.starts_with(b"{") && closing(come).is_none();
    let Some(rest) = input.rest_of_line(is_open)? else {
        return Ok(None);
    };
    let length = rest.len();
    let line = rest.trim_ascii_end();
    let line = line.strip_suffix(b",").unwrap_or(line);
    let read = std::str::from_utf8(line).ok().and_then(|text| record(text).ok());
    if read.is_some() {
        input.take(length);
    }
    Ok(read)
}

/// The record that `text` says, which is one value. One with a key twice is refused: a record keeps one value for
/// each.
fn record(text: &str) -> serde_json::Result<Result<Record, Broken>> {
    if !text.starts_with('{') {
        return serde_json::from_str(text).map(identifier);
    }
    let twice = match Record::read(text) {
        Ok(record) => return Ok(Ok(record)),
        Err(Unreadable::NotJson(error)) => return Err(error),
        Err(Unreadable::KeyTwice(key)) => quoted(&key),
        Err(Unreadable::KeyTwiceInside) => "it stands in an inner object".to_owned(),
        Err(Unreadable::TooManyFields(count)) => return Ok(Err(Broken::too_many(count, text))),
    };
    let detail = format!("which of its values is meant? {twice}");
    Ok(Err(Broken::new("A key stands twice in the record", detail, text)))
}

/// A value that is no object, as a record.
fn identifier(value: Value) -> Result<Record, Broken> {
    match value {
        Value::String(text) if text.trim().is_empty() => {
            Err(Broken::new("Empty identifier", "the row is a string with nothing in it", "\"\""))
        }
        Value::String(text) => Ok(Record::from_iter([("id".to_owned(), Value::String(text))])),
        other => Err(no_record(&other)),
    }
}

fn no_record(value: &Value) -> Broken {
    let what = match value {
        Value::Array(_) => "an array inside of an array",
        Value::Number(_) => "a number",
        Value::Bool(_) => "a truth value",
        _ => "null",
    };
    let detail = format!("{what} is neither a record nor an identifier in quotes");
    Broken::new("No record", detail, value.to_string())
}

/// Reads a number, a word, or whatever else begins with none of `{["`.
fn scalar(input: &mut Input) -> io::Result<Broken> {
    let mut text = Vec::new();
    while let Some(byte) = input.peek()?
        && !b" \t\r\n,]}".contains(&byte)
        && text.len() < KEPT
    {
        text.push(byte);
        input.take(1);
    }
    if let Ok(value) = serde_json::from_slice(&text) {
        return Ok(no_record(&value));
    }
    if input.line(&mut text, KEPT)? == LineEnd::TooLong {
        input.skip_line()?;
    }
    let reason = readable(&text).err();
    Ok(reason.unwrap_or_else(|| Broken::new("Not JSON", "no value begins like this", text.clone())))
}

/// What is wrong with a value; the input is left where reading continues. `taken` is the value up
/// to the error.
fn broken(
    input: &mut Input,
    mut taken: Vec<u8>,
    start: Start,
    error: &serde_json::Error,
) -> io::Result<Broken> {
    let many_lines = taken.contains(&b'\n');
    if !taken.ends_with(b"\n") && input.line(&mut taken, ROW_LIMIT)? == LineEnd::TooLong {
        input.skip_line()?;
    }
    let end = if many_lines { None } else { closing(&taken) };
    let (mut skipped, mut resync) = (0, Resync { start, depth: 0 });
    match end.or_else(|| resync.place_in(&taken)) {
        Some(end) => {
            input.give_back(&taken[end..]);
            taken.truncate(end);
        }
        None if taken.starts_with(b"{") => skipped = skip_to_value(input, resync, &mut taken)?,
        None => {}
    }
    if let Err(broken) = readable(&taken) {
        return Ok(broken);
    }
    let (title, mut reason) = match error.is_eof() {
        true => ("Input ends too soon", "the value that begins here is cut off".to_owned()),
        false => ("Not JSON", sentence(error, many_lines)),
    };
    reason += &match skipped {
        0 => String::new(),
        1 => "; the line after that was passed over with it".to_owned(),
        lines => format!("; the {lines} lines after that were passed over with it"),
    };
    Ok(Broken::new(title, reason, taken))
}

/// The message of the JSON reader with its position, counted from the start of the value.
fn sentence(error: &serde_json::Error, many_lines: bool) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    match many_lines {
        true => format!("{text}, in line {} of the value", error.line()),
        false => format!("{text}, at its character {}", error.column()),
    }
}

/// Where a value on one line is closed, if it is: braces and brackets counted outside of strings.
fn closing(text: &[u8]) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (place, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(place + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Looks for the place behind a broken value where reading goes on, line by line.
struct Resync {
    start: Start,
    /// How many braces and brackets of the value are open before the line that comes next.
    depth: isize,
}

impl Resync {
    /// The first place in a line after the first where a value may begin.
    fn place_in(&mut self, text: &[u8]) -> Option<usize> {
        let mut begin = 0;
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            if begin > 0
                && let Some(place) = self.place(line)
            {
                return Some(begin + place);
            }
            self.pass(line);
            begin += line.len();
        }
        None
    }

    /// The place in this line where a value may begin, no deeper than the broken one.
    fn place(&self, line: &[u8]) -> Option<usize> {
        let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
        let indent = line.iter().take_while(is_blank).count();
        if indent > self.start.column {
            return None;
        }
        match line[indent..] {
            [b'{', ..] => Some(0),
            [b']', ..] if self.start.in_array => Some(0),
            // It closes the broken value if that has nothing else open, and another one follows: `}, {`.
            [b'}', ref rest @ ..] if self.depth == 1 => {
                let rest = rest.trim_ascii_start();
                let rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
                rest.starts_with(b"{").then_some(indent + 1)
            }
            _ => None,
        }
    }

    /// Counts what a line opens and closes outside of strings, none of which goes on in the next line.
    fn pass(&mut self, line: &[u8]) {
        let (mut in_string, mut escaped) = (false, false);
        for byte in line {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => self.depth += 1,
                b'}' | b']' if !in_string => self.depth -= 1,
                _ => {}
            }
        }
    }
}

/// Takes lines until a place where a value may begin; `text` gets them as far as it is kept. Gives their number.
fn skip_to_value(input: &mut Input, mut resync: Resync, text: &mut Vec<u8>) -> io::Result<usize> {
    let mut skipped = 0;
    loop {
        let mut line = Vec::new();
        let end = input.line(&mut line, KEPT)?;
        let place = resync.place(&line);
        let passed = &line[..place.unwrap_or(line.len())];
        text.extend_from_slice(&passed[..passed.len().min(KEPT.saturating_sub(text.len()))]);
        if let Some(place) = place {
            input.give_back(&line[place..]);
            return Ok(skipped);
        }
        resync.pass(&line);
        skipped += usize::from(!line.trim_ascii().is_empty());
        match end {
            LineEnd::TooLong => input.skip_line()?,
            LineEnd::LineFeed => {}
            LineEnd::End => return Ok(skipped),
        }
    }
}

/// Passes single bytes to the JSON reader and records them.
struct Recorder<'a> {
    input: &'a mut Input,
    taken: Vec<u8>,
    full: bool,
}

impl Read for Recorder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken.len() >= ROW_LIMIT {
            self.full = true;
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        match (self.input.peek()?, buffer.first_mut()) {
            (Some(byte), Some(place)) => {
                *place = byte;
                self.taken.push(byte);
                self.input.take(1);
                Ok(1)
            }
            _ => Ok(0),
        }
    }
}
