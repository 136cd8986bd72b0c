//! A fresh directory in which a test types its commands.
//!
//! Home, state and cache directories lie inside it and the environment is empty but for them, so that
//! nothing of the person who runs the tests leaks in and nothing of the tests leaks out. Commands run
//! in a session of their own: there is no terminal to ask on, unless the test makes one.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::background::Background;
use crate::run::Run;
use crate::schemas;
use crate::shapes::{self, Failed, Report};
use crate::{Sim, commands};

/// The directory; it is removed with the value.
pub struct Dir {
    directory: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Dir {
    /// A directory of somebody who has not signed in.
    pub fn new() -> Dir {
        let directory = tempfile::tempdir().expect("a fresh directory");
        let home = directory.path().join("home");
        let work = directory.path().join("work");
        for path in [&home, &work] {
            fs::create_dir(path).expect("the directory is empty");
        }
        let mut dir = Dir { directory, environment: Vec::new() };
        let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        dir.set("HOME", &text(&home));
        dir.set("XDG_CONFIG_HOME", &text(&home.join(".config")));
        dir.set("XDG_STATE_HOME", &text(&home.join("state")));
        dir.set("XDG_CACHE_HOME", &text(&home.join("cache")));
        dir
    }

    /// A directory with a sign-in file for the simulator in it, as `imp-auth login --local` makes it.
    pub fn signed_in(sim: &Sim) -> Dir {
        let dir = Dir::new();
        let answer = sim.sign_in();
        sim.reset();
        dir.write_private(
            ".impt.auth",
            &json!({
                "endpoint": sim.entry.endpoint,
                "accessToken": answer["access_token"],
                "expiresAt": answer["expires_at"],
                "loginKey": sim.entry.login_key,
            })
            .to_string(),
        );
        dir
    }

    /// A directory with a sign-in file for `endpoint` whose token nobody has refused yet.
    pub fn signed_in_at(endpoint: &str) -> Dir {
        let dir = Dir::new();
        let end = "2999-01-01T00:00:00.000Z";
        let sign_in = json!({"endpoint": endpoint, "accessToken": "token", "expiresAt": end});
        dir.write_private(".impt.auth", &sign_in.to_string());
        dir
    }

    /// A directory of somebody who signs in by the environment, with a login key.
    pub fn with_login_key(sim: &Sim) -> Dir {
        let mut dir = Dir::new();
        dir.set("IMPT_ENDPOINT", &sim.entry.endpoint);
        dir.set("IMPT_LOGINKEY", &sim.entry.login_key);
        dir
    }

    /// Sets a variable for all commands from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Where commands are typed.
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("work")
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// Writes a file.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), content).expect("the file can be written");
    }

    fn write_private(&self, name: &str, content: &str) {
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(self.path().join(name));
        file.and_then(|mut file| file.write_all(content.as_bytes())).expect("a new file");
    }

    /// Writes a CSV file with one column.
    pub fn write_column(&self, name: &str, header: &str, values: &[impl AsRef<str>]) {
        let mut text = format!("{header}\n");
        for value in values {
            text.push_str(value.as_ref());
            text.push('\n');
        }
        self.write(name, text);
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> String {
        let path = self.path().join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Reads a file of records that a tool has written.
    #[track_caller]
    pub fn read_lines(&self, name: &str) -> Vec<Value> {
        let text = self.read(name);
        let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
        let records: Vec<Value> = lines.collect();
        schemas::check(&records);
        records
    }

    /// Reads a file of failed rows.
    pub fn failed(&self, name: &str) -> Vec<Failed> {
        shapes::failed(&self.path().join(name))
    }

    /// Reads a report, and checks its sum.
    pub fn report(&self, name: &str) -> Report {
        Report::read(&self.path().join(name))
    }

    /// Types a pipeline. Stdin is `/dev/null`; it fails as soon as one of its commands does.
    pub fn sh(&self, script: &str) -> Run {
        self.spawn(script).wait()
    }

    /// Types a pipeline that finds `input` in a pipe on its stdin.
    pub fn sh_with(&self, script: &str, input: impl Into<Vec<u8>>) -> Run {
        let mut running = self.start(script, Stdio::piped());
        running.feed(input.into());
        running.wait()
    }

    /// Types a pipeline at a terminal, and `answers` for the questions that come. Stdout and stderr are
    /// the terminal too: all that was shown is in the stdout of the [`Run`].
    pub fn sh_on_terminal(&self, script: &str, answers: &str) -> Run {
        let terminal = format!("script --quiet --return --command '{script}' /dev/null");
        assert!(!script.contains('\''), "the script goes into single quotes: {script}");
        self.sh_with(&terminal, answers)
    }

    /// Types a pipeline at a terminal, as [`Dir::sh_on_terminal`], but gives each answer when its
    /// question has come, so that what is not to be shown can be looked for.
    pub fn converse(&self, script: &str, conversation: &[(&str, &str)]) -> Run {
        assert!(!script.contains('\''), "the script goes into single quotes: {script}");
        let terminal = format!("script --quiet --return --command '{script}' /dev/null");
        let mut running = self.spawn_open(&terminal);
        let mut heard = 0;
        for (question, answer) in conversation {
            running.wait_for(question, || {
                let place = running.stdout()[heard..].find(question);
                heard += place.map_or(0, |place| place + question.len());
                place.is_some()
            });
            running.type_line(answer);
        }
        running.close_stdin();
        running.wait()
    }

    /// Types a pipeline and does not wait for it.
    pub fn spawn(&self, script: &str) -> Background {
        self.start(script, Stdio::null())
    }

    /// Types a pipeline whose stdin stays open until it is closed.
    pub fn spawn_open(&self, script: &str) -> Background {
        self.start(script, Stdio::piped())
    }

    fn start(&self, script: &str, stdin: Stdio) -> Background {
        // A session of its own has no terminal, and can be ended as a whole.
        let mut command = Command::new("setsid");
        command.args(["bash", "-c", &format!("set -o pipefail\n{script}")]);
        command.current_dir(self.path()).env_clear().env("PATH", commands::search_path());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        Background::new(script, &self.path(), command)
    }
}

impl Default for Dir {
    fn default() -> Self {
        Dir::new()
    }
}
