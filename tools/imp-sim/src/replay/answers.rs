//! Answers as they were recorded, and those to what was not.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::body::{Body, Pieces};
use super::recording::{Fault, Line};
use super::serve::{Replay, TO_LEAVE};
use crate::console;
use crate::server::CutOff;

/// In the place of what came of an answer that was cut, of which a file may say any length.
static BLANKS: [u8; 1 << 16] = [b' '; 1 << 16];

/// The answer of an exchange, from now on.
pub fn give(replay: &Arc<Replay>, at: usize) -> Result<Response<Body>, CutOff> {
    let exchange = &replay.recording.exchanges[at];
    if exchange.fault == Some(Fault::Lost) {
        return Err(CutOff);
    }
    let line = replay.recording.line(exchange.place).map_err(|error| {
        console::message(format_args!("line {} cannot be read again: {error}", exchange.line));
        CutOff
    })?;
    let body = match (exchange.fault, exchange.is_stream) {
        (Some(Fault::Cut), _) => cut(replay, line.received.unwrap_or_default()),
        (_, true) => stream(replay, at),
        _ => whole(text_of(replay, &line)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status(exchange.status.unwrap_or_default());
    for (name, value) in &line.headers {
        let now = || moved(name, value.as_str()?, exchange.clock, replay.clock.now().0);
        let value = now().and_then(|value| HeaderValue::from_str(&value).ok());
        if let (Ok(name), Some(value)) = (HeaderName::from_bytes(name.as_bytes()), value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// A header as it is to be now: the clock of the service goes wrong by as much as it did, and a moment that was to
/// be waited for is as far away.
fn moved(name: &str, value: &str, then: u64, now: u64) -> Option<String> {
    /// No span of milliseconds is so long, and every date is later in seconds.
    const MOMENT: u64 = 1_000_000_000;
    let passed = now.saturating_sub(then);
    match name {
        "date" => {
            let date = httpdate::parse_http_date(value).ok()?;
            Some(httpdate::fmt_http_date(date + Duration::from_millis(passed)))
        }
        "x-ratelimit-reset" => Some(match value.parse::<u64>() {
            Ok(moment) if moment >= MOMENT * 1000 => (moment + passed).to_string(),
            Ok(moment) if moment >= MOMENT => (moment + passed / 1000).to_string(),
            _ => value.to_owned(),
        }),
        _ => Some(value.to_owned()),
    }
}

/// What is said to a request that was not recorded. It is no trouble of the service, so nobody asks again.
pub fn not_recorded(what: &str, near: &str) -> Response<Body> {
    let error = json!({"status": "400", "title": "Not in the recording", "detail": format!("{what}; {near}")});
    json_api(400, &json!({ "errors": [error] }))
}

/// An account that the recorded command knew without asking.
pub fn account(known: &Map<String, Value>) -> Response<Body> {
    let mut attributes = known.clone();
    let id = attributes.remove("id");
    attributes.retain(|_, value| !value.is_null());
    json_api(200, &json!({"data": {"type": "account", "id": id, "attributes": attributes}}))
}

fn json_api(code: u16, body: &Value) -> Response<Body> {
    let mut response = Response::new(whole(body.to_string()));
    *response.status_mut() = status(code);
    let kind = HeaderValue::from_static("application/vnd.api+json");
    response.headers_mut().insert("content-type", kind);
    response
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The text of an answer or an event, with links that lead to us.
fn text_of(replay: &Replay, line: &Line) -> String {
    let endpoint = replay.endpoint.get().map_or("", String::as_str);
    let json = line.answer.as_ref().map(|answer| answer.get());
    let text = json.or(line.answer_text.as_deref()).unwrap_or_default();
    text.replace("{endpoint}", endpoint)
}

fn whole(text: String) -> Body {
    let (body, pieces) = Body::new(Some(text.len() as u64));
    if !text.is_empty() {
        // There is room for one.
        let _taken = pieces.try_send(Ok(text.into()));
    }
    body
}

/// So many bytes of a longer answer. What stood there is not known, and nobody has read it.
fn cut(replay: &Arc<Replay>, received: u64) -> Body {
    let (body, pieces) = Body::new(Some(received.saturating_add(1)));
    let replay = replay.clone();
    tokio::spawn(async move {
        let mut left = received;
        while left > 0 {
            let piece = &BLANKS
                [..usize::try_from(left).map_or(BLANKS.len(), |left| left.min(BLANKS.len()))];
            if pieces.send(Ok(Bytes::from_static(piece))).await.is_err() {
                return;
            }
            left -= piece.len() as u64;
        }
        replay.clock.wait(TO_LEAVE).await;
        let _client_gone = pieces.send(Err(CutOff)).await;
    });
    body
}

/// Events when they came.
fn stream(replay: &Arc<Replay>, at: usize) -> Body {
    let (body, pieces) = Body::new(None);
    replay.counts.of_streams.add(replay.recording.exchanges[at].events.len());
    let replay = replay.clone();
    tokio::spawn(async move {
        let exchange = &replay.recording.exchanges[at];
        for &(at, place) in &exchange.events {
            let left = replay.timeline.event(exchange, at, replay.clock.elapsed());
            let Ok(line) = replay.recording.line(place) else { return };
            keep_alive(&replay, &pieces, left).await;
            if pieces.is_closed() {
                return;
            }
            replay.counts.of_streams.take_one();
            match line.end.as_deref() {
                None => {
                    let text = event(&line, &text_of(&replay, &line));
                    if pieces.send(Ok(text.into())).await.is_err() {
                        return;
                    }
                }
                Some("closed") => return,
                Some("silent") => std::future::pending().await,
                Some(_) => {
                    let _client_gone = pieces.send(Err(CutOff)).await;
                    return;
                }
            }
        }
        // Its reader went away first.
        keep_alive(&replay, &pieces, Duration::MAX).await;
    });
    body
}

/// Waits, and says now and then that somebody is there.
async fn keep_alive(replay: &Replay, pieces: &Pieces, time: Duration) {
    let mut left = time;
    while !left.is_zero() {
        let part = left.min(Duration::from_secs(10));
        tokio::select! {
            () = replay.clock.wait(part) => {}
            () = pieces.closed() => return,
        }
        left -= part;
        if !left.is_zero() {
            let _client_gone = pieces.send(Ok(Bytes::from_static(b": keep-alive\n\n"))).await;
        }
    }
}

fn event(line: &Line, data: &str) -> String {
    let mut text = format!("event: {}\n", line.event.as_deref().unwrap_or("message"));
    for part in data.split('\n') {
        text.push_str(&format!("data: {part}\n"));
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_as_far_away_as_they_were() {
        let of = |name, value| moved(name, value, 1_800_000_000_000, 1_800_000_060_000).unwrap();
        assert_eq!(of("date", "Fri, 15 Jan 2027 08:00:05 GMT"), "Fri, 15 Jan 2027 08:01:05 GMT");
        assert_eq!(of("x-ratelimit-reset", "1800000003"), "1800000063");
        assert_eq!(of("x-ratelimit-reset", "1800000003000"), "1800000063000");
        for (name, value) in
            [("x-ratelimit-reset", "3"), ("retry-after", "3"), ("content-type", "x")]
        {
            assert_eq!(of(name, value), value);
        }
    }
}
