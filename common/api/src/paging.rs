//! Lists: page after page, in order, some pages ahead.
//!
//! Careful about what is known of the service (reference 3.6): `next` is missing on the last page, or
//! repeats its own URL; a page past the end is empty or 404; records come twice when the list moves
//! under us. The window of pages under way grows 1, 1, 2, 4 … so that `| head` costs almost nothing.
//! Of `links.next` only the query is used: a token never goes to another host.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value;

use crate::request::{Answer, Request};
use crate::seen::Seen;
use crate::{Client, Error, Kind, Record, resource};

/// The largest page that the service gives.
const PAGE_SIZE: &str = "100";

/// How a list is read.
pub struct Reading<'a> {
    /// Requests under way at once, at most.
    pub jobs: usize,
    /// Asked before each request but the first: does anybody still want records?
    pub wanted: &'a dyn Fn() -> bool,
}

/// Reads the list of `path` with `filters`, giving each record once, in order, to `each`, which may
/// break off. `seen` may be shared by several lists that are to be one.
///
/// # Errors
/// As [`Client::send`]; the records of the pages before have been given then.
pub fn list(
    client: &Client,
    path: &str,
    filters: &[(String, String)],
    reading: &Reading<'_>,
    seen: &mut Seen,
    mut each: impl FnMut(Record) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Error> {
    let mut first = Request::get(path).query("page[number]", "1").query("page[size]", PAGE_SIZE);
    first.query.extend_from_slice(filters);
    let mut pages = Pages::new(client, first, reading.jobs);
    loop {
        if !pages.fill(reading.wanted) {
            return Ok(ControlFlow::Break(()));
        }
        let Some((number, answer)) = pages.next() else {
            return Ok(ControlFlow::Continue(()));
        };
        let answer = match answer {
            // A page past the end, asked for ahead of time, or a list that grew shorter.
            Err(error) if error.kind == Kind::NotFound && number > 1 => {
                return Ok(ControlFlow::Continue(()));
            }
            other => other?,
        };
        let Some(resources) = answer.body["data"].as_array() else {
            return Err(
                Error::new(Kind::Unexpected, "Unexpected answer").detail("a list without `data`")
            );
        };
        let mut news = false;
        for resource in resources {
            let record = resource::lift(resource);
            if record.get("id").and_then(Value::as_str).is_none_or(|id| seen.is_new(id)) {
                news = true;
                if each(record).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        pages.learn(number, &answer, news);
    }
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
    let reading = Reading { jobs, wanted: &|| true };
    let _all = list(client, path, filters, &reading, &mut Seen::default(), |record| {
        records.push(record);
        ControlFlow::Continue(())
    })?;
    Ok(records)
}

type Numbered = (u64, Result<Answer, Error>);

/// The pages under way: asked for in any order, handed out in theirs.
struct Pages {
    client: Client,
    jobs: usize,
    window: usize,
    plan: Plan,
    wanted: u64,
    asked: u64,
    arrived: BTreeMap<u64, Result<Answer, Error>>,
    results: (Sender<Numbered>, Receiver<Numbered>),
    work: Option<Sender<(u64, Request)>>,
    shared_work: Arc<Mutex<Receiver<(u64, Request)>>>,
    workers: usize,
}

impl Pages {
    fn new(client: &Client, first: Request, jobs: usize) -> Self {
        let (work, queue) = channel();
        Pages {
            client: client.clone(),
            jobs: jobs.max(1),
            window: 1,
            plan: Plan::First(first),
            wanted: 1,
            asked: 0,
            arrived: BTreeMap::new(),
            results: channel(),
            work: Some(work),
            shared_work: Arc::new(Mutex::new(queue)),
            workers: 0,
        }
    }

    /// Asks for as many pages as the window allows. False when nobody wants more.
    fn fill(&mut self, wanted: &dyn Fn() -> bool) -> bool {
        while (self.asked + 1).saturating_sub(self.wanted) < self.window as u64 {
            let Some(request) = self.plan.request(self.asked + 1) else {
                break;
            };
            if self.asked > 0 && !wanted() {
                return false;
            }
            self.asked += 1;
            if self.workers < self.window {
                self.start_worker();
            }
            if let Some(work) = &self.work {
                // The receiver lives as long as we do.
                let _queued = work.send((self.asked, request));
            }
        }
        true
    }

    /// Workers are not waited for: who breaks off does not care for the pages under way.
    #[expect(clippy::disallowed_methods, reason = "it ends when the queue does, with the list")]
    fn start_worker(&mut self) {
        self.workers += 1;
        let (client, queue, results) =
            (self.client.clone(), self.shared_work.clone(), self.results.0.clone());
        thread::spawn(move || {
            loop {
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok((number, request)) = next else { return };
                if results.send((number, client.send(&request))).is_err() {
                    return;
                }
            }
        });
    }

    /// The next page in order; `None` after the last.
    fn next(&mut self) -> Option<Numbered> {
        if self.wanted > self.asked {
            return None;
        }
        while !self.arrived.contains_key(&self.wanted) {
            let (number, answer) = self.results.1.recv().ok()?;
            self.arrived.insert(number, answer);
        }
        let answer = self.arrived.remove(&self.wanted)?;
        self.wanted += 1;
        Some((self.wanted - 1, answer))
    }

    fn learn(&mut self, number: u64, answer: &Answer, news: bool) {
        if number > 1 {
            self.window = (self.window * 2).min(self.jobs);
        }
        let next = answer.body["links"]["next"].as_str().filter(|_| news);
        let follows = self.plan.follow(number, next);
        if !follows {
            self.plan = Plan::Over;
            self.asked = self.wanted - 1;
            self.work = None;
        }
    }
}

/// Which request gives which page.
#[derive(Clone, Debug)]
enum Plan {
    /// Only the first is known.
    First(Request),
    /// `next` counts pages, so any page can be asked for.
    Counted { request: Request, before: String, after: String },
    /// `next` is opaque: one page at a time.
    Linked { request: Request, number: u64 },
    /// There are no more.
    Over,
}

impl Plan {
    fn request(&self, number: u64) -> Option<Request> {
        match self {
            Plan::First(request) => (number == 1).then(|| request.clone()),
            Plan::Counted { request, before, after } => Some(Request {
                raw_query: Some(format!("{before}{number}{after}")),
                ..request.clone()
            }),
            Plan::Linked { request, number: linked } => {
                (number == *linked).then(|| request.clone())
            }
            Plan::Over => None,
        }
    }

    /// Takes in the `next` of page `number`; false when that was the last page.
    fn follow(&mut self, number: u64, next: Option<&str>) -> bool {
        let Some(query) = next.and_then(|next| Some(next.split_once('?')?.1)) else {
            return false;
        };
        let query = query.split('#').next().unwrap_or_default();
        match self {
            Plan::First(request) | Plan::Linked { request, .. } => {
                if same_query(query, request) {
                    return false;
                }
                let request = request.clone();
                *self = match split_at_number(query) {
                    Some((before, next_number, after)) if next_number == number + 1 => {
                        Plan::Counted { request, before: before.into(), after: after.into() }
                    }
                    _ => Plan::Linked {
                        request: Request { raw_query: Some(query.into()), ..request },
                        number: number + 1,
                    },
                };
                true
            }
            // Repeating its own number, or an earlier one, means that there is no next page.
            Plan::Counted { .. } => {
                split_at_number(query).is_none_or(|(_, next_number, _)| next_number > number)
            }
            Plan::Over => false,
        }
    }
}

fn same_query(query: &str, request: &Request) -> bool {
    let own = request.target();
    let own = own.split_once('?').map_or("", |(_, own)| own);
    let sorted = |query: &str| {
        let decoded = percent_encoding::percent_decode_str(query).decode_utf8_lossy().into_owned();
        let mut parts: Vec<String> = decoded.split('&').map(str::to_owned).collect();
        parts.sort_unstable();
        parts
    };
    sorted(query) == sorted(own)
}

/// Splits a query around the value of `page[number]`.
fn split_at_number(query: &str) -> Option<(&str, u64, &str)> {
    let lower = query.to_ascii_lowercase();
    let start = ["page[number]=", "page%5bnumber%5d="]
        .iter()
        .find_map(|name| Some(lower.find(name)? + name.len()))?;
    let end = query[start..].find('&').map_or(query.len(), |length| start + length);
    Some((&query[..start], query[start..end].parse().ok()?, &query[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first() -> Plan {
        Plan::First(Request::get("/devices").query("page[number]", "1").query("page[size]", "100"))
    }

    #[test]
    fn counted_pages_can_be_asked_for_ahead() {
        let mut plan = first();
        assert!(plan.follow(
            1,
            Some("https://evil.example/v5/other?page%5Bnumber%5D=2&page%5Bsize%5D=100&filter[x]=y")
        ));
        let ahead = plan.request(7).expect("counted");
        assert_eq!(ahead.target(), "/devices?page%5Bnumber%5D=7&page%5Bsize%5D=100&filter[x]=y");
        assert!(plan.follow(2, Some("?page[number]=3")));
        assert!(!plan.follow(3, None));
    }

    #[test]
    fn a_next_that_repeats_itself_ends_the_list() {
        assert!(!first().follow(1, Some("https://h/v5/devices?page[size]=100&page[number]=1")));
        let mut plan = first();
        assert!(plan.follow(1, Some("h?page[number]=2&page[size]=100")));
        assert!(!plan.follow(2, Some("h?page[number]=2&page[size]=100")));
    }

    #[test]
    fn an_opaque_next_is_followed_step_by_step() {
        let mut plan = first();
        assert!(plan.follow(1, Some("https://h/v5/devices?cursor=abc")));
        assert!(plan.request(3).is_none());
        assert_eq!(plan.request(2).expect("linked").target(), "/devices?cursor=abc");
        assert!(!plan.follow(2, Some("https://h/v5/devices?cursor=abc")));
    }
}
