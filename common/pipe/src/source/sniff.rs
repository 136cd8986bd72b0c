//! Which form a source has, decided from as little of it as possible.
//!
//! It is careful not to wait: an array may stay open for hours after its first byte. And careful
//! not to guess: a table without a column that we know is an error that says what was found, not
//! a list of strange identifiers.

use model::ResourceKind;
use std::io;

use super::delimited::{Header, close_quotes};
use super::input::{Input, LineEnd};
use crate::identifier::is_identifier_column;
use model::mac::{MacReading, mac};
use model::text::{one_line, quoted};

/// The most bytes of a header.
const HEADER_LIMIT: usize = 1 << 20;

/// The form of a source.
pub(super) enum Shape {
    /// There is nothing in it.
    Empty,
    Json,
    /// CSV; the header is taken from the input.
    Delimited(Header),
    /// One identifier a line.
    Bare,
}

/// What may be between columns.
const SEPARATORS: [u8; 3] = *b",;\t";

/// How files begin that are no text of ours, and what to say about them.
const SIGNATURES: [(&[u8], &str); 6] = [
    (b"\xef\xbb\xbf", ""),
    (b"\xff\xfe", UTF_16),
    (b"\xfe\xff", UTF_16),
    (b"PK\x03\x04", "is a spreadsheet or zip file; export it as CSV (UTF-8)"),
    (b"\xd0\xcf\x11\xe0", "is a spreadsheet file; export it as CSV (UTF-8)"),
    (b"\x1f\x8b", "is compressed; unpack it first (gunzip)"),
];
const UTF_16: &str = "is UTF-16 text; save it as UTF-8 (\"CSV UTF-8\" in a spreadsheet)";

/// Decides the form. Apart from a byte order mark, blank lines and a CSV header, the input is as
/// before.
///
/// # Errors
/// Those of reading; `InvalidData` with a sentence if it is nothing that we read.
pub(super) fn sniff(input: &mut Input) -> io::Result<Shape> {
    check_signature(input)?;
    input.skip(b" \t\r\n")?;
    match input.peek()? {
        None => return Ok(Shape::Empty),
        Some(b'[') => return Ok(Shape::Json),
        Some(b'{') if begins_object(input)? => return Ok(Shape::Json),
        Some(_) => {}
    }
    let mut head = Vec::new();
    let end = input.line(&mut head, HEADER_LIMIT)?;
    let shape = if end == LineEnd::TooLong {
        Shape::Bare
    } else if is_json(&String::from_utf8_lossy(&head)) {
        Shape::Json
    } else {
        span_lines(input, &mut head)?;
        header_or_bare(&String::from_utf8_lossy(&head)).map_err(invalid)?
    };
    if !matches!(shape, Shape::Delimited(_)) {
        input.give_back(&head);
    }
    Ok(shape)
}

/// Takes the further lines of a header with line breaks in it, if it is one.
fn span_lines(input: &mut Input, head: &mut Vec<u8>) -> io::Result<()> {
    let first = head.len();
    for separator in SEPARATORS {
        // Quotes that do not match under this separator may do so under another; if they never
        // do, it is no header, and the line is judged by itself.
        let matching = close_quotes(input, head, separator)?.is_ok();
        if matching && head.len() > first {
            break;
        }
    }
    Ok(())
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// Takes a byte order mark; refuses what is no text.
fn check_signature(input: &mut Input) -> io::Result<()> {
    let mut head = Vec::new();
    while let Some(byte) = input.peek()? {
        head.push(byte);
        input.take(1);
        if let Some((_, message)) = SIGNATURES.iter().find(|(bytes, _)| *bytes == head) {
            return if message.is_empty() { Ok(()) } else { Err(invalid((*message).to_owned())) };
        }
        if !SIGNATURES.iter().any(|(bytes, _)| bytes.starts_with(&head)) {
            break;
        }
    }
    input.give_back(&head);
    Ok(())
}

/// Whether a brace begins a JSON object: a quote, the end of the line or another brace comes
/// next. Otherwise it may be `{me}{MyProduct}`.
fn begins_object(input: &mut Input) -> io::Result<bool> {
    let mut head = Vec::new();
    let next = loop {
        match input.peek()? {
            Some(byte @ (b'{' | b' ' | b'\t')) if head.is_empty() || byte != b'{' => {
                head.push(byte);
                input.take(1);
            }
            other => break other,
        }
    };
    input.give_back(&head);
    Ok(matches!(next, None | Some(b'"' | b'}' | b'\n' | b'\r')))
}

/// `{ACCOUNT}{PRODUCT}` or `{ACCOUNT}{PRODUCT}{DEVICE GROUP}`.
fn is_hierarchical(text: &str) -> bool {
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    inner.is_some_and(|inner| {
        let parts: Vec<&str> = inner.split("}{").collect();
        (2..=3).contains(&parts.len())
            && parts.iter().all(|part| !part.is_empty() && !part.contains(['{', '}']))
    })
}

/// A brace that begins no identifier, so JSON that may be broken; or a JSON string, alone on its
/// line, that is no name of a column in quotes.
fn is_json(line: &str) -> bool {
    let column = |text: String| is_identifier_column(&column_name(&text));
    match line.as_bytes().first() {
        Some(b'{') => !is_hierarchical(line.trim_end()),
        Some(b'"') => serde_json::from_str(line).is_ok_and(|text| !column(text)),
        _ => false,
    }
}

/// A header if it has separators or is the name of a column that we know.
///
/// # Errors
/// A header that cannot be used, in a sentence.
fn header_or_bare(line: &str) -> Result<Shape, String> {
    if line.replace("\r\n", "\n").trim_end().contains('\r') {
        return Err("its lines end with carriage returns alone; convert it: tr '\\r' '\\n'".into());
    }
    let readings = SEPARATORS.map(|separator| Header::read(line, separator));
    let known = |header: &Header| header.columns.iter().any(|name| is_identifier_column(name));
    // Of equal counts the first separator counts, and `max_by_key` gives the last.
    let best =
        readings.into_iter().rev().max_by_key(|header| (known(header), header.columns.len()));
    let Some(header) = best else {
        return Ok(Shape::Bare);
    };
    if header.columns.len() == 1 {
        let single = Header { separator: None, ..header };
        return Ok(if known(&single) { Shape::Delimited(single) } else { Shape::Bare });
    }
    if !known(&header) {
        return Err(wrong_columns(line, &header.columns));
    }
    let mut names = header.columns.clone();
    names.sort();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("the column {} is there twice", quoted(&pair[0]))),
        None => Ok(Shape::Delimited(header)),
    }
}

fn wrong_columns(line: &str, columns: &[String]) -> String {
    let expected: Vec<&str> = ResourceKind::Device.columns().iter().map(|names| names[0]).collect();
    let expected = expected.join(", ");
    let fields = line.split([',', ';', '\t']).map(|field| field.trim().trim_matches('"'));
    if fields.clone().any(|field| matches!(mac(field), MacReading::Address(_))) {
        return format!(
            "the first line is data, not a header; put the names of the columns on top, \
             for example \"mac_address,dg\" (one of them: {expected})"
        );
    }
    format!(
        "no column tells what a row is about: found {}; expected one of {expected} \
         (for a list of names with commas in them, put the line \"name\" on top)",
        one_line(&columns.join(", "))
    )
}

/// The name of a column as we know it: `MAC Address` is `mac_address`.
pub(super) fn column_name(text: &str) -> String {
    let text = text.trim().to_lowercase();
    text.chars().map(|c| if matches!(c, ' ' | '-' | '.' | '\n' | '\r') { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hierarchical_identifiers_are_not_json() {
        for yes in ["{me}{P}", "{me}{My Product}{My DG}"] {
            assert!(is_hierarchical(yes), "{yes}");
        }
        for no in ["{me}", "{}{}", "{a}{b}{c}{d}", "{id: 1}", "{a{b}{c}", "{a}b{c}", "{"] {
            assert!(!is_hierarchical(no), "{no}");
        }
    }

    #[test]
    fn the_separator_is_the_one_under_which_a_column_is_known() {
        for (line, separator, columns) in [
            ("id,dg", Some(b','), vec!["id", "dg"]),
            ("Serial; MAC Address ;DG\r\n", Some(b';'), vec!["serial", "mac_address", "dg"]),
            ("name\tdescr", Some(b'\t'), vec!["name", "descr"]),
            ("mac-address;\"name, label\"", Some(b';'), vec!["mac_address", "name,_label"]),
            ("id,,", Some(b','), vec!["id", "column_2", "column_3"]),
            ("\"Agent ID\"\n", None, vec!["agent_id"]),
            ("ID", None, vec!["id"]),
        ] {
            let Ok(Shape::Delimited(header)) = header_or_bare(line) else { panic!("{line}") };
            assert_eq!(header.separator, separator, "{line}");
            assert_eq!(header.columns, columns, "{line}");
        }
        for bare in ["serial", "0c:2a:69:05:0d:62\n", "Oven 7"] {
            assert!(matches!(header_or_bare(bare), Ok(Shape::Bare)), "{bare}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_the_way_out() {
        for (line, part) in [
            ("serial,batch", "found serial, batch"),
            ("id,ID", "`id` is there twice"),
            ("0c:2a:69:05:0d:62,A", "put the names of the columns on top"),
            ("id\rabc\rdef", "carriage returns"),
        ] {
            let Err(reason) = header_or_bare(line) else { panic!("{line}") };
            assert!(reason.contains(part), "{reason}");
        }
    }
}
