//! One run of a command: what it is given, what it leaves, and who answers its requests.

use std::any::Any;
use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::exchange::{Become, Ended, Reply, Request};
use crate::files::Files;
use crate::run_thread::{RunThread, current};
use crate::schedule::{World, end_if_over};

/// What unwinds a thread whose run is over.
pub struct Killed;

/// What answers the requests of a run.
type Service = dyn Fn(&Request<'_>) -> Reply + Send + Sync;

/// One run of a command.
pub struct Run {
    world: Arc<World>,
    arguments: Vec<OsString>,
    environment: HashMap<String, String>,
    /// Where it is started, and where all of its files are.
    directory: PathBuf,
    stdin: Option<Vec<u8>>,
    service: Box<Service>,
    latency: Duration,
    stop: Arc<AtomicBool>,
    is_over: AtomicBool,
    own: Mutex<Own>,
    stdout: Mutex<Vec<u8>>,
    stderr: Mutex<Vec<u8>>,
    mistakes: Mutex<Vec<String>>,
    exit: Mutex<Option<u8>>,
    becomes: Mutex<Option<Become>>,
    at_death: Mutex<Option<Files>>,
    makes: Mutex<Vec<usize>>,
}

/// Its statics, by the address of that of the process.
type Own = HashMap<usize, Arc<dyn Any + Send + Sync>>;

impl Run {
    /// A run of the command `words`, the program first, in `directory`, whose requests `service` answers.
    pub fn new(
        world: &Arc<World>,
        words: &[&str],
        directory: &Path,
        service: impl Fn(&Request<'_>) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Run {
            world: world.clone(),
            arguments: words.iter().map(OsString::from).collect(),
            environment: HashMap::new(),
            directory: directory.to_owned(),
            stdin: None,
            service: Box::new(service),
            latency: Duration::ZERO,
            stop: Arc::default(),
            is_over: AtomicBool::new(false),
            own: Mutex::default(),
            stdout: Mutex::default(),
            stderr: Mutex::default(),
            mistakes: Mutex::default(),
            exit: Mutex::default(),
            becomes: Mutex::default(),
            at_death: Mutex::default(),
            makes: Mutex::default(),
        }
    }

    /// With a variable set.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With something on stdin.
    #[must_use]
    pub fn reading(mut self, stdin: &str) -> Self {
        self.stdin = Some(stdin.as_bytes().to_vec());
        self
    }

    /// Requests, and answers too, are so long under way.
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// The arguments, the program first.
    pub fn arguments(&self) -> Vec<OsString> {
        self.arguments.clone()
    }

    /// A variable.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str)
    }

    /// Where it is started.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What stdin has; `None` when nobody sends anything.
    pub fn stdin(&self) -> Option<&[u8]> {
        self.stdin.as_deref()
    }

    /// Its stdout.
    pub fn stdout(self: &Arc<Self>) -> Box<dyn Write + Send> {
        Box::new(Stdout(self.clone()))
    }

    /// Says something on stderr.
    pub fn say(&self, text: &str) {
        if !self.is_over() {
            lock(&self.stderr).extend_from_slice(text.as_bytes());
        }
    }

    /// What a signal would set.
    pub fn stop(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// Notes the exit code.
    pub fn exits(&self, code: u8) {
        *lock(&self.exit) = Some(code);
    }

    /// Becomes another command.
    pub fn becomes(&self, command: Become) {
        *lock(&self.becomes) = Some(command);
    }

    /// One exchange with the service. Nothing comes after `timeout`.
    pub fn exchange(&self, request: &Request<'_>, timeout: Duration) -> Reply {
        self.sleep(self.latency);
        end_if_over(self);
        let reply = (self.service)(request);
        let after = match &reply {
            Reply::Kill => {
                *lock(&self.at_death) = Files::of(&self.directory).ok();
                self.world.end(self);
                end_if_over(self);
                Duration::ZERO
            }
            Reply::NotSent => Duration::ZERO,
            Reply::Answer { after, .. } | Reply::Lost { after } => *after,
        };
        let in_all = after + self.latency;
        self.sleep(in_all.min(timeout));
        match reply {
            Reply::Answer { .. } if in_all > timeout => Reply::Lost { after: timeout },
            reply => reply,
        }
    }

    fn sleep(&self, how_long: Duration) {
        if let Some(own) = current()
            && !how_long.is_zero()
        {
            let until = self.world.elapsed() + how_long;
            self.world.block(self, own.thread, Some(until), false, || None::<()>);
        }
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// Begins it: `main` is that of the command.
    pub fn start<T: 'static>(self, main: impl FnOnce() -> T + Send + 'static) -> Started {
        let run = Arc::new(self);
        let thread = run.world.new_thread(&run);
        let own = RunThread { run: run.clone(), thread };
        let of_thread = run.clone();
        #[expect(clippy::disallowed_methods, reason = "Started::end waits for it")]
        let handle = thread::spawn(move || {
            let run = of_thread;
            let done = own.work(|| drop(main()));
            run.world.end(&run);
            run.world.bury(&run, thread, || {
                let own = std::mem::take(&mut *lock(&run.own));
                drop(own);
                let files = lock(&run.at_death).take();
                if let Some(Err(error)) = files.map(|files| files.put_back(&run.directory)) {
                    run.note(&format!("the files cannot be put back: {error}"));
                }
            });
            if done.is_err() {
                *lock(&run.exit) = None;
            }
            run.world.end_thread(&run, thread);
        });
        Started { run, handle }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Says that it is over; gives whether it was already.
    pub(crate) fn be_over(&self) -> bool {
        self.is_over.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn note_mistake(&self, panic: &(dyn Any + Send)) {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        self.note(&format!("a panic: {}", text.unwrap_or("of no words")));
        self.world.end(self);
    }

    pub(crate) fn note(&self, mistake: &str) {
        let mut mistakes = lock(&self.mistakes);
        if !mistakes.iter().any(|known| known == mistake) {
            mistakes.push(mistake.to_owned());
        }
    }

    /// Its own static.
    pub(crate) fn own<T: Send + Sync + 'static>(&self, of: usize, make: fn() -> T) -> Arc<T> {
        let mut own = lock(&self.own);
        let value = own.entry(of).or_insert_with(|| Arc::new(make())).clone();
        value.downcast().unwrap_or_else(|_| unreachable!("a static has one type"))
    }

    /// The cells that are being made now.
    pub(crate) fn makes(&self) -> MutexGuard<'_, Vec<usize>> {
        lock(&self.makes)
    }
}

/// A run that goes on.
pub struct Started {
    run: Arc<Run>,
    handle: JoinHandle<()>,
}

impl Started {
    /// Waits for its end.
    pub fn end(self) -> Ended {
        if self.handle.join().is_err() {
            self.run.note("it could not be ended");
        }
        let text = |bytes: &Mutex<Vec<u8>>| String::from_utf8_lossy(&lock(bytes)).into_owned();
        Ended {
            exit: *lock(&self.run.exit),
            stdout: text(&self.run.stdout),
            stderr: text(&self.run.stderr),
            becomes: lock(&self.run.becomes).take(),
            mistakes: std::mem::take(&mut lock(&self.run.mistakes)),
        }
    }
}

struct Stdout(Arc<Run>);

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.0.is_over() {
            lock(&self.0.stdout).extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
