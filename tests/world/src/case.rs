//! One seed: a population, and commands one after another, with trouble.

use std::collections::BTreeMap;
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
    figures: Figures,
    /// What was typed, and what went wrong, for the message when a law is broken.
    told: Vec<String>,
    commands: usize,
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
        let most = if random.percent(8) { 260 } else { 60 };
        let devices = random.between(5, most).to_string();
        let number = seed.to_string();
        let limit = *random.one_of(&["off", "40", "40", "10"]);
        let life = *random.one_of(&["1h", "1h", "5m", "20s"]);
        let mut options = vec![
            "--devices",
            &devices,
            "--seed",
            &number,
            "--rate-limit",
            limit,
            "--token-life",
            life,
        ];
        for _ in 0..random.below(4) {
            options.extend(["--variant", *random.one_of(&VARIANTS)]);
        }
        let latency = Duration::from_millis(*random.one_of(&[1, 30, 30, 400]));
        let machine = Machine::new(seed, &options, latency);
        let told = vec![format!("{} latency={latency:?}", options.join(" "))];
        let user = machine.simulator().entry.user.clone();
        let accounts = machine.lines("accounts");
        let account = accounts.iter().find(|account| account["username"] == user.as_str());
        let account = account.and_then(|account| account["id"].as_str()).unwrap_or_default();
        let devices: Vec<String> = machine.devices().iter().map(id_of).collect();
        populate(&machine, &mut random, &devices);
        Case {
            account: account.to_owned(),
            random,
            machine,
            figures: Figures::default(),
            told,
            commands: 0,
        }
    }

    fn play(&mut self) -> Result<(), Broken> {
        for _ in 0..self.random.between(3, 8) {
            self.commands += 1;
            let drawn = self.draw();
            match self.random.below(100) {
                0..15 => self.and_killed(&drawn)?,
                15..30 if drawn.is_reversible => self.and_undone(&drawn)?,
                30..40 => self.planned_and_applied(&drawn)?,
                _ => self.in_trouble(&drawn)?,
            }
        }
        Ok(())
    }

    fn state(&self) -> State {
        State::of(&self.machine, &self.account)
    }

    fn draw(&mut self) -> Drawn {
        let state = self.state();
        let drawn = draw::draw(&self.machine, &mut self.random, &state, self.commands);
        *self.figures.commands.entry(drawn.verb.to_owned()).or_default() += 1;
        self.figures.rows += drawn.rows.len() as u64;
        drawn
    }

    /// Draws what goes wrong with the next command.
    fn trouble(&mut self) -> Shared {
        let rules = trouble::rules(&mut self.random);
        let state = self.state();
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
        let _reset = self.machine.simulator().control("POST", "reset", "");
        let stdin = command.stdin.as_deref().unwrap_or_default().replace('\n', " | ");
        self.told.push(format!("$ {} < {stdin}", command.words.join(" ")));
        let ended = self.machine.run(command);
        let exit = ended.exit.map_or("killed".to_owned(), |exit| exit.to_string());
        self.told.push(format!("  {exit}: {}", ended.stderr.trim_end().replace('\n', "\n      ")));
        ended
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
            journal: &self.machine.last_journal(),
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

    fn in_trouble(&mut self, drawn: &Drawn) -> Result<(), Broken> {
        let before = self.state();
        let seen = self.trouble();
        let ended = self.run(&drawn.command);
        let others = self.no_trouble(Some(&seen));
        self.check(drawn, &ended, &before, &others)
    }

    /// Killed and resumed it ends as it would have ended.
    fn and_killed(&mut self, drawn: &Drawn) -> Result<(), Broken> {
        let before = self.state();
        let seen = self.random.percent(50).then(|| self.trouble());
        let at = self.random.between(1, 16);
        self.machine.kill_at(Some(at));
        self.told.push(format!("killed at request {at}"));
        let ended = self.run(&drawn.command);
        let others = self.no_trouble(seen.as_ref());
        self.check(drawn, &ended, &before, &others)?;
        if ended.exit.is_some() {
            return Ok(());
        }
        self.figures.kills += 1;
        let resume = Command::new("imp-change resume last");
        let mut resumed = self.run(&resume);
        if resumed.exit == Some(2) {
            // It had not begun.
            if before.changed(&self.state()).iter().any(|key| !others.contains(key)) {
                return Err(format!("it cannot be resumed: {}", resumed.stderr));
            }
            resumed = self.run(&drawn.command);
        } else {
            self.figures.resumed += 1;
        }
        self.is_whole(drawn, &resumed, &before, &others)
    }

    /// What a run that went on left is what an undisturbed one would have left.
    fn is_whole(
        &mut self,
        drawn: &Drawn,
        ended: &Ended,
        before: &State,
        others: &[String],
    ) -> Result<(), Broken> {
        let after = self.state();
        let seen = laws::Seen {
            drawn,
            ended,
            failed: "",
            report: "",
            journal: "",
            before,
            after: &after,
            others,
            events: &BTreeMap::new(),
        };
        seen.check_killed()?;
        if !matches!(ended.exit, Some(0 | 1)) {
            return Err(format!(
                "it was resumed, and ends with {:?}: {}",
                ended.exit, ended.stderr
            ));
        }
        let is_others =
            |row: &draw::Row| row.thing.as_ref().is_some_and(|thing| others.contains(thing));
        let rows = drawn.rows.iter().filter(|row| row.want != draw::Want::Nothing);
        for row in rows.filter(|row| !is_others(row)) {
            if !seen.holds(row) {
                return Err(format!("it was resumed, and this is not done: {}", row.line));
            }
        }
        Ok(())
    }

    /// Done and undone, everything is as before.
    fn and_undone(&mut self, drawn: &Drawn) -> Result<(), Broken> {
        let before = self.state();
        let ended = self.run(&drawn.command);
        self.check(drawn, &ended, &before, &[])?;
        let undone = self.run(&Command::new("imp-change undo last --confirmed"));
        if let Some(mistake) = undone.mistakes.first() {
            return Err(format!("a mistake of the tools: {mistake}"));
        }
        self.figures.undone += 1;
        let changed = before.changed(&self.state());
        match changed.first() {
            Some(key) => Err(format!("it was undone, and {key} is not as before")),
            None if undone.exit != Some(0) => Err(format!("undo ends with {:?}", undone.exit)),
            None => Ok(()),
        }
    }

    /// What a plan says is what is done when it is applied.
    fn planned_and_applied(&mut self, drawn: &Drawn) -> Result<(), Broken> {
        let before = self.state();
        let mut plan = drawn.command.clone();
        plan.words.retain(|word| word != "--stream");
        plan.words.push("--plan".to_owned());
        let planned = self.run(&plan);
        if let Some(key) = before.changed(&self.state()).first() {
            return Err(format!("a plan has changed {key}"));
        }
        if !matches!(planned.exit, Some(0 | 1 | 5)) {
            return Err(format!("a plan ends with {:?}: {}", planned.exit, planned.stderr));
        }
        let apply = Command::new("imp-change apply --confirmed").reading(&planned.stdout);
        let applied = self.run(&apply);
        *self.figures.commands.entry("change apply".to_owned()).or_default() += 1;
        if planned.stdout.is_empty() {
            return Ok(());
        }
        self.is_whole(drawn, &applied, &before, &[])
    }
}

/// Whether a word of a fault rule says how often.
fn is_when(word: &str) -> bool {
    ["chance=", "times=", "after=", "every="].iter().any(|begin| word.starts_with(begin))
}

fn id_of(thing: &Value) -> String {
    thing["id"].as_str().unwrap_or_default().to_owned()
}
