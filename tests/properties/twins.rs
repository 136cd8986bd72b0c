//! A change that is rehearsed on a twin of the account and then made by what is left of that: the account is then as
//! the twin is, but for the ids and times of what is new. What somebody has changed in between is left alone.

mod exported;
mod script;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::{Value, json};
use tests::{DEVELOPMENT, Dir, Sim, asked_for, kinds};

use super::random_faults::Random;
use super::undo_sequences::{PRODUCTION, fixture_with_targets, make};
use exported::{differences, ids_in};

/// An account, a twin of it, and what was done to the twin.
struct Case {
    seed: u64,
    sim: Sim,
    dir: Dir,
    /// The simulator keeps its state there as long as it runs.
    _files: Dir,
    script: String,
}

/// What every account begins with, as a file of `--state`.
fn beginning() -> &'static Value {
    static BEGINNING: OnceLock<Value> = OnceLock::new();
    BEGINNING.get_or_init(|| {
        let dir = Dir::new();
        let file = dir.path().join("state.json").display().to_string();
        let mut sim = Sim::start(&["--devices", "24", "--production", "6", "--state", &file]);
        let ovens = sim.product("Ovens");
        let [a, b, c] = ["A", "B", "C"].map(|name| sim.group(&ovens, DEVELOPMENT, name));
        // Nothing that is drawn names these.
        sim.group(&sim.product("Elsewhere"), DEVELOPMENT, "Apart");
        fixture_with_targets(&sim, &ovens);
        sim.group(&sim.product("Toasters"), DEVELOPMENT, "A");
        let ids = sim.field("id");
        sim.put(&a, &ids[..8]);
        sim.put(&b, &ids[8..12]);
        for (group, code, tags) in [
            (&a, "server.log(1)", json!(["old"])),
            (&a, "", json!(["empty"])),
            (&a, "server.log(2)", json!([])),
            (&b, "server.log(1)", json!([])),
            (&c, "server.log(3)", json!(["unseen"])),
        ] {
            let attributes = json!({"device_code": code, "agent_code": "", "tags": tags});
            make(&sim, "/deployments", "deployment", &attributes, group);
        }
        for (url, group) in [
            ("http://a/", &a),
            ("http://h1/", &b),
            ("http://h1/", &b),
            ("http://me:secret@h2/", &b),
        ] {
            let attributes = json!({"url": url, "event": "blinkup"});
            make(&sim, "/webhooks", "webhook", &attributes, group);
        }
        sim.finish();
        let mut state = serde_json::from_str(&dir.read("state.json")).expect("the state");
        hide_code(&mut state);
        state
    })
}

/// Tells nobody the code of the build with the tag `unseen`.
fn hide_code(state: &mut Value) {
    let builds = state["deployments"].as_object_mut().expect("builds").values_mut();
    for build in builds.filter(|build| build["tags"] == json!(["unseen"])) {
        build["lacks_code"] = true.into();
        build["device_code"] = "".into();
    }
}

impl Case {
    /// Rehearses a script that is drawn.
    fn new(seed: u64) -> Case {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9));
        let script = script::drawn(&mut random);
        let files = Dir::new();
        files.write("account.json", beginning().to_string());
        let account = files.path().join("account.json").display().to_string();
        // Its shas are others than those of the twin.
        let sim = Sim::start(&["--state", &account, "--variant", "sha=plain"]);
        let mut dir = Dir::signed_in(&sim);
        dir.set("IMP_UNBOND_KEY", &sim.entry.unbond_key);
        dir.write("script.sh", &script);
        for number in 1..=script::CODES {
            dir.write(&format!("code{number}"), format!("server.log({number})"));
        }
        dir.sh("imp-product export --all > account").ok();
        // What is made in the twin gets other ids than in the account.
        let run = format!("imp-sim run --rate-limit off --seed {} --load account", seed + 2);
        let all = "sh script.sh 2> said; imp-product export --all > twin";
        dir.sh(&format!("{run} --changes plan -- sh -c '{all}' > log")).ok();
        Case { seed, sim, dir, _files: files, script }
    }

    /// In what the account is otherwise than its twin, but for what is `left_alone`.
    fn differences(&self, left_alone: &str) -> Vec<String> {
        self.dir.sh("imp-product export --all > now").ok();
        let known: BTreeSet<String> = ids_in(&self.dir.read_lines("account"));
        let [twin, now] = ["twin", "now"].map(|file| self.dir.read_lines(file));
        let mut all = differences(&twin, &now, &known);
        all.retain(|line| left_alone.is_empty() || !line.contains(left_alone));
        all
    }

    fn told(&self) -> String {
        format!("seed {}:\n{}\nplan:\n{}", self.seed, self.script, self.dir.read("plan"))
    }

    /// What the plan would do is what it says.
    fn is_foreseen(&self) {
        let plan = self.dir.read_lines("plan");
        let foreseen = self.dir.sh("imp-change apply --plan < plan");
        let code = if plan.is_empty() { 0 } else { 5 };
        assert_eq!(foreseen.exit_code(), Some(code), "{}{foreseen}", self.told());
        let shown = |change: &Value| {
            let told = ["kind", "id", "before", "after", "step"].map(|name| &change[name]);
            let told = json!(told);
            // The export hides it.
            told.to_string().replace("me:secret@", "***@")
        };
        let [mut planned, mut foreseen] =
            [plan, foreseen.records()].map(|all| all.iter().map(shown).collect::<Vec<_>>());
        planned.sort();
        foreseen.sort();
        assert_eq!(planned, foreseen, "{}", self.told());
    }

    fn run(self) {
        self.is_foreseen();
        let applied = self.dir.sh("imp-change apply -q --failed failed < plan > done");
        let differences = self.differences("");
        let is_good = applied.exit_code() == Some(0) && differences.is_empty();
        assert!(is_good, "{}\n{}\n{applied}", differences.join("\n"), self.told());
    }

    /// Somebody has moved a device in between that the plan moves. False if it moves none.
    fn run_with_drift(self) -> bool {
        let (plan, groups) = (self.dir.read_lines("plan"), self.sim.all("devicegroups"));
        let is_blessed = |id: &Value| {
            groups.iter().any(|group| group["id"] == *id && group["type"] == PRODUCTION)
        };
        let moves = |change: &&Value| {
            let before = change["before"].get("devicegroup_id");
            change["kind"] == "device" && before.is_some_and(|id| !is_blessed(id))
        };
        let Some(device) = plan.iter().find(moves).map(|change| change["id"].clone()) else {
            return false;
        };
        let number = plan.iter().filter(|change| change["id"] == device).count();
        let apart = groups.iter().find(|group| group["name"] == "Apart").expect("it was made");
        let id = device.as_str().expect("an id").to_owned();
        self.sim.put(apart["id"].as_str().expect("an id"), std::slice::from_ref(&id));
        let applied = self.dir.sh("imp-change apply -q --failed failed < plan > done");
        let failed = self.dir.failed("failed");
        let is_it = |row: &&tests::Failed| row.input["id"] == device;
        let is_told = applied.exit_code() == Some(1) && failed.iter().all(|row| is_it(&row));
        assert!(is_told, "{}\n{applied}", self.told());
        let drifted = kinds(&failed).get("drifted").copied().unwrap_or_default();
        assert!(drifted >= 1 && failed.len() <= number, "{}\n{applied}", self.told());
        let others = self.differences(&id);
        assert!(others.is_empty(), "{}\n{applied}{}", others.join("\n"), self.told());
        true
    }
}

/// `IMP_TWINS=0..500` asks for others: a quarter of an hour for these.
#[test]
fn an_account_is_as_its_twin_once_the_plan_is_applied() {
    asked_for("IMP_TWINS").unwrap_or(0..12).for_each(|seed| Case::new(seed).run());
}

#[test]
fn what_has_drifted_is_left_alone_and_the_rest_is_as_in_the_twin() {
    let seeds = asked_for("IMP_TWINS").unwrap_or(0..12);
    let tried = seeds.map(|seed| Case::new(seed).run_with_drift()).filter(|was| *was).count();
    assert!(tried > 0, "some move a device");
}
