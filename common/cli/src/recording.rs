//! `--record FILE`: what is exchanged with the service goes to a file, which may be sent to somebody else.
//!
//! Careful that it is never a reason for a command to fail, once it has begun, and that several processes may write
//! to one file, also when one of them is killed in the middle of a line: lines are added whole, under a lock. The key
//! of the replacements is made for a new file and kept for a day in the cache directory, so that the commands of a
//! script replace alike; it is never in the file.

mod file;
mod kept_file;
mod words;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use api::send::clock;
use api::{Recording, Replacement};
use clap::{ArgMatches, Command};
use model::{ResourceKind, Secret};
use pipe::{Item, Row};
use serde_json::{Map, Value};
use simulated::PerRun;

use crate::command_error::CommandError;
use crate::exit::Exit;
use crate::guards;
use crate::journal;
use crate::rows::source::Rows;
use crate::session::directories;
use crate::terminal::{environment, signals, stderr};
use file::RecordingFile;
pub use kept_file::{keep_journal, kept_file};

/// That of this process.
static CURRENT: PerRun<OnceLock<Recording>> = PerRun::new(OnceLock::new);

/// What a line of each run begins with, by which a file is known as a recording.
const RUN: &str = "recorded_run";

/// How long commands that are given one after the other replace alike.
const KEPT: Duration = Duration::from_secs(86_400);

/// Variables that decide what a command does, and what of them is written.
const VARIABLES: [(&str, Shown); 20] = [
    ("IMP_ACCOUNT", Shown::Name),
    ("IMP_READ_ONLY", Shown::Whole),
    ("IMP_PROTECT", Shown::Protected),
    ("IMP_MAX_CHANGES", Shown::Whole),
    ("IMP_JOURNAL", Shown::Name),
    ("IMPT_ENDPOINT", Shown::Endpoint),
    ("IMPT_USER", Shown::Name),
    ("IMPT_PASSWORD", Shown::Secret),
    ("IMPT_LOGINKEY", Shown::Secret),
    ("IMP_UNBOND_KEY", Shown::Secret),
    ("https_proxy", Shown::Url),
    ("HTTPS_PROXY", Shown::Url),
    ("http_proxy", Shown::Url),
    ("all_proxy", Shown::Url),
    ("ALL_PROXY", Shown::Url),
    ("no_proxy", Shown::Names),
    ("LC_ALL", Shown::Whole),
    ("LANG", Shown::Whole),
    ("TZ", Shown::Whole),
    ("COLUMNS", Shown::Whole),
];

#[derive(Clone, Copy)]
enum Shown {
    Whole,
    Name,
    /// A list of them.
    Names,
    /// The same, of products and groups.
    Protected,
    Endpoint,
    Url,
    Secret,
}

/// The recording of this process, if there is one.
pub(crate) fn current() -> Option<Recording> {
    CURRENT.get().get().cloned()
}

/// Whether this run is recorded with other names and ids, by which a replay of it goes then.
pub fn records_pseudonyms() -> bool {
    current().is_some_and(|recording| recording.replacement().has_pseudonyms())
}

/// In which file a verb is to be recorded, if in any, and whether with other names.
fn wanted(verb: &ArgMatches, is_undo: bool) -> Result<Option<(PathBuf, bool)>, CommandError> {
    // Verbs that ask nothing of the service have no such option.
    let Ok(asked) = verb.try_get_one::<PathBuf>("record") else { return Ok(None) };
    let wants_pseudonyms = verb.get_flag("pseudonyms");
    let Some(path) = asked.cloned().or_else(|| environment::path("IMP_RECORD")) else {
        let why = "--pseudonyms is about a recording: give --record or set IMP_RECORD too";
        return if wants_pseudonyms { Err(CommandError::usage(why)) } else { Ok(None) };
    };
    if path == Path::new("-") {
        return Err(CommandError::usage(
            "a recording is a file, to which other commands may add, and cannot go to the standard output: name one",
        ));
    }
    let pseudonyms = wants_pseudonyms || environment::is_on("IMP_PSEUDONYMS");
    if is_undo && pseudonyms && asked.is_some() {
        return Err(CommandError::usage(
            "this goes by a journal, which no recording with --pseudonyms has: record the run that \
             made it too, by setting IMP_RECORD for a script of both",
        ));
    }
    Ok(Some((path, pseudonyms)))
}

/// Opens the recording that was asked for, and says in it what was typed.
///
/// # Errors
/// The file cannot be written, or is something else; or what is asked for makes no sense.
pub(crate) fn begin(
    command: &Command,
    typed: &[OsString],
    matches: &ArgMatches,
) -> Result<(), CommandError> {
    let verb = journal::of_verb(matches);
    let is_undo = command.get_name() == "imp-change" && matches.subcommand_name() == Some("undo");
    let Some((path, pseudonyms)) = wanted(verb, is_undo)? else { return Ok(()) };
    let shown = path.display().to_string();
    let cannot = |error: std::io::Error| {
        CommandError::usage(format!("nothing can be recorded in {shown}: {error}"))
    };
    signals::survive_full_files();
    let (file, key) =
        file::open(&path, pseudonyms, directories().cache.as_deref()).map_err(cannot)?;
    let run = key.of_run();
    let replacement = Replacement::new(key.bytes, pseudonyms);
    journal::credentials(matches).for_each(|secret| replacement.know(&secret));
    words::know_variables(verb, &replacement);
    let mut line = line_of_run(&run, &replacement);
    let words = words::replaced(command, typed, matches, &replacement);
    if pseudonyms && words::has_pattern(command, matches) {
        stderr::say(
            "with --pseudonyms the texts are others, so that a pattern may fit nothing in a replay",
        );
    }
    line.insert("command".into(), words.into());
    line.insert("version".into(), command.get_version().unwrap_or_default().into());
    file.add_first(&Value::Object(line).to_string()).map_err(cannot)?;
    let recording = Recording::new(run, replacement, move |line| write(&file, &shown, line));
    let _only_one = CURRENT.get().set(recording);
    Ok(())
}

/// From now on this is replaced in the recording wherever it stands.
pub(crate) fn know(secret: &Secret) {
    if let Some(recording) = current() {
        recording.replacement().know_secret(secret);
    }
}

/// Says with which sign-in the command begins, and whose account that is, if it is known without asking.
pub(crate) fn note_sign_in(choice: &auth::Choice, state_dir: Option<&Path>) {
    choice.secrets().for_each(know);
    let Some(recording) = current() else { return };
    let replacement = recording.replacement();
    let mut line = recording.line("recorded_sign_in");
    let description = choice.describe();
    line.insert("credential".into(), description.credential.into());
    line.insert("from_file".into(), description.source.file().is_some().into());
    // One that makes no sense ends the command.
    if let Ok(guards) = choice.guards() {
        insert_guards(&mut line, guards, replacement);
    }
    if let Some(token) = choice.access_token() {
        line.insert("token".into(), replacement.secret(token.expose()).into());
    }
    if let Some(end) = description.expires_at {
        let left = end.duration_since(clock::now()).unwrap_or_default();
        line.insert(
            "token_ends_in".into(),
            u64::try_from(left.as_millis()).unwrap_or(u64::MAX).into(),
        );
    }
    if let Some(account) = state_dir.and_then(|directory| choice.known_account(directory)) {
        let mut known = Map::new();
        known.insert("id".into(), replacement.name(&account.id).into());
        for (name, text) in [("email", &account.email), ("username", &account.username)] {
            known.insert(name.into(), text.as_deref().map(|text| replacement.name(text)).into());
        }
        line.insert("account".into(), known.into());
    }
    recording.write(line);
}

fn insert_guards(
    line: &mut Map<String, Value>,
    guards: auth::FileGuards,
    replacement: &Replacement,
) {
    if guards.read_only {
        line.insert("read_only".into(), true.into());
    }
    if let Some(most) = guards.max_changes {
        line.insert("max_changes".into(), most.into());
    }
    if !guards.protect.is_empty() {
        let names = guards.protect.iter().map(|name| replacement.name(name));
        line.insert("protect".into(), names.collect());
    }
}

/// Says that there is no sign-in.
pub(crate) fn note_no_sign_in() {
    if let Some(recording) = current() {
        let mut line = recording.line("recorded_sign_in");
        line.insert("credential".into(), Value::Null);
        recording.write(line);
    }
}

/// A file that cannot be written any more ends the recording, and nothing else.
fn write(file: &RecordingFile, path: &str, line: &str) {
    if let Err(error) = file.add(line) {
        stderr::say(&format!(
            "the recording {path} ends here, since it cannot be written: {error}; the command goes on"
        ));
    }
}

/// The same rows, which are written to the recording as they are read. Of those of a kind whose ids are secrets no
/// other member is: it may be the secret too, by whatever name.
pub(crate) fn noted(rows: Rows, noun: &str) -> Rows {
    let secret = ResourceKind::called(noun).filter(|kind| kind.is_secret());
    let Some(recording) = current() else { return rows };
    Box::new(rows.inspect(move |item| {
        let Ok(Item::Row(row)) = item else { return };
        let record = match secret {
            Some(kind) => secret_row(row, kind, recording.replacement()),
            None => shown_row(row, recording.replacement()),
        };
        let mut line = recording.line("recorded_row");
        line.insert("row".into(), record);
        recording.write(line);
    }))
}

fn shown_row(row: &Row, replacement: &Replacement) -> Value {
    let mut text = String::new();
    row.record.write_json(&mut text);
    let mut record: Value = serde_json::from_str(&text).unwrap_or_default();
    replacement.in_record(&mut record);
    record
}

fn secret_row(row: &Row, kind: ResourceKind, replacement: &Replacement) -> Value {
    let mut record = Map::new();
    if let Ok(identifier) = row.identifier(kind, &[]) {
        record.insert("id".into(), replacement.secret(&identifier.text).into());
    }
    record.into()
}

/// Says in the recording how the command ended.
pub(crate) fn end(exit: Exit) {
    if let Some(recording) = current() {
        let mut line = recording.line("recorded_end");
        line.insert("exit".into(), exit.code().into());
        recording.write(line);
    }
}

fn line_of_run(run: &str, replacement: &Replacement) -> Map<String, Value> {
    let mut variables = Map::new();
    for (name, shown) in VARIABLES {
        let Some(value) = environment::text(name) else { continue };
        if let Shown::Secret = shown {
            replacement.know(&value);
        }
        let value = match shown {
            Shown::Whole => value,
            Shown::Name => replacement.name(&value),
            Shown::Names => replacement.names(value.split(',').map(str::trim)),
            Shown::Protected => {
                replacement.names(guards::protected_entries(&value).iter().map(String::as_str))
            }
            Shown::Endpoint => replacement.endpoint(&value),
            Shown::Url => replacement.url(&value),
            Shown::Secret => replacement.secret(&value),
        };
        variables.insert(name.to_owned(), value.into());
    }
    let mut line = Map::new();
    line.insert("type".into(), RUN.into());
    line.insert("run".into(), run.into());
    let now = humantime::format_rfc3339_millis(clock::now()).to_string();
    line.insert("began".into(), now.into());
    line.insert("pseudonyms".into(), replacement.has_pseudonyms().into());
    line.insert("variables".into(), variables.into());
    line
}
