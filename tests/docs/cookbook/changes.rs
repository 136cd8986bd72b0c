//! The section about what comes before and after a change.

use super::{Job, set};

#[test]
fn rehearse_on_a_copy() {
    let mut job = Job::of("Rehearse on a copy of the account");
    let script = "imp-dg reassign --from Bench --to Burn-in > moved\n\
                  imp-dg list | sort > groups\nimp-build get -x - -i 1.0 > code\n";
    job.dir.write("move-all.sh", script);
    job.type_next();
    assert_eq!(job.dir.read_lines("moved").len(), 100);
    let groups = job.dir.sh("imp-dg list | sort").stdout();
    assert_eq!(job.dir.read("groups"), groups, "the copy has them as they are");
    assert!(job.dir.read("code").contains("device 1.0"), "with their code");
    assert!(job.sim.writes().is_empty(), "the account is as it was");
}

#[test]
fn rehearse_a_change_and_then_do_just_that() {
    let mut job = Job::of("Rehearse a change on a twin, and then do just that");
    let script = "imp-dg create -p Ovens -n Next\n\
                  echo 'server.log(2)' > code\nimp-build deploy -g Next -x code -t next\n\
                  imp-device list --dg Bench --limit 7 | imp-device assign --dg Next\n\
                  imp-dg delete -q -g Burn-in\n";
    job.dir.write("change.sh", script);
    job.type_next();
    assert!(job.sim.writes().is_empty(), "the account is as it was");
    assert_eq!(job.dir.read("review").lines().count(), 10);
    // Somebody takes one of the devices in between; the rest is done.
    let taken = job.field(Some("Bench"), "id").swap_remove(0);
    job.sim.put(&job.group("DUTs"), std::slice::from_ref(&taken));
    let (script, _) = job.next_display();
    job.dir.sh(&script).code(1);
    let left: Vec<String> =
        job.dir.failed("drifted.ndjson").iter().map(|row| row.input["id"].to_string()).collect();
    assert_eq!(left, [format!("{taken:?}")]);
    assert_eq!(job.number("Next"), 6);
    let groups = job.sim.all("devicegroups");
    let next = groups.iter().find(|group| group["name"] == "Next").expect("it was made");
    assert!(next["current_deployment_id"].is_string());
    assert!(groups.iter().all(|group| group["name"] != "Burn-in"), "it was deleted");
}

#[test]
fn roll_out_in_waves() {
    let mut job = Job::of("Roll out in waves, with a way back");
    job.dir.sh("imp-dg create -p Ovens --dg-type production -n Next").ok();
    // A quarter of an hour is too long for a test, and the minutes of the gate are not used.
    let display = job.displays.pop_front().expect("a display");
    let script = display.script.replace("--soak 15m", "--soak 10ms");
    job.dir.sh(&script).ok();
    let events = job.dir.read_lines("rollout.ndjson");
    assert_eq!(events.last().expect("an event")["event"], "done");
    assert_eq!(job.number("Next"), job.dir.read_lines("online.ndjson").len());
}

#[test]
fn see_a_rollout_go_back() {
    let mut job = Job::of("See a rollout stop and go back");
    job.dir.write("code.nut", "server.log(\"v2\");\n");
    let next = "imp-dg create -p Ovens --dg-type production -n Next";
    job.dir.sh(&format!("{next} && imp-build deploy -g Next -x code.nut")).ok();
    job.sim.reset();
    // The shell of the second display knows what the first has found.
    let first = job.text();
    let (rehearsal, code) = job.next_display();
    job.dir.sh(&format!("set -e\n{first}\n{rehearsal}")).code(code);
    let told = job.type_next().stdout();
    assert!(told.contains("gate_failed\t") && !told.contains("done\t"), "{told}");
    let back = told.lines().last().expect("an event");
    assert!(back.starts_with("back\t"), "{told}");
    assert!(job.sim.writes().is_empty() && job.number("Next") == 0);
}

#[test]
fn roll_out_a_build() {
    let mut job = Job::of("Roll out a build, group after group");
    job.dir.write("code.nut", "server.log(\"v12\");\n");
    job.dir.sh("imp-dg create -p Ovens -n Lab && imp-build deploy -g Lab -x code.nut -t v12").ok();
    // A quarter of an hour is too long for a test, and some of these devices are never online.
    let display = job.displays.pop_front().expect("a display");
    let gate = "imp-device wait --online --at-least 98% --timeout 20m";
    let script = display.script.replace("--soak 15m", "--soak 10ms");
    let script = script.replace(gate, "wc -l >> sizes");
    assert!(display.script.contains(gate));
    job.dir.sh(&script).ok();
    let events = job.dir.read_lines("build.ndjson");
    assert_eq!(events.last().expect("an event")["event"], "done");
    let sizes = job.dir.read("sizes");
    let sizes: Vec<usize> =
        sizes.lines().map(|line| line.trim().parse().expect("a number")).collect();
    assert_eq!(sizes, ["Bench", "Burn-in", "Shipped"].map(|group| job.number(group)));
}

#[test]
fn let_a_second_person_look() {
    let mut job = Job::of("Let a second person look at a plan");
    job.type_next();
    assert!(job.sim.writes().is_empty());
    job.type_next();
    let stay = job.devices(Some("Bench"));
    let kept = |name: &str| name.starts_with("sensor-00001");
    assert!(stay.iter().all(|device| device["name"].as_str().is_some_and(kept)), "{stay:?}");
    assert_eq!((stay.len(), job.number("Burn-in")), (9, 91));
    assert_eq!(job.dir.read("drifted.ndjson"), "");
}

#[test]
fn guard_what_must_not_change() {
    let mut job = Job::of("Guard what must not change");
    let guards = job.displays[0].script.lines().next().expect("a line").to_owned();
    job.type_next().says("no more than 20% may be: nothing was done");
    let rename = "imp-dg update --dg Shipped --name Other";
    job.dir.sh(&format!("{guards}; {rename}")).code(1).says("protected");
    let run = job.type_next();
    assert_eq!(run.stdout().trim(), job.sim.devices().len().to_string());
    job.dir.sh("imp-dg restart --dg Bench --auth-file reader.auth").code(2);
    assert!(job.dir.sh("ls -l reader.auth").stdout().starts_with("-rw-------"));
    assert!(job.sim.writes().is_empty());
}

#[test]
fn go_on_after_a_power_cut() {
    let mut job = Job::of("Go on after a power cut");
    let macs = job.field(None, "mac_address");
    job.dir.write_column("devices.csv", "mac_address", &macs);
    // The fifth request is carried out, and its answer does not come before the power cut.
    job.sim.fault("POST /devicegroups/*/relationships/devices after=4 delay=1h");
    let assign = "exec imp-device assign --dg Burn-in --batch 5 --jobs 1 --input devices.csv";
    let running = job.dir.spawn(assign);
    running.wait_for("the fifth request", || job.number("Burn-in") == 25);
    running.kill();
    running.wait();
    job.sim.no_faults();
    let told = job.type_next();
    assert!(told.stdout().contains("imp-device assign --dg Burn-in"), "{told}");
    assert_eq!(set(job.field(Some("Burn-in"), "mac_address")), set(macs));
    let events = job.sim.events();
    assert!(events.values().all(|device| device.restarts <= 1), "none twice");
    job.dir.sh("imp-change list --interrupted").quiet().no_stdout();
}

#[test]
fn undo_what_was_done() {
    let mut job = Job::of("Undo what was done in the night");
    let before = job.sim.places();
    job.dir.sh("imp-device list --unassigned --limit 20 | imp-device assign --dg Bench").ok();
    assert_ne!(job.sim.places(), before);
    let shown = job.type_next();
    assert!(shown.stdout().contains("imp-device assign --dg Bench"), "{shown}");
    assert_eq!(job.dir.read("changed").lines().count(), 20);
    assert_eq!((job.sim.places(), job.dir.read("stays.ndjson")), (before, String::new()));
}
