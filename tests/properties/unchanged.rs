//! What changes nothing is `unchanged` and sends nothing that writes; nothing asked for is a usage error.

use serde_json::json;
use tests::{Dir, Sim, told};

/// An account with a device in a group, a webhook, a build and a login key; their updates, but for what is
/// asked for.
fn account() -> (Sim, Dir, Vec<(String, &'static str)>) {
    let sim = Sim::start(&["--devices", "2"]);
    let [a] = sim.groups(["A"]);
    let device = sim.field("id").remove(0);
    sim.put(&a, std::slice::from_ref(&device));
    let dir = Dir::signed_in(&sim);
    dir.write("pw", format!("{}\n", sim.entry.password));
    dir.write("empty", "");
    let hook = "imp-hook create -g A -e blinkup -u https://hooks.test/a";
    let hook = dir.sh(hook).quiet().field("id").remove(0);
    let build = dir.sh("imp-build deploy -g A -x empty -y empty").quiet().field("id").remove(0);
    let key = dir.sh("imp-auth key create --pwd-file pw").quiet().field("id").remove(0);
    let updates = vec![
        ("imp-product update -p Ovens".to_owned(), "--name Ovens --descr hot"),
        ("imp-dg update -g A".to_owned(), "--name A --descr cold -e K=1"),
        (format!("imp-device update -d {device}"), "--name Left"),
        (format!("imp-hook update -w {hook}"), "--url https://hooks.test/b --mime urlencoded"),
        (format!("imp-build update -b {build}"), "--descr text --flagged true"),
        (format!("imp-auth key update --pwd-file pw --lk {key}"), "--descr mine"),
    ];
    (sim, dir, updates)
}

#[test]
fn an_update_to_what_is_so_already_writes_nothing() {
    let (sim, dir, updates) = account();
    for (update, options) in updates {
        let again = format!("{update} {options}");
        dir.sh(&format!("{again} --dry-run")).ok().outcomes("updated", 1);
        dir.sh(&again).quiet().outcomes("updated", 1);
        sim.reset();
        let run = dir.sh(&again).quiet().outcomes("unchanged", 1);
        assert!(run.record()["id"].is_string() && run.record()["type"].is_string(), "{run}");
        dir.sh(&format!("{again} --dry-run")).ok().outcomes("unchanged", 1);
        assert_eq!(sim.counts().writes, 0, "{again}");
    }
    // So a group that was only asked for what it has is not deployed to again.
    let deploy = "imp-build deploy -g A -x empty -y empty --if-changed";
    dir.sh(deploy).quiet().outcomes("created", 1);
    dir.sh("imp-dg update -g A --name A --descr cold").quiet().outcomes("unchanged", 1);
    dir.sh(deploy).quiet().outcomes("unchanged", 1);
}

#[test]
fn an_update_that_asks_for_nothing_is_a_usage_error() {
    let (sim, dir, updates) = account();
    sim.reset();
    for (update, _) in &updates {
        dir.sh(update).code(2).no_stdout().says("Nothing to change: give --");
    }
    assert_eq!(sim.counts().total, 0, "nothing is even looked up");
    // Rows may say for themselves what they want; one that does not is a failed row.
    for (update, _) in &updates {
        let (verb, id) = update.rsplit_once(' ').expect("an identifier");
        let verb = verb.rsplit_once(" -").expect("an option").0;
        let column = match id {
            "Ovens" => "product",
            "A" => "dg",
            _ => "id",
        };
        let rows = format!("{column},other\n{id},x\n");
        dir.sh_with(&format!("{verb} --failed failed"), rows).code(1).says("Nothing to change");
        assert_eq!(told(&dir.failed("failed")), [("stdin:2", "bad_input")], "{verb}");
    }
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn a_list_that_is_fed_back_changes_only_what_differs() {
    let sim = Sim::start(&["--devices", "50"]);
    let dir = Dir::signed_in(&sim);
    let edited = "imp-device list | jq -c 'select(.name) | if .name == \"sensor-000010\" then .name = \"Oven\" else . end'";
    let run = dir.sh(&format!("{edited} | imp-device update")).quiet();
    assert_eq!(run.field("outcome").iter().filter(|outcome| *outcome == "updated").count(), 1);
    assert_eq!(sim.counts().writes, 1);
}

#[test]
fn the_minimum_and_the_targets_that_a_group_has_are_not_set_again() {
    let sim = Sim::start(&[]);
    let dir = Dir::signed_in(&sim);
    dir.write("empty", "");
    let create = "imp-dg create -n F -p Ovens -c -y factory --dut D -w --target T --create-target";
    dir.sh(create).quiet();
    let build = dir.sh("imp-build deploy -g D -x empty -y empty").quiet().field("id").remove(0);
    sim.reset();
    for options in ["-g F --dut D --target T".to_owned(), format!("-g D -m {build}")] {
        dir.sh(&format!("imp-dg update {options}")).quiet().outcomes("unchanged", 1);
    }
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn an_empty_group_has_nothing_to_restart() {
    let sim = Sim::start(&["--devices", "3"]);
    let [full, empty] = sim.groups(["Full", "Empty"]);
    sim.put(&full, &sim.field("id"));
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-dg list > groups").quiet();
    sim.reset();
    for dry in ["--dry-run", ""] {
        let run = dir.sh(&format!("imp-dg restart -g Empty -g Full {dry}")).ok();
        assert_eq!(run.field("outcome"), ["unchanged", "restarted"]);
        assert_eq!(run.records()[0]["id"], json!(empty));
    }
    assert_eq!((sim.counts().writes, sim.restarts()), (1, 3));
    // One that is gone is none.
    dir.sh("imp-dg delete -g Empty -q").quiet();
    let run = dir.sh("imp-dg restart --input groups --failed failed").code(1);
    run.outcomes("restarted", 1);
    assert_eq!(dir.failed("failed")[0].error.kind, "not_found");
}
