//! What a whole group cannot do is said once for the group, and nothing is sent for it.

use serde_json::Value;
use tests::{Dir, Run, Sim, kinds};

/// The lines that speak of devices, not of files or sums.
fn said(run: &Run, word: &str) -> Vec<String> {
    run.stderr().lines().filter(|line| line.contains(word)).map(str::to_owned).collect()
}

#[test]
fn production_devices_without_the_key() {
    let sim = Sim::start(&["--production", "25", "--devices", "5"]);
    let [bench] = sim.groups(["Bench"]);
    let dir = Dir::signed_in(&sim);
    let free = dir.sh("imp-device list --unassigned").quiet().field("id");
    sim.put(&bench, &free);
    sim.reset();
    for script in [
        "imp-device list | imp-device unassign --failed failed",
        "imp-device list | imp-device unassign --failed failed --dry-run",
        "imp-dg unassign --dg SimProduction --failed failed",
    ] {
        let run = dir.sh(script).code(1);
        let lines = said(&run, "key");
        assert_eq!(lines.len(), 1, "{script}{run}");
        let group = ", production, of SimProduct: 25 devices: taking production devices out";
        assert!(lines[0].contains(group) && lines[0].contains("--unbond"), "{script}{run}");
        assert_eq!(run.stderr().lines().filter(|line| line.contains("production")).count(), 1);
        assert_eq!(kinds(&dir.failed("failed")), [("bad_input", 25)].into(), "{script}");
    }
    assert_eq!(sim.counts().writes, 1, "those of the bench");
    // One device is told as itself, and --verbose tells of all.
    let production = dir.failed("failed")[0].input["id"].clone();
    let one = format!("imp-device unassign -d {}", production.as_str().expect("an id"));
    let run = dir.sh(&one).code(1).says("This is a production device");
    assert_eq!(said(&run, "25 devices"), [] as [String; 0]);
    let run = dir.sh("imp-dg unassign --dg SimProduction --verbose").code(1);
    assert_eq!(said(&run, "This is a production device: ").len(), 25);
}

#[test]
fn imp001_devices_in_a_factory_group() {
    let sim = Sim::start(&["--devices", "200"]);
    let dir = Dir::signed_in(&sim);
    let targets = "--dut D --create-dut --target T --create-target";
    dir.sh(&format!("imp-dg create -n Line -p Ovens -c -y factory {targets}")).quiet();
    let is_old = |device: &&Value| device["imp_type"] == "imp001";
    let old = sim.devices().iter().filter(is_old).count();
    assert!(old > 3, "{old}");
    dir.sh("imp-device list --unassigned > all").quiet();
    sim.reset();
    let run = dir.sh("imp-device assign --dg Line --input all --failed failed").code(1);
    let lines = said(&run, "imp001");
    let group = format!(", factory, of Ovens: {old} devices: they are imp001");
    assert!(lines.len() == 1 && lines[0].contains(&group), "{run}");
    let failed = dir.failed("failed");
    assert_eq!(kinds(&failed), [("conflict", old)].into());
    assert!(failed.iter().all(|row| row.error.attempts == 0), "none was sent");
    run.outcomes("assigned", 200 - old);
    // A development group takes them.
    dir.sh("imp-dg create -n Bench -p Ovens").quiet();
    dir.sh("imp-device assign --dg Bench --input failed").quiet().outcomes("assigned", old);
}

#[test]
fn logs_of_a_production_group() {
    let sim = Sim::start(&["--production", "25"]);
    let dir = Dir::signed_in(&sim);
    sim.reset();
    let run = dir.sh("imp-log stream --dg SimProduction").code(1).no_stdout();
    let lines = said(&run, "Logging Not Supported");
    assert!(lines.len() == 1 && lines[0].contains("all 25 devices of the group"), "{run}");
    assert_eq!(sim.counts().kind("GET /devices/{id}/logs"), 1);
    let run = dir.sh("imp-dg list | imp-log stream").code(1);
    assert_eq!(said(&run, "Logging Not Supported").len(), 1, "{run}");
}
