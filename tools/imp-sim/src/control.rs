//! The control address: what tests may ask of the simulator and tell it. Not part of impCentral.
//! No sign-in; the simulator only ever listens on this machine.
//!
//! Lists are NDJSON, one object a line; everything else is one JSON object.

mod hardware;
mod records;

use hyper::http::request::Parts;
use serde::Serialize;
use serde_json::{Value, json};

use crate::http::answer::Answer;
use crate::http::request::JSON;
use crate::sim::Sim;
use crate::{deliver, traffic};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

const NDJSON: &str = "application/x-ndjson";

/// Answers a request below `/control/`.
pub fn answer(sim: &Sim, head: &Parts, body: &[u8]) -> Response<Vec<u8>> {
    let Answer { status, body, media_type, .. } = dispatch(sim, head, body);
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

fn dispatch(sim: &Sim, head: &Parts, body: &[u8]) -> Answer {
    let path = head.uri.path().trim_start_matches("/control/");
    let query = head.uri.query().unwrap_or_default();
    let owner = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "owner");
    let owner = owner.as_ref().map(|(_, value)| &**value);
    match (head.method.as_str(), path) {
        ("GET", "requests") => lines(sim.traffic().log()),
        ("GET", "counts") => counts(sim),
        ("GET", "deliveries") => lines(sim.deliveries().log()),
        ("POST", "reset") => {
            sim.traffic().reset();
            sim.deliveries().reset();
            sim.state().devices.forget_events();
            done()
        }
        ("GET", "accounts") => lines(records::accounts(&sim.state())),
        ("GET", "products") => lines(records::products(&sim.state())),
        ("GET", "devicegroups") => lines(records::groups(&sim.state())),
        ("GET", "deployments") => lines(records::deployments(&sim.state())),
        ("GET", "devices") => lines(records::devices(&sim.state(), owner)),
        ("GET", "restarts") => lines(records::events(&sim.state(), owner)),
        ("GET", "logs") => lines(records::logs(&sim.state(), owner)),
        ("GET", "faults") => lines(faults(sim).into_iter()),
        ("POST", "faults") => add_each(body, |rule| sim.faults().add(rule)),
        ("DELETE", "faults") => {
            sim.faults().clear();
            done()
        }
        (method, "effects") => effects(sim, method, body),
        ("POST", "expire-tokens") => {
            sim.state().expire_access();
            sim.mark_changed();
            done()
        }
        ("GET", "webhooks") => lines(records::hooks(&sim.state())),
        ("GET", "libraries") => lines(records::libraries(&sim.state())),
        ("POST", "cut-streams") => end_streams(sim, false),
        ("POST", "close-streams") => end_streams(sim, true),
        ("POST", what) => hardware::answer(sim, what, body).unwrap_or_else(nothing),
        _ => nothing(),
    }
}

fn nothing() -> Answer {
    Answer::json(404, JSON, &json!({"error": "no such control; see imp-sim(1)"}))
}

fn end_streams(sim: &Sim, closed: bool) -> Answer {
    sim.state().live.streams.end_all(closed);
    done()
}

fn counts(sim: &Sim) -> Answer {
    let (requests, calls) = (sim.traffic(), sim.deliveries().counts());
    Answer::json(200, JSON, &Counts { requests: requests.counts(), calls })
}

#[derive(Serialize)]
struct Counts<'a> {
    #[serde(flatten)]
    requests: &'a traffic::Counts,
    #[serde(flatten)]
    calls: deliver::Counts,
}

fn done() -> Answer {
    Answer::json(200, JSON, &json!({"done": true}))
}

fn wrong(error: &str) -> Answer {
    Answer::json(400, JSON, &json!({"error": error}))
}

fn lines(items: impl Iterator<Item: Serialize>) -> Answer {
    let mut body = Vec::new();
    for item in items {
        // Writing into memory cannot fail.
        let _ = serde_json::to_writer(&mut body, &item);
        body.push(b'\n');
    }
    Answer { status: 200, body, media_type: NDJSON, ..Answer::default() }
}

fn faults(sim: &Sim) -> Vec<Value> {
    let faults = sim.faults();
    let report = faults.report();
    report
        .map(|(rule, seen, applied)| json!({"rule": rule, "seen": seen, "applied": applied}))
        .collect()
}

fn effects(sim: &Sim, method: &str, body: &[u8]) -> Answer {
    let now = sim.clock.now();
    match method {
        "GET" => {
            let state = sim.state();
            let report = state.live.effects.report();
            lines(report.map(|(rule, applied)| json!({"rule": rule, "applied": applied})))
        }
        "POST" => add_each(body, |rule| sim.state().add_effect(rule, now)),
        "DELETE" => {
            sim.state().live.effects.clear();
            done()
        }
        _ => nothing(),
    }
}

/// The body is one rule a line.
fn add_each(body: &[u8], add: impl Fn(&str) -> Result<(), String>) -> Answer {
    let Ok(text) = std::str::from_utf8(body) else {
        return wrong("the body is not UTF-8");
    };
    let rules = text.lines().map(str::trim).filter(|line| !line.is_empty());
    for rule in rules {
        if let Err(error) = add(rule) {
            return wrong(&error);
        }
    }
    done()
}
