//! Detects the format of a source from as few bytes as possible.
//!
//! It does not wait for more: an array may stay open for hours after its first byte. And it does
//! not guess: a table without a known column is an error that says what was found, not a list of
//! strange identifiers.

use model::ResourceKind;
use std::io;

use super::InputFormat;
use super::delimited::{Delimited, Header, close_quotes, column_name};
use super::input::{Input, LineEnd};
use super::json::Json;
use crate::identifier::is_identifier_column;
use model::mac::{MacReading, mac};
use model::text::{one_line, quoted};

/// Maximum size of a header in bytes.
const HEADER_LIMIT: usize = 1 << 20;

/// What may be between columns.
const SEPARATORS: [u8; 3] = *b",;\t";

/// The first bytes of files that are not UTF-8 text, and what to tell the user.
const SIGNATURES: [(&[u8], &str); 6] = [
    (b"\xef\xbb\xbf", ""),
    (b"\xff\xfe", UTF_16),
    (b"\xfe\xff", UTF_16),
    (b"PK\x03\x04", "is a spreadsheet or zip file; export it as CSV (UTF-8)"),
    (b"\xd0\xcf\x11\xe0", "is a spreadsheet file; export it as CSV (UTF-8)"),
    (b"\x1f\x8b", "is compressed; unpack it first (gunzip)"),
];
const UTF_16: &str = "is UTF-16 text; save it as UTF-8 (\"CSV UTF-8\" in a spreadsheet)";

/// Decides the format. It takes a byte order mark, blank lines and a CSV header from the input.
///
/// # Errors
/// Those of reading; `InvalidData` with a sentence if the format is not supported.
pub(super) fn sniff(input: &mut Input) -> io::Result<InputFormat> {
    check_signature(input)?;
    input.skip(b" \t\r\n")?;
    match input.peek()? {
        None => return Ok(InputFormat::Ended),
        Some(b'[') => return Ok(InputFormat::Json(Json::default())),
        Some(b'{') if begins_object(input)? => return Ok(InputFormat::Json(Json::default())),
        Some(_) => {}
    }
    let mut head = Vec::new();
    let end = input.line(&mut head, HEADER_LIMIT)?;
    let format = if end == LineEnd::TooLong {
        InputFormat::Bare
    } else if is_json(&String::from_utf8_lossy(&head)) {
        InputFormat::Json(Json::default())
    } else {
        span_lines(input, &mut head)?;
        match header(&String::from_utf8_lossy(&head)).map_err(invalid)? {
            Some(header) => return Ok(InputFormat::Delimited(Delimited::new(header))),
            None => InputFormat::Bare,
        }
    };
    input.give_back(&head);
    Ok(format)
}

/// Takes the further lines of a header with line breaks in it, if it is one.
fn span_lines(input: &mut Input, head: &mut Vec<u8>) -> io::Result<()> {
    let first = head.len();
    for separator in SEPARATORS {
        // Quotes that do not match with this separator may match with another; if they never do,
        // this is no header, and only the first line is looked at.
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

/// Takes a byte order mark; refuses known formats that are not UTF-8 text.
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

/// A brace that does not begin an identifier, so JSON that may be broken; or a JSON string alone on
/// its line, unless it is the quoted name of a column.
fn is_json(line: &str) -> bool {
    let column = |text: String| is_identifier_column(&column_name(&text));
    match line.as_bytes().first() {
        Some(b'{') => !is_hierarchical(line.trim_end()),
        Some(b'"') => serde_json::from_str(line).is_ok_and(|text| !column(text)),
        _ => false,
    }
}

/// The columns, if the line has separators or is the name of a known column.
///
/// # Errors
/// A header that cannot be used, in a sentence.
fn header(line: &str) -> Result<Option<Header>, String> {
    if line.replace("\r\n", "\n").trim_end().contains('\r') {
        return Err("its lines end with carriage returns alone; convert it: tr '\\r' '\\n'".into());
    }
    let readings = SEPARATORS.map(|separator| Header::read(line, separator));
    let known = |header: &Header| header.columns.iter().any(|name| is_identifier_column(name));
    // The first separator wins a tie, and `max_by_key` gives the last.
    let best =
        readings.into_iter().rev().max_by_key(|header| (known(header), header.columns.len()));
    let Some(header) = best else {
        return Ok(None);
    };
    if header.columns.len() == 1 {
        return Ok(Some(Header { separator: None, ..header }).filter(known));
    }
    if !known(&header) {
        return Err(wrong_columns(line, &header.columns));
    }
    let mut names = header.columns.clone();
    names.sort();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("the column {} is there twice", quoted(&pair[0]))),
        None => Ok(Some(header)),
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
            let Ok(Some(header)) = header(line) else { panic!("{line}") };
            assert_eq!(header.separator, separator, "{line}");
            assert_eq!(header.columns, columns, "{line}");
        }
        for bare in ["serial", "0c:2a:69:05:0d:62\n", "Oven 7"] {
            assert!(matches!(header(bare), Ok(None)), "{bare}");
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
            let Err(reason) = header(line) else { panic!("{line}") };
            assert!(reason.contains(part), "{reason}");
        }
    }
}
