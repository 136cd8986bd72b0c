//! `imp-build rollout`: a build goes to one device group after the other, and back when a gate says so.

mod fleet;
mod limits;
mod lost_answers;
mod resumed;
mod unseen_code;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::{Background, DEVELOPMENT, Dir, Run, Sim, kinds};

/// The device groups A, B and C of the product Ovens with 10, 20 and 30 devices, each with the build `old`, and the
/// group Lab with the build `new`.
pub(crate) struct Line {
    pub(crate) sim: Sim,
    pub(crate) dir: Dir,
    product: String,
    groups: [String; 3],
}

impl Line {
    pub(crate) fn new(options: &[&str]) -> Line {
        let sim = Sim::start(&[&["--devices", "60"], options].concat());
        let product = sim.product("Ovens");
        let [a, b, c, _lab] =
            ["A", "B", "C", "Lab"].map(|name| sim.group(&product, DEVELOPMENT, name));
        let ids = sim.field("id");
        sim.put(&a, &ids[..10]);
        sim.put(&b, &ids[10..30]);
        sim.put(&c, &ids[30..]);
        let dir = Dir::signed_in(&sim);
        dir.write("old.nut", "server.log(\"1.0\");\n");
        dir.write("new.nut", "server.log(\"2.0\");\n");
        // The only journals are those of rollouts.
        let deploy = "export IMP_JOURNAL=off; imp-build deploy";
        dir.sh(&format!("{deploy} -g A -g B -g C -x old.nut -t old -s first")).quiet();
        dir.sh(&format!("{deploy} -g Lab -x new.nut -t new")).quiet();
        sim.control("POST", "online", &json!({"devices": ids}).to_string());
        for group in [&a, &b, &c] {
            sim.api("POST", &format!("/devicegroups/{group}/restart"), &Value::Null);
        }
        sim.reset();
        Line { sim, dir, product, groups: [a, b, c] }
    }

    pub(crate) fn line(words: &str) -> String {
        format!("imp-build rollout --build new --dg A,B,C --restart {words}")
    }

    pub(crate) fn rollout(&self, words: &str) -> Run {
        self.dir.sh(&Line::line(words))
    }

    /// The code that a group has now.
    fn code(&self, group: &str) -> String {
        let current = self.current(group);
        let answer = self.sim.api("GET", &format!("/deployments/{current}"), &Value::Null);
        answer.json()["data"]["attributes"]["device_code"].as_str().unwrap_or_default().to_owned()
    }

    /// The id of the build that a group has now.
    fn current(&self, group: &str) -> String {
        let groups = self.sim.all("devicegroups");
        let group = groups.into_iter().find(|one| one["id"] == group).expect("a group");
        group["current_deployment_id"].as_str().unwrap_or_default().to_owned()
    }

    /// Which of the groups have the new build.
    pub(crate) fn have_it(&self) -> [bool; 3] {
        self.groups.each_ref().map(|group| self.code(group).contains("2.0"))
    }

    /// How often the devices of each group were restarted, the one that was least often.
    pub(crate) fn restarts(&self) -> [u64; 3] {
        let events = self.sim.events();
        self.groups.each_ref().map(|group| {
            let of = |device: &String| events.get(device).map_or(0, |events| events.restarts);
            self.sim.members(group).iter().map(of).min().unwrap_or_default()
        })
    }

    /// How many builds each group has.
    pub(crate) fn builds(&self) -> [usize; 3] {
        let mut builds: BTreeMap<String, usize> = BTreeMap::new();
        for build in self.sim.all("deployments") {
            let group = build["devicegroup_id"].as_str().unwrap_or_default().to_owned();
            *builds.entry(group).or_default() += 1;
        }
        self.groups.each_ref().map(|group| builds.get(group).copied().unwrap_or_default())
    }
}

fn events(run: &Run) -> Vec<String> {
    let told = |event: &Value| {
        let [wave, devices, deployed] = ["wave", "devices", "deployed"].map(|name| &event[name]);
        let [event, name] = ["event", "devicegroup_name"].map(|name| event[name].as_str());
        let name = name.unwrap_or("-");
        format!("{} {wave} {name} {devices} {deployed}", event.expect("a word"))
    };
    run.records().iter().map(told).collect()
}

fn wait_for_event(running: &Background, event: &str) {
    running.wait_for(event, || running.stdout().contains(&format!("\"{event}\"")));
}

#[test]
fn a_build_goes_to_one_group_after_the_other_as_long_as_gates_pass() {
    let line = Line::new(&[]);
    let gate = "--gate 'jq -r .devicegroup_name,.id > seen; wc -l < seen >> sizes'";
    let run = line.rollout(gate).ok();
    let wanted = [
        "wave_begun 1 A 10 null",
        "wave_deployed 1 A 10 10",
        "gate_passed 1 A 10 null",
        "wave_begun 2 B 20 null",
        "wave_deployed 2 B 20 20",
        "gate_passed 2 B 20 null",
        "wave_begun 3 C 30 null",
        "wave_deployed 3 C 30 30",
        "gate_passed 3 C 30 null",
        "done null - 60 60",
    ];
    assert_eq!(events(&run), wanted);
    assert_eq!(line.dir.read("sizes").split_whitespace().collect::<Vec<_>>(), ["20", "40", "60"]);
    assert_eq!((line.have_it(), line.builds()), ([true; 3], [2; 3]));
    assert_eq!(line.sim.restarts(), 60);
    // Of a restart there is none, as of that of any other verb.
    let undone = line.dir.sh("imp-change undo -q last --failed left.ndjson").code(1);
    undone.says("There is no way back: a restart is over").outcomes("updated", 3);
    assert_eq!(kinds(&line.dir.failed("left.ndjson")), [("refused", 3)].into());
    assert_eq!(line.have_it(), [false; 3]);
}

#[test]
fn the_journal_tells_restarts_and_what_went_back_is_not_undone() {
    let line = Line::new(&[]);
    line.rollout("--back --gate false").code(6);
    let told = line.dir.sh("imp-change show last").ok().field("outcome");
    assert_eq!(told, ["created", "restarted", "created", "restarted"]);
    line.dir.sh("imp-change undo -q last").code(1).says("a restart is over").no_stdout();
    assert_eq!(line.builds(), [3, 1, 1]);
    line.dir.sh("imp-build rollout -b new --dg A --back --gate false").code(6);
    line.dir.sh("imp-change undo -q last").ok().no_stdout();
    assert_eq!((line.have_it(), line.builds()), ([false; 3], [5, 1, 1]));
}

#[test]
fn a_gate_that_fails_in_the_second_group_takes_back_both_and_leaves_the_third_alone() {
    let line = Line::new(&[]);
    let gate = "--back --failed left.ndjson --gate 'test \"$(wc -l)\" -lt 15'";
    let run = line.rollout(gate).code(6);
    let run = run.says_all(&["stopped in wave 2 of 3", "the build before: 2 device groups"]);
    let wanted = [
        "wave_begun 1 A 10 null",
        "wave_deployed 1 A 10 10",
        "gate_passed 1 A 10 null",
        "wave_begun 2 B 20 null",
        "wave_deployed 2 B 20 20",
        "gate_failed 2 B 20 null",
        "back null - 60 30",
    ];
    assert_eq!(events(&run), wanted);
    assert_eq!((line.have_it(), line.builds()), ([false; 3], [3, 3, 1]));
    assert_eq!(line.sim.restarts(), 60, "each of the thirty there and back");
    assert_eq!(kinds(&line.dir.failed("left.ndjson")), [("not_met", 1)].into());
    let current = line.current(&line.groups[0]);
    let build =
        line.sim.all("deployments").into_iter().find(|build| build["id"] == current.as_str());
    let build = build.expect("a build");
    assert_eq!((&build["tags"], &build["description"]), (&json!(["old"]), &json!("first")));
}

#[test]
fn a_build_that_takes_devices_offline_is_found_out_and_taken_back() {
    let line = Line::new(&["--speed", "600", "--token-life", "10000h"]);
    let builds = line.sim.all("deployments");
    let new = builds.iter().find(|build| build["tags"] == json!(["new"])).expect("a build");
    let sha = new["sha"].as_str().expect("a sha");
    line.sim.control("POST", "effects", &format!("build={sha} offline=40% after=60s"));
    let run = line.rollout("--soak 400ms --max-unavailable 5% --back").code(6);
    let run =
        run.says("of those rolled out went offline, and --max-unavailable allows no more than 5%");
    assert_eq!(line.have_it(), [false; 3], "{run}");
    assert_eq!(line.builds()[2], 1, "{run}");
    let online = line.sim.devices().iter().filter(|device| device["device_online"] == true).count();
    assert_eq!(online, 60, "{run}");
}

#[test]
fn without_a_restart_no_device_is_told_to() {
    let line = Line::new(&[]);
    let words =
        "imp-dg list --product Ovens --fields name | grep -v Lab | imp-build rollout -b new";
    let run = line.dir.sh(words).ok();
    assert!(!run.stdout().contains("gate"), "nobody was asked{run}");
    assert_eq!((line.have_it(), line.sim.restarts()), ([true; 3], 0));
}

#[test]
fn a_group_that_has_the_build_stays_as_it_is_and_is_not_taken_back() {
    let line = Line::new(&[]);
    line.dir.sh("imp-build copy -b new -g B").quiet();
    let run = line
        .dir
        .sh("imp-build rollout -b new -g B,A,A,C --restart --back --gate 'test $(wc -l) -ge 20'");
    // The sha is that of two builds now, and the tag of one.
    assert_eq!(
        events(&run.code(6))[..4],
        [
            "wave_begun 1 B 20 null",
            "wave_deployed 1 B 20 0",
            "gate_passed 1 B 20 null",
            "wave_begun 2 A 10 null"
        ]
    );
    assert_eq!((line.have_it(), line.builds()), ([false, true, false], [3, 2, 1]));
    assert_eq!(line.sim.restarts(), 20, "ten of A, there and back");
}

#[test]
fn a_group_without_a_build_before_is_told_before_it_begins_and_keeps_what_it_got() {
    let line = Line::new(&[]);
    line.sim.group(&line.product, DEVELOPMENT, "First");
    let run =
        line.dir.sh("imp-build rollout -b new -g A,First --back --gate 'test $(wc -l) -gt 0'");
    let run = run.code(6).says_all(&[
        "First has no build yet: what it gets cannot be taken back",
        "the group had no build before",
        "1 device group not taken back, see why above. They have the build new",
    ]);
    let back = run.records().pop().expect("an event");
    assert_eq!((&back["event"], &back["deployed"]), (&json!("back"), &json!(10)), "{run}");
    assert_eq!(line.have_it(), [false; 3]);
}

#[test]
fn a_group_that_cannot_be_deployed_to_lets_nothing_begin() {
    let line = Line::new(&[]);
    let rollout = "imp-build rollout -b new --dg Nowhere,A,B --failed left.ndjson";
    line.dir.sh(rollout).code(1).no_stdout().says("nothing was begun");
    assert_eq!(
        kinds(&line.dir.failed("left.ndjson")),
        [("not_attempted", 2), ("not_found", 1)].into()
    );
    let protect = "IMP_PROTECT=B imp-build rollout -b new --dg A,B --failed left.ndjson";
    line.dir.sh(protect).code(1).no_stdout();
    assert_eq!(
        kinds(&line.dir.failed("left.ndjson")),
        [("not_attempted", 1), ("protected", 1)].into()
    );
    line.dir.sh("imp-build rollout -b nothing --dg A").code(1).no_stdout();
    line.dir.sh("printf '' | imp-build rollout -b new").ok().no_stdout();
    assert_eq!(line.sim.counts().writes, 0);
    line.dir.sh("imp-change list --interrupted").no_stdout().ok();
}

#[test]
fn groups_of_another_product_are_told_and_production_is_asked_about() {
    let line = Line::new(&[]);
    let grills = line.sim.product("Grills");
    line.sim.group(&grills, "production_devicegroup", "Shipped");
    let words = "imp-build rollout -b new --dg A,Shipped";
    let no = line.dir.sh_on_terminal(words, "n\n").code(2).stdout();
    let told = ["deploy to 1 production group", "of the product Grills, the build of Ovens"];
    assert!(told.iter().all(|text| no.contains(text)), "{no}");
    assert_eq!(line.sim.writes().len(), 2, "the product and the group of this test");
    let yes = line.dir.sh_on_terminal(words, "y\n").ok().stdout();
    let told = ["wave 1 of 2, A: 10 devices, 10 deployed to", "rolled out: 10 devices"];
    assert!(told.iter().all(|text| yes.contains(text)), "{yes}");
    assert!(line.have_it()[0]);
}

#[test]
fn what_somebody_has_deployed_since_is_left_alone_on_the_way_back() {
    let line = Line::new(&[]);
    line.dir.write("fix.nut", "server.log(\"hotfix\");\n");
    let gate = "--back --failed left.ndjson --gate 'imp-build deploy -q -g A -x fix.nut; false'";
    line.rollout(gate).code(6).says("The group has got another build since");
    assert!(line.code(&line.groups[0]).contains("hotfix"));
    assert_eq!(kinds(&line.dir.failed("left.ndjson")), [("drifted", 1), ("not_met", 2)].into());
}

#[test]
fn a_plan_tells_the_groups_and_the_changes() {
    let line = Line::new(&[]);
    let plan = line.rollout("--plan").code(5);
    let plan = plan.says_all(&["wave 1 of 3, A: 10 devices", "wave 3 of 3, C: 30 devices"]);
    assert_eq!(plan.records().len(), 6, "a deployment and a restart of each");
    assert_eq!(line.sim.counts().writes, 0);
    line.rollout("--dry-run").ok();
    assert_eq!(line.sim.counts().writes, 0);
}

#[test]
fn ctrl_c_deploys_nothing_more_and_takes_back_what_was_deployed() {
    let line = Line::new(&[]);
    let running = line.dir.spawn(&format!("exec {}", Line::line("--soak 1h --back")));
    wait_for_event(&running, "wave_deployed");
    running.interrupt();
    let run = running.wait().code(130);
    assert_eq!(events(&run)[2..], ["interrupted 1 A 10 null", "back null - 60 10"]);
    assert_eq!((line.have_it(), line.builds()), ([false; 3], [3, 1, 1]));
}

#[test]
fn without_a_way_back_it_goes_on_at_the_gate_that_failed() {
    let line = Line::new(&[]);
    line.rollout("--gate 'wc -l >> sizes; test -e go'").code(6);
    assert_eq!(line.have_it(), [true, false, false]);
    line.dir.write("go", "");
    let resumed = line.dir.sh("imp-change resume last").ok();
    assert_eq!(events(&resumed).last().unwrap(), "done null - 60 60");
    assert_eq!((line.have_it(), line.builds()), ([true; 3], [2; 3]));
    assert_eq!(line.sim.restarts(), 60, "none twice");
    let sizes = line.dir.read("sizes");
    assert_eq!(sizes.split_whitespace().collect::<Vec<_>>(), ["10", "10", "20", "30"]);
}

#[test]
fn a_restart_that_is_refused_ends_the_wave() {
    let line = Line::new(&[]);
    line.sim.fault("POST /devicegroups/*/restart 403 times=1");
    let run = line.rollout("--back").code(6);
    run.says("the devices of A could not be restarted");
    assert_eq!((line.have_it(), line.builds()), ([false; 3], [3, 1, 1]));
}

#[test]
fn a_restart_that_is_not_answered_ends_the_wave_as_one_that_is_refused_does() {
    for (accident, least) in [("500", 1), ("cut=after", 2), ("cut=before", 1)] {
        let line = Line::new(&[]);
        line.sim.fault(&format!("POST /devicegroups/*/restart {accident} times=1"));
        let run = line.rollout("--back --gate true").code(6);
        let run = run.says("the devices of A could not be restarted");
        let wanted = [
            "wave_begun 1 A 10 null",
            "wave_deployed 1 A 10 10",
            "gate_failed 1 A 10 null",
            "back null - 60 10",
        ];
        assert_eq!(events(&run), wanted, "{accident}{run}");
        assert_eq!((line.have_it(), line.builds()), ([false; 3], [3, 1, 1]), "{accident}");
        // What perhaps has restarted with the build restarts with the one before.
        assert!(line.restarts()[0] >= least, "{accident}{run}");
        line.dir.sh("imp-change list --interrupted").no_stdout().ok();
    }
}
