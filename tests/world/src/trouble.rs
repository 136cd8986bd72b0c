//! What goes wrong, drawn at random: fault rules of the simulator, what they cannot do, and another client.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use simulated::{Reply, Request};

use crate::machine::Accident;
use crate::random::Random;
use crate::service::Service;

/// What another client has changed, and what went wrong, by kind.
#[derive(Default)]
pub struct Seen {
    /// Keys of things.
    pub changed: Vec<String>,
    /// How often, by kind.
    pub faults: BTreeMap<&'static str, u64>,
}

/// Shared with the accidents of a command.
pub type Shared = Arc<Mutex<Seen>>;

/// Rules that let requests of these kinds go wrong, more or less often.
pub fn rules(random: &mut Random) -> Vec<String> {
    let accidents = [
        "cut=before",
        "cut=after",
        "cut=middle",
        "429",
        "500",
        "500 effect=yes",
        "502 body=html",
        "503 body=empty effect=yes",
        "504 body=message",
        "part=3",
        "part=1 409",
        "delay=2s",
        "delay=40s",
    ];
    let paths = [
        "/devicegroups/*/relationships/devices",
        "/devices",
        "/devices/*",
        "/devices/*/restart",
        "/**",
        "/**",
    ];
    let methods = ["POST", "PATCH", "DELETE", "GET", "*"];
    let number = random.below(4);
    (0..number)
        .map(|_| {
            let (method, path) = (*random.one_of(&methods), *random.one_of(&paths));
            let accident = *random.one_of(&accidents);
            let chance = *random.one_of(&[5, 20, 40]);
            let times = *random.one_of(&[1, 3, 12, 60]);
            format!("{method} {path} {accident} chance={chance}% times={times}")
        })
        .collect()
}

/// What a rule cannot do: storms, answers without an end, half an answer that looks whole, no connection, tokens
/// that expire.
#[derive(Clone, Debug)]
pub enum More {
    /// Everything is answered 429 from a request on, for so long.
    Storm(u64, Duration),
    /// The answer to a request has no end.
    Endless(u64),
    /// An answer ends in the middle, and does not say so.
    Half(u64),
    /// There is no connection for some requests.
    NoConnection(u64, u64),
    /// Tokens expire.
    Expire(u64),
    /// Another client renames or moves devices, or takes one away.
    Other(u64, String),
}

/// Draws some.
pub fn more(random: &mut Random, devices: &[String], groups: &[String]) -> Vec<More> {
    let number = random.below(3);
    let mut drawn = Vec::new();
    for _ in 0..number {
        let at = random.between(1, 25);
        drawn.push(match random.below(7) {
            0 => More::Storm(at, Duration::from_secs(random.between(1, 90))),
            1 => More::Endless(at),
            2 => More::Half(at),
            3 => More::NoConnection(at, random.between(1, 6)),
            4 => More::Expire(at),
            _ if devices.is_empty() => continue,
            _ => {
                let device = random.one_of(devices);
                let what = match random.below(4) {
                    0 => format!("rename {device}"),
                    1 => format!("remove {device}"),
                    2 if !groups.is_empty() => format!("move {device} {}", random.one_of(groups)),
                    _ => format!("free {device}"),
                };
                More::Other(at, what)
            }
        });
    }
    drawn
}

/// What happens to the requests of a command.
pub fn accident(all: Vec<More>, service: Service, seen: Shared) -> Accident {
    let mut storm_until = None;
    Box::new(move |number, request: &Request<'_>| {
        for more in &all {
            match more {
                More::Storm(at, how_long) if number == *at => {
                    storm_until = Some(service.elapsed() + *how_long);
                }
                More::Expire(at) if number == *at => {
                    note(&seen, "token expired");
                    service.control("POST", "expire-tokens");
                }
                More::Other(at, what) if number == *at => {
                    note(&seen, "another client");
                    other(&service, what, &seen);
                }
                More::Endless(at) if number == *at => {
                    note(&seen, "endless body");
                    service.ask(request);
                    return Some(Reply::Lost { after: Duration::from_secs(3600) });
                }
                More::Half(at) if number == *at => {
                    note(&seen, "half a body");
                    return Some(half(service.ask(request)));
                }
                More::NoConnection(at, times) if (*at..at + times).contains(&number) => {
                    note(&seen, "no connection");
                    return Some(Reply::NotSent);
                }
                _ => {}
            }
        }
        if storm_until.is_some_and(|until| service.elapsed() < until) {
            note(&seen, "429 of a storm");
            return Some(too_many());
        }
        None
    })
}

fn too_many() -> Reply {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = vec![
        header("x-ratelimit-limit", "40"),
        header("x-ratelimit-remaining", "0"),
        header("x-ratelimit-reset", "1"),
    ];
    Reply::Answer { status: 429, headers, body: Vec::new(), after: Duration::ZERO }
}

fn half(reply: Reply) -> Reply {
    match reply {
        Reply::Answer { status, headers, mut body, after } if body.len() > 1 => {
            body.truncate(body.len() / 2);
            Reply::Answer { status, headers, body, after }
        }
        reply => reply,
    }
}

fn note(seen: &Shared, kind: &'static str) {
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    *seen.faults.entry(kind).or_default() += 1;
}

/// What another client does.
fn other(service: &Service, what: &str, seen: &Shared) {
    let words: Vec<&str> = what.split(' ').collect();
    let device = words.get(1).copied().unwrap_or_default();
    let one = json!({"data": [{"type": "device", "id": device}]});
    let now = service.group_of(device);
    match words.as_slice() {
        ["rename", ..] => {
            let attributes = json!({"name": "by another"});
            let data = json!({"data": {"type": "device", "id": device, "attributes": attributes}});
            service.by_owner("PATCH", &format!("/v5/devices/{device}"), Some(&data));
        }
        ["remove", ..] => {
            if let Some(group) = now {
                service.by_owner("DELETE", &of_group(&group), Some(&one));
            }
            service.by_owner("DELETE", &format!("/v5/devices/{device}"), None);
        }
        ["move", _, group] => {
            service.by_owner("POST", &of_group(group), Some(&one));
        }
        _ => {
            if let Some(group) = now {
                service.by_owner("DELETE", &of_group(&group), Some(&one));
            }
        }
    }
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.changed.push(format!("devices/{device}"));
}

fn of_group(group: &str) -> String {
    format!("/v5/devicegroups/{group}/relationships/devices")
}
