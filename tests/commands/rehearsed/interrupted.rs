//! An `imp-change apply` that is killed at a place that is chosen, and resumed.

use tests::{Dir, Sim};

use super::{plan_of, rehearsed};

/// Applies `plan`, and kills that at the request of the rule.
fn kill_at(sim: &Sim, dir: &Dir, rule: &str) {
    sim.fault(rule);
    let running = dir.spawn("exec imp-change apply -q --failed failed --input plan");
    running.wait_for("a request that is not answered", || sim.faults_applied() == [1]);
    running.insist("KILL");
    sim.no_faults();
}

fn id_of_group(sim: &Sim, name: &str) -> String {
    let groups = sim.all("devicegroups");
    let group = groups.iter().find(|group| group["name"] == name).expect("it is there");
    group["id"].as_str().expect("an id").to_owned()
}

fn restarts(sim: &Sim) -> usize {
    sim.writes().iter().filter(|asked| asked.path.ends_with("restart")).count()
}

#[test]
fn a_restart_is_not_sent_whose_move_had_failed_before() {
    for (resume, told) in [
        ("resume last", "Not attempted: what came before it was not done"),
        ("resume last --failed-too", "It is not as it was before"),
    ] {
        let (sim, dir) = rehearsed(
            "id=$(imp-device list --unassigned --limit 1 -z minimal)
            imp-device assign --dg Bench -d $id > /dev/null
            imp-dg update -g Old -s told > /dev/null
            imp-device restart -d $id > /dev/null",
        );
        // In between somebody else has moved the device.
        let id = dir.read_lines("plan")[0]["id"].as_str().expect("an id").to_owned();
        sim.put(&id_of_group(&sim, "Old"), &[id]);
        kill_at(&sim, &dir, "PATCH /devicegroups/* delay=1h");
        sim.reset();
        dir.sh(&format!("imp-change {resume}")).code(1).says(told);
        assert_eq!(restarts(&sim), 0, "{resume}");
        // What had failed stays what it was for a later try, too.
        dir.sh("imp-change resume last --failed-too").code(1);
        assert_eq!(restarts(&sim), 0, "{resume}");
    }
}

/// The ids of the webhooks, in the order in which they were made.
fn hooks(sim: &Sim) -> Vec<String> {
    let hooks = sim.all("webhooks");
    hooks.iter().map(|hook| hook["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn an_equal_webhook_is_not_taken_for_the_one_that_was_under_way() {
    let create = "imp-hook create -g Old -u http://a/ -e blinkup";
    for (rule, number) in [
        ("POST /webhooks 503 delay=1h", 2),
        ("POST /webhooks delay=1h", 2),
        ("POST /webhooks 503 delay=1h after=1", 3),
        ("POST /webhooks delay=1h after=1", 3),
    ] {
        let (sim, dir) = rehearsed("true");
        let script = format!("{create}\n").repeat(number - 1);
        plan_of(&dir, &script);
        // That no record names.
        dir.sh(create).ok();
        let own = hooks(&sim);
        kill_at(&sim, &dir, rule);
        dir.sh("imp-change resume last").ok();
        assert_eq!(hooks(&sim).len(), number, "{rule}");
        dir.sh("imp-change undo -q last").ok();
        assert_eq!(hooks(&sim), own, "{rule}: undone");
    }
}

#[test]
fn of_two_equal_webhooks_that_came_meanwhile_none_is_guessed() {
    let create = "imp-hook create -g Old -u http://a/ -e blinkup";
    // With a step, and without.
    for is_rehearsed in [true, false] {
        let (sim, dir) = rehearsed("true");
        match is_rehearsed {
            true => plan_of(&dir, create),
            false => _ = dir.sh(&format!("{create} --plan > plan")).code(5),
        }
        kill_at(&sim, &dir, "POST /webhooks delay=1h");
        dir.sh(create).ok();
        let run = dir.sh("imp-change list --interrupted").ok().field("run").remove(0);
        let both = hooks(&sim);
        let resumed = dir.sh(&format!("imp-change resume {run}")).code(1);
        resumed.says_all(&["It is not known which webhook", &both[0], &both[1]]);
        assert_eq!(hooks(&sim), both);
        // What to do is said there.
        dir.sh(&format!("imp-hook delete -q {}", both[1])).ok();
        dir.sh(&format!("imp-change resume {run} --failed-too")).ok();
        assert_eq!(hooks(&sim), both[..1]);
        dir.sh(&format!("imp-change undo -q {run}")).ok();
        assert!(hooks(&sim).is_empty());
    }
}

#[test]
fn equal_webhooks_are_shared_out_among_the_rows_that_may_have_made_them() {
    let create = "imp-hook create -g Old -u http://a/ -e blinkup";
    for (rule, made) in [
        ("POST /webhooks cut=middle times=2", 2),
        ("POST /webhooks 504 effect=yes times=2", 2),
        // The first was not carried out, or the second.
        ("POST /webhooks 504 times=1", 1),
        ("POST /webhooks 504 after=1 times=1", 1),
    ] {
        for others in [0, 1] {
            let (sim, dir) = rehearsed("true");
            plan_of(&dir, &format!("{create}\n{create}"));
            dir.sh(&format!("for n in $(seq {others}); do {create}; done")).ok();
            let own = hooks(&sim);
            sim.fault(rule);
            dir.sh("imp-change apply -q --input plan").code(1);
            sim.no_faults();
            let run = dir.sh("imp-change list --limit 1").ok().field("run").remove(0);
            assert_eq!(hooks(&sim).len(), others + made, "{rule}");
            dir.sh(&format!("imp-change resume {run} --failed-too")).ok();
            assert_eq!(hooks(&sim).len(), others + 2, "{rule} {others}");
            dir.sh(&format!("imp-change undo -q {run}")).ok();
            assert_eq!(hooks(&sim), own, "{rule}: undone");
        }
    }
}

#[test]
fn of_more_webhooks_than_rows_none_is_named_that_the_run_has_taken() {
    let create = "imp-hook create -g Old -u http://a/ -e blinkup";
    let (sim, dir) = rehearsed("true");
    plan_of(&dir, &format!("{create}\n{create}\n{create}"));
    sim.fault("POST /webhooks 504 effect=yes after=1 times=2");
    dir.sh("imp-change apply -q --input plan").code(1);
    sim.no_faults();
    let run = dir.sh("imp-change list --limit 1").ok().field("run").remove(0);
    dir.sh(create).ok();
    let all = hooks(&sim);
    let resumed = dir.sh(&format!("imp-change resume {run} --failed-too")).code(1);
    assert!(!resumed.stderr().contains(&all[0]), "{resumed}");
    resumed.says_all(&["It is not known which webhook", &all[1], &all[2], &all[3]]);
    dir.sh(&format!("imp-hook delete -q {}", all[3])).ok();
    dir.sh(&format!("imp-change resume {run} --failed-too")).ok();
    assert_eq!(hooks(&sim), all[..3]);
}

#[test]
fn builds_are_told_as_under_way_with_the_group_that_they_go_with() {
    let (sim, dir) = rehearsed("true");
    dir.sh("imp-build deploy -g Old -x one; imp-build deploy -g Old -x two").quiet();
    plan_of(&dir, "imp-dg delete -q -f -g Old");
    kill_at(&sim, &dir, "DELETE /devicegroups/* delay=1h");
    let all = dir.sh("imp-change show --all last").ok().records();
    assert!(all.iter().all(|line| line["state"] == "under_way"), "{all:?}");
    assert_eq!(all.len(), 3);
    dir.sh("imp-change resume last").ok();
    let told = dir.sh("imp-change show last").ok().records();
    assert!(told.iter().all(|line| line["outcome"] == "deleted"), "{told:?}");
    assert_eq!(told.len(), 3);
}
