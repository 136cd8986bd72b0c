//! A build that takes devices offline, in four groups of different sizes: the gate of the third finds it out.

use serde_json::{Value, json};
use tests::{DEVELOPMENT, Dir, Run, Sim, asked_for};

const NAMES: [&str; 4] = ["First", "Few", "Many", "Rest"];

/// Four groups with the build `old`, all of whose devices are online, and a build `new` that takes one device in
/// twenty offline.
struct Fleet {
    sim: Sim,
    dir: Dir,
    sizes: [usize; 4],
    groups: [String; 4],
    ids: Vec<String>,
}

impl Fleet {
    fn new(sizes: [usize; 4]) -> Fleet {
        let all = sizes.iter().sum::<usize>().to_string();
        let sim = Sim::start(&["--devices", &all, "--speed", "600", "--token-life", "10000h"]);
        let product = sim.product("Ovens");
        let groups = NAMES.map(|name| sim.group(&product, DEVELOPMENT, name));
        sim.group(&product, DEVELOPMENT, "Lab");
        let ids = sim.field("id");
        let mut rest = &ids[..];
        for (group, size) in groups.iter().zip(sizes) {
            let (own, others) = rest.split_at(size);
            sim.put(group, own);
            rest = others;
        }
        let dir = Dir::signed_in(&sim);
        dir.write("old.nut", "server.log(\"1.0\");\n");
        dir.write("new.nut", "server.log(\"2.0\");\n");
        dir.sh("imp-build deploy -g First -g Few -g Many -g Rest -x old.nut -t old").ok();
        let new = dir.sh("imp-build deploy -g Lab -x new.nut -t new").ok().record();
        sim.control("POST", "online", &json!({"devices": ids}).to_string());
        for group in &groups {
            sim.api("POST", &format!("/devicegroups/{group}/restart"), &Value::Null);
        }
        sim.reset();
        let sha = new["sha"].as_str().expect("a sha");
        sim.control("POST", "effects", &format!("build={sha} offline=5% after=60s"));
        Fleet { sim, dir, sizes, groups, ids }
    }

    /// Of the groups before this place the devices went there and back, of the others none was touched.
    fn ended_before(&self, place: usize, run: &Run) {
        let events = self.sim.events_by("id");
        let restarts = |id: &String| events.get(id).map_or(0, |events| events.restarts);
        let touched: usize = self.sizes[..place].iter().sum();
        let (touched, others) = self.ids.split_at(touched);
        assert!(touched.iter().all(|id| restarts(id) == 2), "there and back{run}");
        assert!(others.iter().all(|id| restarts(id) == 0), "nothing beyond{run}");
        let (builds, now) = (self.sim.all("deployments"), self.sim.all("devicegroups"));
        for (number, group) in self.groups.iter().enumerate() {
            let own = builds.iter().filter(|build| build["devicegroup_id"] == group.as_str());
            assert_eq!(own.count(), if number < place { 3 } else { 1 }, "{}{run}", NAMES[number]);
            let group = now.iter().find(|one| one["id"] == group.as_str()).expect("a group");
            let has = builds.iter().find(|build| build["id"] == group["current_deployment_id"]);
            assert_eq!(has.expect("a build")["tags"], json!(["old"]), "{}{run}", NAMES[number]);
        }
    }
}

/// The gate looks at groups from the size of the third on: the rollout ends in that one, nothing beyond it was touched,
/// and all come back.
fn a_bad_build(sizes: [usize; 4], soak: &str) {
    let fleet = Fleet::new(sizes);
    let wait = "imp-device wait --online --at-least 97% --timeout 1s --every 100ms";
    let is_small = format!("test \"$(wc -l < wave)\" -lt {}", sizes[2]);
    let gate = format!("cat > wave; {is_small} || {wait} < wave > /dev/null");
    let line = format!(
        "imp-build rollout --build new --dg First,Few,Many,Rest --restart --soak {soak} --gate '{gate}' --back"
    );
    let run = fleet.dir.sh(&line).code(6);
    let told = run.records();
    let failed = told.iter().find(|event| event["event"] == "gate_failed").expect("it fails");
    assert_eq!(failed["devicegroup_name"], NAMES[2], "{run}");
    fleet.ended_before(3, &run);
    let devices = fleet.sim.devices();
    let online = devices.iter().filter(|device| device["device_online"] == true).count();
    assert_eq!(online, fleet.ids.len(), "{run}");
}

#[test]
fn a_build_that_takes_devices_offline_is_stopped_where_the_gate_fails() {
    a_bad_build([2, 60, 400, 40], "1s");
}

#[test]
fn groups_of_a_hundred_thousand_devices_are_kept_from_a_bad_build() {
    if asked_for("IMP_ROLLOUT_FLEET").is_some() {
        a_bad_build([20, 980, 60_000, 39_000], "1s");
    }
}
