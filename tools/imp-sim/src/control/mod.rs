//! The control address: what tests may ask of the simulator and tell it. Not part of impCentral.
//! No sign-in; the simulator only ever listens on this machine.
//!
//! Lists are NDJSON, one object a line; everything else is one JSON object.

mod truth;

use hyper::http::request::Parts;
use serde::Serialize;
use serde_json::{Value, json};

use crate::http::answer::Answer;
use crate::http::request::{JSON, Request};
use crate::sim::Sim;
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
    let query = Request::query_of(head.uri.query().unwrap_or_default());
    let owner = query.iter().find(|(key, _)| key == "owner").map(|(_, value)| value.as_str());
    match (head.method.as_str(), path) {
        ("GET", "requests") => lines(sim.traffic().log()),
        ("GET", "counts") => Answer::json(200, JSON, sim.traffic().counts()),
        ("POST", "reset") => {
            sim.traffic().reset();
            sim.state().devices.forget_events();
            done()
        }
        ("GET", "accounts") => lines(truth::accounts(&sim.state())),
        ("GET", "products") => lines(truth::products(&sim.state())),
        ("GET", "devicegroups") => lines(truth::groups(&sim.state())),
        ("GET", "deployments") => lines(truth::deployments(&sim.state())),
        ("GET", "devices") => lines(truth::devices(&sim.state(), owner)),
        ("GET", "restarts") => lines(truth::events(&sim.state(), owner)),
        ("GET", "faults") => lines(faults(sim).into_iter()),
        ("POST", "faults") => add_faults(sim, body),
        ("DELETE", "faults") => {
            sim.faults().clear();
            done()
        }
        ("POST", "expire-tokens") => {
            sim.state().expire_access();
            sim.mark_changed();
            done()
        }
        ("POST", "add-devices") => add_devices(sim, body),
        _ => Answer::json(404, JSON, &json!({"error": "no such control; see imp-sim(1)"})),
    }
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
    Answer { status: 200, body, media_type: NDJSON, devices: 0 }
}

fn faults(sim: &Sim) -> Vec<Value> {
    let faults = sim.faults();
    let report = faults.report();
    report
        .map(|(rule, seen, applied)| json!({"rule": rule, "seen": seen, "applied": applied}))
        .collect()
}

/// The body is one rule a line.
fn add_faults(sim: &Sim, body: &[u8]) -> Answer {
    let Ok(text) = std::str::from_utf8(body) else {
        return wrong("the body is not UTF-8");
    };
    let rules = text.lines().map(str::trim).filter(|line| !line.is_empty());
    for rule in rules {
        if let Err(error) = sim.faults().add(rule) {
            return wrong(&error);
        }
    }
    done()
}

/// The body is `{"count":N}` or just N.
fn add_devices(sim: &Sim, body: &[u8]) -> Answer {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let count = body.get("count").unwrap_or(&body).as_u64();
    let Some(count) = count.and_then(|count| usize::try_from(count).ok()) else {
        return wrong("the body must be {\"count\":N}");
    };
    let added = sim.state().enrol_devices(count);
    sim.mark_changed();
    lines(added.into_iter())
}
