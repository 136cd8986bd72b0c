//! The pages under way: asked for in any order, handed out in theirs.
//!
//! Careful that a page which has nothing in common with the one before it is not handed out: something may lie
//! between them. What was asked for ahead is forgotten then, and the list is read again from further back.

use model::{ErrorKind, Record};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use simulated::{inherited, lock, receive};

use super::next_page::{Plan, next_query};
use super::seen_ids::number_of;
use super::window::{StepsBack, Window};
use super::{Reading, records};
use crate::request::{Answer, Request};
use crate::{Client, Error};

/// So many full pages may bring nothing new, because others have added something before them.
const MOST_WITHOUT_NEWS: u32 = 3;

/// What comes next.
pub(super) enum Came {
    /// A page, with its records.
    Page(Box<Place>, Vec<Record>),
    /// One that cannot be handed out; others will be asked for.
    Nothing,
    /// There are no more.
    Over,
}

/// Where a page is, and what it said of the next.
pub(super) struct Place {
    ordinal: u64,
    window: Window,
    request: Request,
    answer: Answer,
    is_full: bool,
}

/// A page that has come.
struct Page {
    ordinal: u64,
    window: Window,
    request: Request,
    answer: Result<Answer, Error>,
}

/// A request for a page, with its ordinal.
type Work = (u64, Window, Request);

/// The pages under way.
pub(super) struct Pages {
    client: Client,
    jobs: usize,
    at_once: usize,
    /// The record after which there are likely no more.
    likely: u64,
    /// Whether nothing may be missed.
    whole: bool,
    plan: Plan,
    /// The ordinal of the page that is handed out next.
    wanted: u64,
    asked: u64,
    /// How far the last page reaches that was asked for, and the one that was handed out.
    asked_to: u64,
    last: Window,
    /// The ids of the page that was handed out last.
    last_ids: Vec<u64>,
    is_last_full: bool,
    /// How far the list has been read.
    furthest: u64,
    steps: StepsBack,
    without_news: u32,
    /// What the last page that was handed out had been asked for with.
    before: Option<Request>,
    arrived: BTreeMap<u64, Page>,
    results: (Sender<Page>, Receiver<Page>),
    work: Option<Sender<Work>>,
    shared_work: Arc<Mutex<Receiver<Work>>>,
    workers: usize,
}

impl Pages {
    pub(super) fn new(client: &Client, first: Request, reading: &Reading<'_>) -> Self {
        let (work, queue) = channel();
        Pages {
            client: client.clone(),
            jobs: reading.jobs.max(1),
            at_once: 1,
            likely: reading.likely.map_or(u64::MAX, |records| records as u64),
            whole: reading.whole,
            plan: Plan::First(first),
            wanted: 1,
            asked: 0,
            asked_to: 0,
            last: Window { number: 0, size: 0 },
            last_ids: Vec::new(),
            is_last_full: false,
            furthest: 0,
            steps: StepsBack::none(),
            without_news: 0,
            before: None,
            arrived: BTreeMap::new(),
            results: channel(),
            work: Some(work),
            shared_work: Arc::new(Mutex::new(queue)),
            workers: 0,
        }
    }

    /// Asks for as many pages as may be under way. False when nobody wants more.
    pub(super) fn fill(&mut self, wanted: &dyn Fn() -> bool) -> bool {
        while (self.asked + 1).saturating_sub(self.wanted) < self.at_once as u64 {
            // Whether there is a page after that the page itself will tell.
            let is_likely_over = self.asked_to >= self.likely && self.last.end() < self.likely;
            if is_likely_over && self.wanted <= self.asked {
                break;
            }
            let Some((window, request)) = self.plan.next(self.asked + 1) else {
                break;
            };
            if self.asked > 0 && !wanted() {
                return false;
            }
            self.asked += 1;
            self.asked_to = window.end();
            if self.workers < self.at_once {
                self.start_worker();
            }
            if let Some(work) = &self.work {
                // The receiver lives as long as we do.
                let _queued = work.send((self.asked, window, request));
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
                let Ok((ordinal, window, request)) = next else { return };
                let answer = client.send(&request);
                if results.send(Page { ordinal, window, request, answer }).is_err() {
                    return;
                }
            }
        }));
    }

    /// The next page in order, if it goes on from the one before it.
    ///
    /// # Errors
    /// The page cannot be had, or the list moves too much.
    pub(super) fn next(&mut self) -> Result<Came, Error> {
        let Some(page) = self.receive() else { return Ok(Came::Over) };
        let mut answer = match page.answer {
            Err(error) if error.kind == ErrorKind::NotFound && page.ordinal > 1 => {
                if self.plan.overlaps() && page.window != Window::FIRST {
                    return self.go_back();
                }
                match self.again(&page.request, page.window.number)? {
                    Some(answer) => answer,
                    None => return Ok(Came::Over),
                }
            }
            answer => answer?,
        };
        let records = records(&mut answer)?;
        let ids: Vec<u64> =
            records.iter().map(|record| number_of(record.text("id").unwrap_or_default())).collect();
        let begins = page.window == Window::FIRST || !self.plan.overlaps();
        if !begins && !ids.iter().any(|id| self.last_ids.contains(id)) {
            // Some services promise an empty page after the last.
            if ids.is_empty() && !self.is_last_full {
                return Ok(Came::Over);
            }
            return self.go_back();
        }
        let is_full = ids.len() as u64 >= page.window.size;
        self.last_ids = ids;
        let Page { ordinal, window, request, .. } = page;
        let place = Place { ordinal, window, request, answer, is_full };
        Ok(Came::Page(Box::new(place), records))
    }

    /// The ids of the page that was handed out last, as numbers.
    pub(super) fn ids(&self) -> &[u64] {
        &self.last_ids
    }

    fn receive(&mut self) -> Option<Page> {
        if self.wanted > self.asked {
            return None;
        }
        while !self.arrived.contains_key(&self.wanted) {
            let page = receive(&self.results.1).ok()?;
            // The others were asked for before it was gone back.
            if page.ordinal >= self.wanted {
                self.arrived.insert(page.ordinal, page);
            }
        }
        let page = self.arrived.remove(&self.wanted)?;
        self.wanted += 1;
        Some(page)
    }

    /// Reads again from further back.
    fn go_back(&mut self) -> Result<Came, Error> {
        let window = self.steps.step(self.last.end()).ok_or_else(incomplete)?;
        self.plan.go_to(window);
        self.wanted = self.asked + 1;
        self.asked_to = 0;
        self.arrived.clear();
        self.at_once = 1;
        Ok(Came::Nothing)
    }

    /// Asks again for page `number`, which was promised and not found: a gateway may have answered for
    /// the service. `None` when the list has become shorter, so that nothing is promised any more.
    fn again(&self, request: &Request, number: u64) -> Result<Option<Answer>, Error> {
        let missing = match self.client.send(request) {
            Err(error) if error.kind == ErrorKind::NotFound => error,
            answer => return answer.map(Some),
        };
        if let Some(before) = self.before.as_ref().filter(|_| number > 1) {
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

    /// Takes in what a page said that was handed out, and whether anything in it was new.
    ///
    /// # Errors
    /// Pages come, and nothing new in them.
    pub(super) fn learn(&mut self, place: Box<Place>, news: bool) -> Result<(), Error> {
        if place.ordinal > 1 {
            self.at_once = at_once_after(place.ordinal, self.at_once).min(self.jobs);
        }
        let may_overlap = self.whole && place.is_full;
        let goes_on = self.plan.follow(&place.request, place.window, &place.answer, may_overlap);
        let is_further = place.window.end() > self.furthest;
        self.furthest = self.furthest.max(place.window.end());
        self.last = place.window;
        self.is_last_full = place.is_full;
        if news {
            self.steps.forget();
            self.without_news = 0;
        } else if is_further {
            self.without_news += 1;
        }
        let may_go_on = self.without_news == 0 || (self.plan.overlaps() && place.is_full);
        if !goes_on || !may_go_on {
            self.plan = Plan::Over;
            self.asked = self.wanted - 1;
            self.work = None;
        } else if self.without_news > MOST_WITHOUT_NEWS {
            return Err(incomplete());
        }
        self.before = Some(place.request);
        Ok(())
    }
}

/// How many pages may be under way when page `ordinal` has come, and `now` were before it: of a list that ends here,
/// half as many pages are asked for in vain as it has, and a long one soon has all jobs.
fn at_once_after(ordinal: u64, now: usize) -> usize {
    let half = usize::try_from(ordinal / 2).unwrap_or(usize::MAX);
    now.saturating_mul(2).min(half.saturating_add(1))
}

fn incomplete() -> Error {
    Error::new(ErrorKind::Incomplete, "The list changed too much while it was read")
        .detail("something may be missing in it; list again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_ahead_double_up_to_half_of_those_that_have_come() {
        let mut now = 1;
        let grown: Vec<usize> = (2..=10)
            .map(|ordinal| {
                now = at_once_after(ordinal, now);
                now
            })
            .collect();
        assert_eq!(grown, [2, 2, 3, 3, 4, 4, 5, 5, 6]);
        // After a step back it begins again, however far the list has been read.
        assert_eq!(at_once_after(5_000, 1), 2);
    }
}
