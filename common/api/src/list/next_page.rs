//! Which request gives which page, and whether a page says that there is another.
//!
//! Of a `next` only the query is used: a token never goes to another host.

use crate::request::{Answer, Request};

/// Which request gives which page.
#[derive(Clone, Debug)]
pub(super) enum Plan {
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
    pub(super) fn request(&self, number: u64) -> Option<Request> {
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

    /// Takes in what page `number`, asked for with `own`, says of the next; false when it was the last.
    pub(super) fn follow(&mut self, number: u64, own: &Request, answer: &Answer) -> bool {
        let Some(query) = next_query(number, own, answer) else {
            return false;
        };
        match self {
            Plan::First(request) | Plan::Linked { request, .. } => {
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
            Plan::Counted { .. } => true,
            Plan::Over => false,
        }
    }
}

/// The query of the page that is promised to follow page `number`. A `next` that repeats its own
/// address, or the number of this page or an earlier one, means that there is none.
pub(super) fn next_query<'a>(number: u64, own: &Request, answer: &'a Answer) -> Option<&'a str> {
    let (_, query) = answer.body["links"]["next"].as_str()?.split_once('?')?;
    let query = query.split('#').next().unwrap_or_default();
    let goes_on = split_at_number(query).is_none_or(|(_, next_number, _)| next_number > number);
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
    use serde_json::json;

    use super::*;

    fn first() -> Plan {
        Plan::First(Request::get("/devices").query("page[number]", "1").query("page[size]", "100"))
    }

    /// Page `number` comes, with this `next`.
    fn follow(plan: &mut Plan, number: u64, next: Option<&str>) -> bool {
        let own = plan.request(number).expect("it was asked for");
        plan.follow(number, &own, &Answer { body: json!({"links": {"next": next}}), records: None })
    }

    #[test]
    fn counted_pages_can_be_asked_for_ahead() {
        let mut plan = first();
        let next =
            "https://evil.example/v5/other?page%5Bnumber%5D=2&page%5Bsize%5D=100&filter[x]=y";
        assert!(follow(&mut plan, 1, Some(next)));
        let ahead = plan.request(7).expect("counted");
        assert_eq!(ahead.target(), "/devices?page%5Bnumber%5D=7&page%5Bsize%5D=100&filter[x]=y");
        assert!(follow(&mut plan, 2, Some("?page[number]=3")));
        assert!(!follow(&mut plan, 3, None));
    }

    #[test]
    fn a_next_that_repeats_itself_ends_the_list() {
        let own = "https://h/v5/devices?page[size]=100&page[number]=1";
        assert!(!follow(&mut first(), 1, Some(own)));
        let mut plan = first();
        assert!(follow(&mut plan, 1, Some("h?page[number]=2&page[size]=100")));
        assert!(!follow(&mut plan, 2, Some("h?page[number]=2&page[size]=100")));
    }

    #[test]
    fn an_opaque_next_is_followed_step_by_step() {
        let mut plan = first();
        assert!(follow(&mut plan, 1, Some("https://h/v5/devices?cursor=abc")));
        assert!(plan.request(3).is_none());
        assert_eq!(plan.request(2).expect("linked").target(), "/devices?cursor=abc");
        assert!(!follow(&mut plan, 2, Some("https://h/v5/devices?cursor=abc")));
    }
}
