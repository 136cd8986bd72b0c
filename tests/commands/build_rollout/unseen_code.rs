//! A group whose build the account may see, but not its code.

use serde_json::{Value, json};
use tests::{DEVELOPMENT, Dir, Sim, kinds};

#[test]
fn a_rollout_that_could_not_go_back_does_not_begin() {
    let first = Sim::start(&["--devices", "2"]);
    let group = first.group(&first.product("Ovens"), DEVELOPMENT, "A");
    let stoves = first.product("Stoves");
    let [_lab, _bench] = ["Lab", "Bench"].map(|name| first.group(&stoves, DEVELOPMENT, name));
    first.put(&group, &first.field("id"));
    let dir = Dir::signed_in(&first);
    dir.write("code.nut", "server.log(1);");
    dir.sh("imp-build deploy -g A -x code.nut -t old").ok();
    dir.sh("echo 'server.log(2);' > code.nut && imp-build deploy -g Lab -x code.nut -t new").ok();
    // Its code is in no list and in no answer of the twin.
    let unseen = "if .tags == [\"old\"] then del(.device_code, .agent_code) else . end";
    dir.sh(&format!("imp-product export --all | jq -c '{unseen}' > account.ndjson")).ok();
    let loaded = dir.path().join("account.ndjson").display().to_string();
    let sim = Sim::start(&["--load", &loaded]);
    let dir = Dir::signed_in(&sim);
    let current = || {
        let answer = sim.api("GET", &format!("/devicegroups/{group}"), &Value::Null).json();
        let id = answer["data"]["relationships"]["current_deployment"]["id"].clone();
        let path = format!("/deployments/{}", id.as_str().expect("a build"));
        sim.api("GET", &path, &Value::Null).json()["data"]["attributes"]["tags"].clone()
    };
    assert_eq!(current(), json!(["old"]));
    let line = "imp-build rollout --build new --dg Bench,A --gate false";
    for plan in ["", "--plan"] {
        let run = dir.sh(&format!("{line} --back --failed left.ndjson {plan}")).code(1);
        run.says_all(&["--back could not deploy the build again", "nothing was begun"]);
        let left = dir.failed("left.ndjson");
        assert_eq!(kinds(&left), [("not_attempted", 1), ("refused", 1)].into());
    }
    assert_eq!(sim.counts().writes, 0);
    dir.sh(line).code(6).says("A could not be given the build again that it has");
    assert_eq!(current(), json!(["old"]), "the gate of the first group failed");
    dir.sh("imp-build rollout --build new --dg A").ok();
    assert_ne!(current(), json!(["old"]));
}
