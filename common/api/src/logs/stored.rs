//! The stored log of a device: pages, newest first (imp-service(7), section 13.1).
//!
//! Careful about pages that move: they are counted from the newest entry at the time of each request,
//! so entries that come meanwhile push others from the end of one page to the beginning of the next.

use model::{ErrorKind, Record};
use serde_json::Value;

use crate::request::Request;
use crate::{Client, Error, resource};

/// The largest page.
pub const PAGE_SIZE: usize = 100;

/// A page of entries, newest first.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The entries as the service gives them.
    pub entries: Vec<Record>,
    /// There are older ones.
    pub more: bool,
}

/// Asks for a page of the log of the device at `path` (`/devices/…`), counted from 1.
pub fn request(path: &str, number: u64, size: usize) -> Request {
    Request::get(format!("{path}/logs"))
        .query("page[number]", number.to_string())
        .query("page[size]", size.to_string())
}

/// Reads a page.
///
/// # Errors
/// As [`Client::send`]; refused for devices whose logs may not be read.
pub fn page(client: &Client, path: &str, number: u64, size: usize) -> Result<Page, Error> {
    match client.send(&request(path, number, size)) {
        Ok(answer) => read(&answer.body, size),
        // A page past the end is empty or 404.
        Err(error) if error.kind == ErrorKind::NotFound && number > 1 => Ok(Page::default()),
        Err(error) => Err(error),
    }
}

/// Takes a page out of an answer's body.
///
/// # Errors
/// When it is no list.
pub fn read(body: &Value, size: usize) -> Result<Page, Error> {
    let Some(data) = body["data"].as_array() else {
        return Err(
            Error::new(ErrorKind::Unexpected, "Unexpected answer").detail("a log without `data`")
        );
    };
    let entries: Vec<Record> = data.iter().map(resource::fields).collect();
    // Logs may have no links; then only a page that is not full is known to be the last.
    let more = match body["links"].as_object() {
        Some(links) => {
            let next = links.get("next").and_then(Value::as_str);
            next.is_some() && next != links.get("self").and_then(Value::as_str)
        }
        None => data.len() >= size,
    };
    Ok(Page { more: more && !entries.is_empty(), entries })
}

/// How many entries at the beginning of the older page `next` were at the end of `before` already.
pub fn overlap(before: &[Record], next: &[Record]) -> usize {
    let most = before.len().min(next.len());
    let fits = |length: &usize| before[before.len() - length..] == next[..*length];
    (1..=most).rev().find(fits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(number: u32) -> Record {
        Record::from_iter([("msg".to_owned(), number.into())])
    }

    #[test]
    fn entries_that_were_pushed_over_are_found_again() {
        let of = |numbers: &[u32]| numbers.iter().copied().map(entry).collect::<Vec<_>>();
        assert_eq!(overlap(&of(&[9, 8, 7]), &of(&[6, 5, 4])), 0);
        assert_eq!(overlap(&of(&[9, 8, 7]), &of(&[7, 6, 5])), 1);
        assert_eq!(overlap(&of(&[9, 8, 7]), &of(&[9, 8, 7])), 3);
        assert_eq!(overlap(&of(&[9, 8, 7]), &of(&[8, 7])), 2);
        assert_eq!(overlap(&of(&[]), &of(&[7])), 0);
    }

    #[test]
    fn the_last_page_is_known_with_and_without_links() {
        let more = |body: Value| read(&body, 2).map(|page| page.more).unwrap();
        assert!(more(json!({"data":[{"msg":1}],"links":{"next":"?page[number]=2"}})));
        assert!(!more(json!({"data":[{"msg":1},{"msg":2}],"links":{"self":"x"}})));
        assert!(!more(json!({"data":[{"msg":1}],"links":{"self":"x","next":"x"}})));
        assert!(more(json!({"data":[{"msg":1},{"msg":2}]})));
        assert!(!more(json!({"data":[{"msg":1}]})));
        assert!(!more(json!({"data":[],"links":{"next":"y"}})));
        assert!(read(&json!({}), 2).is_err());
    }
}
