//! Changes of one thing whose answers are lost at every try: the thing is looked at, and what cannot be told is
//! `unknown_outcome`, whatever else ends the run.

use serde_json::Value;
use tests::{Dir, Sim, kinds};

/// The groups A, with three builds, of which the second is its minimum, a webhook and a device, and B, which is empty; a login key.
fn account() -> (Sim, Dir) {
    let sim = Sim::start(&["--devices", "20"]);
    let [a, _] = sim.groups(["A", "B"]);
    sim.put(&a, &sim.field("id")[..1]);
    let dir = Dir::signed_in(&sim);
    dir.write("empty", "");
    dir.sh("imp-product create -n Mine").quiet();
    dir.write("password", sim.entry.password.as_str());
    for build in ["old", "build", "newest"] {
        dir.sh(&format!("imp-build deploy -g A -x empty -y empty | jq -r .id > {build}")).quiet();
    }
    dir.sh("imp-dg update -g A -m $(cat build)").quiet();
    dir.sh("imp-hook create -g A -e blinkup -u https://a.example/ | jq -r .id > hook").quiet();
    (sim, dir)
}

/// Every verb that changes one thing, and how it asks for that.
const CHANGES: [(&str, &str); 12] = [
    ("imp-device update -d $(cat device) -n New", "PATCH /devices/*"),
    ("imp-product update -p Mine -n New", "PATCH /products/*"),
    ("imp-dg update -g A -n New -s text", "PATCH /devicegroups/*"),
    ("imp-dg update -g A -m $(cat newest)", "PUT /devicegroups/*/relationships/*"),
    ("imp-build update -b $(cat build) -t v1", "PATCH /deployments/*"),
    ("imp-hook update --wh $(cat hook) -u https://b.example/", "PATCH /webhooks/*"),
    ("imp-auth key update --lk $(cat key) --descr New --pwd-file password", "PATCH /accounts/**"),
    ("imp-device remove -q -d $(cat free)", "DELETE /devices/*"),
    ("imp-hook delete -q --wh $(cat hook)", "DELETE /webhooks/*"),
    ("imp-build delete -q -b $(cat old)", "DELETE /deployments/*"),
    ("imp-dg delete -q -g B", "DELETE /devicegroups/*"),
    ("imp-auth key delete -q --lk $(cat key) --pwd-file password", "DELETE /accounts/**"),
];

/// Does each change on an account of its own while `accident` happens to its request at every try. They are done
/// at once, because each waits until its patience ends.
fn each(accident: &str, expected: (i32, &[(&str, usize)])) {
    let change = |script: &str, request: &str| {
        let (sim, dir) = account();
        let ids = sim.field("id");
        dir.write("device", &ids[0]);
        dir.write("free", &ids[5]);
        dir.write("key", &sim.entry.login_key);
        sim.fault(&format!("{request} {accident}"));
        let run = dir.sh(&format!("{script} --patience 1s --failed failed")).code(expected.0);
        let failed = dir.failed("failed");
        assert_eq!(kinds(&failed), expected.1.iter().copied().collect(), "{script}{run}");
        assert!(sim.faults_applied()[0] > 1, "{script}: it is tried again");
    };
    std::thread::scope(|scope| {
        for (script, request) in CHANGES {
            scope.spawn(move || change(script, request));
        }
    });
}

#[test]
fn what_was_done_is_told_as_done() {
    each("503 effect=yes", (0, &[]));
}

#[test]
fn what_was_not_done_is_told_as_not_done() {
    each("503", (4, &[("unreachable", 1)]));
}

#[test]
fn one_thing_that_is_never_answered_ends_no_run() {
    let (sim, dir) = account();
    let ids = sim.field("id");
    dir.write_column("ids", "id", &ids);
    sim.fault(&format!("PATCH /devices/{} 503 effect=yes", ids[0]));
    sim.fault(&format!("PATCH /devices/{} 503", ids[1]));
    let update = "imp-device update -n New --jobs 4 --input ids --failed failed";
    let run = dir.sh(update).code(1).outcomes("updated", ids.len() - 1);
    let failed = dir.failed("failed");
    assert_eq!(kinds(&failed), [("unexpected", 1)].into(), "{run}");
    assert_eq!(failed[0].input["id"], ids[1].as_str());
    run.says("it was not done");
}

#[test]
fn what_cannot_be_looked_at_is_unknown() {
    let (sim, dir) = account();
    let ids = &sim.field("id")[..6];
    dir.write_column("ids", "id", ids);
    // The first row is looked up and changed; from then on nothing is answered.
    sim.fault("PATCH /devices/* cut=after");
    sim.fault("GET /devices/* cut=before after=1");
    sim.reset();
    let update = "imp-device update -n New --jobs 1 --patience 2s --input ids --failed failed";
    let run = dir.sh(update).code(4).no_stdout().says("not known whether this was done");
    let failed = dir.failed("failed");
    let expected = [("unknown_outcome", 1), ("not_attempted", 5)].into();
    assert_eq!(
        (kinds(&failed), failed[0].error.kind.as_str()),
        (expected, "unknown_outcome"),
        "{run}"
    );
    let asked = sim.writes();
    assert!(asked.iter().all(|asked| asked.path.ends_with(&ids[0])), "no other was sent{run}");
}

#[test]
fn a_signal_between_two_tries_leaves_it_unknown() {
    let (sim, dir) = account();
    let id = sim.field("id").remove(0);
    sim.fault("PATCH /devices/* 503 effect=yes");
    sim.reset();
    let running = dir.spawn(&format!("imp-device update -n New -d {id} --failed failed"));
    running.wait_for("the first try", || sim.faults_applied()[0] >= 1);
    running.terminate();
    let run = running.wait().code(143);
    assert_eq!(kinds(&dir.failed("failed")), [("unknown_outcome", 1)].into(), "{run}");
    run.says("interrupted before an answer came");
}

#[test]
fn a_sign_in_that_ends_between_two_tries_leaves_it_unknown() {
    let (sim, dir) = account();
    let ids = sim.field("id");
    dir.write_column("ids", "id", &ids[..3]);
    sim.fault("PATCH /devices/* 503 effect=yes times=1");
    sim.fault("PATCH /devices/* 401");
    sim.fault("POST /auth/token 404");
    let update = "imp-device update -n New --jobs 1 --input ids --failed failed";
    let run = dir.sh(update).code(3);
    let failed = dir.failed("failed");
    assert_eq!(kinds(&failed), [("unknown_outcome", 1), ("not_attempted", 2)].into(), "{run}");
    let named = |device: &&Value| device["name"] == "New";
    assert_eq!(sim.devices().iter().filter(named).count(), 1, "it was done");
}
