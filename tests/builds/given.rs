//! What is given to the verbs: code from stdin, columns, files that come in pairs.

use serde_json::json;
use tests::{Dir, Sim};

use super::super::deploy;

#[test]
fn of_two_files_both_are_written_or_none() {
    let sim = Sim::start(&[]);
    let [a] = sim.groups(["A"]);
    let id = deploy(&sim, &a, "one <- 1;\n", &json!({"tags": ["T"]}));
    let dir = Dir::signed_in(&sim);
    let (device, agent) = (format!("{id}.device.nut"), format!("{id}.agent.nut"));
    dir.write(&agent, "mine");
    dir.sh("imp-build get --build T").code(1).says("is there already");
    assert!(!dir.path().join(&device).exists(), "neither is written");
    dir.sh("imp-build get --build T -x d.nut -y none/a.nut").code(1).says("none/a.nut");
    assert!(!dir.path().join("d.nut").exists());
    dir.sh_on_terminal("imp-build get --build T", "n\n").code(1);
    assert!(!dir.path().join(&device).exists());
    dir.sh_on_terminal("imp-build get --build T", "y\n").ok();
    assert_eq!((dir.read(&device), dir.read(&agent)), ("one <- 1;\n".into(), String::new()));
    sim.reset();
    dir.sh("imp-build get --build T -x same -y same").code(2).says("the same file");
    assert_eq!(sim.counts().total, 0);
}

#[test]
fn a_build_for_stdout_may_come_from_stdin() {
    let sim = Sim::start(&[]);
    let [a] = sim.groups(["A"]);
    deploy(&sim, &a, "one <- 1;\n", &json!({"tags": ["T"]}));
    let dir = Dir::signed_in(&sim);
    let script = "imp-build list --tag T | imp-build get --build - -x -";
    assert_eq!(dir.sh(script).quiet().stdout(), "one <- 1;\n");
    deploy(&sim, &a, "two <- 2;\n", &json!({}));
    let run = dir.sh("imp-build list | imp-build get --build - -x -").code(2).no_stdout();
    run.says("--build takes one deployment, and stdin gives 2");
}
