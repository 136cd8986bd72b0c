//! `imp-hook`: webhooks at the service, and the receiver that loses nothing which it has acknowledged.

mod calls;
mod forward;
mod listen;
mod metrics;
mod report;
mod service;
mod webhooks;

use std::collections::HashMap;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};
use tests::{Background, Caller, Dir, Sim, wait};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A receiver that listens.
struct Listener {
    running: Background,
    address: String,
    /// The path of its hooks, up to the name.
    path: String,
}

impl Listener {
    /// Starts `imp-hook listen` in `dir`; `rest` is what follows its options in the pipeline.
    fn start(dir: &Dir, options: &str, rest: &str) -> Listener {
        Listener::with(dir, "journal", options, rest)
    }

    fn with(dir: &Dir, journal: &str, options: &str, rest: &str) -> Listener {
        Listener::after("", dir, &format!("--journal {journal} {options} 3>ready {rest}"))
    }

    /// Types `before` in front of the command.
    fn after(before: &str, dir: &Dir, options: &str) -> Listener {
        dir.write("ready", "");
        let running = dir.spawn(&format!("{before} imp-hook listen --ready-fd 3 {options}"));
        running.wait_for("the listener", || dir.read("ready").ends_with('\n'));
        let ready: Value = serde_json::from_str(&dir.read("ready")).expect("JSON");
        let url = ready["url"].as_str().expect("a URL");
        let address = ready["address"].as_str().expect("an address").to_owned();
        let path = url.strip_prefix(&format!("http://{address}")).expect("on it").to_owned();
        Listener { running, address, path }
    }

    fn caller(&self) -> Caller {
        Caller::connect(&self.address).expect("it listens")
    }

    fn blessing(&self, caller: &mut Caller, device: &str, number: u64) -> std::io::Result<u16> {
        let body = json!({"device_id": device, "imp_id": format!("{number:016x}")}).to_string();
        caller.call(&format!("{}blessing", self.path), JSON, body.as_bytes())
    }
}

#[test]
fn events_in_both_forms_are_records_that_other_commands_take() {
    let sim = Sim::start(&["--devices", "3"]);
    let dir = Dir::signed_in(&sim);
    let devices = sim.field("id");
    let listener = Listener::start(&dir, "", "| tee events | imp-device info --input -");
    let mut caller = listener.caller();
    assert_eq!(listener.blessing(&mut caller, &devices[0], 1).unwrap(), 200);
    let form = format!("device_id={}&plan_id=a%20b+c&token=t", devices[1]);
    let path = format!("{}line7", listener.path);
    assert_eq!(caller.call(&path, FORM, form.as_bytes()).unwrap(), 200);
    listener.running.wait_for("two devices", || listener.running.stdout().lines().count() == 2);
    listener.running.terminate();
    let run = listener.running.wait();
    assert_eq!(run.field("id"), devices[..2]);
    assert_eq!(run.field("type"), ["device", "device"]);
    let events = dir.read_lines("events");
    let members =
        |event: &Value| [event["event"].clone(), event["hook"].clone(), event["device_id"].clone()];
    assert_eq!(members(&events[0]), [json!("blessing"), json!("blessing"), json!(devices[0])]);
    assert_eq!(members(&events[1]), [json!("blinkup"), json!("line7"), json!(devices[1])]);
    assert_eq!(events[1]["plan_id"], "a b c");
    assert_eq!(dir.read("events"), dir.read("journal"), "what is printed is what is kept");
}

/// Calls that are no good, and how each is answered. `good` is the path of a hook.
fn bad_calls(good: &str) -> [(String, u16); 10] {
    let long = "x".repeat(2 << 20);
    let not_post = format!("GET {good} HTTP/1.1\r\nhost: x\r\n\r\n");
    let head = format!("POST {good} HTTP/1.1\r\nx: {long}\r\n\r\n");
    let body = format!("POST {good} HTTP/1.1\r\ncontent-length: {}\r\n\r\n{long}", long.len());
    let post = |path: &str, kind: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    [
        (not_post, 405),
        (head, 431),
        (body, 413),
        ("\u{16}\u{3}\u{1} this is TLS\r\n\r\n".to_owned(), 400),
        (post(good, JSON, "{\"device_id\":"), 400),
        (post(good, JSON, "[]"), 400),
        (post(good, FORM, "a=%ff"), 400),
        (post(good, "text/xml", "<a/>"), 415),
        (post("/", JSON, "{}"), 404),
        (post("/0123456789abcdef0123456789abcdef/blessing", JSON, "{}"), 404),
    ]
}

#[test]
fn bad_calls_are_answered_and_counted_and_the_listener_lives_on() {
    let dir = Dir::new();
    let listener = Listener::start(&dir, "", "");
    for (bytes, status) in bad_calls(&format!("{}blessing", listener.path)) {
        let answered = listener.caller().send(bytes.as_bytes());
        let shown: String = bytes.chars().take(100).collect();
        assert_eq!(answered.expect(&shown), status, "{shown}");
    }
    // Somebody who says nothing, and somebody who goes away in the middle.
    let _silent = listener.caller();
    let mut leaving = std::net::TcpStream::connect(&listener.address).expect("it listens");
    leaving.write_all(b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc").expect("it reads");
    drop(leaving);
    assert_eq!(listener.blessing(&mut listener.caller(), "5000d8c46a56cfca", 1).unwrap(), 200);
    listener.running.interrupt();
    let run = listener.running.wait().code(130);
    assert_eq!(run.records().len(), 1);
    let run = run.says("1 event, 0 of them repeats; 11 calls refused");
    let run = run.says("400: 5, 404: 2, 405: 1, 413: 1, 415: 1, 431: 1");
    let secret = listener.path.trim_matches('/');
    assert!(!run.stderr().contains(secret), "the secret is not for logs{run}");
    assert_eq!(dir.read("journal.secret").trim(), secret);
}

#[test]
fn a_repeat_is_marked_and_kept_and_the_path_stays() {
    let dir = Dir::new();
    let first = Listener::start(&dir, "", "");
    let mut caller = first.caller();
    for number in [1, 2, 1] {
        assert_eq!(first.blessing(&mut caller, "5000d8c46a56cfca", number).unwrap(), 200);
    }
    let path = first.path.clone();
    drop(first);
    let second = Listener::start(&dir, "--replay", "");
    assert_eq!(second.path, path);
    assert_eq!(second.blessing(&mut second.caller(), "5000d8c46a56cfca", 2).unwrap(), 200);
    second.running.wait_for("all events", || second.running.stdout().lines().count() == 4);
    let marks: Vec<bool> =
        dir.read_lines("journal").iter().map(|event| event["repeat"] == true).collect();
    assert_eq!(marks, [false, false, true, true], "also after a restart");
    assert_eq!(second.running.stdout(), dir.read("journal"));
    // A second listener would mix its lines with ours.
    dir.sh("imp-hook listen --journal journal").code(2).says("another");
    let other = Listener::with(&dir, "other", "", "");
    assert_ne!(other.path, path);
}

#[test]
fn who_does_not_read_stdout_holds_up_nobody_and_loses_nothing() {
    let dir = Dir::new();
    let slow = "| { until [ -e go ]; do sleep 0.02; done; cat; }";
    let listener = Listener::start(&dir, "", slow);
    let mut caller = listener.caller();
    // Far more than a pipe holds.
    for number in 0..2_000 {
        assert_eq!(listener.blessing(&mut caller, "5000d8c46a56cfca", number).unwrap(), 200);
    }
    assert_eq!(listener.running.stdout(), "");
    dir.write("go", "");
    let all = || listener.running.stdout().lines().count() == 2_000;
    listener.running.wait_for("all events", all);
    assert_eq!(listener.running.stdout(), dir.read("journal"));
}

#[test]
fn the_end_of_the_reader_is_the_end_of_the_listener() {
    let dir = Dir::new();
    let listener = Listener::start(&dir, "", "| head -2");
    let mut caller = listener.caller();
    let mut number = 0;
    listener.running.wait_for("its end", || {
        number += 1;
        listener.blessing(&mut caller, "5000d8c46a56cfca", number).is_err()
    });
    let run = listener.running.wait().ok();
    assert_eq!(run.records().len(), 2);
}

/// Numbers that look random and are the same in each run.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Calls until the listener is gone or it is enough; gives what was acknowledged.
fn call_on(listener: &Listener, next: &AtomicU64, over: &AtomicBool) -> Vec<u64> {
    let mut acknowledged = Vec::new();
    let Ok(mut caller) = Caller::connect(&listener.address) else { return acknowledged };
    while !over.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed);
        match listener.blessing(&mut caller, "5000d8c46a56cfca", number) {
            Ok(status) => {
                assert_eq!(status, 200);
                acknowledged.push(number);
            }
            Err(_) => break,
        }
    }
    acknowledged
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    const ROUNDS: u64 = 200;
    const CALLERS: u64 = 8;
    let dir = Dir::new();
    let next = AtomicU64::new(0);
    let mut state = 7;
    let mut acknowledged = Vec::new();
    for _ in 0..ROUNDS {
        let listener = Listener::start(&dir, "", ">/dev/null 2>>errors");
        let over = AtomicBool::new(false);
        // Up to so many calls, sometimes none: any moment, on machines of any speed.
        let end = next.load(Ordering::Relaxed) + random(&mut state) % 400;
        let call = || call_on(&listener, &next, &over);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..CALLERS).map(|_| scope.spawn(call)).collect();
            let called = wait::until(wait::LIMIT, || next.load(Ordering::Relaxed) >= end);
            assert!(called, "the listener answers no more");
            listener.running.kill();
            over.store(true, Ordering::Relaxed);
            for thread in threads {
                acknowledged.extend(thread.join().expect("no panic"));
            }
        });
    }
    // The last start cuts off what the last kill left.
    drop(Listener::start(&dir, "", ""));
    let mut kept: HashMap<u64, u32> = HashMap::new();
    for event in dir.read_lines("journal") {
        let number = u64::from_str_radix(event["imp_id"].as_str().expect("whole"), 16);
        *kept.entry(number.expect("a number")).or_default() += 1;
    }
    let there_was_load = acknowledged.len() as u64 > ROUNDS * CALLERS;
    assert!(there_was_load, "only {} events", acknowledged.len());
    let lost: Vec<_> = acknowledged.iter().filter(|number| !kept.contains_key(number)).collect();
    assert_eq!(lost, [&0; 0], "acknowledged, but not in the journal");
    let twice: Vec<_> = kept.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "in the journal more than once: {twice:?}");
}
