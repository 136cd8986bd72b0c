//! Server-sent events: the same events however the bytes are cut.
#![no_main]

use api::logs::sse::{Event, Parser};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let all = events(bytes, usize::MAX);
    for size in [1, 2, 3, 64] {
        assert_eq!(all, events(bytes, size), "{size} bytes at a time");
    }
    // An event with these lines comes out with them.
    for event in &all {
        let lines = event.data.split('\n').map(|line| format!("data: {line}\n"));
        let text = format!("event: {}\n{}\n", event.kind, lines.collect::<String>());
        if event.kind.trim_start() == event.kind {
            assert_eq!(events(text.as_bytes(), 5), [event.clone()]);
        }
    }
});

fn events(bytes: &[u8], size: usize) -> Vec<Event> {
    let mut parser = Parser::default();
    let mut events = Vec::new();
    for piece in bytes.chunks(size.min(bytes.len().max(1))) {
        parser.feed(piece, |event| events.push(event));
    }
    events
}
