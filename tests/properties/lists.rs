//! Lists of many pages: never a short one that looks whole.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tests::{Dir, Server, Sim};

/// An answer with a page of products.
fn page(ids: &[&str], next: Option<&str>) -> String {
    let data: Vec<Value> = ids.iter().map(|id| json!({"type": "product", "id": id})).collect();
    answer("200 OK", &json!({"data": data, "links": {"next": next}}).to_string())
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

fn not_found() -> String {
    answer("404 Not Found", "<html>no</html>")
}

fn signed_in(server: &Server) -> Dir {
    Dir::signed_in_at(&format!("{}/v5", server.origin()))
}

#[test]
fn a_page_that_a_gateway_loses_is_asked_for_again() {
    let sim = Sim::start(&["--devices", "1200"]);
    let dir = Dir::signed_in(&sim);
    for jobs in [1, 8] {
        sim.no_faults();
        sim.fault("GET /devices 404 body=html after=3 times=1");
        let run = dir.sh(&format!("imp-device list -u --jobs {jobs}")).quiet();
        assert_eq!(run.records().len(), 1200, "{jobs} jobs");
        assert_eq!(sim.faults_applied(), [1]);
    }
}

#[test]
fn a_list_that_breaks_off_is_an_error() {
    for past in ["empty", "404"] {
        let sim = Sim::start(&["--devices", "1200", "--variant", &format!("page-past-end={past}")]);
        let dir = Dir::signed_in(&sim);
        assert_eq!(dir.sh("imp-device list -u").quiet().records().len(), 1200);
        let breaks_off = |script: &str| {
            sim.no_faults();
            sim.fault("GET /devices 404 body=html after=3");
            dir.sh(script).code(1).says("broke off")
        };
        // Three pages that overlap.
        assert_eq!(breaks_off("imp-device list -u --jobs 1").records().len(), 294);
        assert!(breaks_off("imp-device list -u --jobs 8").records().len() <= 294);
        // What is looked for in such a list is not taken for missing.
        breaks_off("imp-device info -d Kitchen").no_stdout();
    }
}

#[test]
fn whatever_the_address_of_the_next_page_looks_like() {
    for next in ["?page[number]=2", "?cursor=abc"] {
        let server = Server::start(move |asked| match asked {
            asked if asked.contains("cursor") || asked.contains("=2") => not_found(),
            _ => page(&["a"], Some(next)),
        });
        let run = signed_in(&server).sh("imp-product list").code(1).says("broke off");
        assert_eq!(run.field("id"), ["a"], "{next}");
    }
}

#[test]
fn half_a_page_that_looks_whole_is_asked_for_again() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let whole = json!({"data": [{"type": "product", "id": "a"}], "links": {}}).to_string();
        match asked.fetch_add(1, Ordering::Relaxed) {
            0 => answer("200 OK", &whole[..whole.len() / 2]),
            _ => answer("200 OK", &whole),
        }
    });
    assert_eq!(signed_in(&server).sh("imp-product list").quiet().field("id"), ["a"]);
    let server = Server::start(|_| answer("200 OK", "{\"data\": ["));
    signed_in(&server)
        .sh("imp-product list --patience 1s")
        .code(4)
        .says("the answer ended in the middle");
}

#[test]
fn a_list_that_has_become_shorter_meanwhile_is_whole() {
    for next in ["?page[number]=2", "?cursor=abc"] {
        let first = AtomicUsize::new(0);
        let server = Server::start(move |asked| match asked {
            asked if asked.contains("cursor") || asked.contains("=2") => not_found(),
            _ if first.fetch_add(1, Ordering::Relaxed) == 0 => page(&["a"], Some(next)),
            _ => page(&["a"], None),
        });
        let run = signed_in(&server).sh("imp-product list").quiet();
        assert_eq!(run.field("id"), ["a"], "{next}");
    }
}

#[test]
fn nothing_is_missed_when_another_client_takes_devices_away_between_two_pages() {
    for jobs in [1, 8] {
        for (place, number) in [(0, 1), (10, 60)] {
            let sim = Sim::start(&["--devices", "350"]);
            let dir = Dir::signed_in(&sim);
            let ids = sim.field("id");
            // The first page has been read, and its answer is on its way.
            sim.fault("GET /devices delay=1s times=1");
            let running = dir.spawn(&format!("imp-device list --jobs {jobs}"));
            running.wait_for("the first page", || sim.faults_applied() == [1]);
            for id in &ids[place..place + number] {
                assert_eq!(sim.api("DELETE", &format!("/devices/{id}"), &Value::Null).status, 204);
            }
            let run = running.wait().quiet();
            assert_eq!(run.field("id"), ids, "{jobs} jobs, {number} from {place}");
            // The page that did not go on from the first, and a step back.
            let pages = sim.counts().kind("GET /devices");
            assert!(pages <= 4 + 4 + jobs, "{pages}");
        }
    }
}
