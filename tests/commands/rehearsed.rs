//! `imp-sim run --changes` and what `imp-change apply` makes of its plan.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use tests::{Dir, Sim};

use super::changes::state;

/// An account with a group, devices and code, and a twin of it in which `script` has run.
fn rehearsed(script: &str) -> (Sim, Dir) {
    let files = Dir::new();
    let file = files.path().join("account.json").display().to_string();
    let mut sim = Sim::start(&["--devices", "20", "--state", &file]);
    let [bench, _] = sim.groups(["Bench", "Old"]);
    sim.put(&bench, &sim.field("id")[..10]);
    let dir = Dir::signed_in(&sim);
    dir.write("one", "server.log(1)");
    dir.write("two", "server.log(2)");
    dir.sh("imp-build deploy -g Bench -x one -t one").quiet();
    sim.finish();
    let mut twin: Value = serde_json::from_str(&files.read("account.json")).expect("the state");
    twin["random"] = 7.into();
    dir.write("twin.json", twin.to_string());
    dir.write("script.sh", script);
    let sim = sim.start_again(&["--state", &file]);
    dir.sh("imp-sim run --state twin.json --changes plan -- sh -e script.sh > twin.log").quiet();
    sim.reset();
    (sim, dir)
}

/// What another simulator with the state of the twin shows.
fn twin(dir: &Dir) -> Vec<Vec<Value>> {
    let file = dir.path().join("twin.json").display().to_string();
    state(&Sim::start(&["--state", &file]))
}

/// Makes, deploys, moves, deletes, and gives the name of one thing to another.
const SCRIPT: &str = "
    imp-dg create -p Stoves -c -n New -s 'for all'
    imp-build deploy -g New -x one -t first
    imp-build deploy -g New -x two -t second
    imp-dg update -g New -m second -s 'for most'
    imp-hook create -g New -u http://a/ -e deployment
    imp-device list --dg Bench --limit 4 | imp-device assign --dg New
    imp-dg update -g Bench -n Former
    imp-dg create -p Ovens -n Bench
    imp-dg reassign --from Former --to {Ovens}{Bench}
    imp-dg delete -q -g Old
    imp-dg create -p Ovens -n Old -s 'made again'
    imp-device list --unassigned --limit 1 -z minimal | imp-device update -n renamed
";

#[test]
fn what_was_rehearsed_is_done_and_undone() {
    // By the journal, by what was printed, and by what `show` prints.
    for undo in [
        "imp-change undo -q last",
        "imp-change undo -q ./done",
        "imp-change show last | imp-change reverse | imp-change apply -q",
    ] {
        let (sim, dir) = rehearsed(SCRIPT);
        let before = state(&sim);
        assert_eq!(sim.counts().writes, 0);
        dir.sh("imp-change apply -q < plan > done").quiet();
        let after = state(&sim);
        assert_eq!(after, twin(&dir));
        let undone = dir.sh(&format!("{undo} > undone"));
        assert_eq!(state(&sim), before, "{undo}{undone}");
        undone.ok();
        let again = dir.sh("imp-change undo -q ./undone --failed failed");
        // What was deployed to a group that is made again is gone.
        assert_eq!(state(&sim)[4], after[4], "{undo}{again}");
    }
}

#[test]
fn a_row_depends_on_the_one_that_makes_what_it_names() {
    let (sim, dir) = rehearsed(SCRIPT);
    // In between somebody else has made a product of that name, and has moved a device.
    dir.sh("imp-product create -n Stoves -s other; imp-product update -p Stoves -s 'of others'")
        .ok();
    dir.sh(
        "jq -c 'if .kind == \"product\" then .after.description = \"mine\" else . end' plan > p",
    )
    .ok();
    let ended = dir.sh("imp-change apply -q --failed failed < p > done").code(1);
    ended.says("Not attempted: new:product:1 was not made");
    let failed = dir.failed("failed");
    let kinds: Vec<&str> = failed.iter().map(|row| row.error.kind.as_str()).collect();
    assert_eq!(kinds[0], "drifted");
    assert!(kinds.len() >= 7 && kinds[1..].iter().all(|kind| *kind == "conflict"), "{kinds:?}");
    let detail = failed[1].error.detail.as_deref().unwrap_or_default();
    assert!(detail.starts_with("stdin:1:"), "it names the record: {detail}");
    // The others went on.
    let groups = sim.all("devicegroups");
    let described = |name: &str| groups.iter().find(|group| group["name"] == name);
    assert_eq!(described("Old").expect("it was made again")["description"], "made again");
    assert!(described("Former").is_some() && described("New").is_none());
    assert!(sim.all("devices").iter().any(|device| device["name"] == "renamed"));
}

#[test]
fn any_program_counts_and_restarts_are_sent_once() {
    let (sim, dir) = rehearsed(
        r#"
        id=$(imp-device list --dg Bench --limit 1 | jq -r .id)
        ask() { curl -s -H "Authorization: Bearer $(jq -r .accessToken $IMP_AUTH_FILE)" \
            -H 'Content-Type: application/vnd.api+json' "$@"; }
        ask -X PATCH $IMPT_ENDPOINT/devices/$id -d "{\"data\":{\"type\":\"device\",
            \"id\":\"$id\",\"attributes\":{\"name\":\"by hand\"}}}" > /dev/null
        ask -X POST $IMPT_ENDPOINT/devices/$id/conditional_restart
        imp-dg restart -g Bench > /dev/null
        "#,
    );
    let plan = dir.read_lines("plan");
    let verbs: Vec<&str> = plan.iter().filter_map(|change| change["verb"].as_str()).collect();
    assert_eq!(verbs, ["update", "restart", "restart"]);
    assert_eq!(plan[1]["conditional"], true);
    dir.sh("cat plan plan | imp-change apply -q > done").quiet();
    assert_eq!(sim.all("devices").iter().filter(|one| one["name"] == "by hand").count(), 1);
    let asked = sim.writes();
    let paths: Vec<&str> = asked.iter().map(|one| one.path.as_str()).collect();
    let restarts = paths.iter().filter(|path| path.ends_with("restart")).count();
    assert_eq!((restarts, paths.len()), (2, 3), "{paths:?}");
    assert!(paths.iter().any(|path| path.ends_with("conditional_restart")));
}

#[test]
fn the_file_tells_what_was_done_however_the_command_ended() {
    let dir = Dir::new();
    let run = "imp-sim run --devices 3 --changes plan";
    dir.sh(&format!("{run} -- sh -c 'imp-product create -n P > /dev/null; exit 9'")).code(9);
    assert_eq!(dir.read_lines("plan").len(), 1);
    let mode = std::fs::metadata(dir.path().join("plan")).expect("it is there").permissions();
    dir.sh("umask").ok();
    assert_eq!(mode.mode() & 0o600, 0o600);
    assert_eq!(format!("{:o}", mode.mode() & 0o777), dir.sh("touch x; stat -c %a x").lines()[0]);
    // What no record can tell is counted, and what was not begun leaves no old plan behind.
    let stream = "curl -s -X POST $IMPT_ENDPOINT/logstream \
        -H \"Authorization: Bearer $(jq -r .accessToken $IMP_AUTH_FILE)\" > /dev/null";
    dir.write("stream.sh", stream);
    dir.sh(&format!("{run} -- sh stream.sh")).says("no change record says it: 1 log stream").ok();
    assert_eq!(dir.read("plan"), "");
    dir.write("plan", "old");
    dir.sh(&format!("{run} -- nowhere")).code(127);
    assert_eq!(dir.read("plan"), "");
    // It is known before the command starts that it cannot be written.
    dir.sh("imp-sim run --changes no/such/plan -- touch started").code(2).says("no/such/plan");
    dir.sh("imp-sim run --changes . -- touch started").code(2).says("it is a directory");
    dir.sh("imp-sim run --changes /dev/full -- imp-product create -n P").code(2).says("/dev/full");
    assert!(!dir.path().join("started").exists());
    let piped = dir.sh("imp-sim run --changes /dev/stdout -- imp-product create -n P -z minimal");
    assert_eq!(piped.ok().lines().len(), 2);
}
