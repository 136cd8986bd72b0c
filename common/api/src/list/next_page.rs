//! Which request gives which page, and whether a page says that there is another.
//!
//! Of a `next` only the query is used: a token never goes to another host.

use super::window::Window;
use crate::request::{Answer, Request};

/// Which request gives which page.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    /// Only the first is known.
    First(Request),
    /// `next` counts pages and says how large they are, so that they can overlap.
    Overlapping { request: Request, query: String, next: Window },
    /// `next` counts pages, so any page can be asked for.
    Counted { request: Request, before: String, after: String },
    /// `next` is opaque: one page at a time.
    Linked { request: Request, number: u64 },
    /// There are no more.
    Over,
}

impl Plan {
    /// The request for the page that is asked for as that of `ordinal`, and what the page shows.
    pub(super) fn next(&mut self, ordinal: u64) -> Option<(Window, Request)> {
        let page = Window { number: ordinal, ..Window::FIRST };
        match self {
            Plan::First(request) => (ordinal == 1).then(|| (page, request.clone())),
            Plan::Overlapping { request, query, next } => {
                let window = *next;
                *next = window.next();
                let query = with_value(query, &NUMBER, window.number)?;
                let query = with_value(&query, &SIZE, window.size)?;
                Some((window, Request { raw_query: Some(query), ..request.clone() }))
            }
            Plan::Counted { request, before, after } => {
                let query = format!("{before}{ordinal}{after}");
                Some((page, Request { raw_query: Some(query), ..request.clone() }))
            }
            Plan::Linked { request, number: linked } => {
                (ordinal == *linked).then(|| (page, request.clone()))
            }
            Plan::Over => None,
        }
    }

    /// Whether pages begin on the one before them.
    pub(super) fn overlaps(&self) -> bool {
        matches!(self, Plan::Overlapping { .. })
    }

    /// Goes on from there, where pages overlap.
    pub(super) fn go_to(&mut self, window: Window) {
        if let Plan::Overlapping { next, .. } = self {
            *next = window;
        }
    }

    /// Takes in what a page, asked for with `own`, says of the next; false when it was the last.
    pub(super) fn follow(
        &mut self,
        own: &Request,
        page: Window,
        answer: &Answer,
        is_full: bool,
    ) -> bool {
        let number = page.number;
        let Some(query) = next_query(number, own, answer) else {
            return false;
        };
        match self {
            Plan::First(request) | Plan::Linked { request, .. } => {
                let request = request.clone();
                *self = match split_at_value(query, &NUMBER) {
                    // A service that gives smaller pages than it is asked for counts in a way of its own.
                    Some((_, "2", _)) if is_full && has_size(query, page.size) => {
                        Plan::Overlapping { request, query: query.into(), next: page.next() }
                    }
                    Some((before, next, after)) if next.parse() == Ok(number + 1) => {
                        Plan::Counted { request, before: before.into(), after: after.into() }
                    }
                    _ => Plan::Linked {
                        request: Request { raw_query: Some(query.into()), ..request },
                        number: number + 1,
                    },
                };
                true
            }
            Plan::Overlapping { .. } | Plan::Counted { .. } => true,
            Plan::Over => false,
        }
    }
}

/// The query of the page that is promised to follow page `number`. A `next` that repeats its own
/// address, or the number of this page or an earlier one, means that there is none.
pub(super) fn next_query<'a>(number: u64, own: &Request, answer: &'a Answer) -> Option<&'a str> {
    let (_, query) = answer.body["links"]["next"].as_str()?.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    let goes_on = number_in(query).is_none_or(|next_number| next_number > number);
    (goes_on && !same_query(query, own)).then_some(query)
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

const NUMBER: [&str; 2] = ["page[number]=", "page%5bnumber%5d="];
const SIZE: [&str; 2] = ["page[size]=", "page%5bsize%5d="];

fn number_in(query: &str) -> Option<u64> {
    split_at_value(query, &NUMBER)?.1.parse().ok()
}

fn has_size(query: &str, size: u64) -> bool {
    split_at_value(query, &SIZE).is_some_and(|(_, value, _)| value.parse() == Ok(size))
}

fn with_value(query: &str, names: &[&str], value: u64) -> Option<String> {
    let (before, _, after) = split_at_value(query, names)?;
    Some(format!("{before}{value}{after}"))
}

/// Splits a query around the value of the parameter with one of these names.
fn split_at_value<'q>(query: &'q str, names: &[&str]) -> Option<(&'q str, &'q str, &'q str)> {
    let lower = query.to_ascii_lowercase();
    let start = names.iter().find_map(|name| Some(lower.find(name)? + name.len()))?;
    let end = query[start..].find('&').map_or(query.len(), |length| start + length);
    Some((&query[..start], &query[start..end], &query[end..]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn first() -> Plan {
        Plan::First(Request::get("/devices").query("page[number]", "1").query("page[size]", "100"))
    }

    /// Page `number` comes, with this `next`.
    fn follow(plan: &mut Plan, number: u64, next: Option<&str>) -> bool {
        let (page, own) = plan.next(number).expect("it was asked for");
        let answer = Answer { body: json!({"links": {"next": next}}), records: None };
        plan.follow(&own, page, &answer, true)
    }

    #[test]
    fn counted_pages_can_be_asked_for_ahead() {
        let mut plan = first();
        let next = "https://evil.example/v5/other?page%5Bnumber%5D=2&filter[x]=y";
        assert!(follow(&mut plan, 1, Some(next)) && !plan.overlaps());
        let (_, ahead) = plan.next(7).expect("counted");
        assert_eq!(ahead.target(), "/devices?page%5Bnumber%5D=7&filter[x]=y");
        assert!(follow(&mut plan, 2, Some("?page[number]=3")));
        assert!(!follow(&mut plan, 3, None));
    }

    #[test]
    fn pages_of_a_known_size_overlap() {
        let mut plan = first();
        let next =
            "https://evil.example/v5/other?page%5Bnumber%5D=2&page%5Bsize%5D=100&filter[x]=y";
        assert!(follow(&mut plan, 1, Some(next)) && plan.overlaps());
        let targets: Vec<String> =
            (2..4).filter_map(|at| plan.next(at)).map(|(_, request)| request.target()).collect();
        assert_eq!(
            targets,
            [
                "/devices?page%5Bnumber%5D=2&page%5Bsize%5D=99&filter[x]=y",
                "/devices?page%5Bnumber%5D=3&page%5Bsize%5D=98&filter[x]=y",
            ]
        );
        plan.go_to(Window::FIRST);
        let (_, again) = plan.next(9).expect("counted");
        assert_eq!(again.target(), "/devices?page%5Bnumber%5D=1&page%5Bsize%5D=100&filter[x]=y");
    }

    #[test]
    fn a_service_with_smaller_pages_counts_for_itself() {
        let mut plan = first();
        let (page, own) = plan.next(1).expect("the first");
        let next = json!({"links": {"next": "?page[number]=2&page[size]=100"}});
        assert!(plan.follow(&own, page, &Answer { body: next, records: None }, false));
        assert!(!plan.overlaps());
    }

    #[test]
    fn a_next_that_repeats_itself_ends_the_list() {
        let own = "https://h/v5/devices?page[size]=100&page[number]=1";
        assert!(!follow(&mut first(), 1, Some(own)));
        let mut plan = first();
        assert!(follow(&mut plan, 1, Some("h?page[number]=2&page[size]=100")));
        assert!(!follow(&mut plan, 2, Some("h?page[number]=2&page[size]=99")));
    }

    #[test]
    fn an_opaque_next_is_followed_step_by_step() {
        let mut plan = first();
        assert!(follow(&mut plan, 1, Some("https://h/v5/devices?cursor=abc")));
        assert!(plan.next(3).is_none());
        assert_eq!(plan.next(2).expect("linked").1.target(), "/devices?cursor=abc");
        assert!(!follow(&mut plan, 2, Some("https://h/v5/devices?cursor=abc")));
    }
}
