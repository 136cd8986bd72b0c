//! A service in trouble: limits, errors, delays, outages, lists that misbehave, redirects.

use serde_json::json;
use tests::{Dir, Server, Sim, wait};

fn account(options: &[&str]) -> (Sim, Dir) {
    let sim = Sim::start(options);
    let dir = Dir::signed_in(&sim);
    (sim, dir)
}

#[test]
fn a_429_is_waited_out_by_all() {
    let (sim, dir) = account(&["--devices", "2000", "--variant", "retry-after=present"]);
    sim.fault("GET /devices 429 after=4 times=6");
    let run = dir.sh("imp-device list --jobs 8").quiet();
    assert_eq!(run.records().len(), 2000);
    let counts = sim.counts();
    assert!(counts.status(429) >= 1 && counts.status(429) <= 8, "{counts:?}");
}

#[test]
fn a_429_to_a_sign_in_is_waited_out_too() {
    let sim = Sim::start(&["--variant", "retry-after=present"]);
    let dir = Dir::with_login_key(&sim);
    sim.fault("POST /** 429");
    let _unreachable = dir.sh("imp-device list --patience 2s").code(4);
    let counts = sim.counts();
    assert!((1..=6).contains(&counts.status(429)), "{counts:?}");
}

#[test]
fn a_pace_is_kept_and_shared_by_a_pipeline() {
    let (sim, dir) = account(&["--devices", "3000", "--rate-limit", "40"]);
    let [group] = sim.groups(["A"]);
    let script = "imp-device list | imp-device assign --dg A | head -150 | imp-device info | wc -l";
    let run = dir.sh(script).ok();
    assert_eq!(run.stdout().trim(), "150");
    assert_eq!(sim.members(&group).len(), 3000);
    let counts = sim.counts();
    assert!(counts.total >= 200, "{counts:?}");
    // Requests that are held up on their way arrive together with later ones, now and then. How well
    // the pace is kept is measured by the benchmark.
    assert!(counts.status(429) * 10 <= counts.total, "{counts:?}");
}

#[test]
fn reading_goes_on_after_errors_of_the_moment() {
    for error in ["500 body=json", "502 body=html", "503 body=empty", "504 body=message"] {
        let (sim, dir) = account(&["--devices", "1000"]);
        sim.fault(&format!("GET /devices {error} every=4 times=2"));
        sim.fault("GET /devices cut=middle after=1 times=1");
        sim.fault("GET /devices cut=before after=6 times=1");
        let run = dir.sh("imp-device list").quiet();
        assert_eq!(run.field("id"), sim.field("id"), "{error}");
        assert_eq!(sim.faults_applied(), [2, 1, 1]);
    }
}

#[test]
fn an_answer_that_does_not_come_is_asked_for_again() {
    let (sim, dir) = account(&["--devices", "300"]);
    sim.fault("GET /devices delay=1h times=1");
    let run = dir.sh("imp-device list --patience 8s").quiet();
    assert_eq!(run.records().len(), 300);
    assert_eq!(sim.faults_applied(), [1]);
}

#[test]
fn a_row_that_always_fails_does_not_end_the_run() {
    let (sim, dir) = account(&["--devices", "30"]);
    let ids = sim.field("id");
    sim.fault(&format!("GET /devices/{} 500 body=html", ids[4]));
    dir.write_column("ids", "id", &ids);
    let run = dir.sh("imp-device info --jobs 2 --patience 20s --input ids --failed failed");
    let run = run.code(1);
    assert_eq!(run.records().len(), 29);
    let failed = dir.failed("failed").remove(0);
    assert_eq!((failed.error.kind.as_str(), failed.error.status), ("unexpected", Some(500)));
    assert!(failed.error.attempts > 1, "{run}");
    run.says_all(&["ids:6", "500"]);
}

#[test]
fn an_outage_ends_with_4_and_nothing_is_lost() {
    let (sim, dir) = account(&["--devices", "400"]);
    let [group] = sim.groups(["A"]);
    let ids = sim.field("id");
    dir.write_column("ids", "id", &ids);
    sim.fault("* /** 503 body=html after=4");
    let assign = "imp-device assign --dg A --batch 20 --jobs 1 --patience 2s --input ids";
    let run = dir.sh(&format!("{assign} --failed failed --report report")).code(4);
    let failed = dir.failed("failed");
    let kinds: Vec<&str> = failed.iter().map(|row| row.error.kind.as_str()).collect();
    assert!(kinds.contains(&"not_attempted"), "{run}");
    let done = run.records().len();
    assert_eq!((done + failed.len(), dir.report("report").exit), (400, 4));
    assert!(run.stderr().lines().count() < 30, "one reason, not one for each row{run}");
    assert_eq!(sim.members(&group).len(), done);
    // Later, the same file again.
    sim.no_faults();
    dir.sh("imp-device assign --dg A --failed later < failed").ok();
    assert_eq!((sim.members(&group).len(), sim.restarts()), (400, 400));
}

#[test]
fn a_service_that_is_not_there_is_4_within_the_patience() {
    let (mut sim, dir) = account(&["--devices", "10"]);
    sim.stop();
    for script in ["imp-device list", "imp-dg list", "imp-product list", "imp-device info -d x"] {
        let (took, run) = wait::timed(|| dir.sh(&format!("{script} --patience 1s")));
        run.code(4).no_stdout().says("try again later");
        // Not at once, and far from the two minutes that it waits by itself.
        assert!((1..60).contains(&took.as_secs()), "{script}: {took:?}");
    }
}

#[test]
fn one_advice_is_enough() {
    let (sim, dir) = account(&["--devices", "1"]);
    sim.fault("GET /** 429");
    let said = dir.sh("imp-device list --patience 1s").code(4).stderr();
    assert_eq!(said.matches("try again later").count(), 1, "{said}");
}

#[test]
fn a_service_that_comes_back_in_time_is_waited_for() {
    let dir = Dir::new();
    let state = dir.path().join("state");
    let options = ["--devices", "700", "--state", state.to_str().expect("UTF-8")];
    let mut sim = Sim::start(&options);
    let dir = Dir::signed_in(&sim);
    sim.finish();
    let running = dir.spawn("imp-device list --trace");
    running.wait_for("it to try", || running.stderr().contains("/devices"));
    let again = sim.start_again(&options);
    let run = running.wait().ok();
    assert_eq!(run.records().len(), 700);
    assert!(again.counts().total >= 7);
}

#[test]
fn lists_survive_what_pages_do() {
    for variant in
        ["last-page-next=self", "list-repeats=on", "page-past-end=404", "link-host=foreign"]
    {
        for devices in ["0", "1", "100", "101", "1000", "1050"] {
            let sim = Sim::start(&["--devices", devices, "--variant", variant]);
            let dir = Dir::signed_in(&sim);
            let run = dir.sh("imp-device list").quiet();
            assert_eq!(run.field("id"), sim.field("id"), "{variant}, {devices}");
        }
    }
}

#[test]
fn a_list_that_breaks_off_keeps_what_came_and_says_so() {
    let (sim, dir) = account(&["--devices", "1000"]);
    for (fault, code) in [("403", 1), ("503", 4), ("cut=before", 4)] {
        for form in ["ndjson", "json", "csv", "minimal"] {
            sim.no_faults();
            sim.fault(&format!("GET /devices {fault} after=3"));
            let list = format!("imp-device list -z {form} --jobs 1 --patience 0s");
            let run = dir.sh(&list).code(code);
            assert_eq!(run.stderr().lines().count(), 1, "{run}");
            let devices = run.lines().iter().filter(|line| line.len() > 10).count();
            let header = usize::from(form == "csv");
            // Three pages that overlap.
            assert_eq!(devices, 294 + header, "{form}");
            if form == "json" {
                let all: Vec<serde_json::Value> =
                    serde_json::from_str(&run.stdout()).expect("still a whole array");
                assert_eq!(all.len(), 294);
            }
        }
    }
}

#[test]
fn production_devices_are_listed_whatever_the_plain_list_is() {
    for variant in ["plain-device-list=all", "plain-device-list=development"] {
        let (sim, dir) =
            account(&["--devices", "150", "--production", "120", "--variant", variant]);
        let run = dir.sh("imp-device list").quiet();
        let (mut printed, mut there) = (run.field("id"), sim.field("id"));
        printed.sort();
        there.sort();
        assert_eq!(printed, there, "{variant}");
        assert_eq!(dir.sh("imp-device list --dg-type production").quiet().records().len(), 120);
        assert_eq!(dir.sh("imp-device list --unassigned").quiet().records().len(), 150);
        assert_eq!(dir.sh("imp-device list --product SimProduct").quiet().records().len(), 120);
    }
}

#[test]
fn filters_unite_within_a_kind_and_narrow_across_kinds() {
    let (sim, dir) = account(&["--devices", "60"]);
    let [a, b] = sim.groups(["A", "B"]);
    let ids = sim.field("id");
    sim.put(&a, &ids[..20]);
    sim.put(&b, &ids[20..50]);
    let number =
        |options: &str| dir.sh(&format!("imp-device list {options}")).quiet().records().len();
    assert_eq!([number("--dg A"), number("--dg A --dg B"), number("-g A -g A")], [20, 50, 20]);
    assert_eq!(
        [number("--assigned"), number("--unassigned"), number("--product Ovens")],
        [50, 10, 50]
    );
    assert_eq!(number("--online") + number("--offline"), 60);
    assert_eq!(number("--dg A --online") + number("--dg A --offline"), 20);
    assert_eq!(number("--owner partner --dg A"), 0);
    assert_eq!(number("--owner partner"), 3);
    let run = dir.sh("imp-dg list --product Ovens | imp-device list --dg -").quiet();
    assert_eq!(run.records().len(), 50);
    let run = dir.sh("imp-product list --owner me | imp-device list --product - --limit 7").quiet();
    assert_eq!(run.records().len(), 7);
    dir.sh("imp-device list --dg A --unassigned").code(2);
    // Nothing on stdin is nothing, and not everything.
    for list in ["imp-device list --dg -", "imp-device list --product -", "imp-dg list --product -"]
    {
        dir.sh_with(list, "").quiet().no_stdout();
    }
    dir.sh_with("imp-device list --product Ovens --dg -", "").quiet().no_stdout();
    dir.sh_with("imp-dg unassign --dg -", "").quiet().no_stdout();
    dir.sh("imp-device list --online --offline").code(2);
    dir.sh("imp-device list --dg nowhere").code(1).says("nowhere");
}

/// A service of the test's own: every request is answered with `answer`.
fn impostor(status: &'static str, headers: &'static str, body: &'static str) -> (Server, Dir) {
    let server = Server::start(move |_| {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    });
    let dir = Dir::new();
    let endpoint = format!("{}/v5", server.origin());
    let content = json!({"endpoint": endpoint, "accessToken": "the-token",
        "expiresAt": "2999-01-01T00:00:00.000Z", "refreshToken": "the-refresh-token"});
    dir.write(".impt.auth", content.to_string());
    (server, dir)
}

#[test]
fn a_redirect_is_not_followed_and_no_token_goes_elsewhere() {
    let elsewhere = Server::start(|_| "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned());
    let headers: &'static str = format!("location: {}/v5/devices\r\n", elsewhere.origin()).leak();
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let (server, dir) = impostor(status, headers, "");
        let run = dir.sh("imp-device list --patience 2s").code(1).no_stdout();
        assert!(run.stderr().contains(&status[..3]), "{run}");
        assert_eq!(server.seen().len(), 1, "{:?}", server.seen());
    }
    assert_eq!(elsewhere.seen(), Vec::<String>::new());
}

#[test]
fn answers_that_make_no_sense_are_errors_with_a_hint() {
    let api = "content-type: application/vnd.api+json\r\n";
    let not_json = "the answer is not JSON; is the endpoint an impCentral API?";
    let no_data = "a list without `data`";
    for (status, headers, body, says) in [
        ("200 OK", "content-type: text/html\r\n", "<html>The hotel's Wi-Fi</html>", not_json),
        ("200 OK", "content-type: application/json\r\n", "{}", no_data),
        ("200 OK", api, "{\"data\":17}", no_data),
        ("200 OK", api, "{\"data\":[}", not_json),
        ("204 No Content", "", "", no_data),
        ("418 I'm a teapot", "", "{\"message\":\"short and stout\"}", "short and stout"),
    ] {
        let (_server, dir) = impostor(status, headers, body);
        let run = dir.sh("imp-device list --patience 2s").code(1).no_stdout().says(says);
        assert!(run.stderr().starts_with("imp-device: "), "{run}");
        assert_eq!(run.stderr().lines().count(), 1, "{run}");
    }
}

#[test]
fn what_the_service_says_reaches_the_person_whatever_its_form() {
    let (sim, dir) = account(&["--devices", "5"]);
    for (body, says) in
        [("message", "Bad Request"), ("json", "400"), ("html", "400"), ("empty", "400")]
    {
        sim.no_faults();
        sim.fault(&format!("GET /devices/* 400 body={body}"));
        let run = dir.sh("imp-device info -d 40000c2a69000000 --failed failed").code(1);
        run.says(says).no_stdout();
        assert_eq!(dir.failed("failed")[0].error.status, Some(400));
    }
}

#[test]
fn the_user_agent_and_the_media_types_are_sent() {
    let (server, dir) = impostor("200 OK", "", "{\"data\":[],\"links\":{}}");
    dir.sh("imp-device list").quiet().no_stdout();
    let head = server.seen()[0].to_ascii_lowercase();
    for part in ["user-agent: imp-tools/", "accept: application/vnd.api+json", "page%5bsize%5d=100"]
    {
        assert!(
            head.contains(part) || head.replace("[", "%5b").replace("]", "%5d").contains(part),
            "{part}: {head}"
        );
    }
    assert!(head.contains("authorization: bearer the-token"), "{head}");
}
