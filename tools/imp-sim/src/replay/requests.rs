//! Which recorded exchange answers a request: a decision without sockets.
//!
//! The same method, path, query and body; where a secret was replaced in the file, any text is the same. Of equal
//! ones the first comes first, those with the same token before others.
//!
//! Careful about reads: lists are read ahead, so it is a matter of time which of their pages are asked for before a
//! command ends. So it is which devices of a group have their stored logs read, and how often. Who reads something once
//! more gets the last good answer again.

use std::collections::{HashMap, HashSet, VecDeque};

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::recording::{Exchange, Fault};

/// How the replacement of a secret begins, and how long it is.
const SECRET: &str = "secret-";
const LENGTH: usize = SECRET.len() + 16;

/// What a command asks.
pub struct Asked {
    pub method: String,
    /// Path and query, below the endpoint.
    pub target: String,
    pub token: Option<String>,
    pub body: Option<Value>,
}

/// What answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// This exchange, which answers no other one.
    Recorded(usize),
    /// It has been read as often as was recorded: this exchange, which has answered before.
    Again(usize),
    /// A page of a list of which other pages were recorded.
    Ahead,
    /// Nothing.
    Nothing,
}

/// Requests that have not been asked for yet.
pub struct Requests {
    by_target: HashMap<Target, VecDeque<usize>>,
    open: Vec<bool>,
}

/// What nobody has asked for.
pub struct Left {
    /// So many were asked for.
    pub answered: usize,
    /// What a command that does the same asks for.
    pub missing: Vec<usize>,
    /// So many reads that are a matter of time.
    pub ahead: usize,
    /// So many commands of which nothing was asked for, while others were.
    pub not_given: usize,
}

/// A method, a path and a query, however they are escaped.
type Target = (String, Vec<String>, Vec<(String, String)>);

impl Requests {
    /// All of a recording.
    pub fn new(exchanges: &[Exchange]) -> Self {
        let mut by_target: HashMap<Target, VecDeque<usize>> = HashMap::new();
        for (at, exchange) in exchanges.iter().enumerate() {
            if !matches!(exchange.fault, Some(Fault::NotSent | Fault::Untrusted)) {
                let target = target(&exchange.method, &exchange.target);
                by_target.entry(target).or_default().push_back(at);
            }
        }
        Self { by_target, open: vec![true; exchanges.len()] }
    }

    /// What answers it.
    pub fn take(&mut self, exchanges: &[Exchange], asked: &Asked) -> Found {
        let wanted = self.recorded(target(&asked.method, &asked.target));
        let same = |at: &usize| is_same(exchanges[*at].body.as_ref(), asked.body.as_ref());
        if let Some(waiting) = self.by_target.get_mut(&wanted) {
            let has_token = |at: &usize| exchanges[*at].token == asked.token;
            let best = waiting.iter().position(|at| has_token(at) && same(at));
            let place = best.or_else(|| waiting.iter().position(same));
            if let Some(found) = place.and_then(|place| waiting.remove(place)) {
                self.open[found] = false;
                return Found::Recorded(found);
            }
        }
        if asked.method != "GET" {
            return Found::Nothing;
        }
        let is_again = |it: &Exchange| target(&it.method, &it.target) == wanted;
        if self.by_target.contains_key(&wanted)
            && let Some(at) = exchanges.iter().rposition(|it| is_good(it) && is_again(it))
        {
            return Found::Again(at);
        }
        let list = list(&wanted);
        let is_of_list = |it: &Exchange| self::list(&target(&it.method, &it.target)) == list;
        let is_ahead = list.is_some() && exchanges.iter().any(is_of_list);
        if is_ahead { Found::Ahead } else { Found::Nothing }
    }

    /// The recorded target that is meant: where the path had one secret only, any stands for it. Which log stream a
    /// device is put on is a matter of time, so that there the first one stands for all.
    fn recorded(&self, asked: Target) -> Target {
        let is_stream = asked.1.get(1).is_some_and(|word| word == "logstream");
        let first = |target: &Target| self.by_target.get(target)?.front().copied();
        if self.by_target.contains_key(&asked) && (!is_stream || first(&asked).is_some()) {
            return asked;
        }
        let fits = |recorded: &&Target| {
            let (method, path, query) = *recorded;
            let is_alike = |(one, other): (&String, &String)| one == other || is_secret(one);
            *method == asked.0
                && *query == asked.2
                && path.len() == asked.1.len()
                && path.iter().zip(&asked.1).all(is_alike)
                && (!is_stream || first(recorded).is_some())
        };
        let mut fitting: Vec<&Target> = self.by_target.keys().filter(fits).collect();
        fitting.sort_by_key(|target| first(target));
        match fitting[..] {
            [only] => only.clone(),
            [earliest, ..] if is_stream => earliest.clone(),
            _ => asked,
        }
    }

    /// One that never reaches us has been done.
    pub fn done(&mut self, at: usize) {
        self.open[at] = false;
    }

    /// Those that nobody has asked for.
    pub fn open(&self) -> impl Iterator<Item = usize> {
        self.open.iter().enumerate().filter(|(_, open)| **open).map(|(at, _)| at)
    }

    /// The same by what it means.
    pub fn left(&self, exchanges: &[Exchange]) -> Left {
        let open = self.settled(exchanges);
        let of = |at: usize| target(&exchanges[at].method, &exchanges[at].target);
        let asked = || (0..open.len()).filter(|at| !open[*at]);
        let given: HashSet<usize> = asked().map(|at| exchanges[at].run).collect();
        let lists: HashSet<Target> = asked().filter_map(|at| list(&of(at))).collect();
        let read: HashSet<Target> = asked().filter(|at| is_good(&exchanges[*at])).map(of).collect();
        let is_ahead = |at: &usize| {
            let target = of(*at);
            let is_other_page = || list(&target).is_some_and(|list| lists.contains(&list));
            let is_once = is_logs(&target.1) || !read.contains(&target);
            is_account(&exchanges[*at]) || (is_once && is_other_page())
        };
        let is_given = |at: &usize| given.is_empty() || given.contains(&exchanges[*at].run);
        let (of_given, of_others): (Vec<usize>, Vec<usize>) =
            (0..open.len()).filter(|at| open[*at]).partition(is_given);
        let (ahead, missing) = of_given.into_iter().partition::<Vec<usize>, _>(is_ahead);
        let others: HashSet<usize> = of_others.iter().map(|at| exchanges[*at].run).collect();
        Left { answered: asked().count(), missing, ahead: ahead.len(), not_given: others.len() }
    }

    /// What is open, if a command that asks the same as another one has been answered from its own lines as far as
    /// that can be: where one command of several is given, the others are as they were.
    fn settled(&self, exchanges: &[Exchange]) -> Vec<bool> {
        let mut open = self.open.clone();
        let mut asked: HashMap<usize, Vec<usize>> = HashMap::new();
        for at in (0..open.len()).filter(|at| !open[*at]) {
            asked.entry(exchanges[at].run).or_default().push(at);
        }
        let mut given: Vec<usize> = asked.keys().copied().collect();
        given.sort_by_key(|run| (asked[run].len(), *run));
        for run in given.clone() {
            let mut other = open.clone();
            let moves = |from: &usize| {
                let same = |to: &usize| {
                    let (from, to) = (&exchanges[*from], &exchanges[*to]);
                    to.run != run && given.contains(&to.run) && is_equal(from, to)
                };
                let to = (0..other.len()).filter(|at| other[*at]).find(same);
                to.is_some_and(|to| {
                    (other[*from], other[to]) = (true, false);
                    true
                })
            };
            let of_run = (0..open.len()).filter(|at| !open[*at] && exchanges[*at].run == run);
            if of_run.collect::<Vec<_>>().iter().all(moves) {
                open = other;
                given.retain(|given| *given != run);
            }
        }
        open
    }

    /// Whether all before this one have been asked for.
    pub fn all_before(&self, at: usize) -> bool {
        !self.open[..at].contains(&true)
    }
}

/// Why nothing answers a request, and what comes nearest to it.
pub fn nearest(exchanges: &[Exchange], asked: &Asked) -> String {
    let wanted = target(&asked.method, &asked.target);
    let same = |exchange: &&Exchange| target(&exchange.method, &exchange.target) == wanted;
    let with_body = |it: &&Exchange| is_same(it.body.as_ref(), asked.body.as_ref());
    if let Some(used) = exchanges.iter().rfind(|it| same(it) && with_body(it)) {
        return format!("it was asked for less often, the last time in line {}", used.line);
    }
    if let Some(other) = exchanges.iter().find(same) {
        return format!("the nearest is the same with another body, line {}", other.line);
    }
    let alike = |it: &&Exchange| {
        let pairs = it.target.bytes().zip(asked.target.bytes());
        (it.method == asked.method, pairs.take_while(|(a, b)| a == b).count())
    };
    exchanges.iter().max_by_key(alike).map_or_else(
        || "nothing was asked at all".to_owned(),
        |other| format!("the nearest is {}", other.shown()),
    )
}

fn target(method: &str, target: &str) -> Target {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let decoded = |part| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    (method.to_owned(), path.split('/').map(decoded).collect(), query)
}

/// What is listed, whichever page it is, and whose logs; none if it is no list.
fn list((method, path, query): &Target) -> Option<Target> {
    let mut path = path.clone();
    if is_logs(&path) {
        path[2].clear();
    }
    let is_page = |(name, _): &&(String, String)| name.starts_with("page[");
    let others = query.iter().filter(|parameter| !is_page(parameter)).cloned().collect();
    query.iter().any(|it| is_page(&it)).then(|| (method.clone(), path, others))
}

/// `/devices/{id}/logs`
fn is_logs(path: &[String]) -> bool {
    matches!(path, [_, devices, _, logs] if devices == "devices" && logs == "logs")
}

fn is_good(exchange: &Exchange) -> bool {
    exchange.status == Some(200) && exchange.fault.is_none()
}

/// Of commands that run side by side, one asks for the account and the others find it, or each of them asks.
fn is_account(exchange: &Exchange) -> bool {
    exchange.method == "GET" && exchange.target == "/accounts/me"
}

fn is_equal(one: &Exchange, other: &Exchange) -> bool {
    (&one.method, &one.target, &one.body) == (&other.method, &other.target, &other.body)
}

fn is_same(recorded: Option<&Value>, asked: Option<&Value>) -> bool {
    match (recorded, asked) {
        (None, None) => true,
        (Some(recorded), Some(asked)) => is_alike(recorded, asked),
        _ => false,
    }
}

fn is_alike(recorded: &Value, asked: &Value) -> bool {
    match (recorded, asked) {
        (Value::String(text), asked) if is_secret(text) => !asked.is_null(),
        (Value::String(text), Value::String(asked)) => fits(text, asked),
        (Value::Object(recorded), Value::Object(asked)) => {
            let alike = |(name, value): (&String, &Value)| {
                asked.get(name).is_some_and(|other| is_alike(value, other))
            };
            recorded.len() == asked.len() && recorded.iter().all(alike)
        }
        (Value::Array(recorded), Value::Array(asked)) => {
            recorded.len() == asked.len()
                && recorded.iter().zip(asked).all(|(one, other)| is_alike(one, other))
        }
        (recorded, asked) => recorded == asked,
    }
}

/// Whether a text is the recorded one, in which anything may stand in the place of a secret.
fn fits(recorded: &str, asked: &str) -> bool {
    let Some(at) = recorded
        .match_indices(SECRET)
        .map(|(at, _)| at)
        .find(|at| recorded.get(*at..at + LENGTH).is_some_and(is_secret))
    else {
        return recorded == asked;
    };
    let (before, after) = (&recorded[..at], &recorded[at + LENGTH..]);
    let Some(rest) = asked.strip_prefix(before) else { return false };
    rest.char_indices().any(|(at, _)| fits(after, &rest[at..])) || fits(after, "")
}

/// What stands in a recording in the place of a secret.
pub fn is_secret(text: &str) -> bool {
    let digits = text.strip_prefix(SECRET).unwrap_or_default();
    text.len() == LENGTH && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;
