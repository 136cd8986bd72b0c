//! Lists: page after page, in order, some pages ahead.
//!
//! Careful about what is known of the service (imp-service(7), section 5.2 to 5.4): `next` is
//! missing on the last page, or repeats its own URL; a page past the end is empty or 404; records
//! come twice when the list moves under us. A list is never taken for whole because a page that was
//! promised is missing. Each page begins on a record of the page before it, so that nothing goes unseen when
//! something is taken away meanwhile: see `window`. The number of pages under way grows 1, 1, 2, 4 … so that
//! `| head` costs almost nothing.

mod few;
mod next_page;
pub(crate) mod page;
mod pages;
mod plain_page;
mod seen_ids;
mod window;

use model::{ErrorKind, Record};
use std::ops::ControlFlow;

use self::pages::{Came, Pages};
pub use self::seen_ids::SeenIds;
use crate::request::{Answer, Request};
use crate::{Client, Error, resource};

/// How a list is read.
pub struct Reading<'a> {
    /// Requests under way at once, at most.
    pub jobs: usize,
    /// Asked before each request but the first: does anybody still want records?
    pub wanted: &'a dyn Fn() -> bool,
    /// How many records there are, if somebody has an idea: pages that only a longer list has are not asked for
    /// ahead.
    pub likely: Option<usize>,
    /// The fields that are wanted of the records, where the others need not be read.
    pub only: Option<&'static [&'static str]>,
    /// Whether nothing may be missed that is there throughout, which takes one request of seven more: see `window`.
    /// False where what was missed is asked for by itself.
    pub whole: bool,
}

impl Reading<'_> {
    /// The whole list, with all that the records hold.
    pub fn whole(jobs: usize) -> Self {
        Reading { jobs, wanted: &|| true, likely: None, only: None, whole: true }
    }
}

/// Reads the list of `path` with `filters`, giving each record once, in order, to `each`, which may
/// break off. `seen` may be shared by several lists that are to be one.
///
/// # Errors
/// As [`Client::send`], and of kind `incomplete` when the list changes faster than it can be read; the records of
/// the pages before have been given then.
pub fn list(
    client: &Client,
    path: &str,
    filters: &[(String, String)],
    reading: &Reading<'_>,
    seen: &mut SeenIds,
    mut each: impl FnMut(Record) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Error> {
    let size = window::LARGEST.to_string();
    let mut first = Request::get(path).query("page[number]", "1").query("page[size]", size);
    first.lists = true;
    first.only = reading.only;
    first.query.extend_from_slice(filters);
    let mut pages = Pages::new(client, first, reading);
    loop {
        if !pages.fill(reading.wanted) {
            return Ok(ControlFlow::Break(()));
        }
        let (place, records) = match pages.next()? {
            Came::Over => return Ok(ControlFlow::Continue(())),
            Came::Nothing => continue,
            Came::Page(place, records) => (place, records),
        };
        let mut news = false;
        for (record, id) in records.into_iter().zip(pages.ids()) {
            let record = resource::with_id(record)?;
            if seen.is_new(*id) {
                news = true;
                if each(record).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        pages.learn(place, news)?;
    }
}

/// The records of a page, which may be no resources.
pub(crate) fn records(answer: &mut Answer) -> Result<Vec<Record>, Error> {
    if let Some(records) = answer.records.take() {
        return Ok(records);
    }
    let Some(resources) = answer.body["data"].as_array() else {
        return Err(
            Error::new(ErrorKind::Unexpected, "Unexpected answer").detail("a list without `data`")
        );
    };
    Ok(resources.iter().map(resource::fields).collect())
}

/// The whole list, for the few cases that need it at once.
///
/// # Errors
/// As [`list`].
pub fn collect(
    client: &Client,
    path: &str,
    filters: &[(String, String)],
    jobs: usize,
) -> Result<Vec<Record>, Error> {
    let mut records = Vec::new();
    let reading = Reading::whole(jobs);
    let _all = list(client, path, filters, &reading, &mut SeenIds::default(), |record| {
        records.push(record);
        ControlFlow::Continue(())
    })?;
    Ok(records)
}
