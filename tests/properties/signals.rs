//! Signals that ask a run to end: it ends with its exit code and tells of every row, and `imp-change resume`
//! finishes it as if nobody had disturbed it.

use super::kills::{Case, Verb};

#[test]
fn a_run_that_a_signal_ends_is_resumed_like_a_killed_one() {
    for (signal, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        for verb in [Verb::Assign, Verb::Update, Verb::Restart, Verb::HookCreate] {
            let case = Case::new(verb, 1, 500);
            let called = format!("{verb:?}, SIG{signal}");
            let (write, _) = verb.writes();
            case.sim.fault(&format!("{write} delay=300ms after=3"));
            let script = format!("exec {} --failed failed --report report", verb.script());
            let running = case.dir.spawn(&script);
            running.wait_for("requests under way", || case.sim.faults_applied() != [0]);
            match signal {
                "TERM" => running.terminate(),
                "HUP" => running.hang_up(),
                _ => running.interrupt(),
            }
            let run = running.wait().code(code);
            // Answers came to what was under way. Every row is told, once.
            let failed = case.dir.failed("failed");
            assert_eq!(run.records().len() + failed.len(), 500, "{called}{run}");
            assert!(failed.iter().all(|row| row.error.kind == "not_attempted"), "{called}{run}");
            assert_eq!(case.dir.report("report").rows, 500, "{called}");
            case.sim.no_faults();
            let listed = case.dir.sh("imp-change list").ok().record();
            assert_eq!((&listed["state"], &listed["exit"]), (&"interrupted".into(), &code.into()));
            assert_eq!(listed["open"], failed.len(), "{called}");
            let resumed = case.dir.sh("imp-change resume last").ok();
            assert_eq!(resumed.records().len(), failed.len(), "{called}{resumed}");
            let unknown = case.told();
            case.is_as_undisturbed(&unknown);
            assert!(unknown.is_empty(), "{called}: all answers came: {unknown:?}");
            assert_eq!(case.dir.sh("imp-change list").ok().record()["state"], "ended", "{called}");
        }
    }
}

#[test]
fn a_signal_while_an_answer_is_awaited_says_so_and_what_another_one_does() {
    for verb in [Verb::Assign, Verb::Update, Verb::HookCreate] {
        let case = Case::new(verb, 1, 20);
        let (write, _) = verb.writes();
        case.sim.fault(&format!("{write} delay=1h"));
        let running = case.dir.spawn(&format!("exec {}", verb.script()));
        running.wait_for("a request under way", || case.sim.faults_applied() != [0]);
        running.interrupt();
        let run = case.dir.sh("imp-change list").ok().field("run").remove(0);
        let said = format!(
            "another signal ends the run at once, and `imp-change resume {run}` finds out what became of it\n"
        );
        running.wait_for("what is said", || running.stderr().contains(&said));
        running.insist("INT").code(130);
    }
}
