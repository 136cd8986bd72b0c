//! `kill -9` at moments that a seed decides, and `imp-change resume`: nothing is written, restarted or made twice,
//! the end state is that of a run that nobody disturbs, and of every row it is told what became of it.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::json;
use tests::{DEVELOPMENT, Dir, Sim, asked_for};

use super::random_faults::Random;

/// A verb that is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Assign,
    Unassign,
    Update,
    Restart,
    Copy,
    HookCreate,
}

const ALL: [Verb; 6] =
    [Verb::Assign, Verb::Unassign, Verb::Update, Verb::Restart, Verb::Copy, Verb::HookCreate];

impl Verb {
    fn is_about_groups(self) -> bool {
        matches!(self, Verb::Copy | Verb::HookCreate)
    }

    pub(super) fn script(self) -> &'static str {
        match self {
            Verb::Assign => "imp-device assign --dg A --batch 10 --input rows.csv",
            Verb::Unassign => "imp-device unassign --batch 10 --input rows.csv",
            Verb::Update => "imp-device update --input rows.csv",
            Verb::Restart => "imp-device restart --input rows.csv",
            Verb::Copy => "imp-build copy --build \"$(cat build)\" --input rows.csv",
            Verb::HookCreate => {
                "imp-hook create --url https://example.com/h --event deployment --input rows.csv"
            }
        }
    }

    /// The requests that change something, and how many rows each has.
    pub(super) fn writes(self) -> (&'static str, u64) {
        match self {
            Verb::Assign => ("POST /devicegroups/*/relationships/devices", 10),
            Verb::Unassign => ("DELETE /devicegroups/*/relationships/devices", 10),
            Verb::Update => ("PATCH /devices/*", 1),
            Verb::Restart => ("POST /devices/*/restart", 1),
            Verb::Copy => ("POST /deployments", 1),
            Verb::HookCreate => ("POST /webhooks", 1),
        }
    }
}

/// What came of runs that were killed.
#[derive(Debug, Default)]
struct Figures {
    moments: usize,
    /// More than moments where a resumption was killed too, fewer where a run had ended before.
    kills: usize,
    rows: usize,
    /// Rows that the last resumption finished.
    finished: usize,
    /// Rows of which nobody can know what became of them.
    unknown: usize,
}

impl std::ops::AddAssign for Figures {
    fn add_assign(&mut self, more: Figures) {
        self.moments += more.moments;
        self.kills += more.kills;
        self.rows += more.rows;
        self.finished += more.finished;
        self.unknown += more.unknown;
    }
}

pub(super) struct Case {
    verb: Verb,
    seed: u64,
    random: Random,
    pub(super) sim: Sim,
    pub(super) dir: Dir,
    rows: usize,
    /// Devices or groups, in the order of the rows.
    ids: Vec<String>,
    group: String,
}

impl Case {
    pub(super) fn new(verb: Verb, seed: u64, rows: usize) -> Case {
        let devices = if verb.is_about_groups() { 0 } else { rows };
        let sim = Sim::start(&["--devices", &devices.to_string()]);
        let product = sim.product("Ovens");
        let group = sim.group(&product, DEVELOPMENT, "A");
        let mut ids = sim.field("id");
        if verb.is_about_groups() {
            let name = |number| format!("g{number}");
            ids = (0..rows).map(|row| sim.group(&product, DEVELOPMENT, &name(row))).collect();
        } else if verb != Verb::Assign {
            sim.put(&group, &ids);
        }
        let dir = Dir::signed_in(&sim);
        let lines: String =
            ids.iter().enumerate().map(|(row, id)| format!("{id},new-{row}\n")).collect();
        let header = if verb == Verb::Update { "id,name" } else { "id,note" };
        dir.write("rows.csv", format!("{header}\n{lines}"));
        if verb == Verb::Copy {
            let relations = json!({"devicegroup": {"type": DEVELOPMENT, "id": group}});
            let attributes = json!({"device_code": "x", "agent_code": ""});
            let data = json!({"type": "deployment", "attributes": attributes,
                "relationships": relations});
            let answer = sim.api("POST", "/deployments", &json!({"data": data}));
            dir.write("build", answer.json()["data"]["id"].as_str().expect("an id"));
        }
        sim.reset();
        let random = Random(seed.wrapping_mul(0x9e37) ^ verb as u64);
        Case { verb, seed, random, sim, dir, rows, ids, group }
    }

    /// Types the script and kills it after a number of requests; whether it had not ended before.
    fn kill(&mut self, script: &str) -> bool {
        let (write, each) = self.verb.writes();
        let writes = (self.rows as u64).div_ceil(each);
        let after = self.random.below(writes);
        // Either what is under way is carried out and its answers never come, or the requests of the run are
        // under way in whatever state when it ends.
        if self.random.below(2) == 0 {
            self.sim.fault(&format!("{write} delay=1h after={after}"));
            let running = self.dir.spawn(&format!("exec {script}"));
            // A resume may have nothing left to send.
            running.wait_for("a request that is not answered, or the end", || {
                running.has_ended() || self.sim.faults_applied() != [0]
            });
            let ended = running.insist("KILL");
            self.sim.no_faults();
            ended.exit_code().is_none()
        } else {
            self.sim.fault("* /** delay=3ms");
            // Not before the first: there would be no run.
            let already = self.sim.counts().writes.max(1);
            let running = self.dir.spawn(&format!("exec {script}"));
            running.wait_for("so many requests, or the end", || {
                running.has_ended() || self.sim.counts().writes >= already + after
            });
            let ended = running.insist("KILL");
            self.sim.no_faults();
            self.sim.wait_until_idle();
            ended.exit_code().is_none()
        }
    }

    fn called(&self) -> String {
        format!("{:?}, seed {}", self.verb, self.seed)
    }

    /// Runs, kills, perhaps kills the resumption too, and resumes.
    fn run(mut self) -> Figures {
        let mut kills = usize::from(self.kill(self.verb.script()));
        if self.random.below(3) == 0 {
            kills += usize::from(self.kill("imp-change resume last"));
        }
        let resumed = self.dir.sh("imp-change resume last");
        let code = resumed.exit_code();
        assert!(
            code == Some(0) || (code == Some(1) && self.verb == Verb::Restart),
            "{}{resumed}",
            self.called()
        );
        let unknown = self.told();
        self.is_as_undisturbed(&unknown);
        let changes = self.dir.sh("imp-change show last").ok().records();
        assert_eq!(changes.len(), self.rows - unknown.len(), "{}: changes", self.called());
        let again = self.dir.sh("imp-change resume last").code(i32::from(!unknown.is_empty()));
        assert!(again.stdout().is_empty(), "{}: nothing is left{again}", self.called());
        let (rows, finished) = (self.rows, resumed.records().len());
        Figures { moments: 1, kills, rows, finished, unknown: unknown.len() }
    }

    /// Every row is told once; gives the numbers of those that may have been done.
    pub(super) fn told(&self) -> BTreeSet<u64> {
        let shown = self.dir.sh("imp-change show --all last").ok().records();
        let rows: Vec<u64> = shown.iter().filter_map(|line| line["row"].as_u64()).collect();
        let expected: Vec<u64> = (1..=self.rows as u64).collect();
        assert_eq!(rows, expected, "{}: every row once", self.called());
        let unknown = shown.iter().filter(|line| line["type"] != "change");
        unknown
            .map(|line| {
                assert_eq!(line["error"]["kind"], "unknown_outcome", "{}: {line}", self.called());
                line["row"].as_u64().expect("a number")
            })
            .collect()
    }

    pub(super) fn is_as_undisturbed(&self, unknown: &BTreeSet<u64>) {
        let (called, ids) = (self.called(), &self.ids);
        let events = self.sim.events();
        let of = |id: &String| events.get(id).copied().unwrap_or_default();
        let expected = match self.verb {
            Verb::Assign => |of: tests::Events| of.assigned,
            Verb::Unassign => |of: tests::Events| of.unassigned,
            Verb::Update => |of: tests::Events| of.updated,
            Verb::Restart => |of: tests::Events| of.restarted,
            Verb::Copy => return self.is_made_once("deployments", unknown),
            Verb::HookCreate => return self.is_made_once("webhooks", unknown),
        };
        for (row, id) in ids.iter().enumerate() {
            let times = expected(of(id));
            let is_unknown = unknown.contains(&(row as u64 + 1));
            assert!(times == 1 || (is_unknown && times == 0), "{called}: row {}: {times}", row + 1);
        }
        // No more than what can be under way at once, in each of two runs.
        assert!(unknown.len() <= 16, "{called}: {unknown:?}");
        if self.verb == Verb::Update {
            let names: Vec<String> = (0..self.rows).map(|row| format!("new-{row}")).collect();
            assert_eq!(self.sim.field("name"), names, "{called}");
        }
        let members = if self.verb == Verb::Unassign { 0 } else { self.rows };
        assert_eq!(self.sim.members(&self.group).len(), members, "{called}");
    }

    fn is_made_once(&self, what: &str, unknown: &BTreeSet<u64>) {
        let made = self.sim.all(what);
        let groups: Vec<&str> = made
            .iter()
            .filter_map(|thing| thing["devicegroup_id"].as_str().filter(|id| *id != self.group))
            .collect();
        let different: BTreeSet<&str> = groups.iter().copied().collect();
        let numbers = (groups.len(), different.len(), unknown.len());
        assert_eq!(numbers, (self.rows, self.rows, 0), "{}", self.called());
    }
}

/// `IMP_KILLS=0..500 cargo test -p tests --test main -- --nocapture runs_that_are_killed` tries other moments, each
/// with 2,000 rows: an hour for these. It can be done in parts, each a range.
#[test]
fn runs_that_are_killed_are_finished_by_resume() {
    match asked_for("IMP_KILLS") {
        Some(moments) => at_moments(moments),
        None => {
            for seed in 0..5 {
                for verb in ALL {
                    Case::new(verb, seed, 200).run();
                }
            }
        }
    }
}

#[expect(clippy::disallowed_macros, reason = "the figures are for who asked for them")]
#[expect(clippy::print_stderr, reason = "the figures are for who asked for them")]
fn at_moments(moments: Range<u64>) {
    let mut figures = Figures::default();
    for moment in moments.clone() {
        figures += Case::new(ALL[moment as usize % ALL.len()], 1000 + moment, 2000).run();
    }
    eprintln!("{moments:?}: {figures:?}");
    assert!(figures.moments < 30 || figures.unknown > 0, "no restart was ever under way");
}
