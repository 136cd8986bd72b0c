//! The head of a call: what is asked for, and how long the body is. Pure.

use super::{Call, Trouble};

/// The longest head, in bytes.
pub const LONGEST: usize = 16 << 10;
/// More header lines than this are no webhook's.
pub const MOST_HEADERS: usize = 64;

/// What the head says.
pub struct Head {
    /// The call, without its body.
    pub call: Call,
    /// How long its body is.
    pub length: Length,
    /// The caller waits to be told to go on.
    pub continues: bool,
}

/// How the body is delimited.
pub enum Length {
    /// So many bytes.
    Known(usize),
    /// Chunks, each with its length.
    Chunked,
}

/// Reads a head, if it is there as a whole; gives its length too.
///
/// # Errors
/// The refusal of one that is too long, or says no length or more than one.
pub fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, Trouble> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length <= LONGEST => length,
        Ok(httparse::Status::Complete(_)) | Err(httparse::Error::TooManyHeaders) => {
            return Err(Trouble::Refused(431));
        }
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Trouble::Refused(400)),
    };
    let values = |name: &str| -> Vec<&str> {
        let named = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        named.map(|header| std::str::from_utf8(header.value).unwrap_or("\u{fffd}").trim()).collect()
    };
    let target = request.path.unwrap_or_default();
    let old = request.version == Some(0);
    let connection = values("connection").join(",").to_ascii_lowercase();
    let call = Call {
        method: request.method.unwrap_or_default().to_owned(),
        path: target.split('?').next().unwrap_or_default().to_owned(),
        content_type: values("content-type").first().map(|value| (*value).to_owned()),
        body: Vec::new(),
        keep_alive: if old {
            connection.contains("keep-alive")
        } else {
            !connection.contains("close")
        },
    };
    let continues = values("expect").iter().any(|value| value.eq_ignore_ascii_case("100-continue"));
    let length_of_body = body_length(&values("content-length"), &values("transfer-encoding"))?;
    Ok(Some((Head { call, length: length_of_body, continues }, length)))
}

/// The length is said once, and in one way: everything else is how requests are smuggled.
fn body_length(lengths: &[&str], encodings: &[&str]) -> Result<Length, Trouble> {
    match (lengths, encodings) {
        ([], []) => Ok(Length::Known(0)),
        ([length], []) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
            // What is too long for a number is too long.
            length
                .parse()
                .map(Length::Known)
                .map_err(|_| Trouble::Refused(if length.is_empty() { 400 } else { 413 }))
        }
        ([], [encoding]) if encoding.eq_ignore_ascii_case("chunked") => Ok(Length::Chunked),
        _ => Err(Trouble::Refused(400)),
    }
}
