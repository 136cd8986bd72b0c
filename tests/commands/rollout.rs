//! `imp-device rollout`: devices move in waves, and go back when a gate says so.

mod back;
mod cut_off;
mod ends;
mod resumed;
mod rows;
mod undone;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tests::{Background, Dir, Run, Sim, asked_for, kinds, wait};

/// Sixty devices in `A`, forty in `C`, and the empty group `B`.
pub(crate) struct Fleet {
    pub(crate) sim: Sim,
    pub(crate) dir: Dir,
    groups: [String; 3],
    before: [BTreeSet<String>; 2],
}

impl Fleet {
    pub(crate) fn new() -> Fleet {
        Fleet::with(&[])
    }

    fn with(options: &[&str]) -> Fleet {
        let sim = Sim::start(&[&["--devices", "100"], options].concat());
        let groups = sim.groups(["A", "B", "C"]);
        let ids = sim.field("id");
        sim.put(&groups[0], &ids[..60]);
        sim.put(&groups[2], &ids[60..]);
        let dir = Dir::signed_in(&sim);
        dir.sh("imp-device list > devices.ndjson").quiet();
        sim.reset();
        let before = [sim.members(&groups[0]), sim.members(&groups[2])];
        Fleet { sim, dir, groups, before }
    }

    pub(crate) fn line(words: &str) -> String {
        format!("imp-device rollout --to B {words} --input devices.ndjson")
    }

    pub(crate) fn rollout(&self, words: &str) -> Run {
        self.dir.sh(&Fleet::line(words))
    }

    pub(crate) fn arrived(&self) -> usize {
        self.sim.members(&self.groups[1]).len()
    }

    /// Each device is where it was before.
    #[track_caller]
    pub(crate) fn are_back(&self, case: &str) {
        let now = [self.sim.members(&self.groups[0]), self.sim.members(&self.groups[2])];
        assert_eq!(now, self.before, "{case}");
    }

    /// How many devices were moved at all.
    pub(crate) fn touched(&self) -> usize {
        self.sim.events().values().filter(|events| events.assigned > 0).count()
    }
}

fn events(run: &Run) -> Vec<String> {
    let told = |event: &Value| {
        let text = |name: &str| event[name].to_string();
        format!("{} {} {}", event["event"].as_str().expect("a word"), text("wave"), text("devices"))
    };
    run.records().iter().map(told).collect()
}

#[test]
fn waves_follow_one_another_as_long_as_their_gates_pass() {
    let fleet = Fleet::new();
    let gate = r#"--gate "tee -a seen | wc -l >> sizes; echo here >&2; echo there""#;
    let run = fleet.rollout(&format!("--waves 5,20%,100% {gate}")).ok().says("here");
    assert!(!run.stderr().contains("there"));
    let wanted = [
        "wave_begun 1 5",
        "wave_moved 1 5",
        "gate_passed 1 5",
        "wave_begun 2 15",
        "wave_moved 2 15",
        "gate_passed 2 15",
        "wave_begun 3 80",
        "wave_moved 3 80",
        "gate_passed 3 80",
        "done null 100",
    ];
    assert_eq!(events(&run), wanted);
    assert_eq!((fleet.arrived(), fleet.touched()), (100, 100));
    let sizes: Vec<u64> =
        fleet.dir.read("sizes").lines().map(|line| line.trim().parse().unwrap()).collect();
    assert_eq!(sizes, [5, 15, 80]);
    let seen = fleet.dir.read_lines("seen");
    assert!(seen.iter().all(|device| device["devicegroup_id"] == fleet.groups[1].as_str()));
    fleet.dir.sh("imp-change undo -q last").ok();
    fleet.are_back("undone");
    fleet.rollout("--waves 5,100% --gate 'echo there' --verbose").ok().says("there");
}

#[test]
fn a_gate_that_fails_sends_back_what_was_moved_and_leaves_the_rest_alone() {
    let fleet = Fleet::new();
    let gate = r#"--gate 'test "$(wc -l)" -lt 10' --failed left.ndjson"#;
    let run = fleet.rollout(&format!("--waves 5,20%,100% --back {gate}"));
    let run = run.says_all(&[
        "stopped in wave 2 of 3",
        "exit status: 1",
        "where they were before: 20 devices",
    ]);
    let run = run.code(6);
    let wanted = [
        "wave_begun 1 5",
        "wave_moved 1 5",
        "gate_passed 1 5",
        "wave_begun 2 15",
        "wave_moved 2 15",
        "gate_failed 2 15",
        "back null 100",
    ];
    assert_eq!(events(&run), wanted);
    fleet.are_back("after the gate");
    assert_eq!(fleet.touched(), 20);
    assert_eq!(kinds(&fleet.dir.failed("left.ndjson")), [("not_met", 80)].into());
    fleet.dir.sh("imp-change resume last").says("begin a new rollout").code(1);
}

#[test]
fn which_devices_come_first_follows_from_their_ids_or_from_the_input() {
    let fleet = Fleet::new();
    let first = |words: &str| -> BTreeSet<String> {
        fleet.rollout(&format!("--waves 10,100% --gate false {words}")).code(6);
        let moved = fleet.sim.members(&fleet.groups[1]);
        fleet.dir.sh("imp-change undo -q last").ok();
        moved
    };
    let ids = fleet.sim.field("id");
    let in_order: BTreeSet<String> = ids[..10].iter().cloned().collect();
    assert_eq!(first("--order input"), in_order);
    let mixed = first("");
    assert!(mixed.len() == 10 && mixed != in_order);
    fleet.dir.sh("tac devices.ndjson > turned && mv turned devices.ndjson").ok();
    assert_eq!(first("--order hash"), mixed);
}

#[test]
fn without_a_way_back_it_goes_on_at_the_gate_that_failed() {
    let fleet = Fleet::new();
    let gate = "--gate 'wc -l >> sizes; test -e go'";
    let run = fleet.rollout(&format!("--waves 10,100% {gate}")).code(6);
    assert_eq!(events(&run).last().unwrap(), "gate_failed 1 10");
    assert_eq!(fleet.arrived(), 10);
    fleet.dir.write("go", "");
    let resumed = fleet.dir.sh("imp-change resume last").ok();
    assert_eq!(events(&resumed).last().unwrap(), "done null 100");
    assert_eq!((fleet.arrived(), fleet.sim.restarts()), (100, 100));
    let sizes: Vec<String> =
        fleet.dir.read("sizes").split_whitespace().map(str::to_owned).collect();
    assert_eq!(sizes, ["10", "10", "90"], "the first wave is judged again, with all its devices");
}

#[test]
fn waves_that_cannot_be_meant_and_a_gate_of_nothing_move_no_device() {
    let fleet = Fleet::new();
    for words in ["--waves 0", "--waves 0%", "--waves 50%,10%", "--waves 40,20", "--gate ''"] {
        fleet.rollout(words).no_stdout().code(2);
    }
    assert_eq!(fleet.arrived(), 0);
}

#[test]
fn a_column_called_as_ours_is_the_users() {
    let fleet = Fleet::new();
    fleet.dir.sh("jq -c '.back_to=\"shelf 3\"' devices.ndjson > d && mv d devices.ndjson").quiet();
    fleet.rollout("--waves 10,100% --gate 'test -e go'").code(6);
    fleet.dir.write("go", "");
    fleet.dir.sh("imp-change resume last").ok();
    assert_eq!(fleet.arrived(), 100);
}

#[test]
fn a_wave_of_which_nothing_was_moved_lets_no_other_begin() {
    let fleet = Fleet::new();
    let first = "(echo '{\"id\":\"nobody\"}'; cat devices.ndjson) > d && mv d devices.ndjson";
    fleet.dir.sh(first).quiet();
    let run = fleet.rollout("--order input --waves 1,100% --gate true --back --output csv").code(6);
    let run = run.says("none of the wave's devices could be moved");
    assert_eq!(run.lines()[0], "type,event,at,wave,waves,devices,moved,reason");
    assert_eq!(fleet.touched(), 0);
}

#[test]
fn the_gate_works_as_the_account_of_the_rollout() {
    let fleet = Fleet::new();
    fleet.dir.sh("mv \"$(imp-auth info | jq -r .file)\" other.auth").quiet();
    fleet.dir.sh("imp-device list --limit 1").code(3);
    let gate = "--auth-file other.auth --gate 'imp-device list --limit 1 > /dev/null'";
    fleet.rollout(&format!("--waves 10,100% {gate}")).ok();
    assert_eq!(fleet.arrived(), 100);
}

#[test]
fn a_gate_that_was_mistyped_is_given_anew_where_it_goes_on() {
    let fleet = Fleet::new();
    fleet.rollout("--waves 10,100% --gate nosuchcommand").code(6);
    fleet.dir.sh("imp-change resume last -- --gate true").ok();
    assert_eq!(fleet.arrived(), 100);
}

fn wait_for_event(running: &Background, event: &str) {
    running.wait_for(event, || running.stdout().contains(&format!("\"{event}\"")));
}

/// Waits until the only journal says that the rollout goes back, for less than a request waits for its answer.
#[track_caller]
pub(crate) fn await_way_back(dir: &Dir) {
    let noted = wait::until(Duration::from_secs(15), || {
        let journal = dir.sh("cat ../home/state/imp-tools/changes/*.ndjson").quiet().stdout();
        journal.contains(r#""event":"back""#)
    });
    assert!(noted, "the journal does not tell");
}

#[test]
fn ctrl_c_moves_nothing_more_and_takes_back_what_was_moved() {
    let fleet = Fleet::new();
    let words = "--waves 10,100% --soak 1h --back";
    let running = fleet.dir.spawn(&format!("exec {}", Fleet::line(words)));
    wait_for_event(&running, "wave_moved");
    running.interrupt();
    let run = running.wait().code(130);
    assert_eq!(events(&run)[2..], ["interrupted 1 10", "back null 100"]);
    fleet.are_back("after Ctrl-C");
    assert_eq!(fleet.touched(), 10);
}

#[test]
fn a_wave_waits_for_the_file_to_go_and_for_its_hours() {
    let fleet = Fleet::new();
    fleet.dir.write("pause", "");
    let running = fleet.dir.spawn(&Fleet::line("--waves 10,100% --pause-file pause"));
    wait_for_event(&running, "paused");
    assert_eq!(fleet.arrived(), 0);
    fleet.dir.sh("rm pause").quiet();
    let run = running.wait().ok();
    assert_eq!(events(&run)[..2], ["paused 1 10", "wave_begun 1 10"]);
    assert_eq!(fleet.arrived(), 100);

    // The hour before this one has been, and comes again tomorrow only.
    let hours = "$(date -d '-2 hours' +%H:%M)-$(date -d '-1 hour' +%H:%M)";
    let running = fleet.dir.spawn(&format!("exec {}", Fleet::line(&format!("--between {hours}"))));
    wait_for_event(&running, "waiting");
    running.interrupt();
    running.wait().code(130);
}

#[test]
fn too_many_offline_devices_end_it_as_a_gate_does() {
    let fleet = Fleet::new();
    let ids = fleet.sim.field("id");
    fleet.sim.control("POST", "online", &json!({"devices": ids}).to_string());
    // One that was offline before, as its row says, does not count.
    fleet.sim.control("POST", "offline", &json!({"devices": ids[3..4]}).to_string());
    fleet.dir.sh("imp-device list > devices.ndjson").quiet();
    fleet.sim.control("POST", "offline", &json!({"devices": ids[..3]}).to_string());
    let rollout = |most: &str, code: i32| {
        let words = format!("--order input --waves 10,100% --back --max-unavailable {most}");
        fleet.rollout(&words).code(code)
    };
    rollout("2%", 6).says("3 devices of those rolled out went offline");
    fleet.are_back("too many");
    rollout("3%", 0);
    assert_eq!(fleet.arrived(), 100);
}

#[test]
fn a_plan_tells_the_waves_and_the_changes() {
    let fleet = Fleet::new();
    let plan = fleet.rollout("--waves 5,20%,100% --gate false --plan").code(5);
    let plan = plan.says_all(&["wave 1 of 3: 5 devices", "wave 3 of 3: 80 devices"]);
    assert_eq!(plan.records().len(), 100);
    fleet.rollout("--max-changes 99").code(2).says("no more than 99 may be: nothing was done");
    assert_eq!((fleet.arrived(), fleet.sim.counts().writes), (0, 0));
    fleet.dir.sh("imp-change list --interrupted").no_stdout().ok();
}

/// Blessed devices in `SimProduction`, all of which are online, a group with another build, and the sha of that.
fn blessed(devices: &str, words: &[&str]) -> (Sim, Dir, String) {
    let options = [&["--production", devices, "--speed", "600", "--token-life", "10000h"], words];
    let sim = Sim::start(&options.concat());
    sim.control("POST", "online", &json!({"devices": sim.field("id")}).to_string());
    let product =
        sim.all("products").iter().find(|product| product["name"] == "SimProduct").cloned();
    let product = product.expect("a product")["id"].as_str().expect("an id").to_owned();
    let group = sim.group(&product, "production_devicegroup", "Next");
    let dir = Dir::signed_in(&sim);
    dir.write("next.nut", "server.log(\"2.0\");\n");
    dir.sh("imp-build deploy -q --dg Next --device-file next.nut --agent-file next.nut").quiet();
    let builds = sim.all("deployments");
    let build = builds.iter().find(|build| build["devicegroup_id"] == group.as_str());
    let sha = build.expect("a build")["sha"].as_str().expect("a sha").to_owned();
    dir.sh("imp-device list --dg SimProduction > devices.ndjson").quiet();
    sim.reset();
    (sim, dir, sha)
}

/// A build that takes one device in twenty offline: the gate fails, and all come back.
fn a_bad_build(devices: &str, waves: &str, soak: &str) {
    let (sim, dir, sha) = blessed(devices, &[]);
    sim.control("POST", "effects", &format!("build={sha} offline=5% after=60s"));
    let gate = "imp-device wait --online --at-least 97% --timeout 1s --every 100ms >/dev/null";
    let line = format!(
        "imp-device rollout --to Next --waves {waves} --soak {soak} --gate '{gate}' --back --input devices.ndjson"
    );
    let run = dir.sh(&line).code(6);
    let told = run.records();
    let failed = told.iter().find(|event| event["event"] == "gate_failed").expect("it fails");
    let wave = failed["wave"].as_u64().expect("a number");
    let moved = told.iter().filter(|event| event["event"] == "wave_moved");
    let moved: u64 = moved.map(|event| event["moved"].as_u64().expect("a number")).sum();
    let touched = sim.events().values().filter(|events| events.assigned > 0).count();
    assert_eq!(touched as u64, moved, "nothing beyond wave {wave} was touched{run}");
    let all: u64 = devices.parse().expect("a number");
    assert!(moved < all, "not all of them{run}");
    let places: BTreeSet<String> =
        sim.field("devicegroup_id").into_iter().filter(|group| !group.is_empty()).collect();
    assert_eq!(places.len(), 1, "all are in one group again{run}");
    let online = sim.devices().iter().filter(|device| device["device_online"] == true).count();
    assert_eq!(online as u64, all, "{run}");
}

#[test]
fn a_build_that_takes_devices_offline_is_found_out_and_taken_back() {
    a_bad_build("300", "60,50%,100%", "400ms");
}

#[test]
fn a_fleet_of_a_hundred_thousand_is_kept_from_a_bad_build() {
    if asked_for("IMP_ROLLOUT_FLEET").is_some() {
        a_bad_build("100000", "20,1%,10%,100%", "1s");
    }
}
