//! The sign-in with which the command asks what was asked in the recording: with the same tokens, renewed where they
//! were renewed.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use tokio::process::Command;

use super::recording::{Exchange, Guards, Recording, Run, Signed};
use super::requests::is_secret;
use crate::clock::Clock;
use crate::state_file;

/// What the command signs in with.
#[derive(Debug, PartialEq, Eq)]
pub enum SignIn {
    /// What the command makes for itself.
    Nothing,
    /// A sign-in file.
    File(SignInFile),
    /// A login key, in a variable.
    LoginKey(String),
    /// Name and password, in variables.
    Password { user: String, password: String },
}

/// A sign-in file, but for the endpoint.
#[derive(Debug, PartialEq, Eq)]
pub struct SignInFile {
    token: String,
    /// The name of the member, and the secret for the next token.
    next: (&'static str, String),
    /// In how many milliseconds the token ends, and how old it is; it never ends if that is not known.
    life: Option<(u64, u64)>,
    guards: Guards,
}

/// Variables of the person's own that the command does not get.
const REMOVED: [&str; 15] = [
    "IMP_ACCOUNT",
    "IMP_AUTH_FILE",
    "IMP_UNBOND_KEY",
    "IMP_RECORD",
    "IMP_PSEUDONYMS",
    "IMPT_AUTH_FILE_PATH",
    "IMPT_LOGINKEY",
    "IMPT_USER",
    "IMPT_PASSWORD",
    "IMP_READ_ONLY",
    "IMP_PROTECT",
    "IMP_MAX_CHANGES",
    "IMP_RESUME",
    "IMP_RESUME_FAILED",
    "IMP_JOURNAL",
];
/// Variables of the recorded run that the command gets.
const TAKEN_OVER: [&str; 7] =
    ["IMP_READ_ONLY", "IMP_PROTECT", "IMP_MAX_CHANGES", "LC_ALL", "LANG", "TZ", "COLUMNS"];
/// Without a key, whichever it is, a command would not ask what it asked.
const KEY: &str = "IMP_UNBOND_KEY";

/// The sign-in of a recording: the first of a command that was not made by a recorded one.
pub fn of(recording: &Recording) -> SignIn {
    let made = tokens_of_logins(recording);
    let is_found = |signed: &&Signed| {
        let is_made = |token| made.contains(token);
        !signed.from_file || !signed.token.as_ref().is_some_and(is_made)
    };
    let others = || recording.runs.iter().enumerate().filter(|(_, run)| !is_login(run));
    let signed = others().find_map(|(at, run)| Some((at, run.sign_ins.first().filter(is_found)?)));
    if signed.is_some_and(|(_, signed)| signed.is_nothing) {
        return SignIn::Nothing;
    }
    // A version that did not tell has its sign-in in the first exchange.
    let first = recording.exchanges.first().map(|exchange| exchange.run);
    let run = signed.map(|(at, _)| at).or(first).unwrap_or_default();
    let signed = signed.map(|(_, signed)| signed);
    let has_made_one = recording.runs[..=run].iter().any(is_login);
    if has_made_one && signed.is_none_or(|signed| signed.from_file && signed.token.is_none()) {
        return SignIn::Nothing;
    }
    let of_run = || recording.exchanges.iter().filter(|exchange| exchange.run == run);
    // Of commands that run side by side another one may have renewed it.
    let others = || recording.exchanges.iter().filter(|it| !is_login(&recording.runs[it.run]));
    let in_body = |target: &str, name: &str| {
        let of = |it: &Exchange| Some(it.body.as_ref()?.get(name)?.as_str()?.to_owned());
        of_run().chain(others()).filter(|it| it.target == target).find_map(of)
    };
    let begins_with = |target| of_run().next().is_some_and(|exchange| exchange.target == target);
    if begins_with("/auth") {
        let of = |name| in_body("/auth", name).unwrap_or_default();
        return SignIn::Password { user: of("id"), password: of("password") };
    }
    let (refresh_token, key) = (in_body("/auth/token", "token"), in_body("/auth/token", "key"));
    if let (true, false, Some(key)) =
        (begins_with("/auth/token"), signed.is_none_or(|signed| signed.from_file), &key)
    {
        return SignIn::LoginKey(key.clone());
    }
    let next = match (refresh_token, key) {
        (Some(token), _) => ("refreshToken", token),
        (None, Some(key)) => ("loginKey", key),
        (None, None) => ("refreshToken", "none".to_owned()),
    };
    SignIn::File(file(signed, of_run().next().and_then(|it| it.token.clone()), next))
}

/// A token that had not ended was used at once; another one was renewed first.
fn file(
    signed: Option<&Signed>,
    first: Option<String>,
    next: (&'static str, String),
) -> SignInFile {
    let life = signed.and_then(|it| Some((it.token_ends_in?, it.token_age.unwrap_or_default())));
    let guards = signed.map(|signed| signed.guards.clone()).unwrap_or_default();
    match signed.and_then(|signed| signed.token.clone()).or(first) {
        Some(token) => SignInFile { token, next, life, guards },
        None => {
            let token = "secret-0000000000000000".to_owned();
            SignInFile { token, next, life: Some((0, 0)), guards }
        }
    }
}

fn is_login(run: &Run) -> bool {
    run.is("imp-auth", "login")
}

/// What stands for the tokens that recorded commands have signed in for.
fn tokens_of_logins(recording: &Recording) -> HashSet<String> {
    let is_of_login = |it: &&Exchange| {
        is_login(&recording.runs[it.run]) && ["/auth", "/auth/token"].contains(&it.target.as_str())
    };
    let token = |exchange: &Exchange| {
        let answer = recording.line(exchange.place).ok()?.answer?;
        let answer: Value = serde_json::from_str(answer.get()).ok()?;
        Some(answer.get("access_token")?.as_str()?.to_owned())
    };
    recording.exchanges.iter().filter(is_of_login).filter_map(token).collect()
}

/// Variables that the recorded commands had, and that hold nothing secret; and what stands for the unblessing key.
pub fn variables(recording: &Recording) -> Map<String, Value> {
    let mut variables = recording.runs.first().map(|run| run.variables.clone()).unwrap_or_default();
    variables.retain(|name, value| {
        let is_text = |value: &str| name == KEY || !is_secret(value);
        (name == KEY || TAKEN_OVER.contains(&name.as_str())) && value.as_str().is_some_and(is_text)
    });
    variables
}

/// Gives the command its sign-in, and a home of its own: no sign-in, setting, journal or keyring of the person's tools
/// takes part, whatever the command names, and nothing stays. `IMP_REPLAY` binds it to the one address, and
/// `IMP_REPLAY_HOME` to the one directory.
pub fn prepare(
    child: &mut Command,
    sign_in: &SignIn,
    variables: Map<String, Value>,
    endpoint: &str,
    directory: &Path,
    clock: &Clock,
) -> anyhow::Result<()> {
    for name in REMOVED {
        child.env_remove(name);
    }
    for (name, value) in variables {
        child.env(name, value.as_str().unwrap_or_default());
    }
    child.env("HOME", directory).env("IMP_REPLAY_HOME", directory);
    for (variable, name) in [
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_STATE_HOME", ".local/state"),
        ("XDG_CACHE_HOME", ".cache"),
    ] {
        child.env(variable, directory.join(name));
    }
    child.env("IMP_REPLAY", endpoint).env("IMPT_ENDPOINT", endpoint);
    match sign_in {
        SignIn::Nothing => {}
        SignIn::File(file) => file.write(&directory.join(".impt.auth"), endpoint, clock)?,
        SignIn::LoginKey(key) => drop(child.env("IMPT_LOGINKEY", key)),
        SignIn::Password { user, password } => {
            child.env("IMPT_USER", user).env("IMPT_PASSWORD", password);
        }
    }
    Ok(())
}

impl SignInFile {
    /// Its age counts: from that follows when its token is renewed.
    fn write(&self, path: &Path, endpoint: &str, clock: &Clock) -> anyhow::Result<()> {
        /// A hundred years.
        const NEVER: u64 = 3_155_760_000_000;
        let (left, age) = self.life.unwrap_or((NEVER, 0));
        let now = UNIX_EPOCH + Duration::from_millis(clock.now().0);
        let end = humantime::format_rfc3339_millis(now + Duration::from_millis(left.min(NEVER)));
        let content = json!({
            "endpoint": endpoint,
            "accessToken": self.token,
            "expiresAt": end.to_string(),
            self.next.0: self.next.1,
            "readOnly": self.guards.read_only,
            "maxChanges": self.guards.max_changes,
            "protect": self.guards.protect,
        });
        state_file::replace(path, content.to_string().as_bytes())?;
        let given = now - Duration::from_millis(age.min(NEVER / 2));
        Ok(std::fs::File::options().write(true).open(path)?.set_modified(given)?)
    }
}
