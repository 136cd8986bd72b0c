//! Runs that ended early in whatever way: typed again, they finish the job and do nothing twice.

use tests::{Background, DEVELOPMENT, Dir, Moved, Sim, kinds};

const MEMBERS: &str = "POST /devicegroups/*/relationships/devices";

fn account(options: &[&str]) -> (Sim, Dir, String) {
    let sim = Sim::start(options);
    let [group] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    dir.write_column("devices.csv", "id", &sim.field("id"));
    (sim, dir, group)
}

/// A bulk move all workers of which wait for their answers, long enough for what happens meanwhile.
fn held_in_the_middle(sim: &Sim, dir: &Dir) -> Background {
    sim.fault(&format!("{MEMBERS} delay=3s after=10 times=8"));
    let running =
        dir.spawn("imp-device assign --dg A --batch 10 --input devices.csv --failed failed");
    running.wait_for("all workers to wait", || sim.faults_applied() == [8]);
    running
}

#[test]
fn after_a_kill_the_same_command_does_the_rest() {
    let (sim, dir, group) = account(&["--devices", "600"]);
    let assign = "exec imp-device assign --dg A --batch 10 --input devices.csv --failed failed";
    for round in 1..=3 {
        // Five batches are answered; of eight more, which move as well, it never hears.
        sim.fault(&format!("{MEMBERS} delay=1h after=5"));
        let running = dir.spawn(assign);
        running.wait_for("devices to move", || sim.members(&group).len() == round * 130);
        running.insist("KILL");
        sim.no_faults();
    }
    let run = dir.sh(assign).ok().says("was interrupted; `imp-change resume ");
    assert_eq!(run.records().len(), 600);
    assert_eq!((sim.members(&group).len(), sim.restarts()), (600, 600), "none was written twice");
}

#[test]
fn ctrl_c_while_the_input_is_still_being_read_keeps_what_was_read() {
    let (sim, dir, group) = account(&["--devices", "40"]);
    let given = sim.field("id");
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        // `exec`: what is typed is read by the command and nothing else.
        let script = "exec imp-device assign --dg A --failed failed --report report";
        let mut running = dir.spawn_open(script);
        given.iter().for_each(|id| running.type_line(id));
        running.wait_until_read();
        if signal == "INT" {
            running.interrupt();
        } else {
            running.terminate();
        }
        // Its stdin is still open: the signal alone ends it.
        running.wait().code(code).no_stdout();
        let failed = dir.failed("failed");
        let kept: Vec<&str> =
            failed.iter().map(|row| row.input["id"].as_str().expect("a text")).collect();
        assert_eq!(kept, given, "every row that was read, in its order");
        assert_eq!(kinds(&failed), [("not_attempted", 40)].into());
        let report = dir.report("report");
        assert_eq!((report.rows, report.not_attempted), (40, 40));
        assert!(sim.members(&group).is_empty());
        assert_eq!(dir.sh("imp-device info --input failed").quiet().field("id"), given);
    }
}

#[test]
fn a_token_that_is_refused_in_the_middle_is_renewed_once() {
    let (sim, dir, group) = account(&["--devices", "900"]);
    let given = sim.field("id");
    let running = held_in_the_middle(&sim, &dir);
    sim.expire_tokens();
    let run = running.wait().quiet();
    let failed = dir.failed("failed");
    let case = "tokens expired";
    Moved { case, sim: &sim, by: "id", given: &given, run: &run, failed: &failed }.are_in(&group);
    assert_eq!((sim.members(&group).len(), sim.counts().renewals), (900, 1));
}

#[test]
fn a_sign_in_that_ends_in_the_middle_of_a_bulk_move() {
    let (sim, dir, group) = account(&["--devices", "900"]);
    let given = sim.field("id");
    let running = held_in_the_middle(&sim, &dir);
    sim.fault("POST /auth/token 404");
    sim.expire_tokens();
    let run = running.wait().code(3);
    let failed = dir.failed("failed");
    let case = "no sign-in any more";
    Moved { case, sim: &sim, by: "id", given: &given, run: &run, failed: &failed }.are_in(&group);
    let reasons = failed.iter().filter(|row| row.error.kind == "not_signed_in").count();
    assert_eq!(reasons, 1, "{run}");
    sim.no_faults();
    dir.sh("imp-device assign --dg A --failed later < failed").quiet();
    assert_eq!((sim.members(&group).len(), sim.restarts()), (900, 900));
}

#[test]
fn an_outage_in_a_live_stream() {
    let (sim, dir, group) = account(&["--devices", "30"]);
    let given = sim.field("id");
    let assign = "imp-device assign --dg A --stream --patience 1s --failed failed --report report";
    let mut running = dir.spawn_open(assign);
    given[..10].iter().for_each(|id| running.type_line(id));
    running.wait_for("the first to move", || sim.members(&group).len() == 10);
    sim.fault("* /** 503");
    given[10..20].iter().for_each(|id| running.type_line(id));
    let failed = || std::fs::read_to_string(dir.path().join("failed")).unwrap_or_default();
    running.wait_for("the next to fail", || failed().lines().count() == 10);
    // The patience is over, and so is the run, although its input stays open.
    let run = running.wait().code(4);
    let failed = dir.failed("failed");
    let case = "an outage";
    let read = &given[..20];
    Moved { case, sim: &sim, by: "id", given: read, run: &run, failed: &failed }.are_in(&group);
    assert_eq!((dir.report("report").rows, failed.len()), (20, 10));
    sim.no_faults();
    dir.write("rest", given[20..].join("\n"));
    dir.sh("cat failed; imp-device assign --dg A --stream --input failed --input rest").ok();
    assert_eq!((sim.members(&group).len(), sim.restarts()), (30, 30));
}

#[test]
fn many_groups_in_one_file() {
    let sim = Sim::start(&["--devices", "600"]);
    let product = sim.product("Ovens");
    let groups: Vec<String> =
        (0..40).map(|number| sim.group(&product, DEVELOPMENT, &format!("g{number}"))).collect();
    sim.reset();
    let dir = Dir::signed_in(&sim);
    let ids = sim.field("id");
    let rows: String =
        ids.iter().enumerate().map(|(row, id)| format!("{id};g{}\n", row % 40)).collect();
    dir.write("devices.csv", format!("id;device group\n{rows}"));
    let assign = "imp-device assign --input devices.csv";
    dir.sh(assign).quiet().outcomes("assigned", 600);
    assert!(groups.iter().all(|group| sim.members(group).len() == 15));
    let counts = sim.counts();
    assert!(counts.total <= 40 + 30, "{counts:?}");
    dir.sh(assign).quiet().outcomes("unchanged", 600);
    assert_eq!(sim.restarts(), 600);
}

#[test]
fn a_name_of_several_groups_is_told_with_its_candidates() {
    let (sim, dir, a) = account(&["--devices", "5"]);
    let other = sim.product("Fridges");
    let b = sim.group(&other, DEVELOPMENT, "A");
    sim.reset();
    let run = dir.sh("imp-device assign --dg A --input devices.csv").code(1).no_stdout();
    run.says_all(&[&a, &b]);
    assert_eq!(sim.counts().writes, 0);
    dir.sh("imp-device assign --dg '{Fridges}{A}' --input devices.csv").quiet();
    assert_eq!(sim.members(&b).len(), 5);
    // Of a list, all matches count.
    sim.put(&a, &sim.field("id")[..2]);
    assert_eq!(dir.sh("imp-device list --dg A").quiet().records().len(), 5);
}

#[test]
fn a_run_that_goes_on_ends_as_it_would_have_ended_in_one_piece() {
    for (script, rule) in [
        ("imp-change undo -q $(cat run)", "PATCH /** delay=1h"),
        ("imp-device update -n x --jobs 1 --input few", "PATCH /** delay=1h after=1"),
        ("imp-device assign -g A --batch 1 --jobs 1 --input few", "POST /** delay=1h after=1"),
    ] {
        let (sim, dir, group) = account(&["--devices", "5"]);
        sim.put(&group, &sim.field("id")[4..]);
        dir.sh("(echo 40000c2a69ffffff; sed 1d devices.csv | head -n 3) > few").ok();
        // There is no way back from the restart, which is looked at first.
        dir.sh("imp-dg update -g A -s x --plan > plan; imp-dg restart -g A --plan >> plan").code(5);
        dir.sh("imp-change apply -q --input plan; imp-change list | jq -r .run > run").ok();
        sim.fault(rule);
        let running = dir.spawn(&format!("exec {script}"));
        running.wait_for("a request that is not answered", || sim.faults_applied() == [1]);
        running.insist("KILL");
        sim.no_faults();
        let run = dir.sh("imp-change list --interrupted").ok().field("run").remove(0);
        let resume = format!("imp-change resume {run}");
        dir.sh(&resume).code(1).says("1 row failed before the run was interrupted");
        dir.sh(&resume).code(1);
    }
}
