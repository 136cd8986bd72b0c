//! `kill -9` of what is made, deleted and deployed, at requests that a seed decides: resumed, the
//! account is as after a run that nobody disturbs, and every row is told once.

use serde_json::json;
use tests::{DEVELOPMENT, Dir, Sim};

use super::account::Account;
use super::random_faults::Random;

/// What is killed, the method of its requests, and how many rows it has.
const SCRIPTS: [(&str, &str, u64); 7] = [
    ("imp-device remove -q --input devices.csv", "DELETE", 40),
    ("imp-dg delete -q -f --input groups.csv", "DELETE", 20),
    ("imp-product delete -q -f --input products.csv", "DELETE", 10),
    ("imp-hook delete -q --input hooks.csv", "DELETE", 20),
    ("imp-dg create -p Ovens --input names.csv", "POST", 30),
    ("imp-product create --input names.csv", "POST", 30),
    ("imp-build run -x code --input groups.csv", "POST", 20),
];

/// Twenty groups with a device and a webhook, ten products with a group, and files of all of them.
fn account() -> (Sim, Dir) {
    let sim = Sim::start(&["--devices", "60"]);
    let ovens = sim.product("Ovens");
    let ids = sim.field("id");
    let name = |number| format!("g{number}");
    let groups: Vec<String> =
        (0..20).map(|number| sim.group(&ovens, DEVELOPMENT, &name(number))).collect();
    let products: Vec<String> = (0..10).map(|number| sim.product(&format!("p{number}"))).collect();
    products.iter().for_each(|product| drop(sim.group(product, DEVELOPMENT, "inner")));
    for (group, device) in groups.iter().zip(&ids) {
        sim.put(group, std::slice::from_ref(device));
        let attributes =
            json!({"url": "http://a/", "event": "blinkup", "content_type": "application/json"});
        let group = json!({"devicegroup": {"type": DEVELOPMENT, "id": group}});
        let data = json!({"type": "webhook", "attributes": attributes, "relationships": group});
        assert_eq!(sim.api("POST", "/webhooks", &json!({"data": data})).status, 201);
    }
    let dir = Dir::signed_in(&sim);
    let hooks = sim.all("webhooks");
    let hooks: Vec<&str> = hooks.iter().map(|hook| hook["id"].as_str().expect("an id")).collect();
    dir.write_column("devices.csv", "id", &ids[20..]);
    dir.write_column("groups.csv", "id", &groups);
    dir.write_column("products.csv", "id", &products);
    dir.write_column("hooks.csv", "id", &hooks);
    let names: String = (0..30).map(|number| format!("made-{number},text\n")).collect();
    dir.write("names.csv", format!("name,description\n{names}"));
    dir.write("code", "server.log(1);");
    sim.reset();
    (sim, dir)
}

/// What people see, and how many builds there are.
fn end_of(sim: &Sim) -> (Vec<String>, usize) {
    (Account::of(sim).into_seen(), sim.all("deployments").len())
}

#[test]
fn what_makes_deletes_and_deploys_is_finished_by_resume() {
    for (number, (script, method, rows)) in (0..).zip(SCRIPTS) {
        let (sim, dir) = account();
        dir.sh(script).ok();
        let expected = end_of(&sim);
        for seed in 0..3 {
            let mut random = Random(seed * 100 + number);
            let (sim, dir) = account();
            let mut killed = format!("{script}, seed {seed}");
            for script in [script, "imp-change resume last"] {
                let after = random.below(rows);
                killed.push_str(&format!(", killed after {after} requests"));
                kill(&sim, &dir, script, &format!("{method} /** delay=1h after={after}"));
                if random.below(2) == 0 {
                    break;
                }
            }
            let resumed = dir.sh("imp-change resume last");
            let shown = dir.sh("imp-change show --all last").ok().records();
            let unknown = shown.iter().filter(|line| line["error"]["kind"] == "unknown_outcome");
            // A restart that was under way is not sent again.
            let code = i32::from(unknown.count() > 0);
            assert!(code == 0 || script.starts_with("imp-build run"), "{killed}{resumed}");
            assert_eq!(resumed.exit_code(), Some(code), "{killed}{resumed}");
            assert_eq!(end_of(&sim), expected, "{killed}{resumed}");
            // One row can have several changes.
            let mut told: Vec<u64> = shown.iter().filter_map(|line| line["row"].as_u64()).collect();
            told.dedup();
            assert_eq!(told, (1..=rows).collect::<Vec<_>>(), "{killed}{resumed}");
        }
    }
}

/// Kills it when a request is not answered, unless it has ended before.
fn kill(sim: &Sim, dir: &Dir, script: &str, rule: &str) {
    sim.fault(rule);
    let running = dir.spawn(&format!("exec {script}"));
    running.wait_for("a request that is not answered, or the end", || {
        running.has_ended() || sim.faults_applied() != [0]
    });
    running.insist("KILL");
    sim.no_faults();
}
