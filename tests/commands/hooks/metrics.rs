//! `--metrics`: what has come and what has become of it, for Prometheus.

use serde_json::Value;
use tests::{Dir, Port};

use super::{JSON, Listener};

const DEVICE: &str = "5000d8c46a56cfca";

/// The URL of the metrics, from the file of --ready-fd.
fn url(dir: &Dir) -> String {
    let ready: Value = serde_json::from_str(&dir.read("ready")).expect("JSON");
    ready["metrics"].as_str().expect("a URL").to_owned()
}

/// The metrics, which Prometheus' own program is content with.
fn metrics(dir: &Dir, url: &str) -> Vec<String> {
    let run = dir.sh(&format!("curl -sf {url} | tee metrics")).quiet();
    dir.sh("promtool check metrics < metrics").quiet().no_stdout();
    run.lines()
}

#[test]
fn calls_are_counted_for_prometheus() {
    let dir = Dir::new();
    let taken = Listener::with(&dir, "taken", "", ">/dev/null");
    let forward = format!("--forward-to http://{}{}blessing", taken.address, taken.path);
    let listener = Listener::start(&dir, &format!("--metrics 0 {forward}"), "");
    let url = url(&dir);
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/metrics"), "{url}");
    let has = |lines: &[String], line: &str| lines.iter().any(|found| found == line);
    let before = metrics(&dir, &url);
    assert!(has(&before, "imp_hook_events_total 0"), "{before:?}");
    let mut caller = listener.caller();
    for number in [1, 2, 2] {
        assert_eq!(listener.blessing(&mut caller, DEVICE, number).expect("an answer"), 200);
    }
    let mut refused = |path: &str, body: &[u8]| caller.call(path, JSON, body).expect("an answer");
    assert_eq!(refused("/metrics", b"{}"), 404, "the hooks' address has none");
    assert_eq!(refused("/nobody/a", b"{}"), 404);
    assert_eq!(refused(&format!("{}blessing", listener.path), b"nonsense"), 400);
    listener.running.wait_for("the deliveries", || {
        has(&metrics(&dir, &url), "imp_hook_forwarded_events_total 3")
    });
    let lines = metrics(&dir, &url);
    for line in [
        "imp_hook_events_total 3",
        "imp_hook_repeated_events_total 1",
        "imp_hook_refused_calls_total{code=\"400\"} 1",
        "imp_hook_refused_calls_total{code=\"404\"} 2",
        "imp_hook_refused_calls_total{code=\"413\"} 0",
        "imp_hook_forward_waiting_bytes 0",
        "# EOF",
    ] {
        assert!(has(&lines, line), "{line} is not in {lines:#?}");
    }
    check_last_event(&dir, &lines);
    check_open_metrics(&dir, &url);
    check_others(&dir, &url);
    listener.running.interrupt();
    listener.running.wait().code(130).says("metrics are at http://127.0.0.1:");
}

/// Whoever else asks is told so, and harms nothing.
fn check_others(dir: &Dir, url: &str) {
    for (asked, status) in [(url.replace("/metrics", "/"), 404), (format!("-d x {url}"), 405)] {
        let run = dir.sh(&format!("curl -s -o body -w '%{{http_code}}' {asked}")).quiet();
        assert_eq!(run.stdout(), status.to_string());
    }
    dir.sh(&format!("curl -sfI {url}")).quiet();
}

/// Prometheus itself asks for OpenMetrics, where counters have a name of their own.
fn check_open_metrics(dir: &Dir, url: &str) {
    let accept =
        "accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
    let run = dir.sh(&format!("curl -sf -D head -H '{accept}' {url} | tee newer")).quiet();
    let lines = run.lines();
    for line in ["# TYPE imp_hook_events counter", "imp_hook_events_total 3"] {
        assert!(lines.iter().any(|found| found == line), "{line} is not in {lines:#?}");
    }
    assert_eq!(lines.last().map(String::as_str), Some("# EOF"));
    let head = dir.read("head").to_ascii_lowercase();
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{head}");
    // Its reader of OpenMetrics wants times.
    dir.sh("sed '/^#/! s/$/ 1700000000/' newer > dated").quiet();
    let read = "promtool tsdb create-blocks-from openmetrics dated blocks";
    assert!(dir.sh(read).ok().stdout().lines().count() >= 2, "nothing was read");
}

/// The time of the last event is that of the journal, or nearly.
fn check_last_event(dir: &Dir, lines: &[String]) {
    let last = lines.iter().find(|line| line.starts_with("imp_hook_last_event_timestamp_seconds"));
    let last: f64 = last.and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a time");
    let received = dir.read_lines("journal").pop().expect("an event")["received_at"].to_string();
    let received = dir.sh(&format!("date -d {received} +%s.%N")).quiet().stdout();
    assert!((last - received.trim().parse::<f64>().expect("a time")).abs() < 10.0, "{last}");
}

#[test]
fn what_waits_to_be_forwarded_is_seen() {
    let dir = Dir::new();
    let nobody = Port::reserve();
    let forward = format!("--forward-to http://{}/", nobody.address());
    let listener = Listener::start(&dir, &format!("--metrics 127.0.0.1:0 {forward}"), "");
    let mut caller = listener.caller();
    assert_eq!(listener.blessing(&mut caller, DEVICE, 1).expect("an answer"), 200);
    let lines = metrics(&dir, &url(&dir));
    let waiting = format!("imp_hook_forward_waiting_bytes {}", dir.read("journal").len());
    assert!(lines.contains(&waiting), "{waiting} is not in {lines:#?}");
    assert!(lines.contains(&"imp_hook_forwarded_events_total 0".to_owned()), "{lines:#?}");
    // An address that is in use is said before anything else.
    let other = format!("imp-hook listen --journal other --metrics {}", listener.address);
    dir.sh(&other).code(2).no_stdout().says("cannot listen on");
    dir.sh("imp-hook listen --journal other --metrics localhost").code(2).says("ADDRESS:PORT");
    assert!(!dir.path().join("other").exists());
}
