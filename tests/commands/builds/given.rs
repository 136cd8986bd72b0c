//! What is given to the verbs: code from stdin, columns, files that come in pairs.

use serde_json::{Value, json};
use tests::{Dir, Sim};

use super::{deploy, deployment};

#[test]
fn an_empty_pipe_is_no_empty_program() {
    let sim = Sim::start(&["--devices", "1"]);
    let [_a] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    for verb in ["deploy", "run"] {
        let run = dir.sh(&format!("sed s/1/2/ missing.nut | imp-build {verb} --dg A -x -"));
        run.code(2).no_stdout().says("name an empty file");
    }
    assert_eq!(sim.counts().writes, 0);
    dir.write("empty.nut", "");
    dir.sh("imp-build deploy --dg A -x empty.nut").quiet().outcomes("created", 1);
}

#[test]
fn a_column_flags_a_new_build() {
    let sim = Sim::start(&[]);
    let [_a, _b, _c] = sim.groups(["A", "B", "C"]);
    let dir = Dir::signed_in(&sim);
    dir.write("x.nut", "x <- 1;\n");
    dir.write("table.csv", "dg,flagged\nA,true\nB,\nC,perhaps\n");
    for verb in ["deploy", "run"] {
        let script = format!("imp-build {verb} -x x.nut --input table.csv --failed failed");
        let flags: Vec<Value> =
            dir.sh(&script).code(1).records().iter().map(|one| one["flagged"].clone()).collect();
        assert_eq!(flags, [json!(true), json!(false)], "{verb}");
        assert_eq!(dir.failed("failed")[0].error.kind, "bad_input");
    }
    let run =
        dir.sh("echo '{\"dg\":\"B\",\"flagged\":false}' | imp-build deploy -x x.nut --flagged");
    assert_eq!(run.quiet().record()["flagged"], false, "the column beats the option");
    // In the record of a build it is the state of that build.
    let run = dir.sh("imp-build list --flagged --limit 1 | imp-build get | imp-build deploy");
    assert_eq!(run.quiet().record()["flagged"], false);
}

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

#[test]
fn what_the_sentences_advise_can_be_done() {
    let sim = Sim::start(&["--devices", "1"]);
    let [a, b] = sim.groups(["A", "B"]);
    sim.put(&a, &sim.field("id"));
    let dir = Dir::signed_in(&sim);
    dir.write("x.nut", "x <- 1;\n");
    sim.fault("POST /deployments cut=after times=1");
    let run = dir.sh("imp-build run --dg A -x x.nut --failed failed").code(1);
    run.says_all(&["imp-build deploy --if-changed", &format!("imp-dg restart --dg {a}")]);
    let script = "imp-build deploy --if-changed -x x.nut --input failed";
    let id = dir.sh(script).quiet().outcomes("unchanged", 1).field("id");
    let script = "imp-build list | imp-build copy --dg B";
    dir.sh(script).code(2).no_stdout().says("`--build -` takes it from stdin");
    let copy = dir.sh("imp-build list | imp-build copy --dg B --build -").quiet().record();
    assert_eq!(copy["devicegroup_id"], b.as_str());
    let copied = deployment(&sim, copy["id"].as_str().expect("an id"));
    assert_eq!(copied["sha"], deployment(&sim, &id[0])["sha"]);
}

#[test]
fn a_named_file_gets_the_first_build() {
    let sim = Sim::start(&[]);
    let [a] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    let [one, two] = ["1", "2"].map(|code| deploy(&sim, &a, code, &json!({})));
    for _ in 0..8 {
        let get = format!("imp-build get --build {one} --build {two} -x b.nut -i -q");
        dir.sh(&get).code(1).says("b.nut has the code of another build");
        assert_eq!(dir.read("b.nut"), "1");
    }
}
