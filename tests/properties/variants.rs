//! The main job under every answer that the simulator can give to an open question. Whatever the
//! service turns out to do, the devices end up where they should and the records say so.

use tests::{Dir, Sim, kinds};

/// What the simulator itself says can be chosen, `N` with a number for it, `TIME` with a time.
fn all_variants(dir: &Dir) -> Vec<String> {
    let mut all = Vec::new();
    for question in dir.sh("imp-sim variants").quiet().records() {
        let name = question["name"].as_str().expect("a name").to_owned();
        for value in question["values"].as_array().expect("values") {
            let value = value.as_str().expect("text").replace("TIME", "2s").replace('N', "30");
            all.push(format!("{name}={value}"));
        }
    }
    assert!(all.len() > 50, "{all:?}");
    all
}

#[test]
fn list_assign_reassign_unassign_under_every_variant() {
    for variant in all_variants(&Dir::new()) {
        main_job(&variant, &[]);
    }
}

#[test]
fn the_same_under_a_rate_limit_of_every_kind() {
    let kinds = ["rate-scope=", "rate-window=", "rate-headers=", "reset-unit=", "retry-after="];
    for variant in all_variants(&Dir::new()) {
        if kinds.iter().any(|kind| variant.starts_with(kind)) {
            main_job(&variant, &["--rate-limit", "60"]);
        }
    }
}

fn main_job(variant: &str, options: &[&str]) {
    let sim = Sim::start(&[&["--devices", "230", "--variant", variant], options].concat());
    let [a, b] = sim.groups(["A", "B"]);
    let dir = Dir::signed_in(&sim);
    let ids = sim.field("id");
    let mut macs = sim.field("mac_address");
    macs[7] = "0c:2a:69:ff:ff:ff".into();
    macs[150] = "0c:2a:69:ff:ff:fe".into();
    dir.write_column("devices.csv", "mac_address", &macs[..210]);
    let check = |what: &str, right: bool| assert!(right, "{variant}: {what}");

    let assign = "imp-device assign --dg A --input devices.csv --failed failed";
    dir.sh(assign).code(1).outcomes("assigned", 208);
    check("two rows are unknown", kinds(&dir.failed("failed")) == [("not_found", 2)].into());
    check("208 devices moved", sim.members(&a).len() == 208);
    check("each was written once", sim.events().values().all(|events| events.assigned <= 1));

    dir.sh(assign).code(1).outcomes("unchanged", 208);
    check("nothing restarted again", sim.restarts() == 208);

    // The devices of a collaborator may be in the list too.
    let listed = dir.sh("imp-device list").quiet().field("id");
    check("all are listed once", listed.iter().filter(|id| ids.contains(id)).count() == 230);
    let script = "imp-device list --dg A --offline | imp-device assign --dg B | imp-device restart";
    let moved = dir.sh(script).quiet().records().len();
    check("the offline ones moved", sim.members(&b).len() == moved && moved > 20);
    let restarted = sim.events().values().map(|events| events.restarted).sum::<u64>();
    check("and restarted once", restarted == moved as u64);

    dir.sh("imp-dg reassign --from B --to A").quiet().outcomes("assigned", moved);
    check("they are back", sim.members(&a).len() == 208);
    dir.write_column("ids", "id", &ids);
    dir.sh("imp-device unassign --input ids --report report").quiet();
    let report = dir.report("report");
    check("the rest was free already", (report.ok, report.unchanged) == (208, 22));
    check("all are free", sim.places() == [("null".to_owned(), 230)].into());
}

#[test]
fn restarts_and_errors_and_sign_in_under_their_variants() {
    for variant in all_variants(&Dir::new()) {
        let sim = Sim::start(&["--devices", "10", "--production", "5", "--variant", &variant]);
        let dir = Dir::with_login_key(&sim);
        dir.sh("imp-product create -n Ovens; imp-dg create -n A -p Ovens").quiet();
        let run = dir.sh("imp-product create -n Ovens --failed failed").code(1);
        let run = run.says("unique");
        let failed = dir.failed("failed").remove(0);
        assert!(["conflict", "refused"].contains(&failed.error.kind.as_str()), "{variant}{run}");
        dir.sh("imp-device list --unassigned --limit 5 | imp-device assign --dg A > moved").quiet();
        dir.sh("imp-device restart --input moved").quiet().outcomes("restarted", 5);
        dir.sh("imp-dg restart -g A --conditional").quiet().outcomes("restarted", 1);
        sim.expire_tokens();
        dir.sh("imp-device list").quiet();
        let unassign = "imp-dg unassign -g SimProduction -q --failed failed --unbond";
        let run = dir.sh(&format!("{unassign} wrong")).code(1).no_stdout();
        assert_eq!(kinds(&dir.failed("failed")), [("refused", 5)].into(), "{variant}{run}");
        dir.sh(&format!("{unassign} {}", sim.entry.unbond_key)).quiet().outcomes("unassigned", 5);
    }
}
