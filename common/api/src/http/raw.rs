//! An answer before anything is made of it.

use model::Record;
use model::record::leave_out_unreadable_keys;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use ureq::http::HeaderMap;

use crate::list::page::Page;
use crate::request::Request;

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// `text` as JSON, `Null` when it is not; of a page only its links. It has no key that a record cannot have.
    pub(crate) body: Value,
    /// The records of a page.
    pub(crate) records: Option<Vec<Record>>,
}

impl Raw {
    /// The answer to `request`.
    pub(crate) fn new(request: &Request, status: u16, headers: HeaderMap, text: String) -> Raw {
        if request.lists
            && (200..300).contains(&status)
            && let Ok(Page { data, links }) = Page::read(&text, request.only)
        {
            let body = json!({ "links": links });
            return Raw { status, headers, text, body, records: Some(data) };
        }
        let mut body = serde_json::from_str(&text).unwrap_or(Value::Null);
        leave_out_unreadable_keys(&mut body);
        Raw { status, headers, text, body, records: None }
    }

    /// Whether it is a good answer, of which nothing can be read.
    pub(crate) fn is_unreadable(&self) -> bool {
        (200..300).contains(&self.status) && self.body.is_null() && !self.text.trim().is_empty()
    }

    /// Whether it is a good answer that ends before it is whole: who cut it off gave it the length of what is left.
    pub(crate) fn is_cut(&self) -> bool {
        let whole = || serde_json::from_str::<IgnoredAny>(&self.text);
        self.is_unreadable() && whole().is_err_and(|error| error.is_eof())
    }

    /// A header with a whole number, such as those of the rate limit.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        let text = self.headers.get(name)?.to_str().ok()?.trim();
        // A fraction of a second counts as the whole.
        text.parse()
            .ok()
            .or_else(|| text.parse().ok().map(|number: f64| number.max(0.0).ceil() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, text: &str) -> Raw {
        Raw::new(&Request::get("/devices").for_list(), status, HeaderMap::new(), text.into())
    }

    #[test]
    fn what_ends_in_the_middle_is_told_from_what_is_no_json() {
        let whole = r#"{"data":[{"id":"é","type":"device","attributes":{"a":[1,true]}}]}"#;
        assert!(!answer(200, whole).is_cut());
        for end in 1..whole.len() {
            let part = String::from_utf8_lossy(&whole.as_bytes()[..end]);
            assert!(answer(200, &part).is_cut(), "{part}");
        }
        for other in ["", " ", "<html>", "null", "OK", "{]", "{\"data\":[]} x"] {
            assert!(!answer(200, other).is_cut(), "{other}");
        }
        assert!(!answer(503, "{\"da").is_cut());
    }
}
