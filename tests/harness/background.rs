//! A pipeline under way. What it prints is read all the time, so that it never waits for the test.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::run::Run;
use crate::schemas;
use crate::wait;

/// A pipeline that is running. It is ended with the value.
pub struct Background {
    script: String,
    directory: PathBuf,
    process: Child,
    stdin: Option<ChildStdin>,
    stdout: Output,
    stderr: Output,
}

/// What came so far, and whether more can come.
type Output = Arc<Mutex<(Vec<u8>, bool)>>;

impl Background {
    pub(crate) fn new(script: &str, directory: &Path, mut command: Command) -> Background {
        let mut process = command.spawn().expect("setsid and bash are there");
        let stdout = collect(process.stdout.take().expect("a pipe"));
        let stderr = collect(process.stderr.take().expect("a pipe"));
        let stdin = process.stdin.take();
        let (script, directory) = (script.to_owned(), directory.to_owned());
        Background { script, directory, process, stdin, stdout, stderr }
    }

    /// Writes to its stdin and closes it, without waiting.
    pub(crate) fn feed(&mut self, input: Vec<u8>) {
        let mut stdin = self.stdin.take().expect("stdin is a pipe");
        // It may end without reading everything.
        #[expect(clippy::disallowed_methods, reason = "it ends with the pipeline")]
        thread::spawn(move || stdin.write_all(&input));
    }

    /// Writes a line to its stdin, which stays open.
    pub fn type_line(&mut self, line: &str) {
        self.type_text(&format!("{line}\n"));
    }

    /// Writes to its stdin, which stays open.
    pub fn type_text(&mut self, text: &str) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        stdin.write_all(text.as_bytes()).expect("somebody reads");
    }

    /// Waits until the first command of the pipeline has read all that was typed.
    pub fn wait_until_read(&self) {
        let stdin = self.stdin.as_ref().expect("stdin is open");
        let unread = || rustix::io::ioctl_fionread(stdin).expect("stdin is a pipe");
        self.wait_for("all that was typed to be read", || unread() == 0);
    }

    /// Ends its stdin.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// What it has printed so far.
    pub fn stdout(&self) -> String {
        text(&self.stdout)
    }

    /// What it has said so far.
    pub fn stderr(&self) -> String {
        text(&self.stderr)
    }

    /// Whether it has ended: nothing more can come from it.
    pub fn has_ended(&self) -> bool {
        [&self.stdout, &self.stderr].iter().all(|output| lock(output).1)
    }

    /// Waits until something holds, which the pipeline brings about.
    pub fn wait_for(&self, what: &str, condition: impl FnMut() -> bool) {
        if !wait::until(wait::LIMIT, condition) {
            panic!(
                "waited in vain for {what}\n$ {}\nstdout: {}\nstderr: {}",
                self.script,
                self.stdout(),
                self.stderr()
            );
        }
    }

    /// Ctrl-C: to all of the pipeline, as a terminal does.
    pub fn interrupt(&self) {
        self.signal("INT");
    }

    /// `kill -9`: no chance to tidy up.
    pub fn kill(&self) {
        self.signal("KILL");
    }

    /// `kill`, as service managers and CI systems do.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// The terminal of the pipeline is gone.
    pub fn hang_up(&self) {
        self.signal("HUP");
    }

    /// Sends the signal again and again, as somebody who does not want to wait. It must end at once.
    pub fn insist(mut self, signal: &str) -> Run {
        let ended = wait::until(wait::LIMIT, || {
            self.signal(signal);
            self.process.try_wait().expect("it is our child").is_some()
        });
        assert!(ended, "it does not listen: {}", self.script);
        self.wait()
    }

    /// To all of the pipeline; it may have ended already.
    fn signal(&self, name: &str) {
        let kill = format!("kill -s {name} -- -{}", self.process.id());
        Command::new("bash").args(["-c", &kill]).output().expect("bash is there");
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Run {
        let mut status = None;
        let ended = wait::until(wait::LIMIT, || {
            status = self.process.try_wait().expect("it is our child");
            status.is_some()
        });
        let complete = ended && wait::until(wait::LIMIT, || self.has_ended());
        let run = Run {
            script: self.script.clone(),
            directory: self.directory.clone(),
            status,
            stdout: lock(&self.stdout).0.clone(),
            stderr: lock(&self.stderr).0.clone(),
        };
        assert!(ended, "it does not end{run}");
        assert!(complete, "something keeps its output open{run}");
        if let Some(mistake) = schemas::mistake_in_output(&run.script, &run.stdout) {
            panic!("{mistake}{run}");
        }
        run
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            self.signal("KILL");
            let _its_status = self.process.wait();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "it ends with the pipeline")]
fn collect(mut source: impl Read + Send + 'static) -> Output {
    let output = Output::default();
    let collected = output.clone();
    thread::spawn(move || {
        let mut buffer = [0; 65_536];
        while let Ok(length @ 1..) = source.read(&mut buffer) {
            lock(&collected).0.extend_from_slice(&buffer[..length]);
        }
        lock(&collected).1 = true;
    });
    output
}

fn lock(output: &Output) -> std::sync::MutexGuard<'_, (Vec<u8>, bool)> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&lock(output).0).into_owned()
}
