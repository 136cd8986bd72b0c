//! `.impt.project` in the directory, for options that are missing.

use serde_json::json;
use tests::{Dir, Sim};

use super::{deployment, group};

/// A directory with a project as `impt` leaves it, for the device group.
fn project(sim: &Sim, group: &str) -> Dir {
    let dir = Dir::signed_in(sim);
    let file = json!({"deviceGroupId": group, "deviceFile": "d.nut", "agentFile": "a.nut"});
    dir.write(".impt.project", file.to_string());
    dir.write("d.nut", "device <- 1;");
    dir.write("a.nut", "agent <- 1;");
    dir.write("other.nut", "other <- 1;");
    dir
}

#[test]
fn group_and_code_that_are_missing_come_from_it_and_that_is_said() {
    let sim = Sim::start(&["--devices", "2"]);
    let [a, b] = sim.groups(["A", "B"]);
    let dir = project(&sim, &a);
    let device = sim.devices()[0]["id"].as_str().expect("an id").to_owned();
    let assign = format!("imp-device assign --device {device} < /dev/null");
    dir.sh(&assign).ok().says(&format!(".impt.project names the device group {a}"));
    assert_eq!(sim.members(&a), [device].into());
    let run = dir.sh("imp-build deploy").ok().says_all(&[
        &format!(".impt.project names the device group {a}, since --dg is missing"),
        ".impt.project names the code, d.nut and a.nut",
    ]);
    let build = deployment(&sim, &run.field("id")[0]);
    assert_eq!(
        (&build["device_code"], &build["agent_code"]),
        (&json!("device <- 1;"), &json!("agent <- 1;"))
    );
    assert_eq!(group(&sim, &a)["current_deployment_id"], json!(run.field("id")[0]));
    for verb in ["imp-dg info", "imp-dg restart", "imp-dg update --descr new", "imp-build run"] {
        dir.sh(verb).ok().says(&format!(".impt.project names the device group {a}"));
    }
    let other = dir.sh("imp-build deploy --dg B").ok().says("names the code, d.nut and a.nut");
    assert_eq!(group(&sim, &b)["current_deployment_id"], json!(other.field("id")[0]));
    assert!(!other.stderr().contains("names the device group"), "{}", other.stderr());
}

#[test]
fn one_program_of_it_is_never_mixed_with_another() {
    let sim = Sim::start(&[]);
    let [a] = sim.groups(["A"]);
    let dir = project(&sim, &a);
    let run = dir.sh("imp-build deploy --device-file other.nut").ok().says("so the other is empty");
    let build = deployment(&sim, &run.field("id")[0]);
    assert_eq!((&build["device_code"], &build["agent_code"]), (&json!("other <- 1;"), &json!("")));
    dir.write("rows.csv", "dg,device_file\nA,other.nut\n");
    let run = dir.sh("imp-build deploy --input rows.csv").quiet();
    assert_eq!(deployment(&sim, &run.field("id")[0])["agent_code"], "");
    dir.write(".impt.project", json!({"deviceGroupId": a, "deviceFile": "d.nut"}).to_string());
    dir.sh("imp-build deploy").code(2).says("but not both").no_stdout();
    assert_eq!(sim.all("deployments").len(), 2);
}

#[test]
fn what_is_named_is_taken_and_nothing_is_deleted_by_it() {
    let sim = Sim::start(&["--devices", "1"]);
    let [a, b] = sim.groups(["A", "B"]);
    let dir = project(&sim, &a);
    for named in ["imp-dg info --dg B", "imp-dg info B", "echo B | imp-dg info", "imp-dg info < b"]
    {
        dir.write("b", "B\n");
        assert_eq!(dir.sh(named).quiet().field("id")[0], b, "{named}");
    }
    for verb in ["delete --confirmed", "unassign", "builds --remove --confirmed", "reassign --to B"]
    {
        dir.sh(&format!("imp-dg {verb}")).code(2).no_stdout();
    }
    dir.write(".impt.project", "{");
    dir.sh("imp-dg info").code(2).says("cannot use .impt.project: ");
    dir.sh("imp-dg info B").quiet();
}
