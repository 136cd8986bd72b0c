//! The keyring of the system, reached through `imp-auth`, so that only that command has to be linked with what
//! it takes to talk to one.
//!
//! Careful with the secret: it goes through pipes, never through arguments.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use auth::Keyring;
use model::Secret;

use crate::terminal::environment;

/// The hidden verb of `imp-auth` that does it, and its words.
const VERB: &str = "keyring";
/// Its exit code when there is no such entry.
const NO_ENTRY: i32 = 1;

/// The keyring behind `imp-auth keyring`.
pub struct ThroughImpAuth;

impl ThroughImpAuth {
    fn run(words: &[&str], secret: Option<&Secret>) -> Result<Output, String> {
        let cannot = |error: std::io::Error| format!("imp-auth cannot be run: {error}");
        let mut child = Command::new(environment::command("imp-auth"))
            .arg(VERB)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(cannot)?;
        if let (Some(mut stdin), Some(secret)) = (child.stdin.take(), secret) {
            stdin.write_all(secret.expose().as_bytes()).map_err(cannot)?;
        }
        child.wait_with_output().map_err(cannot)
    }

    /// What the command says of itself when it fails, without its name.
    fn done(output: &Output) -> Result<(), String> {
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim();
        Err(said.strip_prefix("imp-auth: ").unwrap_or(said).to_owned())
    }
}

impl Keyring for ThroughImpAuth {
    fn read(&self, entry: &str) -> Result<Option<Secret>, String> {
        let output = Self::run(&["read", entry], None)?;
        if output.status.code() == Some(NO_ENTRY) {
            return Ok(None);
        }
        Self::done(&output)?;
        Ok(Some(Secret::new(String::from_utf8_lossy(&output.stdout).into_owned())))
    }

    fn write(&self, entry: &str, secret: &Secret) -> Result<(), String> {
        Self::done(&Self::run(&["write", entry], Some(secret))?)
    }

    fn remove(&self, entry: &str) -> Result<(), String> {
        let output = Self::run(&["remove", entry], None)?;
        if output.status.code() == Some(NO_ENTRY) { Ok(()) } else { Self::done(&output) }
    }
}
