//! Lists: page after page, in order, some pages ahead.
//!
//! Careful about what is known of the service (imp-service(7), section 5.2 to 5.4): `next` is
//! missing on the last page, or repeats its own URL; a page past the end is empty or 404; records
//! come twice when the list moves under us. A list is never taken for whole because a page that was
//! promised is missing. The window of pages under way grows 1, 1, 2, 4 … so that `| head` costs
//! almost nothing.

mod few;
mod next_page;
pub(crate) mod page;
mod seen_ids;

use model::{ErrorKind, Record};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use simulated::{inherited, lock, receive};

use self::next_page::{Plan, next_query};
pub use self::seen_ids::SeenIds;
use crate::request::{Answer, Request};
use crate::{Client, Error, resource};

/// The largest page that the service gives.
const PAGE_SIZE: &str = "100";
const PAGE: usize = 100;

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
    seen: &mut SeenIds,
    mut each: impl FnMut(Record) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Error> {
    let mut first = Request::get(path).query("page[number]", "1").query("page[size]", PAGE_SIZE);
    first.lists = true;
    first.only = reading.only;
    first.query.extend_from_slice(filters);
    let mut pages = Pages::new(client, first, reading.jobs);
    pages.likely = reading.likely.map_or(u64::MAX, |records| records.div_ceil(PAGE) as u64);
    loop {
        if !pages.fill(reading.wanted) {
            return Ok(ControlFlow::Break(()));
        }
        let Some(page) = pages.next() else {
            return Ok(ControlFlow::Continue(()));
        };
        let mut answer = match page.answer {
            Err(error) if error.kind == ErrorKind::NotFound && page.number > 1 => {
                match pages.again(page.number, &page.request)? {
                    Some(answer) => answer,
                    None => return Ok(ControlFlow::Continue(())),
                }
            }
            other => other?,
        };
        let mut news = false;
        for record in records(&mut answer)? {
            let record = resource::with_id(record)?;
            if seen.is_new(record.text("id").unwrap_or_default()) {
                news = true;
                if each(record).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        pages.learn(page.number, page.request, &answer, news);
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
    let reading = Reading { jobs, wanted: &|| true, likely: None, only: None };
    let _all = list(client, path, filters, &reading, &mut SeenIds::default(), |record| {
        records.push(record);
        ControlFlow::Continue(())
    })?;
    Ok(records)
}

/// A page that has come.
struct Page {
    number: u64,
    request: Request,
    answer: Result<Answer, Error>,
}

/// The pages under way: asked for in any order, handed out in theirs.
struct Pages {
    client: Client,
    jobs: usize,
    window: usize,
    /// The page after which there are likely no more.
    likely: u64,
    plan: Plan,
    wanted: u64,
    asked: u64,
    /// What the last page that was handed out had been asked for with.
    before: Option<Request>,
    arrived: BTreeMap<u64, Page>,
    results: (Sender<Page>, Receiver<Page>),
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
            likely: u64::MAX,
            plan: Plan::First(first),
            wanted: 1,
            asked: 0,
            before: None,
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
            // Whether there is a page after that the page itself will tell.
            if self.asked >= self.likely && self.wanted <= self.likely {
                break;
            }
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
        thread::spawn(inherited(move || {
            loop {
                let next = receive(&lock(&queue).unwrap_or_else(PoisonError::into_inner));
                let Ok((number, request)) = next else { return };
                let answer = client.send(&request);
                if results.send(Page { number, request, answer }).is_err() {
                    return;
                }
            }
        }));
    }

    /// The next page in order; `None` after the last.
    fn next(&mut self) -> Option<Page> {
        if self.wanted > self.asked {
            return None;
        }
        while !self.arrived.contains_key(&self.wanted) {
            let page = receive(&self.results.1).ok()?;
            self.arrived.insert(page.number, page);
        }
        let page = self.arrived.remove(&self.wanted)?;
        self.wanted += 1;
        Some(page)
    }

    /// Asks again for page `number`, which was promised and not found: a gateway may have answered for
    /// the service. `None` when the list has become shorter, so that nothing is promised any more.
    fn again(&self, number: u64, request: &Request) -> Result<Option<Answer>, Error> {
        let missing = match self.client.send(request) {
            Err(error) if error.kind == ErrorKind::NotFound => error,
            answer => return answer.map(Some),
        };
        if let Some(before) = &self.before {
            match self.client.send(before) {
                Ok(answer) if next_query(number - 1, before, &answer).is_none() => return Ok(None),
                Err(error) if error.kind != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let detail = format!("there should be a page {number}, but it is not found; list again");
        let broken = Error::new(ErrorKind::Unexpected, "The list broke off").detail(detail);
        Err(Error { status: missing.status, attempts: missing.attempts, ..broken })
    }

    fn learn(&mut self, number: u64, request: Request, answer: &Answer, news: bool) {
        if number > 1 {
            self.window = (self.window * 2).min(self.jobs);
        }
        if !news || !self.plan.follow(number, &request, answer) {
            self.plan = Plan::Over;
            self.asked = self.wanted - 1;
            self.work = None;
        }
        self.before = Some(request);
    }
}
