//! What answers what.

use super::*;
use serde_json::json;

use crate::replay::recording::Recording;
use crate::replay::recording::tests::recording as of_lines;

/// A recording of these exchanges.
fn recording(exchanges: &[Value]) -> Recording {
    of_runs(&["a"], exchanges)
}

/// The same of several commands.
fn of_runs(runs: &[&str], exchanges: &[Value]) -> Recording {
    let lines = exchanges.iter().enumerate().map(|(at, exchange)| {
        let mut line = exchange.clone();
        line["type"] = "exchange".into();
        line["at"] = at.into();
        line
    });
    of_lines(runs, &lines.collect::<Vec<_>>())
}

fn asked(method: &str, target: &str, token: &str, body: Option<Value>) -> Asked {
    Asked { method: method.into(), target: target.into(), token: Some(token.into()), body }
}

#[test]
fn equal_requests_are_answered_in_their_order_and_each_once() {
    let post = json!({"method": "POST", "target": "/devices/a%3Ab/restart", "token": "t"});
    let recording = recording(&[post.clone(), post]);
    let mut requests = Requests::new(&recording.exchanges);
    let ask = asked("POST", "/devices/a:b/restart", "t", None);
    let taken: Vec<_> = (0..3).map(|_| requests.take(&recording.exchanges, &ask)).collect();
    assert_eq!(taken, [Found::Recorded(0), Found::Recorded(1), Found::Nothing]);
    let near = nearest(&recording.exchanges, &ask);
    assert_eq!(near, "it was asked for less often, the last time in line 3");
}

#[test]
fn which_stored_logs_are_read_and_how_often_is_a_matter_of_time() {
    let logs = |device: &str| format!("/devices/{device}/logs?page[number]=1&page[size]=100");
    let exchanges: Vec<Value> = ["a", "b", "b", "c"]
        .map(|device| json!({"method": "GET", "target": logs(device), "status": 200}))
        .into();
    let recording = recording(&exchanges);
    let all = &recording.exchanges;
    let mut requests = Requests::new(all);
    assert_eq!(requests.left(all).missing.len(), 4);
    let asked: Vec<Found> = ["b", "a", "a", "d"]
        .map(|device| requests.take(all, &asked("GET", &logs(device), "t", None)))
        .into();
    assert_eq!(asked, [Found::Recorded(1), Found::Recorded(0), Found::Again(0), Found::Ahead]);
    let left = requests.left(all);
    assert_eq!((left.missing.len(), left.ahead), (0, 2));
}

#[test]
fn what_is_read_once_more_is_answered_again_and_other_pages_are_known_as_such() {
    let page = |number: u32, status: u32| {
        let target = format!("/devices?page[number]={number}&filter[x]=1");
        json!({"method": "GET", "target": target, "status": status})
    };
    let recording = recording(&[page(1, 429), page(1, 200), page(2, 500)]);
    let mut requests = Requests::new(&recording.exchanges);
    let mut take =
        |target: &str| requests.take(&recording.exchanges, &asked("GET", target, "t", None));
    let first = "/devices?page%5Bnumber%5D=1&filter[x]=1";
    let taken = [take(first), take(first), take(first), take(first)];
    assert_eq!(taken, [Found::Recorded(0), Found::Recorded(1), Found::Again(1), Found::Again(1)]);
    let second = "/devices?page[number]=2&filter[x]=1";
    assert_eq!([take(second), take(second)], [Found::Recorded(2), Found::Ahead]);
    assert_eq!(take("/devices?page[number]=3&filter[x]=1"), Found::Ahead);
    assert_eq!(take("/devices?page[number]=3&filter[x]=2"), Found::Nothing);
    assert_eq!(take("/devices?filter[x]=1"), Found::Nothing);
}

#[test]
fn an_old_token_is_told_from_a_new_one() {
    let get = |token: &str| json!({"method": "GET", "target": "/devices", "token": token});
    let recording = recording(&[get("old"), get("new")]);
    let mut requests = Requests::new(&recording.exchanges);
    let mut take =
        |token| requests.take(&recording.exchanges, &asked("GET", "/devices", token, None));
    assert_eq!([take("new"), take("old")], [Found::Recorded(1), Found::Recorded(0)]);
    assert_eq!(requests.open().count(), 0);
}

#[test]
fn what_was_not_asked_for_is_missing_unless_it_is_a_matter_of_time() {
    let get = |target: &str| json!({"method": "GET", "target": target, "status": 200});
    let page = |number: u32| get(&format!("/devices?page[number]={number}"));
    let account = get("/accounts/me");
    let mut busy = page(3);
    busy["status"] = 429.into();
    let all = recording(&[
        account.clone(),
        account,
        page(1),
        page(1),
        page(2),
        busy,
        page(3),
        get("/products"),
    ]);
    let mut requests = Requests::new(&all.exchanges);
    let left = |requests: &Requests| {
        let Left { missing, ahead, .. } = requests.left(&all.exchanges);
        (missing, ahead)
    };
    assert_eq!(left(&requests), (vec![2, 3, 4, 5, 6, 7], 2));
    for target in
        ["/accounts/me", "/devices?page[number]=1", "/devices?page[number]=3", "/products"]
    {
        requests.take(&all.exchanges, &asked("GET", target, "t", None));
    }
    // A page that was read once more may have had something new.
    assert_eq!(left(&requests), (vec![3], 3));
}

#[test]
fn a_command_that_is_not_given_is_told_from_one_that_leaves_something_out() {
    let get = |run: &str, target: &str| json!({"run": run, "method": "GET", "target": target});
    let exchanges = [
        get("a", "/devicegroups"),
        get("a", "/products"),
        get("b", "/devicegroups"),
        get("b", "/devices"),
    ];
    let all = of_runs(&["a", "b"], &exchanges);
    let left = |targets: &[&str]| {
        let mut requests = Requests::new(&all.exchanges);
        for target in targets {
            requests.take(&all.exchanges, &asked("GET", target, "t", None));
        }
        let Left { missing, not_given, .. } = requests.left(&all.exchanges);
        (missing.len(), not_given)
    };
    assert_eq!(left(&["/devicegroups", "/devices"]), (0, 1));
    assert_eq!(left(&["/devicegroups", "/products"]), (0, 1));
    assert_eq!(left(&["/devices"]), (1, 1));
    assert_eq!(left(&["/devicegroups", "/devicegroups", "/devices", "/products"]), (0, 0));
    assert_eq!(left(&[]), (4, 0));
}

#[test]
fn log_streams_may_be_opened_in_another_order() {
    let put = |stream: u32, device: &str| {
        let target = format!("/logstream/secret-000000000000000{stream}/{device}");
        json!({"method": "PUT", "target": target, "status": 204})
    };
    let recording = recording(&[put(1, "a"), put(2, "b"), put(3, "a"), put(4, "b")]);
    let mut requests = Requests::new(&recording.exchanges);
    let mut take = |stream: u32, device: &str| {
        let target = format!("/logstream/secret-000000000000000{stream}/{device}");
        requests.take(&recording.exchanges, &asked("PUT", &target, "t", None))
    };
    let taken = [take(2, "a"), take(1, "b"), take(3, "a"), take(3, "b"), take(4, "b")];
    assert_eq!(taken[..4], [0, 1, 2, 3].map(Found::Recorded));
    assert_eq!(taken[4], Found::Nothing);
}

#[test]
fn any_text_is_the_same_as_a_secret_and_no_other_is_the_same() {
    let secret = "secret-0123456789abcdef";
    let sign_in =
        json!({"method": "POST", "target": "/auth", "body": {"id": "me", "password": secret}});
    let recording = recording(&[sign_in]);
    let mut requests = Requests::new(&recording.exchanges);
    let mut take =
        |body| requests.take(&recording.exchanges, &asked("POST", "/auth", "t", Some(body)));
    assert_eq!(take(json!({"id": "you", "password": "x"})), Found::Nothing);
    assert_eq!(take(json!({"id": "me", "password": null})), Found::Nothing);
    assert_eq!(take(json!({"id": "me"})), Found::Nothing);
    assert_eq!(take(json!({"password": "x", "id": "me"})), Found::Recorded(0));
}

#[test]
fn what_comes_nearest_is_told() {
    let recording = recording(&[
        json!({"method": "GET", "target": "/products"}),
        json!({"method": "POST", "target": "/devices/a", "body": {"x": 1}}),
        json!({"method": "GET", "target": "/devices/ab"}),
    ]);
    let near =
        |method, target, body| nearest(&recording.exchanges, &asked(method, target, "t", body));
    assert_eq!(near("GET", "/devices/ac", None), "the nearest is GET /devices/ab (line 4)");
    assert_eq!(
        near("POST", "/devices/a", Some(json!({"x": 2}))),
        "the nearest is the same with another body, line 3"
    );
}

#[test]
fn anything_may_stand_in_the_place_of_a_secret_in_a_text() {
    let recorded = "https://secret-0123456789abcdef@h/secret-0123456789abcdef";
    for (asked, wanted) in [
        ("https://me:pass@h/path?a", true),
        ("https://@h/", true),
        (recorded, true),
        ("https://h/path", false),
        ("http://me@h/path", false),
    ] {
        assert_eq!(fits(recorded, asked), wanted, "{asked}");
    }
    assert!(fits("secret-plans", "secret-plans") && !fits("secret-plans", "other"));
}
