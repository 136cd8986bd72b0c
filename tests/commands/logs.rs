//! `imp-log`: stored logs, and following many devices through everything that happens to a stream.

mod checks;
mod cursor;
mod follow;
mod on_terminal;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::{Background, Dir, Proxy, Sim, ask};

/// A simulator with devices that are all in one group, and somebody signed in.
fn bench(devices: usize, options: &[&str]) -> (Sim, Dir, Vec<String>) {
    let count = devices.to_string();
    let sim = Sim::start(&[&["--devices", count.as_str()], options].concat());
    let dir = Dir::signed_in(&sim);
    let [group] = sim.groups(["Bench"]);
    let ids = sim.field("id");
    sim.put(&group, &ids);
    (sim, dir, ids)
}

/// The same under the limit of the service, in which nothing counts that the test itself has asked:
/// it is prepared without one. The directory holds its state.
fn limited_bench(devices: usize, options: &[&str]) -> (Sim, Dir, Vec<String>, tempfile::TempDir) {
    let directory = tempfile::tempdir().expect("a fresh directory");
    let state = directory.path().join("state");
    let kept = ["--state", state.to_str().expect("UTF-8")];
    let (mut prepared, dir, ids) = bench(devices, &kept);
    prepared.finish();
    let sim = prepared.start_again(&[&kept, &["--rate-limit", "40"], options].concat());
    (sim, dir, ids, directory)
}

/// The devices say something.
fn log(sim: &Sim, devices: &[String], text: &str) {
    let body = json!({"devices": devices, "text": text}).to_string();
    let answer = ask("POST", &format!("{}/log", sim.entry.control), &[], &body);
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// How often each line is there; what was logged by the test, not by the assignment.
fn lines(records: impl IntoIterator<Item = Value>) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    for record in records.into_iter().filter(|record| record["type"] == "server.log") {
        let line = format!("{} {} {}", record["device_id"], record["ts"], record["msg"]);
        *lines.entry(line).or_default() += 1;
    }
    lines
}

fn printed(running: &Background) -> BTreeMap<String, usize> {
    let text = running.stdout();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    lines(whole.lines().map(|line| serde_json::from_str(line).expect("JSON")))
}

fn stored(dir: &Dir) -> BTreeMap<String, usize> {
    lines(dir.sh("imp-device list | imp-log get").quiet().records())
}

/// Starts to follow, and waits until so many are on a stream.
fn follow(dir: &Dir, sim: &Sim, script: &str, streamed: usize) -> Background {
    let running = dir.spawn(script);
    running.wait_for("the stream", || added_to_streams(sim) >= streamed);
    running
}

/// Whether it is known of all of these where their logs began, and so what is new in them.
fn all_are_begun(sim: &Sim, ids: &[String]) -> bool {
    let asked = sim.requests();
    let is_begun = |id: &String| {
        let log = format!("/devices/{id}/logs");
        asked.iter().any(|asked| asked.status == 200 && asked.path.ends_with(&log))
    };
    ids.iter().all(is_begun)
}

/// How often a device was put on a log stream.
fn added_to_streams(sim: &Sim) -> usize {
    let added = |asked: &&tests::Asked| asked.method == "PUT" && asked.status == 204;
    sim.requests().iter().filter(added).count()
}

#[test]
fn the_whole_stored_log_or_a_part_of_it() {
    let (sim, dir, ids) = bench(3, &[]);
    for number in 1..=20 {
        log(&sim, &ids[..1], &format!("line {number}"));
    }
    let messages = |options: &str| -> Vec<String> {
        let run = dir.sh(&format!("imp-log get --device {} {options}", ids[0])).quiet();
        let lines = run.records().into_iter().filter(|record| record["type"] == "server.log");
        lines.map(|line| line["msg"].as_str().expect("a text")[5..].to_owned()).collect()
    };
    let numbers = |range: std::ops::RangeInclusive<u32>| range.map(|number| number.to_string());
    let newest_first: Vec<String> = numbers(1..=20).rev().collect();
    assert_eq!(messages(""), newest_first);
    assert_eq!(messages("--page-size 3"), newest_first, "all pages, nobody has to press Enter");
    assert_eq!(messages("--reverse -s 7"), numbers(1..=20).collect::<Vec<_>>());
    assert_eq!(messages("-s 5 -n 3"), numbers(6..=10).rev().collect::<Vec<_>>());
    assert_eq!(messages("-s 5 -n 99"), [""; 0]);
    assert_eq!(messages("--since 1h").len(), 20);
    assert_eq!(messages("--since 2099-01-01T00:00:00Z"), [""; 0]);
    let run = dir.sh("imp-device list | imp-log get").quiet();
    let devices: Vec<_> = run.records().iter().map(|record| record["device_id"].clone()).collect();
    assert_eq!(devices.len(), 23);
    assert!(devices[21..].iter().zip(&ids[1..]).all(|(one, other)| one == other), "in their order");
    // A log is a source of devices.
    let run = dir.sh("imp-device list | imp-log get | imp-device info").quiet();
    assert_eq!(run.records().len(), 23);
    let run = dir.sh(&format!("imp-log get -d {} -z csv | head -1", ids[0])).quiet();
    assert_eq!(run.stdout().trim(), "device_id,ts,log_type,type,msg");
    sim.reset();
    dir.sh(&format!("imp-log get -d {} -s 1 | head -2", ids[0])).quiet();
    assert!(sim.counts().total <= 4, "{:?}", sim.counts());
}

#[test]
fn logs_that_cannot_be_read_fail_and_the_others_go_on() {
    let sim = Sim::start(&["--devices", "1", "--production", "1"]);
    let dir = Dir::signed_in(&sim);
    let ids = dir.sh("imp-device list --unassigned").quiet().field("id");
    let [group] = sim.groups(["Bench"]);
    sim.put(&group, &ids);
    let production = dir.sh("imp-device list --dg-type production").quiet().field("id");
    let script = format!(
        "printf '%s\\n' {} {} 0123456789abcdef | imp-log get --failed f",
        production[0], ids[0]
    );
    let run = dir.sh(&script).code(1).says("production device");
    assert_eq!(run.field("device_id"), ids);
    let failed = dir.failed("f");
    let kinds: Vec<&str> = failed.iter().map(|row| row.error.kind.as_str()).collect();
    assert_eq!(kinds, ["refused", "not_found"]);
    let run = dir.sh(&format!("imp-log stream --device {}", production[0])).code(1);
    run.says("production device").no_stdout();
}

/// Forty devices log, and now and then the streams end as `ending` says; what was printed must be what
/// is stored. Gives what was said.
fn nothing_is_missing_or_doubled(
    ending: Option<&str>,
    on_streams: usize,
    options: &[&str],
) -> String {
    let (sim, dir, ids, _state) = limited_bench(40, options);
    let running = follow(&dir, &sim, "imp-log stream --dg Bench", on_streams);
    // Those that are polled are not on a stream.
    running.wait_for("the beginning of each log", || all_are_begun(&sim, &ids));
    let mut rounds = 0;
    let mut log_for_a_while = || {
        for _ in 0..10 {
            rounds += 1;
            log(&sim, &ids, &format!("round {rounds}"));
            // Alike, and perhaps in the same millisecond.
            log(&sim, &ids[..10], "the same");
        }
        rounds * 50
    };
    let number = || printed(&running).values().sum::<usize>();
    for time in 1..=3 {
        log_for_a_while();
        if let Some(ending) = ending {
            sim.control("POST", ending, "");
        }
        // Nobody follows yet, or again.
        let logged = log_for_a_while();
        running.wait_for("all lines so far", || number() >= logged);
        let again = if ending.is_some() { on_streams * (time + 1) } else { on_streams };
        running.wait_for("the stream", || added_to_streams(&sim) >= again);
    }
    let expected = stored(&dir);
    assert_eq!(expected.values().sum::<usize>(), rounds * 50);
    running.interrupt();
    let run = running.wait().code(130);
    assert_eq!(lines(run.records()), expected);
    assert!(!run.records().iter().any(|record| record["type"] == "gap"), "nothing is missing{run}");
    // The first second, in which the limit is learnt, may cost some.
    let counts = sim.counts();
    assert!(counts.status(429) * 50 <= counts.total, "inside the rate limit: {counts:?}");
    run.stderr()
}

#[test]
fn forty_devices_and_a_stream_that_is_cut_again_and_again() {
    let said = nothing_is_missing_or_doubled(Some("cut-streams"), 8, &[]);
    assert!(
        said.contains("8 devices are on log streams; the stored logs of 32 are polled"),
        "{said}"
    );
    assert!(said.contains("the log stream ended"), "{said}");
}

#[test]
fn forty_devices_and_a_stream_that_the_service_closes() {
    let said = nothing_is_missing_or_doubled(Some("close-streams"), 8, &[]);
    assert!(said.contains("another stream of this account"), "{said}");
}

#[test]
fn forty_devices_and_a_service_that_takes_fewer_on_a_stream() {
    let options = ["--variant", "devices-per-stream=5"];
    let said = nothing_is_missing_or_doubled(None, 5, &options);
    assert!(
        said.contains("5 devices are on log streams; the stored logs of 35 are polled"),
        "{said}"
    );
}

#[test]
fn lines_that_the_service_has_thrown_away_leave_a_gap() {
    let (sim, dir, ids) = bench(1, &[]);
    let script = "imp-log stream --dg Bench --streams 0 & echo $! > pid; wait";
    let running = dir.spawn(script);
    let asked = || sim.requests().iter().filter(|asked| asked.path.ends_with("/logs")).count();
    running.wait_for("the beginning", || asked() > 0);
    log(&sim, &ids, "first");
    running.wait_for("the first line", || printed(&running).len() == 1);
    // While it cannot look, more is logged than the service keeps.
    dir.sh("kill -s STOP $(cat pid)").ok();
    for number in 0..1_100 {
        log(&sim, &ids, &format!("line {number}"));
    }
    dir.sh("kill -s CONT $(cat pid)").ok();
    running.wait_for("the last line", || running.stdout().contains("line 1099"));
    running.interrupt();
    let records = running.wait().records();
    let gap = records.iter().find(|record| record["type"] == "gap").expect("a gap");
    assert_eq!(gap["device_id"], ids[0]);
    assert!(gap["from"].as_str() < gap["to"].as_str(), "{gap}");
    assert_eq!(lines(records).len(), 1_001, "what is kept is printed");
}

#[test]
fn entries_that_come_while_a_log_is_read_push_nothing_into_it_twice() {
    let (sim, dir, ids) = bench(1, &[]);
    for number in 0..250 {
        log(&sim, &ids, &format!("line {number}"));
    }
    let known = stored(&dir);
    for script in ["imp-log get --dg Bench", "imp-log get --dg Bench --cursor place"] {
        // The first page is answered late, and more than two pages come before the second one.
        sim.fault("GET /devices/*/logs delay=2s times=1");
        let running = dir.spawn(script);
        running.wait_for("the first page", || sim.faults_applied() == [1]);
        for number in 0..210 {
            log(&sim, &ids, &format!("{script} {number}"));
        }
        let printed = lines(running.wait().quiet().records());
        let doubled: Vec<_> = printed.iter().filter(|(_, times)| **times > 1).collect();
        assert!(doubled.is_empty(), "{script}: {doubled:?}");
        assert!(known.keys().all(|line| printed.contains_key(line)), "{script}");
        sim.no_faults();
    }
}

#[test]
fn the_end_of_the_reader_and_the_end_of_the_service() {
    let (mut sim, dir, ids) = bench(2, &[]);
    let running = follow(&dir, &sim, "imp-log stream --dg Bench | head -1", 2);
    log(&sim, &ids, "one");
    assert_eq!(running.wait().ok().records().len(), 1);
    sim.reset();
    let running = follow(&dir, &sim, "imp-log stream --dg Bench --patience 1s", 2);
    sim.stop();
    running.wait().code(4);
}

#[test]
fn a_colleague_takes_the_stream_and_nothing_is_lost() {
    let (sim, dir, ids) = bench(2, &[]);
    let first = follow(&dir, &sim, "imp-log stream --dg Bench", 2);
    let second = follow(&dir, &sim, "imp-log stream --dg Bench", 4);
    let log_ten = |word: &str| {
        (0..10).for_each(|number| log(&sim, &ids, &format!("{word} line {number}")));
    };
    log_ten("early");
    first.wait_for("the reason", || first.stderr().contains("another stream of this account"));
    log_ten("late");
    let expected = stored(&dir);
    assert_eq!(expected.len(), 40);
    for running in [&first, &second] {
        running.wait_for("all lines", || printed(running) == expected);
    }
}

#[test]
fn through_a_proxy() {
    let directory = tempfile::tempdir().expect("a fresh directory");
    let tls = directory.path().to_str().expect("UTF-8");
    let sim = Sim::start(&["--devices", "1", "--tls", tls]);
    let mut dir = Dir::with_login_key(&sim);
    let authority = sim.entry.ca_file.as_ref().expect("with --tls there is one");
    dir.set("SSL_CERT_FILE", authority.to_str().expect("UTF-8"));
    let proxy = Proxy::to(sim.port());
    dir.set("IMPT_ENDPOINT", &format!("https://imp-sim.test:{}/v5", sim.port()));
    dir.set("https_proxy", &proxy.url());
    dir.sh("imp-product create -n Ovens && imp-dg create -n Bench -p Ovens").quiet();
    let ids = dir.sh("imp-device list | imp-device assign --dg Bench").quiet().field("id");
    let running = dir.spawn("imp-log stream --dg Bench");
    let mut number = 0;
    running.wait_for("a line", || {
        number += 1;
        let body = json!({"devices": ids, "text": format!("line {number}")}).to_string();
        dir.sh(&format!("curl -sS --noproxy '*' -d '{body}' {}/log", sim.entry.control)).ok();
        !running.stdout().is_empty()
    });
    let seen = proxy.seen();
    assert!(!seen.is_empty() && seen.iter().all(|line| line.starts_with("CONNECT imp-sim.test:")));
}

#[test]
fn a_restart_is_followed_from_its_first_line() {
    let (_sim, dir, ids) = bench(2, &[]);
    for script in [
        "imp-device list | imp-device restart --log".to_owned(),
        "imp-dg restart --dg Bench --log".to_owned(),
        "echo 'server.log(\"hi\");' > d.nut; imp-build run --dg Bench -x d.nut --log".to_owned(),
    ] {
        let running = dir.spawn(&script);
        let first = || running.stdout().matches("Agent restarted: reload.").count() == 2;
        running.wait_for("both restarts", first);
        running.interrupt();
        let run = running.wait().code(130);
        assert!(run.records()[0]["outcome"].is_string(), "{run}");
        let devices = run.field("device_id");
        assert!(ids.iter().all(|id| devices.contains(id)), "{run}");
    }
}

#[test]
fn a_group_without_devices_is_not_followed_in_silence() {
    let sim = Sim::start(&["--devices", "1"]);
    sim.groups(["Empty"]);
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-log stream --dg Empty").code(1).no_stdout().says("there is no device to follow");
    dir.sh("imp-dg list --product Ovens | imp-log stream").code(1).says("no device to follow");
    dir.sh_with("imp-log stream", "").quiet().no_stdout();
}
