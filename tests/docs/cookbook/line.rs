//! The section about the assembly line; what runs under systemd is in systemd.rs.

use serde_json::Value;
use tests::{Background, have, look_at};

use super::{Job, set, text};

/// Puts a fixture into the factory.
fn fixture(job: &Job) {
    let add = "imp-sim add --imp-type imp005 | imp-device assign --dg Fixtures --input -";
    job.dir.sh(add).quiet();
}

/// A receiver with the journal `events.ndjson`, and the URL of its hooks.
fn listen(job: &Job) -> (Background, String) {
    let listen = "exec imp-hook listen --journal events.ndjson --ready-file ready";
    let running = job.dir.spawn(listen);
    running.wait_for("the ready file", || job.dir.path().join("ready").exists());
    let ready: Value = serde_json::from_str(&job.dir.read("ready")).expect("JSON");
    (running, text(&ready, "url"))
}

/// A shift in which eighteen of twenty devices are blessed, with its journal.
fn shift(job: &Job) {
    let (listener, url) = listen(job);
    job.dir
        .sh(&format!("imp-hook create --dg Shipped --event blessing --url {url}blessing"))
        .quiet();
    job.dir.sh("imp-sim line --fixture Fixtures --duts 20 --fail 10%").ok();
    listener.wait_for("all calls", || job.sim.counts().delivered == 18);
}

#[test]
fn check_the_blessings() {
    let mut job = Job::of("Check the blessings of a shift");
    fixture(&job);
    job.type_next().quiet();
    shift(&job);
    let script = job.text();
    job.dir.sh(&script).quiet().no_stdout();
    // An event is lost, and one comes of a device that is elsewhere.
    let mut events = job.dir.read_lines("events.ndjson");
    let lost = text(&events.remove(4), "device_id");
    let other = job.field(None, "id").remove(0);
    events.push(serde_json::json!({"event": "blessing", "device_id": other}));
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    job.dir.write("events.ndjson", lines);
    let run = job.dir.sh(&script).quiet();
    assert_eq!(set(run.lines()), set([other, format!("\t{lost}")]), "{run}");
}

#[test]
fn say_what_became_of_a_shift() {
    let mut job = Job::of("Say of each serial of a shift what became of it");
    fixture(&job);
    let before = job.field(Some("Shipped"), "mac_address");
    shift(&job);
    let mut macs = job.field(Some("Shipped"), "mac_address");
    macs.retain(|mac| !before.contains(mac));
    let is_dut = |group: &&Value| group["type"] == "dut_devicegroup";
    let groups = job.sim.all("devicegroups");
    let duts = text(groups.iter().find(is_dut).expect("a group"), "name");
    let failed = job.field(Some(&duts), "mac_address");
    let rows = [&macs[..], &failed, &["0c:2a:69:ff:ff:ff".into(), macs[0].to_uppercase()]].concat();
    job.dir.write_column("serials.csv", "MAC", &rows);
    job.type_next().says("18 present, 1 missing, 1 doubled, 2 never_blessed");
    let run = job.type_next();
    let lines = run.lines();
    let counted: Vec<&str> = lines[..4].iter().map(|line| line.trim()).collect();
    assert_eq!(counted, ["1 doubled", "1 missing", "2 never_blessed", "18 present"]);
    assert_eq!(lines[4].split('\t').nth(1), Some("never_blessed"), "{run}");
    assert_eq!(lines[6], "serials.csv:22\tmissing\t0c:2a:69:ff:ff:ff\t", "{run}");
    assert_eq!(lines.len(), 8);
}

#[test]
fn close_the_books() {
    let mut job = Job::of("Close the books on a shift");
    fixture(&job);
    let (listener, url) = listen(&job);
    job.dir.sh(&format!("imp-hook create --dg Shipped --event blessing --url {url}blessing")).ok();
    job.dir.sh("imp-sim line --fixture Fixtures --duts 20 --fail 10%").ok();
    listener.wait_for("all calls", || job.sim.counts().delivered == 18);
    job.type_next().quiet();
    let shift = &job.dir.read_lines("shift.ndjson")[0];
    assert_eq!((&shift["blessed"], &shift["rejected"]), (&18.into(), &2.into()), "{shift}");
    assert_eq!(shift["first_pass_percent"], 90.0);
    let all = job.field(Some("Shipped"), "mac_address").into_iter().rev().take(18);
    let rows: String =
        all.enumerate().map(|(place, mac)| format!("{mac},F{}\n", place % 2)).collect();
    job.dir.write("serials.csv", format!("mac_address,fixture\n{rows}"));
    job.type_next().quiet();
    let table = job.dir.read("fixtures.csv");
    assert!(
        table.contains("\nshift,fixture,F0,") && table.contains("\nshift,fixture,F1,"),
        "{table}"
    );
    if have(&["chromium"]) {
        let looked = look_at(&job.dir, "shift.html", 390);
        assert_eq!((looked.width, looked.sheets), (390, 1), "{looked:#?}");
        assert!(looked.text.contains("90.0 %") && looked.console.is_empty(), "{looked:#?}");
    }
}

#[test]
fn delete_dead_webhooks() {
    let mut job = Job::of("Delete the webhooks that nobody answers");
    let (_listener, url) = listen(&job);
    let nobody = tests::Port::reserve();
    let dead = format!("http://{}/old", nobody.address());
    for (group, event, url) in [
        ("Shipped", "blessing", &dead),
        ("Shipped", "blinkup", &format!("{url}blinkup")),
        ("Bench", "deployment", &dead),
    ] {
        job.dir.sh(&format!("imp-hook create --dg {group} --event {event} --url {url}")).quiet();
    }
    job.type_next().quiet();
    assert_eq!(job.dir.read("dead"), format!("{dead}\n"));
    job.type_next().quiet();
    assert_eq!(job.dir.read_lines("deleted.ndjson").len(), 2);
    let left = job.sim.all("webhooks");
    assert_eq!(left.iter().map(|hook| text(hook, "event")).collect::<Vec<_>>(), ["blinkup"]);
}

#[test]
fn keep_logs() {
    let mut job = Job::of("Keep logs in files");
    let bench = job.devices(Some("Bench"));
    let names = [text(&bench[0], "name"), text(&bench[1], "name")];
    let log = |name: &str| job.dir.sh(&format!("imp-sim log {name} 'line {{}}' --count 3")).ok();
    for name in &names {
        log(name);
    }
    job.type_next().quiet();
    for device in &bench[..2] {
        let lines = job.dir.read(&format!("{}.log", text(device, "id")));
        let lines: Vec<&str> =
            lines.lines().map(|line| line.split_once(' ').expect("a time").1).collect();
        let logged = lines.iter().filter(|line| line.starts_with("server.log line "));
        assert_eq!(logged.count(), 3, "{lines:?}");
    }
    let script = job.text();
    let running = job.dir.spawn(&format!("trap : INT\n{script}"));
    let followed = || job.sim.counts().kind("PUT /logstream/{id}/{device}") >= 8;
    running.wait_for("the stream", followed);
    job.dir.sh(&format!("imp-sim log {} 'on the air'", names[0])).ok();
    running.wait_for("the line", || job.dir.read("stream.ndjson").contains("on the air"));
    running.interrupt();
    running.wait().code(130);
}

#[test]
fn collect_logs() {
    let mut job = Job::of("Collect logs every few minutes");
    let name = text(&job.devices(Some("Bench"))[0], "name");
    let script = job.text();
    for round in 1..=3 {
        job.dir.sh(&format!("imp-sim log {name} 'round {round}' --count 2")).ok();
        job.dir.sh(&script).quiet();
    }
    let lines = job.dir.read_lines("bench.ndjson");
    let rounds: Vec<String> = lines.iter().map(|line| text(line, "msg")).collect();
    let rounds: Vec<&String> = rounds.iter().filter(|text| text.starts_with("round")).collect();
    assert_eq!(rounds, ["round 1", "round 1", "round 2", "round 2", "round 3", "round 3"]);
}

#[test]
fn restart_a_bench() {
    let mut job = Job::of("Restart a bench, and see that each unit starts");
    let script = job.text();
    let ids = job.field(Some("Bench"), "id");
    let running = job.dir.spawn(&script);
    running.wait_for("the restart", || job.sim.restarts() > 0);
    for id in &ids {
        job.dir.sh(&format!("imp-sim log {id} READY")).ok();
    }
    running.wait().code(0);
    let started = job.dir.read("started.ndjson").matches("READY").count();
    assert_eq!(started, ids.len());
    let hurried = script.replace("2m", "1s");
    assert_ne!(hurried, script);
    job.dir.sh(&hurried).code(6).says("have logged what --until names");
}
