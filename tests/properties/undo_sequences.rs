//! Random sequences of commands, undone one after another from the last to the first: the account is
//! then as it was before each, but for ids of what was made again and builds that were made. Undoing an
//! undo does it again.

mod commands;
mod one_way;

use serde_json::{Value, json};
use tests::{DEVELOPMENT, Dir, Sim, asked_for};

use super::account::Account;
use super::random_faults::Random;

const FIXTURE: &str = "factoryfixture_devicegroup";
const DUT: &str = "dut_devicegroup";
pub(super) const PRODUCTION: &str = "production_devicegroup";

/// One account, and what is done to it.
struct Case {
    seed: u64,
    random: Random,
    sim: Sim,
    dir: Dir,
    /// The id of the account.
    owner: Value,
    /// How many commands were given.
    step: usize,
    /// What was done, for who looks for the reason of a failure.
    told: Vec<String>,
}

/// A command that was carried out.
struct Step {
    before: Account,
    after: Account,
    /// Its run; empty where it left no journal.
    run: String,
}

impl Case {
    fn new(seed: u64) -> Case {
        let sim = Sim::start(&["--devices", "30", "--seed", &seed.to_string()]);
        let ovens = sim.product("Ovens");
        let [a, b] = ["A", "B"].map(|name| sim.group(&ovens, DEVELOPMENT, name));
        fixture_with_targets(&sim, &ovens);
        sim.group(&sim.product("Toasters"), DEVELOPMENT, "A");
        let ids = sim.field("id");
        let owner = sim.devices()[0]["owner_id"].clone();
        sim.put(&a, &ids[..8]);
        sim.put(&b, &ids[8..12]);
        for (group, code, tags) in
            [(&a, "1", json!(["old"])), (&a, "2", json!([])), (&b, "1", json!([]))]
        {
            let attributes = json!({"device_code": format!("server.log({code});"),
                "agent_code": "", "description": format!("code {code}"), "tags": tags});
            make(&sim, "/deployments", "deployment", &attributes, group);
        }
        let attributes =
            json!({"url": "http://a/", "event": "blinkup", "content_type": "application/json"});
        make(&sim, "/webhooks", "webhook", &attributes, &a);
        let dir = Dir::signed_in(&sim);
        let random = Random(seed.wrapping_mul(0x9e37));
        Case { seed, random, sim, dir, owner, step: 0, told: Vec::new() }
    }

    fn below(&mut self, end: usize) -> usize {
        self.random.below(end as u64) as usize
    }

    fn called(&self) -> String {
        format!("seed {}:\n  {}", self.seed, self.told.join("\n  "))
    }

    /// The run that wrote the newest journal.
    fn last_run(&self) -> String {
        let directory = self.dir.home().join("state/imp-tools/changes");
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        let times = entries.map(|entry| {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            (modified.expect("a time"), entry.file_name())
        });
        let newest = times.max().map(|(_, name)| name.to_string_lossy().into_owned());
        newest.unwrap_or_default().replace(".ndjson", "")
    }

    /// Types a command; its rows may fail, as when a name is taken.
    fn command(&mut self) -> Step {
        self.step += 1;
        let (before, earlier) = (Account::of(&self.sim), self.last_run());
        let script = self.some_command();
        self.told.push(script.clone());
        let script = match self.below(4) {
            // The same by way of a plan.
            0 => format!(
                "{{ {script} --plan > plan || test $? != 2; }} && imp-change apply -q < plan"
            ),
            _ => script,
        };
        let ended = self.dir.sh(&script);
        let code = ended.exit_code();
        assert!(matches!(code, Some(0 | 1)), "{}{ended}", self.called());
        Step { before, after: Account::of(&self.sim), run: self.run_after(&earlier) }
    }

    /// Undoes a run; gives the run that did it, or nothing if there was nothing to be done.
    fn undo(&mut self, run: &str, expected: &Account) -> String {
        self.told.push(format!("imp-change undo {run}"));
        let earlier = self.last_run();
        let undone = self.dir.sh(&format!("imp-change undo -q {run}"));
        let differences = expected.differences(&Account::of(&self.sim));
        let is_good = undone.exit_code() == Some(0) && differences.is_empty();
        assert!(is_good, "{}\n{}{undone}", self.called(), differences.join("\n"));
        self.run_after(&earlier)
    }

    /// The newest run, if that is not `earlier`.
    fn run_after(&self, earlier: &str) -> String {
        Some(self.last_run()).filter(|run| run != earlier).unwrap_or_default()
    }

    fn run(mut self) {
        let number = 4 + self.below(7);
        let steps: Vec<Step> = (0..number).map(|_| self.command()).collect();
        for step in steps.iter().rev() {
            if step.run.is_empty() {
                let differences = step.before.differences(&step.after);
                assert!(differences.is_empty(), "{}\n{}", self.called(), differences.join("\n"));
                continue;
            }
            let undone = self.undo(&step.run, &step.before);
            if self.below(3) == 0 && !undone.is_empty() {
                let redone = self.undo(&undone, &step.after);
                self.undo(&redone, &step.before);
            }
        }
    }
}

/// The fixture group `F`, with its targets `D` and `T`.
pub(super) fn fixture_with_targets(sim: &Sim, product: &str) {
    let target = |kind, name| json!({"type": kind, "id": sim.group(product, kind, name)});
    let targets =
        json!({"dut_target": target(DUT, "D"), "production_target": target(PRODUCTION, "T")});
    sim.group_with(product, FIXTURE, "F", targets);
}

/// Makes something of a development group.
pub(super) fn make(sim: &Sim, path: &str, kind: &str, attributes: &Value, group: &str) {
    let relationships = json!({"devicegroup": {"type": DEVELOPMENT, "id": group}});
    let data = json!({"type": kind, "attributes": attributes, "relationships": relationships});
    let answer = sim.api("POST", path, &json!({"data": data}));
    assert_eq!(answer.status, 201, "{answer:?}");
}

/// `IMP_SEEDS=40..340` asks for others: minutes for these.
#[test]
fn random_commands_are_undone_from_the_last_to_the_first() {
    asked_for("IMP_SEEDS").unwrap_or(0..10).for_each(|seed| Case::new(seed).run());
}

#[test]
fn other_random_commands_are_undone_from_the_last_to_the_first() {
    (10..20).for_each(|seed| Case::new(seed).run());
}
