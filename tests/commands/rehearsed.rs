//! `imp-sim run --changes` and what `imp-change apply` makes of its plan.

mod again;
mod file;
mod interrupted;
mod order;
mod planned;

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
    let again = dir.sh("imp-change apply --plan < plan").code(5).records();
    assert_eq!(again[1]["conditional"], true, "also in a plan of the plan");
    dir.sh("cat plan plan | imp-change apply -q > done").quiet();
    assert_eq!(sim.all("devices").iter().filter(|one| one["name"] == "by hand").count(), 1);
    let asked = sim.writes();
    let paths: Vec<&str> = asked.iter().map(|one| one.path.as_str()).collect();
    let restarts = paths.iter().filter(|path| path.ends_with("restart")).count();
    assert_eq!((restarts, paths.len()), (2, 3), "{paths:?}");
    assert!(paths.iter().any(|path| path.ends_with("conditional_restart")));
}

#[test]
fn what_depends_on_a_record_that_fails_is_left_alone() {
    let (sim, dir) = rehearsed(
        "id=$(imp-device list --unassigned --limit 1 -z minimal)
        imp-hook create -g Old -u http://a/ -e deployment > /dev/null
        imp-device assign --dg Bench -d $id > /dev/null
        imp-device restart -d $id > /dev/null
        imp-device restart -d $(imp-device list --dg Bench --limit 1 -z minimal) > /dev/null",
    );
    // In between somebody else has moved one of the two devices.
    let plan = dir.read_lines("plan");
    let moved = plan.iter().find(|change| change["verb"] == "assign").expect("a move");
    let id = moved["id"].as_str().expect("an id").to_owned();
    let [old] = ["Old"].map(|name| {
        let groups = sim.all("devicegroups");
        let group = groups.iter().find(|group| group["name"] == name).expect("it is there");
        group["id"].as_str().expect("an id").to_owned()
    });
    sim.put(&old, std::slice::from_ref(&id));
    sim.reset();
    let ended = dir.sh("imp-change apply -q --failed failed < plan > done").code(1);
    ended.says("Not attempted: what came before it was not done");
    let kinds: Vec<String> =
        dir.failed("failed").into_iter().map(|row| row.error.kind.as_str().to_owned()).collect();
    assert_eq!(kinds, ["drifted", "conflict"]);
    let asked = sim.writes();
    let restarts: Vec<&str> = asked.iter().map(|one| one.path.as_str()).collect();
    assert!(restarts.iter().all(|path| !path.contains(&id)), "{restarts:?}");
    assert_eq!(restarts.iter().filter(|path| path.ends_with("restart")).count(), 1);
}

/// Makes an account with webhooks of which two are equal and one has a password.
fn with_hooks(dir: &Dir) {
    for (url, event) in
        [("http://a/", "blinkup"), ("http://b/", "blinkup"), ("http://me:secret@c/", "deployment")]
    {
        dir.sh(&format!("imp-hook create -g Old -u {url} -e {event}")).ok();
    }
    dir.sh("imp-hook list --dg Old | sed 1,2!d | imp-hook update -u http://a/").ok();
}

/// What was done to a twin that was loaded from an export.
fn plan_of(dir: &Dir, script: &str) {
    dir.write("script.sh", script);
    dir.sh("imp-product export --all > account").ok();
    dir.sh("imp-sim run --load account --changes plan -- sh -e script.sh > twin.log").ok();
}

#[test]
fn equal_webhooks_are_each_made_and_deleted_for_themselves() {
    let (sim, dir) = rehearsed("true");
    with_hooks(&dir);
    plan_of(
        &dir,
        "imp-hook list --dg Old | grep blinkup | imp-hook delete -q
        imp-hook create -g Old -u http://x/ -e blinkup
        imp-hook list --dg Old | grep x/ | imp-hook update -u http://a/",
    );
    dir.sh("imp-change apply -q < plan > done").quiet();
    let urls = || {
        let mut urls: Vec<String> =
            sim.all("webhooks").iter().map(|hook| hook["url"].to_string()).collect();
        urls.sort();
        urls
    };
    assert_eq!(urls(), ["\"http://a/\"", "\"http://me:secret@c/\""]);
    // Creations beside one that is equal, two at once.
    let group = dir.read_lines("account");
    let group = group.iter().find(|record| record["name"] == "Old").expect("it is there");
    let creation = |number: usize| {
        serde_json::json!({"type": "change", "kind": "webhook", "id": format!("new:webhook:{number}"),
            "before": null, "after": {"devicegroup_id": group["id"], "event": "blinkup",
            "url": "http://a/"}, "step": number})
        .to_string()
    };
    dir.write("plan", format!("{}\n{}\n", creation(1), creation(2)));
    dir.sh("imp-change apply -q < plan > done").quiet();
    assert_eq!(urls().iter().filter(|url| url.contains("a/")).count(), 3);
    // Two plans that call different things by the same name are not mixed.
    dir.write("other", creation(1).replace("http://a/", "http://z/"));
    let before = sim.counts().writes;
    dir.sh("cat plan other | imp-change apply -q").code(2).says_all(&["two plans", "stdin:3"]);
    assert_eq!(sim.counts().writes, before);
}

#[test]
fn a_password_that_an_export_hides_stands_in_no_way() {
    let (sim, dir) = rehearsed("true");
    with_hooks(&dir);
    let hooks = || sim.all("webhooks");
    plan_of(&dir, "imp-hook list --dg Old | grep deployment | imp-hook update -u http://new/");
    dir.sh("imp-change apply -q < plan > done").quiet();
    assert!(hooks().iter().any(|hook| hook["url"] == "http://new/"));
    dir.sh("imp-change undo -q last").ok();
    assert!(hooks().iter().any(|hook| hook["url"] == "http://me:secret@c/"), "{:?}", hooks());
    plan_of(
        &dir,
        "imp-hook create -g Bench -e deployment \
            -u $(imp-hook list --dg Old | grep deployment | jq -r .url)
        imp-hook list --dg Old | grep deployment | imp-hook delete -q",
    );
    let ended = dir.sh("imp-change apply -q --failed failed < plan > done").code(1);
    ended.says("has not got the password");
    assert_eq!(dir.failed("failed").len(), 1);
    assert!(!hooks().iter().any(|hook| hook["url"].as_str().unwrap_or_default().contains("c/")));
    dir.sh("imp-change undo -q ./done").ok();
    assert!(hooks().iter().any(|hook| hook["url"] == "http://me:secret@c/"));
}

#[test]
fn a_group_is_not_deleted_with_what_was_left_alone_in_it() {
    let (sim, dir) = rehearsed("true");
    with_hooks(&dir);
    dir.sh("imp-build deploy -g Old -x one -t kept").quiet();
    for (drift, told) in [
        (
            "imp-hook list --dg Old | head -n 1 | imp-hook update -u http://drifted/",
            "was not deleted before it",
        ),
        ("imp-build update -b kept -t drifted", "It is not as it was before"),
    ] {
        plan_of(&dir, "imp-dg delete -q -f -g Old");
        dir.sh(drift).ok();
        let before = sim.all("deployments").len();
        dir.sh("imp-change apply -q --failed failed < plan > done").code(1).says(told);
        assert!(sim.all("devicegroups").iter().any(|group| group["name"] == "Old"));
        assert_eq!(sim.all("deployments").len(), before);
    }
}

#[test]
fn a_service_may_calculate_shas_otherwise() {
    let files = Dir::new();
    let file = files.path().join("account.json").display().to_string();
    let sim = Sim::start(&["--state", &file, "--variant", "sha=plain"]);
    sim.groups(["Bench"]);
    let dir = Dir::signed_in(&sim);
    dir.write("one", "server.log(1)");
    dir.write("two", "server.log(2)");
    plan_of(
        &dir,
        "imp-build deploy -g Bench -x one -t first
        imp-build deploy -g Bench -x two
        imp-build deploy -g Bench -x one
        imp-dg update -g Bench -m $(imp-dg info -g Bench | jq -r .current_deployment_id)
        imp-build delete -q -b first",
    );
    dir.sh("imp-change apply -q < plan > done").quiet();
    let builds = sim.all("deployments");
    let shas: Vec<&str> = builds.iter().filter_map(|build| build["sha"].as_str()).collect();
    let done = dir.read_lines("done");
    let told =
        done.iter().filter_map(|change| change["after"]["current_deployment"]["sha"].as_str());
    let told: Vec<&str> = told.collect();
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|sha| shas.contains(sha)), "{told:?} {shas:?}");
    assert_eq!(builds.len(), 2, "the first is gone");
}

#[test]
fn the_failed_rows_of_a_plan_say_how_they_go_on() {
    let (sim, dir) = rehearsed("imp-dg create -p Stoves -c -n New; imp-build deploy -g New -x one");
    sim.fault("POST /deployments 403 times=1");
    dir.sh("imp-change apply -q --failed failed < plan > done").code(1);
    // Where the journal of that run is not.
    dir.sh("IMP_JOURNAL=$PWD/elsewhere imp-change apply -q --input failed")
        .code(1)
        .says("imp-change resume RUN --failed-too");
    let run = dir.sh("imp-change list --limit 1").ok().field("run").remove(0);
    dir.sh(&format!("imp-change resume {run} --failed-too")).ok();
    assert_eq!(sim.all("deployments").len(), dir.read_lines("plan").len() - 3 + 2);
}
