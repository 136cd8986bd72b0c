//! Log streams, byte by byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::client::Sim;
use super::line::{Line, add_device};
use serde_json::{Value, json};

const NOTHING: Value = Value::Null;

/// A stream that is being read.
struct Stream {
    input: BufReader<TcpStream>,
    status: u16,
    head: String,
    text: String,
}

impl Stream {
    /// Opens a stream without signing in.
    fn open(url: &str) -> Self {
        let (_, rest) = url.split_once("://").expect("a good stream");
        let (host, path) = rest.split_once('/').expect("a good stream");
        let mut socket = TcpStream::connect(host).expect("a good stream");
        socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a good stream");
        write!(socket, "GET /{path} HTTP/1.1\r\nhost: {host}\r\n\r\n").expect("a good stream");
        let mut input = BufReader::new(socket);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(input.read_line(&mut head).expect("a good stream"), 0, "{head}");
        }
        let status = head.split(' ').nth(1).expect("a good stream").parse().expect("a good stream");
        Self { input, status, head: head.to_ascii_lowercase(), text: String::new() }
    }

    /// The next event or comment, without the empty line at its end. None at the end of the stream.
    fn next(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(event);
            }
            let mut size = String::new();
            self.input.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok().filter(|&size| size > 0)?;
            let mut chunk = vec![0; size + 2];
            self.input.read_exact(&mut chunk).ok()?;
            self.text.push_str(std::str::from_utf8(&chunk[..size]).expect("a good stream"));
        }
    }

    /// The next event; comments are left out.
    fn event(&mut self) -> Option<String> {
        std::iter::from_fn(|| self.next()).find(|event| !event.starts_with(':'))
    }
}

/// A new stream's address.
fn request(sim: &Sim) -> String {
    let answer = sim.api("POST", "/logstream", &NOTHING);
    assert_eq!(answer.status, 200);
    let body = answer.json();
    let url = body["data"]["attributes"]["url"].as_str().expect("a good stream").to_owned();
    assert!(url.ends_with(body["data"]["id"].as_str().expect("a good stream")), "{url}");
    url
}

fn path<'u>(sim: &Sim, url: &'u str) -> &'u str {
    url.strip_prefix(sim.entry["endpoint"].as_str().expect("a good stream")).expect("a good stream")
}

fn add(sim: &Sim, url: &str, device: &str) -> u16 {
    sim.api("PUT", &format!("{}/{device}", path(sim, url)), &NOTHING).status
}

/// A device in a group.
fn device(sim: &Sim) -> String {
    let groups = sim.truth("/devicegroups");
    let group = groups.iter().find(|group| group["name"] == "G");
    let group = group.map(|group| group["id"].as_str().expect("a good stream").to_owned());
    let group = group.unwrap_or_else(|| sim.group("development", "G"));
    let device = add_device(sim);
    sim.members("POST", &group, &[&device]);
    device
}

#[test]
fn text_is_framed_as_the_service_does_it() {
    let sim = Sim::start(&[]);
    let device = device(&sim);
    let url = request(&sim);
    let mut stream = Stream::open(&url);
    assert_eq!(stream.status, 200);
    assert!(stream.head.contains("content-type: text/event-stream"), "{}", stream.head);
    assert_eq!(stream.event().unwrap(), "event: state_change\ndata: opened");
    assert_eq!(add(&sim, &url, &device), 204);
    let subscribed = format!("event: state_change\ndata: {device} subscribed");
    assert_eq!(stream.event().unwrap(), subscribed);
    sim.act("log", &json!({"devices": [device], "text": "one\ntwo", "type": "agent.error"}));
    let ts = sim.get(&format!("/devices/{device}/logs")).json()["data"][0]["ts"].clone();
    let ts = ts.as_str().unwrap();
    let line =
        format!("event: message\ndata: {device} {ts} development agent.error one\ndata: two");
    assert_eq!(stream.event().unwrap(), line);
    let removed = sim.api("DELETE", &format!("{}/{device}", path(&sim, &url)), &NOTHING);
    assert_eq!(removed.status, 204);
    let unsubscribed = format!("event: state_change\ndata: {device} unsubscribed");
    assert_eq!(stream.event().unwrap(), unsubscribed);
    let again = sim.api("DELETE", &format!("{}/{device}", path(&sim, &url)), &NOTHING);
    assert_eq!(again.status, 404);
}

#[test]
fn json_has_the_services_keys_in_its_order() {
    let sim = Sim::start(&[]);
    let device = device(&sim);
    let url = request(&sim);
    let mut stream = Stream::open(&format!("{url}?format=json"));
    assert_eq!(stream.event().unwrap(), "event: state_change\ndata: {\"state\":\"opened\"}");
    let mac = sim.device(&device)["mac_address"].as_str().unwrap().to_owned();
    assert_eq!(add(&sim, &url, &mac), 204, "by its MAC address");
    let data = stream.event().unwrap();
    let data: Value = serde_json::from_str(data.split_once("data: ").unwrap().1).unwrap();
    assert_eq!(data, json!({"device_id": device, "state": "subscribed"}));
    sim.api("POST", &format!("/devices/{device}/restart"), &NOTHING);
    let data = stream.event().unwrap();
    let data = data.strip_prefix("event: message\ndata: ").unwrap();
    assert!(data.starts_with(&format!("{{\"device_id\":\"{device}\",\"ts\":\"20")), "{data}");
    let end =
        "\"log_type\":\"development\",\"type\":\"status\",\"msg\":\"Agent restarted: reload.\"}";
    assert!(data.ends_with(end), "{data}");
}

#[test]
fn a_stream_has_one_reader_and_an_account_one_stream() {
    let sim = Sim::start(&[]);
    let device = device(&sim);
    let url = request(&sim);
    assert_eq!(add(&sim, &url, &device), 409, "nobody reads it yet");
    let mut first = Stream::open(&url);
    assert_eq!(first.event().unwrap(), "event: state_change\ndata: opened");
    assert_eq!(Stream::open(&url).status, 409, "one reader");
    let second = request(&sim);
    assert_eq!(first.event().unwrap(), "event: state_change\ndata: closed");
    assert_eq!(first.next(), None);
    assert_eq!(Stream::open(&url).status, 404);
    assert_eq!(add(&sim, &url, &device), 404);
    let partner = sim.sign_in("partner");
    let target = format!("{}/{device}", path(&sim, &second));
    let answer = sim.ask_as(&partner, "PUT", &target, &NOTHING, &[]).unwrap();
    assert_eq!(answer.status, 404, "a stream of another account");
    let third = Stream::open(&format!("{second}?format=xml"));
    assert_eq!(third.status, 400);
}

#[test]
fn closing_the_connection_closes_the_stream() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let url = request(&sim);
    let mut stream = Stream::open(&url);
    assert!(stream.event().is_some());
    drop(stream);
    // Not before the service has noticed; the request itself is the wait.
    let gone = (0..10_000).any(|_| {
        let missing = "/devices/0000000000000000";
        let answer = sim.api("PUT", &format!("{}{missing}", path(&sim, &url)), &NOTHING);
        answer.status == 404 && Stream::open(&url).status == 404
    });
    assert!(gone);
}

#[test]
fn the_least_recently_added_device_is_dropped() {
    for (limit, options) in [(8, &[][..]), (5, &["--variant", "devices-per-stream=5"])] {
        let sim = Sim::start(&[options, &["--rate-limit", "off"]].concat());
        let devices: Vec<String> = (0..=limit).map(|_| device(&sim)).collect();
        let url = request(&sim);
        let mut stream = Stream::open(&url);
        stream.event().unwrap();
        for device in &devices[..limit] {
            assert_eq!(add(&sim, &url, device), 204);
            assert!(stream.event().unwrap().ends_with(" subscribed"));
        }
        assert_eq!(add(&sim, &url, &devices[limit]), 204);
        assert!(stream.event().unwrap().ends_with(&format!("{} unsubscribed", devices[0])));
        assert!(stream.event().unwrap().ends_with(&format!("{} subscribed", devices[limit])));
        sim.act("log", &json!({"devices": [devices[0]], "text": "unheard"}));
        sim.act("log", &json!({"devices": [devices[1]], "text": "heard"}));
        assert!(stream.event().unwrap().ends_with(" heard"));
    }
}

#[test]
fn production_devices_are_refused_and_dropped() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let line = Line::set_up(&sim, "");
    let device = line.enrol(&sim);
    let url = request(&sim);
    let mut stream = Stream::open(&url);
    stream.event().unwrap();
    assert_eq!(add(&sim, &url, &device), 204, "under test");
    stream.event().unwrap();
    sim.act("bless", &json!({"device": device, "pass": true}));
    assert!(stream.event().unwrap().ends_with(" unsubscribed"));
    assert_eq!(add(&sim, &url, &device), 403);
    assert_eq!(add(&sim, &url, "0000000000000000"), 404);
}

#[test]
fn keep_alives_cuts_and_orderly_ends() {
    let sim =
        Sim::start(&["--variant", "stream-keep-alive=10ms", "--variant", "stream-close=500ms"]);
    let mut stream = Stream::open(&request(&sim));
    assert_eq!(stream.next().unwrap(), "event: state_change\ndata: opened");
    assert_eq!(stream.next().unwrap(), ": keep-alive");
    let last = std::iter::from_fn(|| stream.next()).last();
    assert_eq!(last.unwrap(), "event: state_change\ndata: closed");
    let sim = Sim::start(&["--variant", "stream-cut=500ms"]);
    let mut stream = Stream::open(&request(&sim));
    assert_eq!(stream.next().unwrap(), "event: state_change\ndata: opened");
    assert_eq!(stream.next(), None, "no farewell");
    let sim = Sim::start(&[]);
    let mut stream = Stream::open(&request(&sim));
    stream.next().unwrap();
    sim.control("POST", "/cut-streams", "");
    assert_eq!(stream.next(), None);
}

#[test]
fn variants_of_streams() {
    let options = ["stream-before-open=accept", "streams-per-account=2", "stream-status=201"];
    let options: Vec<&str> = options.iter().flat_map(|option| ["--variant", option]).collect();
    let sim = Sim::start(&options);
    let device = device(&sim);
    let answer = sim.api("POST", "/logstream", &NOTHING);
    assert_eq!(answer.status, 201);
    let url = answer.json()["data"]["attributes"]["url"].as_str().unwrap().to_owned();
    assert_eq!(add(&sim, &url, &device), 204);
    sim.api("POST", "/logstream", &NOTHING);
    let mut stream = Stream::open(&url);
    assert!(stream.event().unwrap().ends_with(" opened"));
    assert!(stream.event().unwrap().ends_with(" subscribed"));
    sim.api("POST", "/logstream", &NOTHING);
    assert!(stream.event().unwrap().ends_with(" closed"), "the oldest of three");
}
