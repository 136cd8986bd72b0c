//! Paging: which part of a list a request wants, and the links around it.
//!
//! Lists are paged by number over what is there now. Links keep the request's own parameters as
//! they were spelt, and change the page number only.

use serde::Serialize;

use super::Call;
use super::answer::Answer;
use super::request::{JSON_API, Request};
use crate::state::refusal::Refusal;
use crate::variants::Variants;

const DEFAULT_SIZE: usize = 20;
const LARGEST_SIZE: usize = 100;

/// The part of a list that was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    number: usize,
    size: usize,
    /// From the beginning of one page to that of the next.
    stride: usize,
}

#[derive(Serialize)]
struct List<T> {
    data: Vec<T>,
    links: Links,
}

#[derive(Serialize)]
struct Links {
    #[serde(rename = "self")]
    own: String,
    first: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Page {
    /// Reads `page[number]` and `page[size]`.
    pub fn of(request: &Request, variants: &Variants) -> Result<Self, Refusal> {
        let number = parameter(request, "page[number]", 1, usize::MAX / LARGEST_SIZE)?;
        let size = parameter(request, "page[size]", DEFAULT_SIZE, LARGEST_SIZE)?;
        let stride = if variants.list_repeats { (size - 1).max(1) } else { size };
        Ok(Self { number, size, stride })
    }

    /// Where the page begins.
    pub fn start(&self) -> usize {
        (self.number - 1) * self.stride
    }

    /// The greatest number of its entities.
    pub fn size(&self) -> usize {
        self.size
    }
}

fn parameter(request: &Request, name: &str, default: usize, most: usize) -> Result<usize, Refusal> {
    let Some(text) = request.parameter(name)? else {
        return Ok(default);
    };
    match text.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(Refusal::query(format!("`{name}` cannot be `{text}`."))),
    }
}

/// The answer to a list request: `data` is the page, `total` the length of the whole list.
pub fn answer<T: Serialize>(
    call: &Call<'_>,
    page: Page,
    data: Vec<T>,
    total: usize,
) -> Result<Answer, Refusal> {
    let variants = &call.sim.settings.variants;
    if page.number > 1 && page.start() >= total && variants.page_past_end_missing {
        let detail = format!("{} of the list", page.number);
        return Err(Refusal::not_found("Page", &detail));
    }
    let own = call.link(&call.request.target);
    let next = if page.start() + page.size < total {
        Some(call.link(&with_page(&call.request.target, page.number + 1)))
    } else {
        variants.last_page_next_self.then(|| own.clone())
    };
    let first = call.link(&with_page(&call.request.target, 1));
    let links = Links { own, first, next };
    Ok(Answer::json(200, JSON_API, &List { data, links }))
}

/// The page of a list whose entities are at hand.
pub fn of_all<'s, T: 's, R: Serialize>(
    call: &Call<'_>,
    all: impl Iterator<Item = &'s T>,
    resource: impl Fn(&'s T) -> R,
) -> Result<Answer, Refusal> {
    let page = Page::of(call.request, &call.sim.settings.variants)?;
    let all: Vec<&T> = all.collect();
    let data = all.iter().skip(page.start()).take(page.size).map(|&item| resource(item)).collect();
    answer(call, page, data, all.len())
}

/// The address with another page number.
fn with_page(target: &str, number: usize) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut found = false;
    let mut pairs: Vec<String> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let key = pair.split('=').next().unwrap_or_default();
        if form_urlencoded::parse(key.as_bytes()).any(|(key, _)| key == "page[number]") {
            pairs.push(format!("{key}={number}"));
            found = true;
        } else {
            pairs.push(pair.to_owned());
        }
    }
    if !found {
        pairs.push(format!("page%5Bnumber%5D={number}"));
    }
    format!("{path}?{}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::with_page;

    #[test]
    fn links_keep_filters_and_spelling() {
        assert_eq!(with_page("/v5/devices", 2), "/v5/devices?page%5Bnumber%5D=2");
        assert_eq!(
            with_page("/v5/devices?filter[owner.id]=x&page[number]=7&page[size]=3", 8),
            "/v5/devices?filter[owner.id]=x&page[number]=8&page[size]=3"
        );
        assert_eq!(
            with_page("/v5/products?page%5Bsize%5D=3&page%5Bnumber%5D=1", 2),
            "/v5/products?page%5Bsize%5D=3&page%5Bnumber%5D=2"
        );
    }
}
