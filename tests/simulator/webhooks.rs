//! Webhooks: the resource, and calls over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::client::{NOBODY, Sim};
use super::line::Line;
use serde_json::{Value, json};

const NOTHING: Value = Value::Null;
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn body(kind: &str, group: &str, url: &str, event: &str, content_type: &str) -> Value {
    let attributes = json!({"url": url, "event": event, "content_type": content_type});
    let group = json!({"type": format!("{kind}_devicegroup"), "id": group});
    json!({"data": {
        "type": "webhook", "attributes": attributes, "relationships": {"devicegroup": group},
    }})
}

/// The value of a header.
fn header(head: &str, name: &str) -> String {
    let line = head.lines().find(|line| line.to_lowercase().starts_with(name));
    line.map(|line| line[name.len()..].trim().to_owned()).unwrap_or_default()
}

/// Answers every request with the status; gives head and body.
fn receiver(status: u16) -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the connection works");
    let url = format!("http://{}/hook?a=b", listener.local_addr().expect("the connection works"));
    let (sender, received) = channel();
    #[expect(clippy::disallowed_methods, reason = "it ends with the test program")]
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.expect("the connection works");
            let mut input = BufReader::new(socket.try_clone().expect("the connection works"));
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert_ne!(input.read_line(&mut head).expect("the connection works"), 0);
            }
            assert!(head.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{head}");
            let mut body =
                vec![0; header(&head, "content-length:").parse().expect("the connection works")];
            input.read_exact(&mut body).expect("the connection works");
            write!(socket, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n")
                .expect("the connection works");
            let _ = sender.send((head, String::from_utf8(body).expect("the connection works")));
        }
    });
    (url, received)
}

/// Asks until all calls have ended; the request itself is the wait.
fn settled(sim: &Sim) -> Value {
    let counts = || -> Value {
        serde_json::from_str(&sim.control("GET", "/counts", "")).expect("the connection works")
    };
    let mut asked = (0..100_000).map(|_| counts());
    asked.find(|counts| counts["calls_pending"] == 0).expect("all calls end")
}

/// The next call: its head and its body.
#[expect(clippy::disallowed_methods, reason = "a call that never comes fails the test")]
fn next(received: &Receiver<(String, String)>) -> (String, String) {
    received.recv_timeout(Duration::from_secs(20)).expect("a call")
}

#[test]
fn a_webhook_is_created_listed_changed_and_deleted() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let group = sim.group("development", "G");
    let other = sim.group("production", "P");
    let url = "http://example.com/hook";
    let made = sim.api("POST", "/webhooks", &body("development", &group, url, "deployment", JSON));
    assert_eq!(made.status, 201);
    let data = made.json()["data"].clone();
    assert_eq!((&data["type"], &data["attributes"]["url"]), (&json!("webhook"), &json!(url)));
    assert_eq!(data["attributes"]["content_type"], JSON);
    assert_eq!(data["relationships"]["devicegroup"]["id"], group.as_str());
    assert!(data["relationships"]["product"].is_object());
    let second = sim.api("POST", "/webhooks", &body("production", &other, url, "blessing", FORM));
    assert_eq!(sim.get("/webhooks").ids(), [made.id(), second.id()]);
    assert_eq!(sim.get("/webhooks?page[size]=1&page[number]=2").ids(), [second.id()]);
    let filtered = format!("/webhooks?filter[devicegroup.id]={group}");
    assert_eq!(sim.get(&filtered).ids(), [made.id()]);
    assert_eq!(sim.get("/webhooks?filter[product.id]=x").status, 400);
    let path = format!("/webhooks/{}", made.id());
    let change = |attributes: Value| {
        let data = json!({"type": "webhook", "id": made.id(), "attributes": attributes});
        sim.api("PATCH", &path, &json!({ "data": data }))
    };
    let changed = change(json!({"url": "https://example.com/2", "content_type": FORM})).json();
    assert_eq!(changed["data"]["attributes"]["content_type"], FORM);
    assert_eq!(change(json!({})).status, 200);
    assert_eq!(change(json!({"event": "blinkup"})).status, 400, "the event never changes");
    assert_eq!(sim.api("DELETE", &path, &NOTHING).status, 204);
    assert_eq!(sim.api("DELETE", &path, &NOTHING).status, 404);
    assert_eq!(sim.get(&path).status, 404);
    let group = format!("/devicegroups/{other}");
    assert_eq!(sim.api("DELETE", &group, &NOTHING).status, 204);
    assert_eq!(sim.get("/webhooks").ids(), [""; 0], "they go with their group");
}

#[test]
fn wrong_webhooks_are_refused() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let group = sim.group("development", "G");
    let create = |body: &Value| sim.api("POST", "/webhooks", body);
    for url in [
        "",
        "example.com",
        "ftp://example.com/",
        "http://",
        "http:// x/",
        "/hook",
        "http://127.0.0.1:65536/",
        "http://a:b@127.0.0.1:123456",
    ] {
        let answer = create(&body("development", &group, url, "deployment", JSON));
        assert_eq!(answer.error().2, "Invalid URL", "{url}");
        assert_eq!(answer.json()["errors"][0]["detail"], "The provided URL is invalid.");
    }
    let url = "http://example.com/hook";
    assert_eq!(create(&body("development", &group, url, "birthday", JSON)).status, 400);
    assert_eq!(create(&body("development", &group, url, "blinkup", "text/plain")).status, 400);
    assert_eq!(create(&body("production", &group, url, "blinkup", JSON)).status, 400, "wrong type");
    assert_eq!(create(&body("development", "nothing", url, "blinkup", JSON)).status, 404);
    assert_eq!(sim.get(&format!("/webhooks/{group}")).status, 404);
}

#[test]
fn events_are_delivered_in_both_content_types() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let line = Line::set_up(&sim, "");
    let (url, received) = receiver(200);
    for (event, content_type) in [("blessing", JSON), ("blinkup", FORM), ("deployment", JSON)] {
        let hook = body("production", &line.production, &url, event, content_type);
        assert_eq!(sim.api("POST", "/webhooks", &hook).status, 201);
    }
    let next = || next(&received);
    let build = sim.deploy("production", &line.production, "", "");
    let (head, told) = next();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(header(&head, "content-type:"), JSON);
    assert_eq!(told["deployment_id"], json!(build));
    let device = line.blessed(&sim);
    let told: Value = serde_json::from_str(&next().1).unwrap();
    let mac = sim.device(&device)["mac_address"].as_str().unwrap().replace(':', "");
    let imp = format!("{}fffe{}", &mac[..6], &mac[6..]);
    assert_eq!(told, json!({"device_id": device, "imp_id": imp}));
    sim.act("activate", &json!({"devices": [device], "plan": "a plan"}));
    let (head, told) = next();
    assert_eq!(header(&head, "content-type:"), FORM);
    assert!(told.starts_with(&format!("device_id={device}&plan_id=a%20plan&token=")), "{told}");
    let counts = settled(&sim);
    assert_eq!((&counts["delivered"], &counts["not_delivered"]), (&json!(3), &json!(0)));
    // They are noted when they have been answered, and two may be under way at once.
    let deliveries = sim.truth("/deliveries");
    let blessing =
        deliveries.iter().find(|one| one["event"] == "blessing").expect("it was delivered");
    assert_eq!((&blessing["delivered"], &blessing["status"]), (&json!(true), &json!(200)));
    sim.act("bless", &json!({"device": line.enrol(&sim), "pass": false}));
    assert_eq!(settled(&sim)["calls"], 3, "a failed test is not told");
}

#[test]
fn credentials_in_the_address_are_basic_authorization() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let group = sim.group("development", "G");
    let (url, received) = receiver(200);
    let host = url.trim_start_matches("http://").split('/').next().unwrap();
    for userinfo in ["", "user:p%40ss@", "user@"] {
        let url = format!("http://{userinfo}{host}/hook?a=b");
        let hook = body("development", &group, &url, "deployment", JSON);
        assert_eq!(sim.api("POST", "/webhooks", &hook).status, 201);
    }
    sim.deploy("development", &group, "", "");
    let mut sent: Vec<String> = (0..3)
        .map(|_| {
            let (head, _) = next(&received);
            assert_eq!(header(&head, "host:"), host);
            header(&head, "authorization:")
        })
        .collect();
    sent.sort();
    assert_eq!(sent, ["", "Basic dXNlcjo=", "Basic dXNlcjpwQHNz"]);
}

#[test]
fn what_cannot_be_delivered_is_recorded_and_not_repeated() {
    let sim = Sim::start(&["--rate-limit", "off"]);
    let group = sim.group("development", "G");
    let (url, _received) = receiver(500);
    let closed = format!("http://{NOBODY}/");
    let secure = format!("https://{NOBODY}/");
    for url in [url.as_str(), &closed, "http://example.com/hook", &secure] {
        let hook = body("development", &group, url, "deployment", JSON);
        assert_eq!(sim.api("POST", "/webhooks", &hook).status, 201);
    }
    sim.deploy("development", &group, "", "");
    assert_eq!(settled(&sim)["not_delivered"], 4);
    let deliveries = sim.truth("/deliveries");
    let of = |url: &str| deliveries.iter().find(|it| it["url"] == url).unwrap();
    assert_eq!(of(&url)["status"], 500);
    assert!(of(&closed)["error"].as_str().unwrap().contains("refused"));
    assert!(of(&secure)["error"].as_str().unwrap().contains("plain http"));
    assert!(of("http://example.com/hook")["error"].as_str().unwrap().contains("this machine"));
    sim.control("POST", "/reset", "");
    assert_eq!(settled(&sim)["calls"], 0);
}
