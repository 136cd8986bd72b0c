//! `--forward-to`: what is in the journal gets to somebody else, in order, whoever is slow, down or killed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::Value;
use tests::{Dir, Port, Server, wait};

use super::{Listener, random};

const DEVICE: &str = "5000d8c46a56cfca";
const OK: &str = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
const BUSY: &str = "HTTP/1.1 503 Busy\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Makes calls with these numbers.
fn call(listener: &Listener, numbers: std::ops::Range<u64>) {
    let mut caller = listener.caller();
    for number in numbers {
        assert_eq!(listener.blessing(&mut caller, DEVICE, number).expect("an answer"), 200);
    }
}

/// The numbers of the events in a journal, which may be written at this moment: the last line may not be whole yet.
fn numbers(dir: &Dir, journal: &str) -> Vec<u64> {
    let text = dir.read(journal);
    let (whole, _) = text.rsplit_once('\n').unwrap_or_default();
    let number = |line: &str| {
        let event: Value = serde_json::from_str(line).expect("JSON");
        u64::from_str_radix(event["imp_id"].as_str().expect("whole"), 16).expect("a number")
    };
    whole.lines().map(number).collect()
}

/// Each event comes after the one before it, or is the last one again.
fn check_order(sent: &[u64], taken: &[u64], again: usize) {
    let place: HashMap<u64, usize> =
        sent.iter().enumerate().map(|(place, number)| (*number, place)).collect();
    let mut next = 0;
    for number in taken {
        let place = place[number];
        assert!(place <= next, "{number} comes before its time");
        next = next.max(place + 1);
    }
    assert_eq!(next, sent.len(), "not all have come");
    let twice = taken.len() - sent.len();
    assert!(twice <= again, "{twice} came again");
}

#[test]
fn events_get_there_in_order_whoever_is_killed() {
    const ROUNDS: usize = 25;
    let dir = Dir::new();
    let port = Port::reserve();
    let receive = || {
        let options = format!("--listen {}", port.address());
        Listener::with(&dir, "taken", &options, ">/dev/null 2>>errors")
    };
    let mut receiver = receive();
    let url = format!("http://{}{}blessing", receiver.address, receiver.path);
    let send = || Listener::start(&dir, &format!("--forward-to {url}"), ">/dev/null 2>>errors");
    let (mut state, mut next) = (11, 0);
    for _ in 0..ROUNDS {
        let sender = send();
        let end = next + random(&mut state) % 40;
        call(&sender, next..end);
        next = end;
        let which = random(&mut state) % 3;
        if which < 2 {
            sender.running.kill();
        }
        if which > 0 {
            receiver.running.kill();
            receiver = receive();
        }
    }
    call(&send(), next..next + 1);
    let sender = send();
    let has_come = || numbers(&dir, "taken").last() == Some(&next);
    sender.running.wait_for("the last event", || dir.path().join("taken").exists() && has_come());
    sender.running.interrupt();
    sender.running.wait().code(130);
    // A kill between the receiver's answer and what is written down.
    check_order(&numbers(&dir, "journal"), &numbers(&dir, "taken"), 2 * ROUNDS + 2);
    let event = &dir.read_lines("taken")[0];
    assert_eq!(
        event["webhook_event_id"],
        dir.read_lines("journal")[0]["id"],
        "a receiver can tell"
    );
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let dir = Dir::new();
    let receiver = Listener::with(&dir, "taken", "", "");
    let url = format!("http://{}{}blessing", receiver.address, receiver.path);
    let options = format!("--forward-to {url}");
    call(&Listener::start(&dir, "", ""), 0..3);
    for (from, to) in [(3, 20), (20, 41), (41, 41)] {
        let sender = Listener::start(&dir, &options, "");
        call(&sender, from..to);
        let count = to as usize;
        sender.running.wait_for("all events", || numbers(&dir, "taken").len() == count);
        sender.running.interrupt();
        let run = sender.running.wait().code(130);
        assert!(!run.stderr().contains("--forward-to"), "{run}");
    }
    let all: Vec<u64> = (0..41).collect();
    assert_eq!(numbers(&dir, "taken"), all, "those from before too, and none twice");
    // Somebody begins another journal.
    std::fs::rename(dir.path().join("journal"), dir.path().join("old")).expect("it is there");
    let sender = Listener::start(&dir, &options, "");
    call(&sender, 100..102);
    sender.running.wait_for("two more", || numbers(&dir, "taken").ends_with(&[40, 100, 101]));
    sender.running.interrupt();
    sender.running.wait().code(130).says("the journal is another than that");
}

#[test]
fn a_receiver_that_is_slow_holds_up_no_call() {
    let dir = Dir::new();
    let go_on = Arc::new(AtomicBool::new(false));
    let (may_answer, answered) = (go_on.clone(), Arc::new(AtomicUsize::new(0)));
    let count = answered.clone();
    let server = Server::start(move |_| {
        wait::until(wait::LIMIT, || may_answer.load(Ordering::Relaxed));
        count.fetch_add(1, Ordering::Relaxed);
        OK.to_owned()
    });
    let url = format!("{}/a?key=hidden", server.origin());
    let sender = Listener::start(&dir, &format!("--forward-to '{url}'"), "");
    call(&sender, 0..200);
    assert_eq!(answered.load(Ordering::Relaxed), 0, "it has not answered the first yet");
    assert_eq!(server.seen().len(), 1);
    go_on.store(true, Ordering::Relaxed);
    sender.running.wait_for("all events", || server.seen().len() >= 200);
    let first = &server.seen()[0];
    assert!(first.starts_with("POST /a?key=hidden HTTP/1.1"), "{first}");
    assert!(first.to_ascii_lowercase().contains("content-type: application/json"), "{first}");
    sender.running.interrupt();
    let run = sender.running.wait().code(130).says("200 events");
    assert!(!run.stderr().contains("hidden"), "{run}");
    assert_eq!(run.records().len(), 200);
}

#[test]
fn what_is_not_taken_is_sent_again_and_that_is_said_once() {
    let dir = Dir::new();
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let is_busy = asked.fetch_add(1, Ordering::Relaxed) < 4;
        (if is_busy { BUSY } else { OK }).to_owned()
    });
    let options = format!("--forward-to {}/x?key=hidden", server.origin());
    let sender = Listener::start(&dir, &options, "");
    call(&sender, 0..3);
    sender.running.wait_for("all events", || server.seen().len() == 7);
    sender.running.wait_for("good news", || sender.running.stderr().contains("takes events again"));
    sender.running.interrupt();
    let run = sender.running.wait().code(130);
    let told = format!("{} does not take an event (it answers 503", server.origin());
    assert_eq!(run.stderr().matches(&told).count(), 1, "{run}");
    assert!(!run.stderr().contains("hidden"), "{run}");
}

#[test]
fn a_receiver_that_is_down_does_not_hold_up_the_end() {
    let dir = Dir::new();
    let port = Port::reserve();
    let options = format!("--forward-to http://{}/", port.address());
    let sender = Listener::start(&dir, &options, "");
    call(&sender, 0..3);
    let said = || sender.running.stderr().contains("does not take an event");
    sender.running.wait_for("the news", said);
    sender.running.interrupt();
    sender.running.wait().code(130).says("the next start goes on");
    assert!(!dir.path().join("journal.forwarded").exists(), "nothing was taken");
}

#[test]
fn what_cannot_be_delivered_to_is_said_before_anything_is_made() {
    let dir = Dir::new();
    for url in ["x.test", "ftp://x.test/", "http://me:secret@x.test/"] {
        let run = dir.sh(&format!("imp-hook listen --journal j --forward-to {url}")).code(2);
        assert!(!run.says("--forward-to: it ").stderr().contains("secret"));
        assert!(!dir.path().join("j").exists());
    }
    dir.write("j.forwarded", "dear diary");
    dir.sh("imp-hook listen --journal j --forward-to http://x.test/").code(2).says("j.forwarded");
    let port = Port::reserve();
    let address = port.address();
    let options = format!("--listen {address} --forward-to http://{address}/s/x --journal k");
    dir.sh(&format!("imp-hook listen {options}")).code(2).says("the listener itself");
}
