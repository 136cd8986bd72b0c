//! A machine in a simulated world: a directory, a sign-in, a clock, and a service that it reaches.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use imp_sim::memory::Simulator;
use serde_json::Value;
use simulated::{Ended, Reply, Request, Run, Started, World};
use tempfile::TempDir;

use crate::service::Service;

/// The first second of 2026, at which all worlds begin.
const BEGIN: u64 = 1_767_225_600_000;

/// What happens to a request besides what the fault rules of the simulator say.
pub type Accident = Box<dyn FnMut(u64, &Request<'_>) -> Option<Reply> + Send>;

/// A machine.
pub struct Machine {
    service: Service,
    directory: TempDir,
    latency: Duration,
    accidents: Arc<Mutex<Accidents>>,
}

#[derive(Default)]
struct Accidents {
    /// Requests since the last command began.
    requests: u64,
    /// Requests in all.
    in_all: u64,
    kill_at: Option<u64>,
    other: Option<Accident>,
}

/// A command as it is typed.
#[derive(Clone, Debug, Default)]
pub struct Command {
    /// The program first.
    pub words: Vec<String>,
    /// What is sent to it.
    pub stdin: Option<String>,
    /// Variables besides those of the sign-in.
    pub variables: Vec<(String, String)>,
}

impl Command {
    /// From a line, cut at its blanks.
    pub fn new(line: &str) -> Self {
        let words = line.split_whitespace().map(str::to_owned).collect();
        Command { words, ..Command::default() }
    }

    /// With something on its stdin.
    #[must_use]
    pub fn reading(self, stdin: &str) -> Self {
        Command { stdin: Some(stdin.to_owned()), ..self }
    }
}

impl Machine {
    /// A machine in the world of `seed`, at a simulator with these options of `imp-sim serve`. Requests are so long
    /// under way in each direction.
    ///
    /// # Panics
    /// Options that make no sense, or no room for files.
    pub fn new(seed: u64, options: &[&str], latency: Duration) -> Self {
        let memory = Path::new("/dev/shm");
        let mut directory = tempfile::Builder::new();
        directory.prefix("imp-world-");
        let directory =
            if memory.is_dir() { directory.tempdir_in(memory) } else { directory.tempdir() };
        let simulator = Simulator::start(options, BEGIN).expect("the simulator starts");
        Machine {
            service: Service { world: World::new(seed), simulator: Arc::new(simulator) },
            directory: directory.expect("there is room for files"),
            latency,
            accidents: Arc::default(),
        }
    }

    /// Where commands are typed.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A file there, by its whole path.
    pub fn file(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    /// Writes a file; gives its whole path.
    ///
    /// # Panics
    /// No room for it.
    pub fn write(&self, name: &str, content: &str) -> String {
        let path: PathBuf = self.directory.path().join(name);
        fs::write(&path, content).expect("there is room for files");
        path.display().to_string()
    }

    /// What is in a file; empty when there is none.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.directory.path().join(name)).unwrap_or_default()
    }

    /// What is in all journals, the oldest first.
    pub fn journals(&self) -> Vec<String> {
        let directory = self.path().join(".local/state/imp-tools/changes");
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let mut journals: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        journals.sort();
        journals.iter().filter_map(|path| fs::read_to_string(path).ok()).collect()
    }

    /// The path of the last journal.
    pub fn last_journal(&self) -> Option<PathBuf> {
        let directory = self.path().join(".local/state/imp-tools/changes");
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let journals = entries.map(|entry| entry.path());
        let journals =
            journals.filter(|path| path.extension().is_some_and(|kind| kind == "ndjson"));
        // The time is at the beginning of the name, and the part of the second at its end.
        let time = |path: &PathBuf| {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            (name[..16.min(name.len())].to_owned(), name[name.len().saturating_sub(4)..].to_owned())
        };
        journals.max_by_key(time)
    }

    /// The simulator.
    pub fn simulator(&self) -> &Simulator {
        &self.service.simulator
    }

    /// The lines that the control address of the simulator gives.
    ///
    /// # Panics
    /// There is no such address.
    pub fn lines(&self, path: &str) -> Vec<Value> {
        let text = self.service.simulator.control("GET", path, "").expect("the simulator answers");
        text.lines().map(|line| serde_json::from_str(line).expect("the lines are JSON")).collect()
    }

    /// The devices of the account.
    pub fn devices(&self) -> Vec<Value> {
        self.lines(&format!("devices?owner={}", self.service.simulator.entry.user))
    }

    /// Time since the world began.
    pub fn elapsed(&self) -> Duration {
        self.service.world.elapsed()
    }

    /// Lets time pass.
    pub fn pass(&self, how_long: Duration) {
        self.service.world.pass(how_long);
        self.service.simulator.is_now(self.service.world.elapsed());
    }

    /// Lets requests go wrong, or others do something meanwhile.
    pub fn accidents(&self, accident: Option<Accident>) {
        self.state().other = accident;
    }

    /// Kills the next command at its request of that number.
    pub fn kill_at(&self, request: Option<u64>) {
        self.state().kill_at = request;
    }

    /// The requests of the last command, and of all.
    pub fn requests(&self) -> (u64, u64) {
        let state = self.state();
        (state.requests, state.in_all)
    }

    fn state(&self) -> MutexGuard<'_, Accidents> {
        lock(&self.accidents)
    }

    /// The service.
    pub fn service(&self) -> Service {
        self.service.clone()
    }

    /// Runs a command to its end, and what it becomes.
    pub fn run(&self, command: &Command) -> Ended {
        let mut ended = self.run_once(command);
        while let Some(next) = ended.becomes.take() {
            let words = next.words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
            let mut variables = command.variables.clone();
            variables.extend(next.environment);
            let before = ended;
            ended = self.run_once(&Command { words, stdin: None, variables });
            ended.mistakes.extend(before.mistakes);
        }
        ended
    }

    /// Runs two commands at once.
    pub fn run_both(&self, commands: [&Command; 2]) -> [Ended; 2] {
        self.state().requests = 0;
        self.service.world.hold();
        let started = commands.map(|command| self.start(command));
        self.service.world.let_go();
        started.map(Started::end)
    }

    fn run_once(&self, command: &Command) -> Ended {
        self.state().requests = 0;
        self.start(command).end()
    }

    fn start(&self, command: &Command) -> Started {
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        let (service, accidents) = (self.service.clone(), self.accidents.clone());
        let answer = move |request: &Request<'_>| answer(&service, &accidents, request);
        let mut run = Run::new(&self.service.world, &words, self.path(), answer)
            .with_latency(self.latency)
            .with("HOME", &self.directory.path().display().to_string())
            .with("IMPT_ENDPOINT", "http://127.0.0.1:1/v5")
            .with("IMPT_LOGINKEY", &self.service.simulator.entry.login_key);
        for (name, value) in &command.variables {
            run = run.with(name, value);
        }
        if let Some(stdin) = &command.stdin {
            run = run.reading(stdin);
        }
        let program = command.words.first().map(String::as_str).unwrap_or_default();
        run.start(program_of(program))
    }
}

/// The main function of a command.
fn program_of(name: &str) -> fn() -> ExitCode {
    match name {
        "imp-auth" => imp_auth::run,
        "imp-build" => imp_build::run,
        "imp-change" => imp_change::run,
        "imp-device" => imp_device::run,
        "imp-dg" => imp_dg::run,
        "imp-hook" => imp_hook::run,
        "imp-product" => imp_product::run,
        other => panic!("no command is called {other}"),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What comes of a request of a command.
fn answer(service: &Service, accidents: &Mutex<Accidents>, request: &Request<'_>) -> Reply {
    let mut accidents = lock(accidents);
    accidents.requests += 1;
    accidents.in_all += 1;
    let number = accidents.requests;
    if accidents.kill_at == Some(number) {
        return Reply::Kill;
    }
    let accident = accidents.other.as_mut().and_then(|accident| accident(number, request));
    drop(accidents);
    accident.unwrap_or_else(|| service.ask(request))
}

#[cfg(test)]
mod tests;
