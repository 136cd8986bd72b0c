//! `deploy`, `run`, `copy`.

use serde_json::{Value, json};
use tests::{Dir, Sim};

use super::{deploy, deployment, group};

const CREATE: &str = "POST /deployments";
const BAD: &str = "function start() {\n  server.log(\"hot);\n}\n";

#[test]
fn code_from_files_with_all_that_can_be_said_of_it() {
    let sim = Sim::start(&["--devices", "1"]);
    let [a] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    dir.write("oven.device.nut", "server.log(\"device\");\n");
    dir.write("oven.agent.nut", "server.log(\"agent\");\n");
    let run = dir
        .sh("imp-build deploy -g A -x oven.device.nut -y oven.agent.nut -s 'Release 1' -o git:1f \
             -t v1 -t RC1 -f")
        .quiet();
    let record = run.record();
    let id = record["id"].as_str().expect("an id");
    assert_eq!(record["outcome"], "created");
    assert_eq!((&record["devicegroup_id"], &record["flagged"]), (&json!(a), &json!(true)));
    assert_eq!(record.get("device_code"), None, "programs are not printed");
    let build = deployment(&sim, id);
    assert_eq!(build["device_code"], "server.log(\"device\");\n");
    assert_eq!(build["agent_code"], "server.log(\"agent\");\n");
    assert_eq!((&build["description"], &build["origin"]), (&json!("Release 1"), &json!("git:1f")));
    assert_eq!(build["tags"], json!(["v1", "RC1"]));
    assert_eq!(group(&sim, &a)["current_deployment_id"], id);
    assert_eq!(sim.counts().writes, 1);
}

#[test]
fn code_from_stdin_and_a_program_that_is_not_given_is_empty() {
    let sim = Sim::start(&[]);
    let [_a, _b] = sim.groups(["A", "B"]);
    let dir = Dir::signed_in(&sim);
    let run = dir.sh("echo 'x <- 1;' | imp-build deploy --dg A --dg B --device-file -").quiet();
    let ids = run.outcomes("created", 2).field("id");
    for id in ids {
        let build = deployment(&sim, &id);
        assert_eq!(
            (&build["device_code"], &build["agent_code"]),
            (&json!("x <- 1;\n"), &json!(""))
        );
    }
    for (script, why) in [
        ("echo A | imp-build deploy --device-file -", "stdin cannot give both"),
        ("echo A | imp-build deploy --dg - --device-file -", "stdin cannot give both"),
        (
            "echo A | imp-build deploy --dg A --device-file - --agent-file -",
            "only one of the two programs",
        ),
        ("imp-build deploy --dg A --device-file -", "nothing on stdin"),
        ("imp-build deploy --dg A", "no code given"),
        ("imp-build deploy --dg A --device-file missing.nut", "cannot read missing.nut"),
        ("printf '\\xff' | imp-build deploy --dg A --device-file -", "not UTF-8"),
    ] {
        dir.sh(script).code(2).no_stdout().says(why);
    }
    assert_eq!(sim.counts().kind(CREATE), 2);
}

#[test]
fn many_groups_from_stdin_and_each_of_them_once() {
    let sim = Sim::start(&["--devices", "30"]);
    let [a, b, _c] = sim.groups(["A", "B", "C"]);
    let ids = sim.field("id");
    sim.put(&a, &ids[..10]);
    sim.put(&b, &ids[10..30]);
    let dir = Dir::signed_in(&sim);
    dir.write("x.nut", "x <- 1;\n");
    dir.sh("imp-dg list | imp-build deploy -x x.nut --descr one").quiet().outcomes("created", 3);
    let builds = sim.all("deployments");
    assert!(builds.iter().all(|build| build["description"] == "one"), "not that of the group");
    sim.reset();
    // The devices of two groups: two deployments.
    let run = dir.sh("imp-device list | imp-build deploy -x x.nut --report report").quiet();
    assert_eq!(run.records().len(), 30);
    let report = dir.report("report");
    assert_eq!((report.ok, report.unchanged), (2, 28));
    assert_eq!(sim.counts().kind(CREATE), 2);
}

#[test]
fn rows_may_name_their_own_files_and_contradict_each_other() {
    let sim = Sim::start(&[]);
    let [_a, _b] = sim.groups(["A", "B"]);
    let dir = Dir::signed_in(&sim);
    dir.write("a.nut", "a <- 1;");
    dir.write("b.nut", "b <- 1;");
    dir.write("table.csv", "dg,device_file,tag\nA,a.nut,TA\nB,b.nut,\nB,a.nut,\nA,none.nut,\n");
    let run = dir.sh("imp-build deploy --jobs 1 --input table.csv --tag T --failed failed").code(1);
    let told: Vec<(String, Value)> = run
        .field("id")
        .iter()
        .map(|id| deployment(&sim, id))
        .map(|build| (build["device_code"].to_string(), build["tags"].clone()))
        .collect();
    let expected = [("\"a <- 1;\"".into(), json!(["TA"])), ("\"b <- 1;\"".into(), json!(["T"]))];
    assert_eq!(told, expected);
    let failed = dir.failed("failed");
    let kinds: Vec<_> =
        failed.iter().map(|row| (row.source.as_str(), row.error.kind.as_str())).collect();
    assert_eq!(kinds, [("table.csv:4", "conflict"), ("table.csv:5", "bad_input")]);
}

#[test]
fn what_does_not_compile_is_told_with_its_place() {
    let sim = Sim::start(&[]);
    let [a, _b] = sim.groups(["A", "B"]);
    let dir = Dir::signed_in(&sim);
    dir.write("src.device.nut", BAD);
    let run = dir
        .sh("imp-build deploy --dg A --dg B --device-file src.device.nut --failed failed")
        .code(1)
        .no_stdout();
    let place = "src.device.nut:2:";
    let told: Vec<String> =
        run.stderr().lines().filter(|line| line.starts_with(place)).map(str::to_owned).collect();
    assert_eq!(told.len(), 1, "once for both groups{run}");
    let failed = dir.failed("failed");
    assert_eq!(failed.len(), 2);
    let error = &failed[0].error;
    assert_eq!((error.status, error.code.as_deref()), (Some(400), Some("CX005")));
    let piece = &error.meta[0];
    assert_eq!((&piece["file"], &piece["row"]), (&json!("device_code"), &json!(2)));
    let line = format!("{place}{}: {}", piece["column"], piece["text"].as_str().expect("a text"));
    assert_eq!(told[0], line);
    assert_eq!(group(&sim, &a)["current_deployment_id"], Value::Null);
    // The file of failed rows is valid input.
    dir.write("src.device.nut", "x <- 1;\n");
    dir.sh("imp-build deploy --device-file src.device.nut --input failed")
        .quiet()
        .outcomes("created", 2);
}

#[test]
fn if_changed_deploys_only_what_is_new() {
    let sim = Sim::start(&[]);
    let [a, _b] = sim.groups(["A", "B"]);
    let dir = Dir::signed_in(&sim);
    dir.write("x.nut", "x <- 1;\n");
    let script = "imp-build deploy --if-changed -x x.nut --dg A";
    let first = dir.sh(script).quiet().outcomes("created", 1).field("id");
    let again = dir.sh(script).quiet().outcomes("unchanged", 1).record();
    assert_eq!(again["id"], first[0]);
    assert_eq!(again.get("device_code"), None);
    dir.sh(&format!("{script} --dg B --dry-run")).ok();
    dir.sh(&format!("{script} --dg B")).quiet();
    assert_eq!(sim.counts().kind(CREATE), 2, "A once, B once");
    // Variables take effect only with a new deployment.
    dir.sh("imp-dg update --dg A --env-variable HEAT=9").quiet();
    dir.sh(script).quiet().outcomes("created", 1);
    dir.sh(script).quiet().outcomes("unchanged", 1);
    dir.write("x.nut", "x <- 2;\n");
    dir.sh(&format!("imp-dg info --dg {a} | imp-build deploy --if-changed -x x.nut"))
        .quiet()
        .outcomes("created", 1);
    // The agent's code counts too.
    dir.write("y.nut", "y <- 1;\n");
    dir.sh(&format!("{script} -y y.nut")).quiet().outcomes("created", 1);
}

#[test]
fn a_deployment_is_never_sent_twice_when_it_may_have_been_made() {
    let sim = Sim::start(&[]);
    let [_a] = sim.groups(["A"]);
    let dir = Dir::signed_in(&sim);
    dir.write("x.nut", "x <- 1;\n");
    sim.fault("POST /deployments cut=after times=1");
    let script = "imp-build deploy -x x.nut --dg A --failed failed";
    dir.sh(script).code(1).says("or repeat with --if-changed");
    assert_eq!(dir.failed("failed")[0].error.kind, "unknown_outcome");
    assert_eq!(sim.counts().kind(CREATE), 1);
    assert_eq!(sim.all("deployments").len(), 1);
    let script = "imp-build deploy -x x.nut --input failed --if-changed";
    dir.sh(script).quiet().outcomes("unchanged", 1);
    // One that certainly was not made is sent again.
    sim.fault("POST /deployments 429 times=1");
    dir.sh("imp-build deploy -x x.nut --dg A").ok().outcomes("created", 1);
    assert_eq!(sim.all("deployments").len(), 2);
}

#[test]
fn run_deploys_and_restarts_and_leaves_the_group_alone() {
    let sim = Sim::start(&["--devices", "3"]);
    let [a] = sim.groups(["A"]);
    sim.put(&a, &sim.field("id"));
    let dir = Dir::signed_in(&sim);
    dir.sh("imp-dg update --dg A --descr 'the group'").quiet();
    let first = deploy(&sim, &a, "x <- 0;", &json!({}));
    dir.write("x.nut", "x <- 1;\n");
    for (option, path) in [("", "restart"), ("--conditional", "conditional_restart")] {
        sim.reset();
        let script = format!("imp-build run {option} --dg A -x x.nut --descr 'the build'");
        let record = dir.sh(&script).quiet().outcomes("created", 1).record();
        assert_eq!(record["description"], "the build");
        let writes: Vec<_> = sim.writes().into_iter().map(|asked| asked.path).collect();
        assert_eq!(writes, ["/deployments".to_owned(), format!("/devicegroups/{a}/{path}")]);
        assert_eq!(sim.restarts(), 3);
        let group = group(&sim, &a);
        assert_eq!(group["description"], "the group");
        assert_eq!(group["min_supported_deployment_id"], first.as_str());
        assert_eq!(group["current_deployment_id"], record["id"]);
    }
    // A restart that fails is not a build that failed.
    sim.fault("POST /devicegroups/*/restart 403 times=1");
    let run = dir.sh("imp-build run --dg A -x x.nut").code(1).no_stdout();
    run.says_all(&["was created, but the restart failed", "imp-dg restart --dg"]);
}

#[test]
fn one_build_is_copied_to_many_groups() {
    let sim = Sim::start(&[]);
    let [a, _b, _c] = sim.groups(["A", "B", "C"]);
    let said = json!({"description": "two", "origin": "git:2", "tags": ["RC2"], "flagged": true});
    let original = deploy(&sim, &a, "x <- 2;", &said);
    let dir = Dir::signed_in(&sim);
    sim.reset();
    let run = dir
        .sh("imp-dg list | jq -c 'select(.name != \"A\")' | imp-build copy --build RC2 --dg -")
        .quiet();
    for id in run.outcomes("created", 2).field("id") {
        let copy = deployment(&sim, &id);
        assert_eq!((&copy["device_code"], &copy["tags"]), (&json!("x <- 2;"), &json!([])));
        assert_eq!((&copy["origin"], &copy["flagged"]), (&Value::Null, &json!(false)));
    }
    let fetched = format!("/deployments/{original}");
    let fetches = sim.requests().into_iter().filter(|asked| asked.path == fetched).count();
    assert_eq!(fetches, 1, "the original is fetched once");
    let script = "imp-build copy --build git:2 --dg B --dg C --all";
    for id in dir.sh(script).quiet().outcomes("created", 2).field("id") {
        let copy = deployment(&sim, &id);
        for (name, value) in said.as_object().expect("an object") {
            assert_eq!(copy[name], *value, "{name}");
        }
    }
    // Now three builds have that tag.
    let run = dir.sh("imp-build copy --build RC2 --dg B --failed failed").code(1);
    run.says("3 deployments are called `RC2`");
    assert_eq!(dir.failed("failed")[0].error.kind, "ambiguous");
    let script = format!("imp-build copy --build {original} --dg B --if-changed");
    dir.sh(&script).quiet().outcomes("unchanged", 1);
    dir.sh("imp-dg list | imp-build copy --build -").code(2).says("one build is copied");
    let script = "imp-build list --dg A | imp-build copy --build - --dg B --dg C";
    dir.sh(script).quiet().outcomes("created", 2);
    let script = "imp-build list --dg B | imp-build copy --build - --dg C";
    dir.sh(script).code(2).no_stdout().says("takes one deployment, and stdin gives");
    dir.sh("imp-dg list | imp-build copy").code(1).says("--build is missing");
}

#[test]
fn a_dry_run_creates_nothing() {
    let sim = Sim::start(&[]);
    let [a, _b] = sim.groups(["A", "B"]);
    deploy(&sim, &a, "x <- 1;", &json!({"tags": ["RC1"]}));
    let dir = Dir::signed_in(&sim);
    dir.write("x.nut", "x <- 1;");
    sim.reset();
    for script in [
        "imp-build deploy --dg B -x x.nut --dry-run",
        "imp-build run --dg B -x x.nut --dry-run",
        "imp-build copy --build RC1 --dg B --dry-run",
    ] {
        let record = dir.sh(script).ok().says("dry run").record();
        assert_eq!((&record["outcome"], &record["dry_run"]), (&json!("created"), &json!(true)));
        assert!(record["devicegroup_id"].is_string());
    }
    assert_eq!(sim.counts().writes, 0);
}

#[test]
fn a_build_that_was_made_is_told_however_the_run_ends() {
    let sim = Sim::start(&["--devices", "1"]);
    let names = ["A", "B", "C", "D"];
    sim.groups(names);
    let dir = Dir::signed_in(&sim);
    dir.write("c.nut", "x <- 1;\n");
    dir.write("groups", names.join("\n"));
    let script = "imp-build run -x c.nut --input groups --failed failed";
    // The sign-in ends at the restarts; then the service; then a signal comes.
    for (rule, code, patience) in [
        ("POST /devicegroups/*/restart 401", 3, "1m"),
        ("POST /devicegroups/*/restart 429", 4, "1s"),
    ] {
        let before = sim.all("deployments").len();
        sim.fault(rule);
        let run = dir.sh(&format!("{script} --patience {patience}")).code(code);
        let failed = dir.failed("failed");
        let made = sim.all("deployments").len() - before;
        let told = failed.iter().filter(|row| row.error.title.contains("was created")).count();
        assert!(made > 0, "{rule}{run}");
        assert_eq!((told, failed.len()), (made, 4), "{rule}{run}");
        assert_eq!(run.stderr().matches("do not deploy again").count(), made, "{rule}{run}");
        sim.no_faults();
    }
    sim.fault("POST /deployments delay=2s");
    let running = dir.spawn("imp-build run --dg A -x c.nut --failed failed");
    running.wait_for("the build to be made", || sim.faults_applied() == [1]);
    running.interrupt();
    running.wait().code(130).says("was created, but the restart failed");
    assert_eq!(dir.failed("failed")[0].error.kind, "unknown_outcome");
}
