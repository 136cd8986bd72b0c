//! A group whose build the account may see, but not its code.

use serde_json::{Value, json};
use tests::{DEVELOPMENT, Dir, Sim, kinds};

#[test]
fn no_empty_build_is_deployed_on_the_way_back() {
    let first = Sim::start(&["--devices", "2"]);
    let group = first.group(&first.product("Ovens"), DEVELOPMENT, "A");
    first.group(&first.product("Stoves"), DEVELOPMENT, "Lab");
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
    let line = "imp-build rollout --build new --dg A --gate false --back --failed left.ndjson";
    dir.sh(line).says("is not told").code(6);
    assert_eq!(kinds(&dir.failed("left.ndjson")), [("refused", 1)].into());
    assert_ne!(current(), json!(["old"]), "the new build stays, and no empty one is deployed");
    assert_eq!(dir.sh("imp-build list -g A").ok().records().len(), 2);
}
