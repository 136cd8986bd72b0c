mod unread;

use std::time::Duration;

use super::*;
use api::send::clock;
use model::ErrorKind;
use serde_json::json;

struct Bench {
    schedule: Schedule,
    now: Instant,
}

fn id(index: usize) -> String {
    format!("{index:016x}")
}

fn at(second: u32) -> String {
    format!("2026-11-23T20:00:{second:02}.000Z")
}

fn entry(device: usize, second: u32) -> Record {
    let value = json!({"device_id": id(device), "ts": at(second),
        "log_type": "development", "type": "server.log", "msg": format!("line {second}")});
    serde_json::from_value(value).unwrap()
}

/// The stored log of a device: these seconds, newest first.
fn log(device: usize, seconds: &[u32]) -> Vec<Record> {
    seconds.iter().rev().map(|second| entry(device, *second)).collect()
}

fn refused() -> Failure {
    Failure::new(ErrorKind::Refused, "No logs of production devices")
}

impl Bench {
    fn new(devices: usize) -> Self {
        let now = clock::monotonic();
        let devices = (0..devices).map(|index| (id(index), None)).collect();
        Bench { schedule: Schedule::new(devices, 1, now), now }
    }

    fn pass(&mut self, seconds: f32) {
        self.now += Duration::from_secs_f32(seconds);
    }

    fn due(&mut self) -> Vec<Action> {
        self.schedule.due(self.now)
    }

    fn event(&mut self, what: Event) -> Vec<Action> {
        self.schedule.handle(what, self.now)
    }

    fn fetched(&mut self, device: usize, why: Why, entries: Vec<Record>) -> Vec<Action> {
        self.event(Event::Fetched {
            device,
            why,
            took: Duration::ZERO,
            result: Ok((entries, false)),
        })
    }

    fn line(&mut self, turn: u32, line: Line) -> Vec<Action> {
        self.event(Event::Line { stream: 0, turn, line })
    }

    fn added(&mut self, turn: u32, device: usize) -> Vec<Action> {
        self.event(Event::Added { stream: 0, turn, device, result: Ok(()) })
    }

    /// Brings all devices to where they belong; each has logged one line before, at second 1.
    fn settle(&mut self, devices: usize) {
        let _asked = self.due();
        for device in 0..devices {
            assert_eq!(self.fetched(device, Why::Begin, log(device, &[1])), []);
        }
        let _connected = self.event(Event::Connected { stream: 0, turn: 1 });
        for action in self.line(1, Line::Opened) {
            let Action::Add { device, .. } = action else { panic!("{action:?}") };
            assert_eq!(self.added(1, device), []);
        }
        for action in self.due() {
            if let Action::Fetch { device, why, .. } = action {
                assert_eq!(self.fetched(device, why, log(device, &[1])), []);
            }
        }
    }
}

fn printed(actions: &[Action]) -> Vec<String> {
    let text = |action: &Action| match action {
        Action::Print(record) if record["type"] == "gap" => Some("gap".to_owned()),
        Action::Print(record) => Some(record["msg"].as_str().unwrap().to_owned()),
        _ => None,
    };
    actions.iter().filter_map(text).collect()
}

fn fetches(actions: &[Action]) -> Vec<(usize, Why)> {
    let fetch = |action: &Action| match action {
        Action::Fetch { device, why, .. } => Some((*device, *why)),
        _ => None,
    };
    actions.iter().filter_map(fetch).collect()
}

fn adds(actions: &[Action]) -> Vec<usize> {
    let add = |action: &Action| match action {
        Action::Add { device, .. } => Some(*device),
        _ => None,
    };
    actions.iter().filter_map(add).collect()
}

#[test]
fn devices_are_added_after_opened_whether_their_beginning_is_known_or_not() {
    let mut bench = Bench::new(2);
    let first = bench.due();
    assert_eq!(first[0], Action::Open { stream: 0, turn: 1 });
    assert_eq!(fetches(&first), [(0, Why::Begin), (1, Why::Begin)]);
    assert_eq!(bench.event(Event::Connected { stream: 0, turn: 1 }), []);
    assert_eq!(bench.fetched(0, Why::Begin, log(0, &[1])), [], "connected is not yet opened");
    assert_eq!(
        adds(&bench.line(1, Line::Opened)),
        [0, 1],
        "of the other the beginning is not known"
    );
    assert_eq!(bench.fetched(1, Why::Begin, log(1, &[1])), []);
    assert_eq!(bench.added(1, 0), []);
    assert_eq!(fetches(&bench.due()), [(0, Why::Poll)], "what came before it was on the stream");
    assert_eq!(printed(&bench.fetched(0, Why::Poll, log(0, &[1, 2]))), ["line 2"]);
}

#[test]
fn a_stream_that_never_says_opened_is_used_all_the_same() {
    let mut bench = Bench::new(1);
    let _asked = bench.due();
    let _begun = bench.fetched(0, Why::Begin, Vec::new());
    let _connected = bench.event(Event::Connected { stream: 0, turn: 1 });
    assert_eq!(adds(&bench.due()), [0; 0]);
    bench.pass(10.0);
    assert_eq!(adds(&bench.due()), [0]);
}

#[test]
fn what_is_beyond_the_stream_is_polled_and_said() {
    let mut bench = Bench::new(40);
    bench.settle(40);
    let said = bench.schedule.told;
    assert_eq!(said, Some((8, 32)));
    bench.pass(4.0);
    let polls = fetches(&bench.due());
    assert_eq!(polls.len(), 32);
    assert!(polls.iter().all(|(device, why)| *device >= 8 && *why == Why::Poll));
    assert_eq!(fetches(&bench.due()), [], "nobody is asked twice at once");
    assert_eq!(printed(&bench.fetched(20, Why::Poll, log(20, &[1, 2, 3]))), ["line 2", "line 3"]);
    assert_eq!(printed(&bench.line(1, Line::Entry(entry(3, 9)))), ["line 9"]);
    assert_eq!(bench.line(1, Line::Entry(entry(3, 9))).len(), 1, "a second one of that kind");
}

#[test]
fn a_cut_is_filled_from_the_stored_log_and_nothing_comes_twice() {
    let mut bench = Bench::new(1);
    bench.settle(1);
    assert_eq!(printed(&bench.line(1, Line::Entry(entry(0, 2)))), ["line 2"]);
    let why = "cut".to_owned();
    let ended = Event::Ended { stream: 0, turn: 1, why, failure: None };
    assert!(matches!(bench.event(ended.clone())[..], [Action::Say(_)]));
    assert_eq!(bench.event(ended), [], "once is enough");
    assert_eq!(fetches(&bench.due()), [(0, Why::Poll)], "polled while there is no stream");
    assert_eq!(printed(&bench.fetched(0, Why::Poll, log(0, &[1, 2, 3]))), ["line 3"]);
    bench.pass(0.6);
    assert_eq!(bench.due(), [Action::Open { stream: 0, turn: 2 }]);
    assert_eq!(bench.line(1, Line::Entry(entry(0, 3))), [], "of the stream before");
    let _connected = bench.event(Event::Connected { stream: 0, turn: 2 });
    assert_eq!(adds(&bench.line(2, Line::Opened)), [0]);
    assert_eq!(printed(&bench.line(2, Line::Entry(entry(0, 5)))), ["line 5"]);
    let _added = bench.added(2, 0);
    assert_eq!(fetches(&bench.due()), [(0, Why::Poll)]);
    assert_eq!(printed(&bench.fetched(0, Why::Poll, log(0, &[1, 2, 3, 4, 5]))), ["line 4"]);
}

#[test]
fn a_poll_from_before_the_stream_does_not_count_as_the_filling() {
    let mut bench = Bench::new(1);
    bench.settle(1);
    let _ended = bench.line(1, Line::Closed);
    assert_eq!(fetches(&bench.due()), [(0, Why::Poll)]);
    bench.pass(0.6);
    let _open = bench.due();
    let _adding = bench.line(2, Line::Opened);
    let _added = bench.added(2, 0);
    assert_eq!(fetches(&bench.due()), [], "the poll is still under way");
    assert_eq!(printed(&bench.fetched(0, Why::Poll, log(0, &[1]))), [""; 0]);
    assert_eq!(
        fetches(&bench.due()),
        [(0, Why::Poll)],
        "asked again, now that it is on the stream"
    );
}

#[test]
fn a_stored_log_that_does_not_reach_back_makes_a_gap() {
    let mut bench = Bench::new(9);
    bench.settle(9);
    let actions = bench.fetched(8, Why::Poll, log(8, &[40, 41]));
    assert_eq!(printed(&actions), ["gap", "line 40", "line 41"]);
    let Action::Print(gap) = &actions[0] else { panic!("{actions:?}") };
    let expected = json!({"type":"gap","device_id":id(8),"from":"2026-11-23T20:00:01.000Z","to":"2026-11-23T20:00:40.000Z"});
    assert_eq!(serde_json::Value::from(gap), expected);
}

#[test]
fn of_a_log_that_was_empty_everything_is_new() {
    let mut bench = Bench::new(1);
    let _asked = bench.due();
    assert_eq!(bench.fetched(0, Why::Begin, Vec::new()), []);
    bench.pass(4.0);
    let due = bench.due();
    let fetch = Action::Fetch { device: 0, why: Why::Poll, until: None };
    assert!(due.contains(&fetch), "back to the beginning: {due:?}");
    let seconds: Vec<u32> = (0..50).collect();
    let entries: Vec<Record> = log(0, &seconds).into_iter().cycle().take(250).collect();
    let all = Event::Fetched {
        device: 0,
        why: Why::Poll,
        took: Duration::ZERO,
        result: Ok((entries.clone(), false)),
    };
    assert_eq!(printed(&bench.event(all)).len(), 250);
    let mut bench = Bench::new(1);
    let _asked = bench.due();
    let _begun = bench.fetched(0, Why::Begin, Vec::new());
    let some = Event::Fetched {
        device: 0,
        why: Why::Poll,
        took: Duration::ZERO,
        result: Ok((entries, true)),
    };
    assert_eq!(printed(&bench.event(some))[0], "gap", "there are older ones");
}

#[test]
fn waits_grow_while_streams_are_short_lived() {
    let mut bench = Bench::new(1);
    bench.settle(1);
    let mut waits = Vec::new();
    for turn in 1..10 {
        let _ended = bench.line(turn, Line::Closed);
        let begin = bench.now;
        while !bench.due().iter().any(|action| matches!(action, Action::Open { .. })) {
            bench.pass(0.25);
        }
        waits.push(bench.now.duration_since(begin).as_secs_f32());
        let _opened = bench.line(turn + 1, Line::Opened);
        bench.pass(1.0);
    }
    assert_eq!(waits, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]);
    bench.pass(20.0);
    let _ended = bench.line(10, Line::Closed);
    bench.pass(0.5);
    assert!(bench.due().contains(&Action::Open { stream: 0, turn: 11 }), "it had lived long");
}

#[test]
fn a_device_that_the_service_drops_is_polled() {
    for named in [Some(id(0)), None] {
        let mut bench = Bench::new(8);
        bench.settle(8);
        let said = bench.line(1, Line::Unsubscribed(named));
        assert!(matches!(said[..], [Action::Say(_)]), "{said:?}");
        assert_eq!(fetches(&bench.due()), [(0, Why::Poll)], "the least recently added");
        assert_eq!(bench.schedule.streams[0].capacity, 7);
    }
}

#[test]
fn a_device_that_a_stream_lost_without_a_word_is_found_out() {
    let mut bench = Bench::new(2);
    bench.settle(2);
    bench.pass(60.0);
    assert_eq!(fetches(&bench.due()), [(0, Why::Verify), (1, Why::Verify)]);
    assert_eq!(printed(&bench.fetched(0, Why::Verify, log(0, &[1, 30]))), ["line 30"]);
    assert_eq!(printed(&bench.fetched(1, Why::Verify, log(1, &[1, 30]))), ["line 30"]);
    assert_eq!(bench.line(1, Line::Entry(entry(1, 30))), [], "that one was only late");
    bench.pass(5.0);
    let _both = bench.due();
    let lost = bench.fetched(0, Why::Verify, log(0, &[1, 30]));
    assert!(matches!(lost[..], [Action::Say(_)]), "{lost:?}");
    assert_eq!(bench.fetched(1, Why::Verify, log(1, &[1, 30])), []);
    assert_eq!(fetches(&bench.due()), [(0, Why::Poll)]);
}

#[test]
fn a_device_whose_log_is_refused_fails_and_leaves_its_place() {
    let mut bench = Bench::new(9);
    let _asked = bench.due();
    for device in 1..9 {
        let _begun = bench.fetched(device, Why::Begin, Vec::new());
    }
    let _opened = bench.line(1, Line::Opened);
    let refused =
        Event::Fetched { device: 0, why: Why::Begin, took: Duration::ZERO, result: Err(refused()) };
    let actions = bench.event(refused);
    assert!(matches!(actions[0], Action::Fail { device: 0, .. }));
    assert_eq!(adds(&actions), [8], "the one that was polled takes it");
    assert!(!bench.schedule.is_over());
}

#[test]
fn a_device_that_cannot_be_added_is_polled() {
    let mut bench = Bench::new(1);
    let _asked = bench.due();
    let _begun = bench.fetched(0, Why::Begin, Vec::new());
    let _adding = bench.line(1, Line::Opened);
    let not = Event::Added { stream: 0, turn: 1, device: 0, result: Err(refused()) };
    assert!(matches!(bench.event(not)[..], [Action::Say(_)]));
    let due = bench.due();
    assert_eq!(fetches(&due), [(0, Why::Poll)]);
    assert!(
        due.iter().any(|action| matches!(action, Action::Say(text) if text.contains("polled")))
    );
}

#[test]
fn without_any_stream_everything_is_polled() {
    let mut bench = Bench::new(2);
    let _asked = bench.due();
    for device in 0..2 {
        let _begun = bench.fetched(device, Why::Begin, Vec::new());
    }
    let why = String::new();
    let ended = Event::Ended { stream: 0, turn: 1, why, failure: Some(refused()) };
    assert!(matches!(bench.event(ended)[..], [Action::Say(_)]));
    bench.pass(3.0);
    assert_eq!(fetches(&bench.due()), [(0, Why::Poll), (1, Why::Poll)]);
}
