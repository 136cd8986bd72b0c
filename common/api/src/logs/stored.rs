//! The stored log of a device: pages, newest first (imp-service(7), section 13.1).
//!
//! Careful about pages that move: they are counted from the newest entry at the time of each request,
//! so entries that come meanwhile push others from the end of one page to the beginning of the next.

use model::{ErrorKind, Record};
use std::collections::HashSet;

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

/// Entries of the pages of a log that have been read. However many come meanwhile and push others to the next page,
/// none is taken from it twice.
#[derive(Debug, Default)]
pub struct ReadEntries(HashSet<String>);

impl ReadEntries {
    /// Takes what was read before out of the next page.
    pub fn take_out_of(&mut self, page: &mut Page) {
        page.entries.retain(|entry| !self.0.contains(&entry.to_string()));
        self.0.extend(page.entries.iter().map(Record::to_string));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(number: u32) -> Record {
        Record::from_iter([("msg".to_owned(), number.into())])
    }

    #[test]
    fn entries_that_were_pushed_over_are_taken_once() {
        let mut read = ReadEntries::default();
        let mut fresh = |numbers: &[u32]| {
            let mut page =
                Page { entries: numbers.iter().copied().map(entry).collect(), more: true };
            read.take_out_of(&mut page);
            let entries = page.entries.iter();
            entries.map(|entry| entry["msg"].as_u64().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(fresh(&[9, 8, 8, 7]), [9, 8, 8, 7], "two that are alike are two");
        assert_eq!(fresh(&[8, 7, 6, 5]), [6, 5]);
        // More came than a page holds.
        assert_eq!(fresh(&[13, 12, 11, 10]), [13, 12, 11, 10]);
        assert_eq!(fresh(&[9, 8, 8, 7]), [0; 0]);
        assert_eq!(fresh(&[6, 5, 4, 3]), [4, 3]);
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
