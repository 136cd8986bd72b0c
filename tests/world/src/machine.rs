//! A machine in a simulated world: a directory, a sign-in, a clock, and a service that it reaches.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use imp_sim::memory::{Cut, Simulator};
use serde_json::Value;
use simulated::{Ended, Reply, Request, Run, World};
use tempfile::TempDir;

/// The first second of 2026, at which all worlds begin.
const BEGIN: u64 = 1_767_225_600_000;

/// What happens to a request besides what the fault rules of the simulator say.
pub type Accident = Box<dyn FnMut(u64, &Request<'_>) -> Option<Reply> + Send>;

/// The service as a machine reaches it.
#[derive(Clone)]
pub struct Service {
    world: Arc<World>,
    simulator: Arc<Simulator>,
}

impl Service {
    /// Time since the world began.
    pub fn elapsed(&self) -> Duration {
        self.world.elapsed()
    }

    /// Answers a request.
    ///
    /// # Panics
    /// It is no HTTP.
    pub fn ask(&self, request: &Request<'_>) -> Reply {
        let Request { method, target, headers, body } = request;
        let answer = self.simulator.ask(self.elapsed(), method, target, headers, body.clone());
        let answer = answer.expect("the commands speak HTTP");
        match answer.cut {
            Some(Cut::Before | Cut::After | Cut::Middle) => Reply::Lost { after: answer.delay },
            None => Reply::Answer {
                status: answer.status,
                headers: answer.headers,
                body: answer.body,
                after: answer.delay,
            },
        }
    }

    /// What its control address answers.
    ///
    /// # Panics
    /// There is no such address.
    pub fn control(&self, method: &str, path: &str) -> String {
        self.simulator.control(method, path, "").expect("the simulator answers")
    }

    /// Asks as another client of the account, whom nothing holds up.
    ///
    /// # Panics
    /// It is no HTTP.
    pub fn by_owner(&self, method: &str, target: &str, body: Option<&Value>) -> Value {
        let entry = &self.simulator.entry;
        let sign_in = serde_json::json!({"id": entry.user, "password": entry.password});
        let json = ("content-type".to_owned(), "application/json".to_owned());
        let token = self.aside("POST", "/v5/auth", &[json], Some(&sign_in));
        let token = token["access_token"].as_str().unwrap_or_default();
        let headers = [
            ("content-type".to_owned(), "application/vnd.api+json".to_owned()),
            ("authorization".to_owned(), format!("Bearer {token}")),
        ];
        self.aside(method, target, &headers, body)
    }

    fn aside(
        &self,
        method: &str,
        target: &str,
        headers: &[(String, String)],
        body: Option<&Value>,
    ) -> Value {
        let body = body.map(|body| body.to_string().into_bytes());
        let answer = self.simulator.ask_aside(self.elapsed(), method, target, headers, body);
        serde_json::from_slice(&answer.expect("HTTP").body).unwrap_or_default()
    }

    /// The group of a device.
    pub fn group_of(&self, device: &str) -> Option<String> {
        let lines = self.control("GET", "devices");
        let devices = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let group = devices.into_iter().find(|known| known["id"] == device)?;
        group["devicegroup_id"].as_str().map(str::to_owned)
    }
}

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

    /// The journal of the last run; empty when there is none.
    pub fn last_journal(&self) -> String {
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
        let last = journals.max_by_key(time);
        last.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default()
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

    fn run_once(&self, command: &Command) -> Ended {
        self.state().requests = 0;
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
        run.start(program_of(program)).end()
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
mod tests {
    use super::*;

    fn ids(machine: &Machine) -> String {
        let devices = machine.devices();
        let ids = devices.iter().filter_map(|device| device["id"].as_str());
        ids.map(|id| format!("{id}\n")).collect()
    }

    fn in_bench(machine: &Machine) -> u64 {
        let groups = machine.lines("devicegroups");
        let bench = groups.iter().find(|group| group["name"] == "Bench").unwrap();
        bench["devices"].as_u64().unwrap()
    }

    #[test]
    fn twenty_devices_are_assigned_in_a_world() {
        let machine = Machine::new(1, &["--devices", "20"], Duration::from_millis(30));
        let made =
            machine.run(&Command::new("imp-dg create --product P --name Bench --create-product"));
        assert_eq!(made.exit, Some(0), "{made:?}");
        let command = Command::new("imp-device assign --dg Bench").reading(&ids(&machine));
        let ended = machine.run(&command);
        assert_eq!((ended.exit, ended.stdout.lines().count()), (Some(0), 20), "{ended:?}");
        assert_eq!(in_bench(&machine), 20);
    }

    #[test]
    fn a_storm_of_two_hours_takes_no_time() {
        let machine = Machine::new(2, &["--devices", "30"], Duration::from_millis(30));
        machine.run(&Command::new("imp-dg create --product P --name Bench --create-product"));
        let begin = machine.elapsed();
        let (world, end) = (machine.service(), begin + Duration::from_secs(2 * 3600));
        machine.accidents(Some(Box::new(move |_, request| {
            let is_refused = request.method == "POST" && world.elapsed() < end;
            is_refused.then(|| Reply::Answer {
                status: 429,
                headers: vec![("retry-after".to_owned(), "20".to_owned())],
                body: Vec::new(),
                after: Duration::ZERO,
            })
        })));
        let ids = ids(&machine);
        let ended =
            machine.run(&Command::new("imp-device assign --dg Bench --patience 3h").reading(&ids));
        assert_eq!((ended.exit, ended.stdout.lines().count()), (Some(0), 30), "{ended:?}");
        let took = machine.elapsed() - begin;
        assert!((7200..7260).contains(&took.as_secs()), "{took:?}");
    }

    #[test]
    fn a_seed_decides_everything() {
        let requests = |seed| {
            let machine = Machine::new(seed, &["--devices", "200"], Duration::from_millis(30));
            machine.run(&Command::new("imp-dg create --product P --name Bench --create-product"));
            let ids = ids(&machine);
            machine.simulator().control("POST", "faults", "* /** 503 chance=30%").unwrap();
            let command = Command::new("imp-device assign --dg Bench --batch 3").reading(&ids);
            let ended = machine.run(&command);
            (ended.stdout, machine.simulator().control("GET", "requests", "").unwrap())
        };
        assert_eq!(requests(7), requests(7));
        assert_ne!(requests(7), requests(8));
    }

    #[test]
    fn what_is_killed_does_nothing_more_and_is_resumed() {
        let machine = Machine::new(3, &["--devices", "40"], Duration::from_millis(30));
        machine.run(&Command::new("imp-dg create --product P --name Bench --create-product"));
        let ids = ids(&machine);
        machine.kill_at(Some(8));
        let command = Command::new("imp-device assign --dg Bench --batch 5 --jobs 2").reading(&ids);
        let killed = machine.run(&command);
        assert_eq!((killed.exit, killed.mistakes.len()), (None, 0), "{killed:?}");
        let before = in_bench(&machine);
        assert!(before < 40);
        machine.kill_at(None);
        let listed = machine.run(&Command::new("imp-change list --interrupted"));
        assert_eq!(listed.stdout.lines().count(), 1, "{listed:?}");
        let resumed = machine.run(&Command::new("imp-change resume last"));
        assert_eq!(resumed.exit, Some(0), "{resumed:?}");
        assert_eq!(in_bench(&machine), 40);
    }
}
