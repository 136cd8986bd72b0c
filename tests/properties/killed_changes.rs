//! `kill -9` of `imp-change apply`, and of verbs that do several things for one row: resumed and then undone, the
//! account is as it was before.

mod undos;

use serde_json::{Value, json};
use tests::{DEVELOPMENT, Dir, Sim};

use super::account::Account;
use super::random_faults::Random;
use crate::commands::changes::state;

/// Groups of the product `Ovens`, some with code and webhooks, and devices; and a plan of 300 changes of all kinds.
fn account() -> (Sim, Dir) {
    // What is rehearsed has other shas.
    let sim = Sim::start(&["--devices", "160", "--variant", "sha=plain"]);
    let product = sim.product("Ovens");
    let groups: Vec<String> =
        (0..40).map(|number| sim.group(&product, DEVELOPMENT, &format!("g{number}"))).collect();
    let ids = sim.field("id");
    sim.put(&groups[0], &ids[..80]);
    let dir = Dir::signed_in(&sim);
    dir.write("old", "server.log(1)");
    dir.write("new", "server.log(2)");
    let named = |from: usize, to: usize| {
        let names = (from..to).map(|number| format!("g{number}\n")).collect::<String>();
        dir.write(&format!("g{from}-{to}"), names);
    };
    [(0, 12), (12, 24), (24, 39)].iter().for_each(|(from, to)| named(*from, *to));
    dir.sh("imp-build deploy -x old -t old --input g0-12").quiet();
    dir.sh("imp-build deploy -g g39 -x new -t new").quiet();
    dir.sh("imp-hook create -u http://a/ -e blinkup --input g0-12 > hooks").quiet();
    let made: String = (0..12).map(|number| format!("n{number}\n")).collect();
    dir.write("made", format!("name\n{made}"));
    dir.write_column("inside", "id", &ids[..80]);
    dir.write_column("outside", "id", &ids[80..]);
    for script in [
        "imp-dg create -p N -c --input made",
        "imp-device assign --dg g1 --input inside",
        "imp-device assign --dg g0 --input outside",
        "imp-device update -n renamed --input outside",
        "imp-dg update -s told --input g12-24",
        "imp-build copy -b new --input g0-12",
        "imp-hook create -u http://b/ -e deployment --input g12-24",
        "imp-hook delete -q --input hooks",
        "imp-dg delete -q --input g24-39",
        "imp-product update -p Ovens -s told",
    ] {
        dir.sh(&format!("{script} --plan >> plan")).code(5);
    }
    sim.reset();
    (sim, dir)
}

/// Starts the script and kills it: at a request to be chosen, when what is under way is carried out and never
/// answered; or between requests.
fn kill(sim: &Sim, dir: &Dir, script: &str, random: &mut Random, requests: u64) {
    let after = random.below(requests);
    if random.below(2) == 0 {
        sim.fault(&format!("* /** delay=1h after={after}"));
        let running = dir.spawn(&format!("exec {script}"));
        running.wait_for("a request that is not answered, or the end", || {
            running.has_ended() || sim.faults_applied() != [0]
        });
        running.insist("KILL");
        sim.no_faults();
    } else {
        sim.fault("* /** delay=2ms");
        let already = sim.counts().total;
        let running = dir.spawn(&format!("exec {script}"));
        running.wait_for("so many requests, or the end", || {
            running.has_ended() || sim.counts().total >= already + after
        });
        running.insist("KILL");
        sim.no_faults();
        sim.wait_until_idle();
    }
}

#[test]
fn an_apply_that_is_killed_is_finished_by_resume_and_undone_by_undo() {
    let (sim, dir) = account();
    dir.sh("imp-change apply -q --input plan").ok();
    let (requests, after) = (sim.counts().total, state(&sim));
    assert!(dir.read_lines("plan").len() >= 300, "{}", dir.read_lines("plan").len());
    for seed in 0..6 {
        let mut random = Random(seed);
        let (sim, dir) = account();
        let before = state(&sim);
        kill(&sim, &dir, "imp-change apply -q --input plan", &mut random, requests);
        if random.below(3) == 0 {
            kill(&sim, &dir, "imp-change resume last", &mut random, requests);
        }
        let runs = dir.sh("imp-change list").ok().records();
        // It was killed before its plan had been read.
        if runs.is_empty() || runs[0]["rows"] == 0 {
            continue;
        }
        let run = dir.sh("imp-change resume last").ok();
        assert_eq!(state(&sim), after, "seed {seed}{run}");
        let all = dir.sh("imp-change show --all last").ok().records();
        let untold =
            all.iter().find(|line| line["outcome"].is_null() || line["outcome"] == "unchanged");
        assert!(untold.is_none(), "seed {seed}: {untold:?}");
        let undone = dir.sh("imp-change undo -q last");
        assert_eq!(state(&sim), before, "seed {seed}{undone}");
        undone.ok();
    }
}

/// What a script does that makes groups in a new product, gives them code and webhooks, twice the same among them, and
/// gives the name of one to another.
const REHEARSED: &str = "
    imp-dg create -p N -c --input made
    for name in n0 n1 n2; do
        imp-build deploy -g $name -x old
        imp-build deploy -g $name -x new -t again
        imp-build deploy -g $name -x new -t again -t last-$name
        imp-hook create -g $name -u http://a/ -e blinkup
    done
    imp-dg update -g n0 -m last-n0 -s told
    head -n 21 inside | imp-device assign --dg n1
    imp-dg update -g g3 -n free
    imp-dg create -p Ovens -n g3
    imp-dg reassign --from n1 --to '{Ovens}{g3}'
    imp-dg delete -q --input g24-39
    imp-dg create -p Ovens -n g24
";

/// The account, and the plan of what was rehearsed on a twin of it.
fn rehearsed() -> (Sim, Dir) {
    let (sim, dir) = account();
    dir.write("script.sh", REHEARSED);
    dir.sh("imp-product export --all > whole").ok();
    dir.sh(
        "imp-sim run --rate-limit off --load whole --changes rehearsed -- sh -e script.sh > log",
    )
    .ok();
    sim.reset();
    (sim, dir)
}

#[test]
fn a_rehearsed_plan_that_is_killed_is_finished_by_resume_and_makes_nothing_twice() {
    let (sim, dir) = rehearsed();
    dir.sh("imp-change apply -q --input rehearsed").ok();
    let (requests, after) = (sim.counts().total, Account::of(&sim));
    let mut resumed = 0;
    for seed in 0..6 {
        let mut random = Random(seed);
        let (sim, dir) = rehearsed();
        let before = Account::of(&sim);
        kill(&sim, &dir, "imp-change apply -q --input rehearsed", &mut random, requests);
        let runs = dir.sh("imp-change list").ok().records();
        // Those of the rehearsal are there too.
        let is_apply = |run: &&Value| {
            run["command"].as_str().is_some_and(|words| words.starts_with("imp-change apply"))
        };
        let Some(killed) = runs.iter().find(is_apply).filter(|run| run["rows"] != 0) else {
            continue;
        };
        resumed += u64::from(killed["state"] == "interrupted");
        let run = dir.sh("imp-change resume last").ok();
        let differences = after.as_twin(&Account::of(&sim));
        assert!(differences.is_empty(), "seed {seed}: {differences:?}{run}");
        let undone = dir.sh("imp-change undo -q last");
        let differences = before.as_twin(&Account::of(&sim));
        assert!(differences.is_empty(), "seed {seed}: {differences:?}{undone}");
        undone.ok();
    }
    assert!(resumed >= 3, "of six, {resumed} were interrupted once they had begun");
}

/// Change records as far as the run has no say in them.
fn changes(records: &[Value]) -> Vec<String> {
    let told = |record: &Value| {
        json!([record["kind"], record["id"], record["before"], record["after"]]).to_string()
    };
    let mut all: Vec<String> = records.iter().map(told).collect();
    all.sort_unstable();
    all
}

/// A killed run is resumed, and of what it has changed all is told; what has a way back is undone.
fn is_told_and_undone(script: &str, has_way_back: bool) {
    for seed in 0..3 {
        let mut random = Random(seed ^ script.len() as u64);
        let (sim, dir) = account();
        let before = state(&sim);
        let planned = changes(&dir.sh(&format!("{script} --plan")).code(5).records());
        let requests = sim.counts().total;
        kill(&sim, &dir, script, &mut random, requests + 20);
        let runs = dir.sh("imp-change list").ok().records();
        let last = runs.iter().next_back().expect("a run");
        if !last["command"].as_str().is_some_and(|command| script.starts_with(command)) {
            continue;
        }
        let case = format!("{script}, seed {seed}");
        let run = dir.sh("imp-change resume last");
        if run.stderr().contains("nothing was done: give the command again") {
            assert_eq!(state(&sim), before, "{case}");
            continue;
        }
        assert_eq!(run.exit_code(), Some(0), "{case}{run}");
        let told = changes(&dir.sh("imp-change show last").ok().records());
        if has_way_back {
            dir.sh("imp-change undo -q last").ok();
            assert_eq!(state(&sim), before, "{case}: undone");
        } else {
            assert_eq!(told, planned, "{case}");
        }
    }
}

#[test]
fn a_killed_run_of_any_verb_is_undone_to_what_was_before_it() {
    for script in [
        "imp-dg create -p N -c -y factory -u D -w -t T --create-target --input made",
        "imp-hook delete -q --input hooks",
        "imp-hook create -u http://b/ -e deployment --input g12-24",
        "imp-dg reassign --from g0 --to g1 --batch 10",
        "imp-dg update -s told --input g12-24",
        "imp-build copy -b new --input g0-12",
        "imp-dg delete -q --input g24-39",
    ] {
        is_told_and_undone(script, true);
    }
}

#[test]
fn a_killed_run_tells_of_deletions_all_that_went_with_them() {
    is_told_and_undone("imp-device remove -q -f --input inside", false);
    is_told_and_undone("imp-dg delete -q -f --input g0-12", false);
}

#[test]
fn what_was_done_of_a_row_that_fails_is_told_and_undone() {
    let (sim, dir) = account();
    dir.sh("imp-build deploy -g g0 -x new -t minimum > build").quiet();
    let before = state(&sim);
    let build = "$(jq -r .id build)";
    for (script, refused, parts) in [
        ("imp-device remove -q -f --input inside".to_owned(), "DELETE /devices/*", 80),
        ("imp-dg create -p N -c -n G".to_owned(), "POST /devicegroups", 1),
        ("imp-build run -q -g g1 -x new".to_owned(), "POST /devicegroups/*/restart", 1),
        (format!("imp-dg update -g g0 -s told -m {build}"), "PUT /devicegroups/**", 1),
        ("imp-dg delete -q -f -g g0".to_owned(), "DELETE /devicegroups/*", 80),
    ] {
        sim.fault(&format!("{refused} 403"));
        let run = dir.sh(&script).code(1).no_stdout();
        sim.no_faults();
        let told = dir.sh("imp-change show last").ok().records();
        assert_eq!(told.len(), parts, "{script}{run}");
        assert!(told.iter().all(|part| part["partly"] == true && part["row"].is_u64()));
        assert_ne!(state(&sim), before, "{script}{run}");
        dir.sh("imp-change undo -q last").ok();
        assert_eq!(state(&sim), before, "{script}");
    }
}
