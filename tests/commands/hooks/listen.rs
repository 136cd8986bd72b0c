//! The receiver's files, its line for --ready-fd, and the webhooks that it makes for itself.

use serde_json::{Value, json};
use tests::{Caller, Dir, Port, Sim, wait};

use super::Listener;

const CREATE: &str = "--create --url http://hooks.test";

#[test]
fn a_file_that_is_no_journal_is_left_alone() {
    let dir = Dir::new();
    let sign_in = "{\"endpoint\":\"https://x.test\",\"accessToken\":\"abc\"}";
    let devices = "{\"type\":\"device\",\"id\":\"1\"}\n{\"type\":\"device\",\"id\":\"2\"}";
    for content in [sign_in, devices] {
        dir.write("file", content);
        dir.sh("imp-hook listen --journal file").code(2).says("is it a journal?");
        assert_eq!(dir.read("file"), content);
        assert!(!dir.path().join("file.secret").exists(), "nothing is made beside it");
    }
}

#[test]
fn what_a_crash_left_is_cut_off() {
    let dir = Dir::new();
    let event = json!({"type": "webhook_event", "id": "1", "received_at": "2026-11-28T10:00:00.000Z",
        "event": null, "hook": "a", "a": 1, "digest": "0"});
    dir.write("journal", format!("{event}\n{{\"type\":\"webhook_ev"));
    let listener = Listener::start(&dir, "", "");
    assert_eq!(listener.blessing(&mut listener.caller(), "5000d8c46a56cfca", 1).unwrap(), 200);
    listener.running.terminate();
    listener.running.wait().says("cut 19 bytes");
    let events = dir.read_lines("journal");
    assert_eq!((&events[0]["a"], &events[1]["event"]), (&json!(1), &json!("blessing")));
    dir.write("diary", "dear diary\n");
    dir.sh("imp-hook listen --journal diary").code(2).says("is it a journal?");
    assert_eq!(dir.read("diary"), "dear diary\n");
}

#[test]
fn who_is_one_too_many_is_refused_until_somebody_leaves() {
    let dir = Dir::new();
    let listener = Listener::start(&dir, "", "");
    // Nobody makes room who has called with the secret.
    let known = |number| {
        let mut caller = listener.caller();
        let status = listener.blessing(&mut caller, "5000d8c46a56cfca", number);
        assert_eq!(status.expect("an answer"), 200);
        caller
    };
    let mut silent: Vec<Caller> = (1..=512).map(known).collect();
    assert_eq!(listener.caller().send(b"").expect("an answer"), 503);
    silent.pop();
    let is_taken = || {
        listener.blessing(&mut listener.caller(), "5000d8c46a56cfca", 513).is_ok_and(|it| it == 200)
    };
    assert!(wait::until(wait::LIMIT, is_taken));
    listener.running.interrupt();
    listener.running.wait().code(130).says("513 events, 0 of them repeats");
    assert_eq!(dir.read_lines("journal").len(), 513);
}

#[test]
fn who_waits_for_the_end_of_the_ready_line_is_not_kept_waiting() {
    let dir = Dir::new();
    let script = "mkfifo ready; { cat ready > line; touch over; } &
        imp-hook listen --journal journal --ready-fd 3 3> ready";
    let running = dir.spawn(script);
    running.wait_for("the end of the line", || dir.path().join("over").exists());
    let line: Value = serde_json::from_str(&dir.read("line")).expect("one line of JSON");
    assert!(line["url"].is_string(), "{line}");
    running.interrupt();
    running.wait().code(130);
}

#[test]
fn hooks_are_not_left_when_nobody_can_be_told() {
    let sim = Sim::start(&[]);
    let dir = Dir::signed_in(&sim);
    let [_group] = sim.groups(["Ovens"]);
    let script =
        format!("echo Ovens | imp-hook listen --journal j {CREATE} --dg - --event blessing");
    dir.sh(&format!("{script} --ready-fd 77")).code(2).says("the file descriptor 77");
    assert_eq!(sim.counts().writes, 0);
    assert!(!dir.path().join("j").exists());
    // That it cannot be written to is found out at the end.
    dir.sh(&format!("{script} --ready-fd 3 3> /dev/full")).code(2).says("the file descriptor 3");
    assert_eq!((sim.counts().writes, sim.all("webhooks").len()), (2, 0));
}

#[test]
fn what_is_named_twice_is_made_once_and_what_others_deleted_is_removed() {
    let sim = Sim::start(&[]);
    let dir = Dir::signed_in(&sim);
    let [group] = sim.groups(["Ovens"]);
    let options = format!("{CREATE} --dg Ovens --dg {group} --event blessing --event blessing");
    let listener = Listener::start(&dir, &options, "");
    let hooks = sim.all("webhooks");
    assert_eq!(hooks.len(), 1);
    let id = hooks[0]["id"].as_str().expect("an id");
    dir.sh(&format!("imp-hook delete --wh {id} --confirmed")).ok();
    listener.running.interrupt();
    let run = listener.running.wait().code(130).says("1 webhook calls it");
    assert!(!run.stderr().contains("is left"), "{run}");
}

#[test]
fn hooks_of_its_own_live_as_long_as_the_listener() {
    let sim = Sim::start(&["--devices", "1"]);
    let dir = Dir::signed_in(&sim);
    let [group] = sim.groups(["Ovens"]);
    // Of its own while nobody listens there too: a second listener comes.
    let port = Port::reserve();
    let address = port.address();
    let options = format!(
        "--listen {address} --create --dg Ovens --event deployment --event blessing --url http://{address}/"
    );
    let listener = Listener::start(&dir, &options, "");
    let hooks = sim.all("webhooks");
    assert_eq!(hooks.len(), 2);
    dir.sh("echo 'server.log(1);' | imp-build deploy --dg Ovens --device-file -").quiet();
    listener
        .running
        .wait_for("the deployment", || listener.running.stdout().contains("\"deployment\""));
    // One that is killed leaves its hooks to the next, which takes them over.
    drop(listener);
    let listener = Listener::start(&dir, &options, "");
    let ids =
        |hooks: &[Value]| -> Vec<Value> { hooks.iter().map(|hook| hook["id"].clone()).collect() };
    assert_eq!(ids(&sim.all("webhooks")), ids(&hooks));
    sim.expire_tokens();
    listener.running.interrupt();
    listener.running.wait().code(130);
    assert_eq!(sim.all("webhooks").len(), 0, "also after hours, when the token has ended");
    let events = dir.read_lines("journal");
    assert_eq!(
        (&events[0]["event"], &events[0]["devicegroup_id"]),
        (&json!("deployment"), &json!(group))
    );
    dir.sh(
        "imp-hook listen --journal j --create --dg Nowhere --event blessing --url http://x.test",
    )
    .code(1)
    .says("Nowhere");
    dir.sh("imp-hook listen --journal j --create --dg Ovens").code(2);
}

#[test]
fn a_hook_whose_answer_got_lost_is_found_and_removed_at_the_end() {
    let sim = Sim::start(&[]);
    sim.groups(["Ovens"]);
    let dir = Dir::signed_in(&sim);
    sim.fault("POST /webhooks cut=after times=1");
    let options = "--create --dg Ovens --event deployment --event blessing --url http://x.test";
    let listener = Listener::start(&dir, options, "");
    assert_eq!((sim.all("webhooks").len(), sim.faults_applied()), (2, vec![1]));
    listener.running.interrupt();
    listener.running.wait().code(130);
    assert_eq!(sim.all("webhooks").len(), 0);
    // One that was not made is named, and those before it go.
    sim.no_faults();
    sim.fault("POST /webhooks cut=before after=1");
    let listen = "imp-hook listen --listen 127.0.0.1:0 --journal other";
    dir.sh(&format!("{listen} {options}")).code(1).says("blessing of Ovens: ");
    assert_eq!(sim.all("webhooks").len(), 0);
    for url in ["http://x.test/?a=b", "http://x.test/#a"] {
        let create = "--create --dg Ovens --event blessing --url";
        dir.sh(&format!("{listen} {create} '{url}'")).code(2).says("--url");
    }
}
