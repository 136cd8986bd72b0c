//! Calls as proxies and strangers send them: packed, detoured, refused, or one of a thousand connections.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;
use tests::{Caller, Dir, wait};

use super::{JSON, Listener, bad_calls};

const DEVICE: &str = "5000d8c46a56cfca";

#[test]
fn calls_are_taken_as_proxies_send_them() {
    let dir = Dir::new();
    let listener = Listener::start(&dir, "", "");
    let Listener { address, path, .. } = &listener;
    let curl = "curl -sf --noproxy hooks.test --path-as-is --data-binary @-";
    let body = format!("printf '{{\"device_id\":\"{DEVICE}\"}}'");
    for call in [
        format!("{body} | {curl} http://{address}{path}blessing"),
        format!(
            "{body} | gzip | {curl} -H 'content-encoding: gzip' http://{address}{path}blessing"
        ),
        // A proxy that has unpacked the body, or forgets to say that it is packed.
        format!("{body} | {curl} -H 'content-encoding: gzip' http://{address}{path}blessing"),
        format!("{body} | gzip | {curl} http://{address}{path}blessing"),
        format!("{body} | {curl} http://{address}/{path}/blessing"),
        format!(
            "{body} | {curl} --request-target http://hooks.test:80{path}blessing http://{address}"
        ),
        format!(
            "{body} | {curl} --request-target https://hooks.test/{path}blessing http://{address}"
        ),
    ] {
        dir.sh(&call).quiet();
    }
    let events = dir.read_lines("journal");
    assert_eq!(events.len(), 7);
    for event in &events {
        assert_eq!((&event["event"], &event["device_id"]), (&"blessing".into(), &DEVICE.into()));
        assert_eq!(event["digest"], events[0]["digest"], "packed or not, it is the same call");
    }
    // A megabyte and more of blanks is a thousandth of that on the way.
    let bomb = format!("head -c 3000000 /dev/zero | tr '\\0' ' ' | gzip | {curl}");
    dir.sh(&format!("{bomb} http://{address}{path}blessing")).code(22);
    listener.running.interrupt();
    listener.running.wait().code(130).says("1 call refused (413: 1)");
}

#[test]
fn refused_calls_are_kept_without_the_secret() {
    let dir = Dir::new();
    let listener = Listener::start(&dir, "--refused refused", "");
    let good = format!("{}blessing", listener.path);
    let kept = |number: usize| dir.read("refused").lines().count() == number;
    let mut expected = Vec::new();
    for (bytes, status) in bad_calls(&good) {
        assert_eq!(listener.caller().send(bytes.as_bytes()).expect("an answer"), status);
        expected.push(status);
        // What cannot be parsed is answered first.
        listener.running.wait_for("the call in the file", || kept(expected.len()));
    }
    // A body that ends too early, one that is no text, and two calls on one connection.
    let half = format!("POST {good}?x=1 HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc");
    let mut leaving = TcpStream::connect(&listener.address).expect("it listens");
    leaving.write_all(half.as_bytes()).expect("it reads");
    drop(leaving);
    listener.running.wait_for("the half", || kept(expected.len() + 1));
    let mut caller = listener.caller();
    assert_eq!(caller.call(&good, JSON, &[0x1f, 0x8b, 0xff]).unwrap(), 400);
    assert_eq!(listener.blessing(&mut caller, DEVICE, 1).unwrap(), 200);
    assert_eq!(caller.send(b"nonsense\r\n\r\n").unwrap(), 400);
    expected.extend([400, 400, 400]);
    listener.running.wait_for("the last", || kept(expected.len()));
    check_refused(&dir, &expected);
    assert!(!dir.read("refused").contains(listener.path.trim_matches('/')));
    dir.sh("imp-hook listen --journal other --refused other").code(2).says("has another use");
}

/// Each refused call is kept with its status and what came of it.
fn check_refused(dir: &Dir, expected: &[u16]) {
    let refused = dir.read_lines("refused");
    let statuses: Vec<Value> = refused.iter().map(|call| call["status"].clone()).collect();
    assert_eq!(statuses, expected);
    let of = |number: usize, name: &str| refused[number][name].as_str().unwrap_or("none");
    assert!(
        of(0, "head").starts_with("GET /SECRET/blessing HTTP/1.1\r\nhost: x"),
        "{}",
        refused[0]
    );
    assert!(of(1, "head").starts_with("POST /SECRET/blessing HTTP/1.1\r\nx: xxxx"));
    assert!(of(2, "head").contains("content-length: 2097152"), "{}", refused[2]);
    assert!(of(2, "body").starts_with("xxxx") && refused[2]["body_is_cut"] == true, "bounded");
    assert!(of(3, "head").contains(" this is TLS"), "{}", refused[3]);
    assert_eq!((of(4, "body"), of(6, "body")), ("{\"device_id\":", "a=%ff"));
    assert!(of(9, "head").starts_with("POST /0123456789abcdef0123456789abcdef/blessing"));
    assert!(of(10, "head").starts_with("POST /SECRET/blessing?x=1 "), "{}", refused[10]);
    assert_eq!((of(10, "body"), of(11, "body_base64")), ("abc", "H4v/"));
    assert_eq!((of(12, "head"), of(12, "body")), ("nonsense\r\n\r\n", ""));
    assert!(refused.iter().all(|call| call.to_string().len() < 100_000), "bounded each");
    let mode = dir.path().join("refused").metadata().expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Somebody who connects and says nothing, or never ends what they say.
struct Crowd(Vec<TcpStream>);

impl Crowd {
    fn of(number: usize, listener: &Listener) -> Crowd {
        let connect = |_| TcpStream::connect(&listener.address).expect("it listens");
        Crowd((0..number).map(connect).collect())
    }

    /// A byte on each connection now and then, as long as they are kept.
    fn drip(&mut self, over: &AtomicBool) {
        let mut next = b"POST /0123456789abcdef0123456789abcdef/blessing HTTP/1.1\r\nx: ".iter();
        while !over.load(Ordering::Relaxed) {
            let byte = next.next().unwrap_or(&b'x');
            for stream in &mut self.0 {
                let _closed = stream.write_all(&[*byte]);
            }
            wait::let_pass(Duration::from_millis(20));
        }
    }
}

/// Makes calls, each on a connection of its own; how long the longest took.
fn longest_of(calls: u64, listener: &Listener) -> Duration {
    let call = |number| {
        let (took, status) =
            wait::timed(|| listener.blessing(&mut listener.caller(), DEVICE, number));
        assert_eq!(status.expect("an answer"), 200);
        took
    };
    (0..calls).map(call).max().unwrap_or_default()
}

#[test]
fn a_thousand_idle_or_dripping_connections_hold_up_no_call() {
    let dir = Dir::new();
    let listener = Listener::start(&dir, "", "");
    let alone = longest_of(50, &listener);
    let idle = Crowd::of(500, &listener);
    let mut dripping = Crowd::of(500, &listener);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| dripping.drip(&over));
        // The machine itself may hold one up, but hardly three times.
        let is_held_up = |_| longest_of(200, &listener) > alone + Duration::from_secs(1);
        let always = (0..3).all(is_held_up);
        over.store(true, Ordering::Relaxed);
        assert!(!always, "{alone:?} without the others");
    });
    drop((idle, dripping));
    listener.running.interrupt();
    let run = listener.running.wait().code(130).says("no more connections fit");
    assert_eq!(run.stderr().matches("no more connections fit").count(), 1, "{run}");
    assert!(dir.read_lines("journal").len() >= 250);
}

#[test]
fn who_has_few_descriptors_takes_every_call_all_the_same() {
    let dir = Dir::new();
    let listener = Listener::after("ulimit -n 40;", &dir, "--journal journal 3>ready");
    let mut known = listener.caller();
    assert_eq!(listener.blessing(&mut known, DEVICE, 1).unwrap(), 200);
    let crowd = Crowd::of(200, &listener);
    longest_of(100, &listener);
    assert_eq!(listener.blessing(&mut known, DEVICE, 2).unwrap(), 200, "who is known stays");
    drop(crowd);
    listener.running.interrupt();
    listener.running.wait().code(130).says("no more connections fit");
    assert_eq!(dir.read_lines("journal").len(), 102);
}

#[test]
fn descriptors_that_run_out_later_are_no_end_either() {
    let dir = Dir::new();
    let before = "echo $$ > pid; exec";
    let listener = Listener::after(before, &dir, "--journal journal --refused r 3>ready");
    let pid: i32 = dir.read("pid").trim().parse().expect("a number");
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs").count() as u64;
    let limit = Rlimit { current: Some(open + 4), maximum: Some(open + 4) };
    prlimit(Pid::from_raw(pid), Resource::Nofile, limit).expect("it is our child");
    let crowd = Crowd::of(100, &listener);
    longest_of(50, &listener);
    drop(crowd);
    listener.running.interrupt();
    listener.running.wait().code(130).says("no more connections fit");
    assert_eq!(dir.read_lines("journal").len(), 50);
}

#[test]
fn who_makes_room_in_the_middle_of_a_call_is_told_and_kept() {
    let dir = Dir::new();
    let listener = Listener::after("ulimit -n 40;", &dir, "--journal journal --refused r 3>ready");
    let mut first = Caller::connect(&listener.address).expect("it listens");
    let begun = first
        .send(b"POST /elsewhere HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\nab");
    assert_eq!(begun.expect("it is read"), 100);
    let mut crowd = Vec::new();
    listener.running.wait_for("somebody to go", || {
        crowd.push(Crowd::of(1, &listener));
        !dir.read("r").is_empty()
    });
    let answer = first.send(b"");
    assert_eq!(answer.expect("an answer"), 503);
    let refused: Vec<BTreeMap<String, Value>> =
        dir.read("r").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((&refused[0]["status"], &refused[0]["body"]), (&503.into(), &"ab".into()));
}
