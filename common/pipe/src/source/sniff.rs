//! Detects the format of a source from as few bytes as possible.
//!
//! It does not wait for more: an array may stay open for hours after its first byte. And it does
//! not guess: a table without a known column is an error that says what was found, not a list of
//! strange identifiers.
//!
//! The second line is looked at only if the first cannot be used, or has a blank in it and so may be
//! a title.

use model::ResourceKind;
use std::io;

use super::columns::ColumnName;
use super::delimited::{Delimited, Header, close_quotes, column_name};
use super::input::{Input, LineEnd};
use super::json::Json;
use super::{InputFormat, NOT_UTF_8};
use crate::identifier::is_identifier_column;
use model::Record;
use model::mac::{MacReading, mac};
use model::record::MOST_FIELDS;
use model::text::{one_line, quoted};

/// Maximum size of a header in bytes.
const HEADER_LIMIT: usize = 1 << 20;

/// What may be between columns.
const SEPARATORS: [u8; 4] = *b",;\t|";

/// The first bytes of files that are not UTF-8 text, and what to tell the user.
const SIGNATURES: [(&[u8], &str); 6] = [
    (b"\xef\xbb\xbf", ""),
    (b"\xff\xfe", UTF_16),
    (b"\xfe\xff", UTF_16),
    (b"PK\x03\x04", "is a spreadsheet or zip file; export it as CSV (UTF-8)"),
    (b"\xd0\xcf\x11\xe0", "is a spreadsheet file; export it as CSV (UTF-8)"),
    (b"\x1f\x8b", "is compressed; unpack it first (gunzip)"),
];
const UTF_16: &str = "is UTF-16 text; give --encoding utf-16, or save it as UTF-8";

/// Decides the format. It takes a byte order mark, blank lines and a CSV header from the input.
///
/// # Errors
/// Those of reading; `InvalidData` with a sentence if the format is not supported.
pub(super) fn sniff(input: &mut Input, names: &[ColumnName]) -> io::Result<InputFormat> {
    check_signature(input)?;
    input.skip(b" \t\r\n\x0c\x1e")?;
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
    } else if stated_separator(&head).is_none() && is_json(&String::from_utf8_lossy(&head)) {
        InputFormat::Json(Json::default())
    } else {
        let separators = stated_separator(&head).map_or(SEPARATORS.to_vec(), |one| vec![one]);
        if separators.len() == 1 {
            head.clear();
            input.line(&mut head, HEADER_LIMIT)?;
        }
        match header_below_a_title(input, &mut head, &Known { separators: &separators, names })? {
            Some(header) => return Ok(InputFormat::Delimited(Delimited::new(header))),
            None => InputFormat::Bare,
        }
    };
    input.give_back(&head);
    Ok(format)
}

/// How columns are told apart, and what the user calls them.
struct Known<'a> {
    separators: &'a [u8],
    names: &'a [ColumnName],
}

/// The separator of a first line `sep=;`, which spreadsheets write for each other.
fn stated_separator(head: &[u8]) -> Option<u8> {
    let line = head.trim_ascii_end();
    let rest = line.strip_prefix(b"sep=").or_else(|| line.strip_prefix(b"\"sep="))?;
    match *rest.strip_suffix(b"\"").unwrap_or(rest) {
        [one] if one.is_ascii_punctuation() && one != b'"' => Some(one),
        [] if head.starts_with(b"sep=\t") => Some(b'\t'),
        _ => None,
    }
}

/// The header that `head` is, or the line after it if `head` is a title. Of a list of identifiers,
/// which is none, `head` is left as it was.
fn header_below_a_title(
    input: &mut Input,
    head: &mut Vec<u8>,
    known: &Known<'_>,
) -> io::Result<Option<Header>> {
    span_lines(input, head)?;
    let first = header(head, known);
    let may_be_title = match &first {
        Ok(Some(_)) => false,
        Ok(None) => head.trim_ascii().contains(&b' '),
        Err(_) => true,
    };
    if !may_be_title {
        return first.map_err(invalid);
    }
    let mut below = Vec::new();
    while below.trim_ascii().is_empty() && input.peek()?.is_some() && below.len() < HEADER_LIMIT {
        input.line(&mut below, HEADER_LIMIT)?;
    }
    let blanks = below.len() - below.trim_ascii_start().len();
    let mut line = below.split_off(blanks);
    span_lines(input, &mut line)?;
    match header(&line, known) {
        Ok(Some(header)) if header.separator.is_some() => Ok(Some(header)),
        _ => {
            below.append(&mut line);
            input.give_back(&below);
            first.map_err(invalid)
        }
    }
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
fn header(head: &[u8], Known { separators, names }: &Known<'_>) -> Result<Option<Header>, String> {
    let line = &*String::from_utf8_lossy(head);
    if line.replace("\r\n", "\n").trim_end().contains('\r') {
        return Err("its lines end with carriage returns alone; convert it: tr '\\r' '\\n'".into());
    }
    let readings = separators.iter().map(|separator| Header::read(line, *separator, names));
    let known = |header: &Header| header.columns.iter().any(|name| is_identifier_column(name));
    // The first separator wins a tie, and `max_by_key` gives the last.
    let best = readings.rev().max_by_key(|header| (known(header), header.columns.len()));
    let Some(header) = best else {
        return Ok(None);
    };
    let count = header.columns.len();
    if count > MOST_FIELDS {
        return Err(format!(
            "its header has {count} columns, a record may have {MOST_FIELDS} fields"
        ));
    }
    if let Some(name) = header.columns.iter().find(|name| !Record::may_have(name)) {
        return Err(format!("a column cannot be called {}", quoted(name)));
    }
    if count == 1 {
        return Ok(Some(Header { separator: None, ..header }).filter(known));
    }
    if !known(&header) {
        return Err(wrong_columns(line, &header));
    }
    if line.contains(char::REPLACEMENT_CHARACTER) {
        return Err(format!("the header is not UTF-8: {NOT_UTF_8}"));
    }
    if let Some(missing) = names.iter().find(|name| !header.columns.contains(&name.field)) {
        let found = one_line(&header.columns.join(", "));
        return Err(format!("no column is called {}: found {found}", quoted(&missing.column)));
    }
    let mut names = header.columns.clone();
    names.sort();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("the column {} is there twice", quoted(&pair[0]))),
        None => Ok(Some(header)),
    }
}

fn wrong_columns(line: &str, header: &Header) -> String {
    let expected: Vec<&str> = ResourceKind::Device.columns().iter().map(|names| names[0]).collect();
    let expected = expected.join(", ");
    let fields = line.split([',', ';', '\t', '|']).map(|field| field.trim().trim_matches('"'));
    if fields.clone().any(|field| matches!(mac(field), MacReading::Address(_))) {
        return format!(
            "the first line is data, not a header; put the names of the columns on top, \
             for example \"mac_address,dg\" (one of them: {expected})"
        );
    }
    format!(
        "no column tells what a row is about: found {}; expected one of {expected}. Say which \
         it is: {} (for a list of names with commas in them, put the line \"name\" on top)",
        one_line(&header.columns.join(", ")),
        column_option(&header.columns)
    )
}

/// The option to type, with the column that is most likely meant.
fn column_option(columns: &[String]) -> String {
    let with = |part: &str| columns.iter().find(|name| name.contains(part));
    let likely = with("mac").map(|name| ("mac_address", name));
    let likely = likely.or_else(|| with("agent").map(|name| ("agent_id", name)));
    let likely = likely.or_else(|| columns.first().map(|name| ("id", name)));
    let (field, column) = likely.map_or(("id", "NAME"), |(field, name)| (field, name.as_str()));
    let plain = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    match one_line(column) {
        name if name.chars().all(plain) => format!("--column {field}={name}"),
        name => format!("--column {field}='{}'", name.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known<'_> = Known { separators: &SEPARATORS, names: &[] };

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
            ("id|dg", Some(b'|'), vec!["id", "dg"]),
            ("id,,", Some(b','), vec!["id", "column_2", "column_3"]),
            ("\"Agent ID\"\n", None, vec!["agent_id"]),
            ("ID", None, vec!["id"]),
        ] {
            let Ok(Some(header)) = header(line.as_bytes(), &KNOWN) else { panic!("{line}") };
            assert_eq!(header.separator, separator, "{line}");
            assert_eq!(header.columns, columns, "{line}");
        }
        for bare in ["serial", "0c:2a:69:05:0d:62\n", "Oven 7"] {
            assert!(matches!(header(bare.as_bytes(), &KNOWN), Ok(None)), "{bare}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_the_way_out() {
        for (line, part) in [
            ("serial,batch", "found serial, batch"),
            ("id,ID", "`id` is there twice"),
            ("id,$serde_json::private::Number", "cannot be called"),
            ("0c:2a:69:05:0d:62,A", "put the names of the columns on top"),
            ("id\rabc\rdef", "carriage returns"),
        ] {
            let Err(reason) = header(line.as_bytes(), &KNOWN) else { panic!("{line}") };
            assert!(reason.contains(part), "{reason}");
        }
    }
}
