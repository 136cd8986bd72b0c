//! The sign-in with which the command asks what was asked in the recording: with the same tokens, renewed where they
//! were renewed.

use std::ffi::OsStr;
use std::path::Path;

use serde_json::{Map, Value, json};
use tokio::process::Command;

use super::recording::{Exchange, Recording};
use super::requests::is_secret;
use crate::state_file;

/// What the command signs in with.
#[derive(Debug, PartialEq, Eq)]
pub enum SignIn {
    /// A sign-in file, but for the endpoint.
    File(Map<String, Value>),
    /// Name and password, in variables.
    Password { user: String, password: String },
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

/// The sign-in of a recording.
pub fn of(recording: &Recording) -> SignIn {
    let exchanges = &recording.exchanges;
    let in_body = |name: &str| {
        let of = |it: &Exchange| Some(it.body.as_ref()?.get(name)?.as_str()?.to_owned());
        exchanges.iter().filter(|it| it.target == "/auth/token").find_map(of)
    };
    if let Some(exchange) = exchanges.first().filter(|exchange| exchange.target == "/auth") {
        let text = |name: &str| {
            let member = exchange.body.as_ref().and_then(|body| body.get(name));
            member.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        return SignIn::Password { user: text("id"), password: text("password") };
    }
    let mut file = Map::new();
    // A token that had not ended was used at once; another one was renewed first.
    let (token, end) = match exchanges.first().and_then(|exchange| exchange.token.clone()) {
        Some(token) => (token, "2999-01-01T00:00:00.000Z"),
        None => ("secret-0000000000000000".to_owned(), "2001-01-01T00:00:00.000Z"),
    };
    file.insert("accessToken".to_owned(), token.into());
    file.insert("expiresAt".to_owned(), end.into());
    match (in_body("token"), in_body("key")) {
        (Some(token), _) => file.insert("refreshToken".to_owned(), token.into()),
        (None, Some(key)) => file.insert("loginKey".to_owned(), key.into()),
        (None, None) => file.insert("refreshToken".to_owned(), "none".into()),
    };
    SignIn::File(file)
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

/// Gives the command its sign-in, and a home of its own: no sign-in or setting of the person's tools takes part, whatever the command
/// names, and nothing stays. `IMP_REPLAY` binds it to the one address.
pub fn prepare(
    child: &mut Command,
    sign_in: &SignIn,
    variables: Map<String, Value>,
    endpoint: &str,
    directory: &Path,
) -> anyhow::Result<()> {
    for name in REMOVED {
        child.env_remove(name);
    }
    for (name, value) in variables {
        child.env(name, value.as_str().unwrap_or_default());
    }
    child.env("HOME", directory);
    for (variable, name) in
        [("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state"), ("XDG_CACHE_HOME", "cache")]
    {
        child.env(variable, directory.join(name));
    }
    child.env("IMP_REPLAY", endpoint).env("IMPT_ENDPOINT", endpoint);
    match sign_in {
        SignIn::File(file) => {
            let mut content = file.clone();
            content.insert("endpoint".to_owned(), json!(endpoint));
            let content = Value::Object(content).to_string();
            state_file::replace(&directory.join(".impt.auth"), content.as_bytes())?;
        }
        SignIn::Password { user, password } => {
            child.env("IMPT_USER", user).env("IMPT_PASSWORD", OsStr::new(password));
        }
    }
    Ok(())
}
