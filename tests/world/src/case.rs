//! One seed: a population, and commands one after another, with trouble.

mod builds;
mod keys;
mod killed;
mod listed;
mod together;
mod undone;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::Value;
use simulated::Ended;

use crate::draw::{self, Drawn};
use crate::figures::Figures;
use crate::laws::{self, Broken};
use crate::machine::{Command, Machine};
use crate::population::populate;
use crate::random::Random;
use crate::state::State;
use crate::trouble::{self, Shared};

/// Answers of the service to open questions that are drawn.
const VARIANTS: [&str; 19] = [
    "batch-errors=anonymous",
    "batch-cap=20",
    "page-past-end=404",
    "last-page-next=self",
    "list-repeats=on",
    "plain-device-list=development",
    "code-in-lists=off",
    "link-host=foreign",
    "restart-status=202",
    "min-supported-answer=empty",
    "duplicate-status=400",
    "error-status=number",
    "unknown-token-status=401",
    "refresh-answer=new-refresh-token",
    "rate-window=sliding",
    "rate-window=bucket",
    "rate-headers=absent",
    "reset-unit=ms",
    "retry-after=present",
];

/// One seed.
struct Case {
    random: Random,
    machine: Machine,
    account: String,
    is_wide: bool,
    figures: Figures,
    /// What was typed, and what went wrong, for the message when a law is broken.
    told: Vec<String>,
    commands: usize,
    /// The state, as long as no command runs.
    known: Option<State>,
    /// The last journal before the last command.
    journal_before: Option<PathBuf>,
}

/// How the simulator is started.
fn options(seed: u64, random: &mut Random) -> Vec<String> {
    let most = if random.percent(8) { 260 } else { 60 };
    let devices = random.between(5, most).to_string();
    let number = seed.to_string();
    let limit = *random.one_of(&["off", "40", "40", "10"]);
    let life = *random.one_of(&["1h", "1h", "5m", "20s"]);
    let mut options: Vec<String> =
        ["--devices", &devices, "--seed", &number, "--rate-limit", limit, "--token-life", life]
            .map(str::to_owned)
            .into();
    for _ in 0..random.below(4) {
        options.extend(["--variant", *random.one_of(&VARIANTS)].map(str::to_owned));
    }
    if is_wide(seed) && random.percent(50) {
        options.extend(["--production".to_owned(), random.between(1, 8).to_string()]);
    }
    options
}

/// Half of the seeds draw more than the others, which stay what they were when they found something.
fn is_wide(seed: u64) -> bool {
    matches!(seed % 4, 0 | 3)
}

/// Runs a seed. What it breaks is in the figures.
pub fn run(seed: u64) -> Figures {
    let mut case = Case::new(seed);
    let result = case.play();
    let mut figures = case.figures;
    figures.seeds = 1;
    figures.seconds = case.machine.elapsed().as_secs();
    figures.requests = case.machine.requests().1;
    if let Err(why) = result {
        figures.broken.push((seed, format!("{why}\n    {}", case.told.join("\n    "))));
    }
    figures
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let options = options(seed, &mut random);
        let latency = Duration::from_millis(*random.one_of(&[1, 30, 30, 400]));
        let words: Vec<&str> = options.iter().map(String::as_str).collect();
        let machine = Machine::new(seed, &words, latency);
        let told = vec![format!("{} latency={latency:?}", options.join(" "))];
        let user = machine.simulator().entry.user.clone();
        let accounts = machine.lines("accounts");
        let account = accounts.iter().find(|account| account["username"] == user.as_str());
        let account = account.and_then(|account| account["id"].as_str()).unwrap_or_default();
        let devices = machine.devices();
        let free = devices.iter().filter(|device| device["devicegroup_id"].is_null());
        populate(&machine, &mut random, &free.map(id_of).collect::<Vec<_>>());
        Case {
            account: account.to_owned(),
            random,
            machine,
            is_wide: is_wide(seed),
            figures: Figures::default(),
            told,
            commands: 0,
            known: None,
            journal_before: None,
        }
    }

    fn play(&mut self) -> Result<(), Broken> {
        for _ in 0..self.random.between(3, 8) {
            self.commands += 1;
            let before = self.state();
            if self.is_wide && self.random.percent(12) {
                match self.random.below(3) {
                    0 => self.keys()?,
                    1 => self.tidied(&before)?,
                    _ => self.builds_of_group(&before)?,
                }
                continue;
            }
            match self.random.below(100) {
                0..8 => self.listed(&before)?,
                8..14 => self.whole_group(&before)?,
                14..28 => self.and_killed(&before)?,
                28..44 => self.and_undone(&before)?,
                44..52 => self.planned_and_applied(&before)?,
                52..58 => self.two_at_once(&before)?,
                _ => self.in_trouble(&before)?,
            }
        }
        Ok(())
    }

    fn state(&mut self) -> State {
        let now = || State::of(&self.machine, &self.account);
        self.known.get_or_insert_with(now).clone()
    }

    fn draw(&mut self, state: &State) -> Drawn {
        let drawn = draw::draw(&self.machine, &mut self.random, state, self.commands, self.is_wide);
        *self.figures.commands.entry(drawn.verb.to_owned()).or_default() += 1;
        self.figures.rows += drawn.rows.len() as u64;
        drawn
    }

    /// Draws what goes wrong with the next command.
    fn trouble(&mut self, state: &State) -> Shared {
        let rules = trouble::rules(&mut self.random);
        let (devices, groups) = (state.ids("devices"), state.ids("devicegroups"));
        let more = trouble::more(&mut self.random, &devices, &groups);
        self.told.push(format!("trouble: {}; {more:?}", rules.join("; ")));
        let service = self.machine.service();
        let _added = self.machine.simulator().control("POST", "faults", &rules.join("\n"));
        let seen: Shared = Arc::default();
        self.machine.accidents(Some(trouble::accident(more, service, seen.clone())));
        seen
    }

    fn no_trouble(&mut self, seen: Option<&Shared>) -> Vec<String> {
        let faults = self.machine.lines("faults");
        for rule in faults {
            let text = rule["rule"].as_str().unwrap_or_default();
            let kind: Vec<&str> = text.split(' ').skip(2).filter(|word| !is_when(word)).collect();
            let applied = rule["applied"].as_u64().unwrap_or_default();
            *self.figures.faults.entry(kind.join(" ")).or_default() += applied;
        }
        let _cleared = self.machine.simulator().control("DELETE", "faults", "");
        self.machine.accidents(None);
        self.machine.kill_at(None);
        let Some(seen) = seen else { return Vec::new() };
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, number) in std::mem::take(&mut seen.faults) {
            *self.figures.faults.entry(kind.to_owned()).or_default() += number;
        }
        std::mem::take(&mut seen.changed)
    }

    fn run(&mut self, command: &Command) -> Ended {
        // No two runs begin in one instant.
        self.machine.pass(Duration::from_millis(1));
        self.journal_before = self.machine.last_journal();
        let _reset = self.machine.simulator().control("POST", "reset", "");
        let stdin = command.stdin.as_deref().unwrap_or_default().replace('\n', " | ");
        self.told.push(format!("$ {} < {stdin}", command.words.join(" ")));
        let ended = self.machine.run(command);
        self.known = None;
        let exit = ended.exit.map_or("killed".to_owned(), |exit| exit.to_string());
        self.told.push(format!("  {exit}: {}", ended.stderr.trim_end().replace('\n', "\n      ")));
        ended
    }

    /// Something may go wrong with what goes on with a run, or takes it back. Gives what went wrong, if it did.
    fn perhaps_trouble(&mut self, state: &State) -> Option<Shared> {
        if !self.is_wide || self.random.percent(50) {
            return None;
        }
        let seen = self.trouble(state);
        if self.random.percent(40) {
            let at = self.random.between(1, 12);
            self.machine.kill_at(Some(at));
            self.told.push(format!("killed at request {at}"));
        }
        Some(seen)
    }

    fn has_new_journal(&self) -> bool {
        self.machine.last_journal() != self.journal_before
    }

    /// The journal of the last command, or of the run that it went on with.
    fn journal(&self) -> String {
        let path = self.machine.last_journal();
        path.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default()
    }

    /// How often devices were written to.
    fn events(&self) -> BTreeMap<String, [u64; 3]> {
        let lines = self.machine.lines("restarts");
        let count = |line: &Value, name: &str| line[name].as_u64().unwrap_or_default();
        let of =
            |line: &Value| ["assigned", "unassigned", "restarted"].map(|name| count(line, name));
        lines.iter().map(|line| (id_of(line), of(line))).collect()
    }

    /// Checks what a command has done.
    fn check(
        &mut self,
        drawn: &Drawn,
        ended: &Ended,
        before: &State,
        others: &[String],
    ) -> Result<(), Broken> {
        let journal = if self.has_new_journal() { self.journal() } else { String::new() };
        self.check_one(drawn, ended, before, others, &journal)
    }

    fn check_one(
        &mut self,
        drawn: &Drawn,
        ended: &Ended,
        before: &State,
        others: &[String],
        journal: &str,
    ) -> Result<(), Broken> {
        let after = self.state();
        let (failed, report) = (
            self.machine.read(&format!("failed-{}", self.commands)),
            self.machine.read(&format!("report-{}", self.commands)),
        );
        self.figures.failed += failed.lines().count() as u64;
        let seen = laws::Seen {
            drawn,
            ended,
            failed: &failed,
            report: &report,
            journal,
            before,
            after: &after,
            others,
            events: &self.events(),
        };
        match ended.exit {
            None => seen.check_killed(),
            Some(_) => seen.check(),
        }
    }

    fn in_trouble(&mut self, before: &State) -> Result<(), Broken> {
        let drawn = &self.draw(before);
        let seen = self.trouble(before);
        let ended = self.run(&drawn.command);
        let others = self.no_trouble(Some(&seen));
        self.check(drawn, &ended, before, &others)?;
        let failed = self.machine.read(&format!("failed-{}", self.commands));
        let is_bulk = drawn.verb.starts_with("device ") && drawn.verb != "device restart";
        if failed.is_empty() || !is_bulk || self.random.percent(60) {
            return Ok(());
        }
        // What failed is input as it stands, and is done when the trouble is over.
        let again = self.run(&Command { stdin: Some(failed), ..drawn.command.clone() });
        self.is_whole(drawn, &again, before, &others, true)
    }
}

/// Whether a word of a fault rule says how often.
fn is_when(word: &str) -> bool {
    ["chance=", "times=", "after=", "every="].iter().any(|begin| word.starts_with(begin))
}

fn id_of(thing: &Value) -> String {
    thing["id"].as_str().unwrap_or_default().to_owned()
}
