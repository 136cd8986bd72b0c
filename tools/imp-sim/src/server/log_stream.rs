//! The body of a log stream: server-sent events until the stream ends or its reader goes away.
//!
//! Each event is written as `event: …` first, then its `data: ` lines, then an empty line. Between
//! events come comments, so that the reader knows that somebody is there.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Bytes, Frame};
use serde_json::json;
use tokio::time::{Interval, Sleep};

use super::CutOff;
use crate::http::answer::Reading;
use crate::http::logs::{LOG_TYPE, item};
use crate::sim::Sim;
use crate::state::streams::Event;

/// A stream that is being read.
pub struct LogStream {
    sim: Arc<Sim>,
    reading: Box<Reading>,
    keep_alive: Interval,
    cut: Option<Pin<Box<Sleep>>>,
    close: Option<Pin<Box<Sleep>>>,
    end: Option<Result<(), CutOff>>,
}

impl LogStream {
    /// Begins to read.
    pub fn new(sim: Arc<Sim>, reading: Box<Reading>) -> Self {
        let variants = &sim.settings.variants;
        let alarm = |after| Some(Box::pin(sim.clock.alarm(after?)));
        let keep_alive = sim.clock.ticks(variants.stream_keep_alive);
        let (cut, close) = (alarm(variants.stream_cut), alarm(variants.stream_close));
        Self { sim, reading, keep_alive, cut, close, end: None }
    }

    /// The next piece of the body.
    pub fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        match self.end.take() {
            Some(Ok(())) => return Poll::Ready(None),
            Some(Err(cut)) => return Poll::Ready(Some(Err(cut))),
            None => {}
        }
        if is_due(&mut self.cut, context) {
            return Poll::Ready(Some(Err(CutOff)));
        }
        match self.reading.feed.events.poll_recv(context) {
            Poll::Ready(Some(Event::Cut)) => return Poll::Ready(Some(Err(CutOff))),
            Poll::Ready(Some(event)) => return frame(self.written(&event)),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {}
        }
        if is_due(&mut self.close, context) {
            self.end = Some(Ok(()));
            return frame(self.written(&Event::State("closed", None)));
        }
        if self.keep_alive.poll_tick(context).is_ready() {
            return frame(": keep-alive\n\n".to_owned());
        }
        Poll::Pending
    }

    fn written(&self, event: &Event) -> String {
        match (event, self.reading.json) {
            (Event::State(state, None), false) => written("state_change", state),
            (Event::State(state, Some(device)), false) => {
                written("state_change", &format!("{device} {state}"))
            }
            (Event::State(state, None), true) => {
                written("state_change", &json!({ "state": state }).to_string())
            }
            (Event::State(state, Some(device)), true) => {
                let data = json!({"device_id": device, "state": state});
                written("state_change", &data.to_string())
            }
            (Event::Line(device, entry), false) => {
                let (ts, kind, msg) = (entry.ts, entry.kind, &entry.msg);
                written("message", &format!("{device} {ts} {LOG_TYPE} {kind} {msg}"))
            }
            (Event::Line(device, entry), true) => {
                // Nothing in an entry can fail to be written.
                let data = serde_json::to_string(&item(*device, entry)).unwrap_or_default();
                written("message", &data)
            }
            (Event::Cut, _) => String::new(),
        }
    }
}

impl Drop for LogStream {
    fn drop(&mut self) {
        self.sim.state().live.streams.ended(self.reading.feed.id);
    }
}

fn frame(text: String) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
    Poll::Ready(Some(Ok(Frame::data(text.into()))))
}

fn is_due(alarm: &mut Option<Pin<Box<Sleep>>>, context: &mut Context<'_>) -> bool {
    alarm.as_mut().is_some_and(|alarm| alarm.as_mut().poll(context).is_ready())
}

/// One event. All kinds of line breaks in the data begin a new line.
fn written(event: &str, data: &str) -> String {
    let mut text = format!("event: {event}\n");
    let data = data.replace("\r\n", "\n").replace('\r', "\n");
    for line in data.split('\n') {
        text.push_str("data: ");
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn a_line_break_in_the_data_begins_a_data_line() {
        assert_eq!(written("message", "a"), "event: message\ndata: a\n\n");
        let wanted = "event: message\ndata: a\ndata: b\ndata: \n\n";
        assert_eq!(written("message", "a\r\nb\n"), wanted);
    }
}
