//! What the commands cost in requests: the service gives 40 a second, and a fleet is large. Pages are
//! asked for ahead, so at the end of a list up to [`AHEAD`] requests are for pages that are not there.

use tests::{DEVELOPMENT, Dir, Sim};

/// One less than the default of `--jobs`.
const AHEAD: u64 = 7;
const GROUP_MEMBERS: &str = "DELETE /devicegroups/{id}/relationships/devices";

#[test]
fn a_list_costs_a_request_a_page_whatever_the_devices_belong_to() {
    let sim = Sim::start(&["--devices", "1000"]);
    let product = sim.product("Ovens");
    let ids = sim.field("id");
    for (number, few) in ids.chunks(50).enumerate() {
        let group = sim.group(&product, DEVELOPMENT, &format!("group {number}"));
        sim.put(&group, few);
    }
    let dir = Dir::signed_in(&sim);
    for (form, most) in [("ndjson", 14), ("csv", 14), ("table", 16)] {
        sim.reset();
        let run = dir.sh(&format!("imp-device list -z {form} | wc -l")).quiet();
        assert!(run.stdout().trim().parse::<usize>().is_ok_and(|lines| lines >= 1000));
        let total = sim.counts().total;
        assert!(total <= most + AHEAD, "{form}: {total}");
    }
}

#[test]
fn names_cost_one_listing_for_all_rows() {
    let sim = Sim::start(&["--devices", "600"]);
    let [a] = sim.groups(["A"]);
    sim.put(&a, &sim.field("id"));
    let dir = Dir::signed_in(&sim);
    let names: Vec<String> = (0..50).map(|number| format!("sensor-{:06}", number * 10)).collect();
    dir.write_column("names.csv", "name", &names);
    sim.reset();
    dir.sh("imp-device restart --input names.csv").quiet().outcomes("restarted", 50);
    let counts = sim.counts();
    assert_eq!(counts.kind("POST /devices/{id}/restart"), 50);
    assert!(counts.total <= 50 + 10 + AHEAD, "{counts:?}");
    sim.reset();
    dir.sh("imp-device unassign --input names.csv").quiet().outcomes("unassigned", 50);
    assert!(sim.counts().total <= 12 + AHEAD, "{:?}", sim.counts());
}

#[test]
fn one_device_in_a_large_account_costs_little() {
    let sim = Sim::start(&["--devices", "5000"]);
    let [a] = sim.groups(["A"]);
    sim.put(&a, &sim.field("id")[..3000]);
    let dir = Dir::signed_in(&sim);
    let (id, mac) = (sim.field("id").remove(4000), sim.field("mac_address").remove(4001));
    for script in [
        format!("imp-device assign --dg {a} -d {id}"),
        format!("imp-device assign --dg A -d {mac}"),
        format!("imp-device unassign -d {id}"),
        format!("imp-device info -d {mac}"),
        format!("imp-device restart -d {mac}"),
        format!("imp-device update -d {id} -n new"),
    ] {
        sim.reset();
        dir.sh(&script).quiet();
        assert!(sim.counts().total <= 4, "{script}: {:?}", sim.counts());
    }
}

#[test]
fn emptying_a_group_by_force_goes_by_the_hundred() {
    let sim = Sim::start(&["--devices", "450"]);
    let [a] = sim.groups(["A"]);
    sim.put(&a, &sim.field("id"));
    let dir = Dir::signed_in(&sim);
    sim.reset();
    dir.sh("imp-dg delete -g A -q --force").ok();
    assert_eq!(sim.counts().kind(GROUP_MEMBERS), 5);
    assert!(sim.counts().total <= 20 + AHEAD, "{:?}", sim.counts());
}

#[test]
fn a_csv_of_addresses_costs_a_request_a_hundred_and_one_listing() {
    let sim = Sim::start(&["--devices", "3000"]);
    let [a] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    dir.write_column("devices.csv", "mac", &sim.field("mac_address")[..2000]);
    dir.sh("imp-device assign --dg A --input devices.csv").quiet().outcomes("assigned", 2000);
    // Where each was before is known from the list of all devices.
    assert!(sim.counts().total <= 20 + 30 + 5 + AHEAD, "{:?}", sim.counts());
    sim.reset();
    dir.sh("imp-device assign --dg A --input devices.csv").quiet().outcomes("unchanged", 2000);
    assert!(sim.counts().total <= 30 + 5 + AHEAD, "{:?}", sim.counts());
    assert_eq!((sim.counts().writes, sim.members(&a).len()), (0, 2000));
}

#[test]
fn ten_thousand_are_planned_with_a_list_of_them_and_moved_with_a_hundred_requests_more() {
    let sim = Sim::start(&["--devices", "10000"]);
    let [_a] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    dir.write_column("devices.csv", "mac", &sim.field("mac_address"));
    sim.reset();
    let assign = "imp-device assign --dg A --input devices.csv";
    assert_eq!(dir.sh(&format!("{assign} --plan")).code(5).records().len(), 10_000);
    assert!(sim.counts().total <= 110 && sim.counts().writes == 0, "{:?}", sim.counts());
    sim.reset();
    dir.sh(assign).quiet().outcomes("assigned", 10_000);
    assert!(sim.counts().total <= 250, "{:?}", sim.counts());
    // Who wants no journal need not know where they were.
    sim.put(&sim.group(&sim.product("Fridges"), DEVELOPMENT, "C"), &sim.field("id"));
    let off = format!("IMP_JOURNAL=off {assign}");
    dir.sh(&off).quiet().outcomes("assigned", 10_000);
    assert!(sim.counts().total <= 105, "{:?}", sim.counts());
}

#[test]
fn work_on_rows_is_done_by_several_at_once_and_no_more_than_asked() {
    let sim = Sim::start(&["--devices", "200"]);
    let dir = Dir::signed_in(&sim);
    dir.write_column("ids", "id", &sim.field("id"));
    for (jobs, most) in [("", 8), ("--jobs 1", 1), ("--jobs 3", 3), ("--jobs 30", 30)] {
        // Answers are held back until as many wait for one as ever will.
        sim.reset();
        sim.fault(&format!("GET /devices/* delay=2s times={most}"));
        let running = dir.spawn(&format!("imp-device info {jobs} --input ids"));
        running.wait_for("all jobs to wait", || sim.faults_applied() == [most]);
        assert_eq!(running.wait().quiet().records().len(), 200);
        // One more is to learn whose account it is, once in a long run.
        let in_flight = sim.counts().most_in_flight;
        assert!((most..=most + 1).contains(&in_flight), "{jobs}: {in_flight}");
        sim.no_faults();
    }
}
