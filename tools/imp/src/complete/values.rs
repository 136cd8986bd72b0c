//! What may stand as the value of an option, where the tool's description does not list it: files, names, fields.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use cli::journal;
use command_tree::{Opt, Verb};
use model::ResourceKind;

use super::fields;
use super::live_names::{self, TypedSignIn};

/// What verbs add to the records of what they changed.
const MARKS: [&str; 2] = ["outcome", "dry_run"];
/// Those that the help of `--encoding` names.
const ENCODINGS: [&str; 4] = ["utf-8", "latin1", "windows-1252", "utf-16"];
/// Those that devices are known to have; `--imp-type` takes any.
const IMP_TYPES: [&str; 7] =
    ["imp001", "imp002", "imp003", "imp004m", "imp005", "imp006", "impC001"];
/// Nobody looks for an older run by its name.
const MOST_RUNS: usize = 100;

/// What completing a value depends on.
pub struct Known {
    /// The sign-in whose names count.
    pub sign_in: TypedSignIn,
    /// Set when the shell is to offer files.
    pub wants_files: Arc<AtomicBool>,
    /// The word that is being typed.
    pub begun: String,
}

/// The value of an option that stands on the line.
fn typed(option: &str, words: &[String]) -> Option<String> {
    words.iter().enumerate().find_map(|(index, word)| match word.strip_prefix(option)? {
        "" => words.get(index + 1).cloned(),
        value => value.strip_prefix('=').map(str::to_owned),
    })
}

impl Known {
    /// What the words of a line say.
    pub fn of(words: &[String]) -> Self {
        Known {
            sign_in: TypedSignIn::on(words),
            wants_files: Arc::default(),
            begun: words.last().cloned().unwrap_or_default(),
        }
    }
}

impl TypedSignIn {
    fn on(words: &[String]) -> Self {
        TypedSignIn {
            file: typed("--auth-file", words).map(PathBuf::from),
            account: typed("--account", words),
        }
    }
}

/// What offers values for an option of the verb at `path`, as `imp-device list`; none if nothing is known.
pub fn completer(
    path: &str,
    verb: &Verb,
    option: &Opt,
    known: &Known,
) -> Option<ArgValueCompleter> {
    let value = option.value.as_deref()?;
    match (path, option.long.as_deref(), value) {
        // Some are read as text, because a dash or a name may stand there too.
        (.., "FILE" | "CODE" | "PLAN") => Some(files(known)),
        _ if option.path => Some(files(known)),
        (_, Some("account"), _) | ("imp-auth use", None, _) | ("imp-auth login", Some("as"), _) => {
            Some(plain(live_names::accounts))
        }
        (_, Some("fields"), _) => Some(of_fields(path, verb, known)),
        (_, Some("sort"), _) => {
            let fields = fields::of(path);
            Some(plain(move || signed(&fields)))
        }
        (_, Some("imp-type"), _) => Some(plain(|| IMP_TYPES.map(str::to_owned).into())),
        (_, Some("encoding"), _) => Some(plain(|| ENCODINGS.map(str::to_owned).into())),
        (_, None, "RUN") => Some(plain(runs)),
        (_, _, "ACCOUNT") => Some(plain(|| vec!["me".to_owned()])),
        _ => kind_of(value).map(|kind| names(kind, known)),
    }
}

/// These, as far as they begin with what was typed.
fn plain(all: impl Fn() -> Vec<String> + Send + Sync + 'static) -> ArgValueCompleter {
    ArgValueCompleter::new(move |begun: &OsStr| {
        let begun = begun.to_str().unwrap_or_default();
        let these = all().into_iter().filter(|one| one.starts_with(begun));
        these.map(CompletionCandidate::new).collect()
    })
}

fn files(known: &Known) -> ArgValueCompleter {
    let wants_files = known.wants_files.clone();
    ArgValueCompleter::new(move |_: &OsStr| {
        wants_files.store(true, Ordering::Relaxed);
        Vec::new()
    })
}

/// The fields of the verb's records that the list has not named yet.
fn of_fields(path: &str, verb: &Verb, known: &Known) -> ArgValueCompleter {
    let changes = verb.options.iter().any(|option| option.long.as_deref() == Some("dry-run"));
    let marks = MARKS.into_iter().filter(|_| changes);
    let before = known.begun.rsplit_once(',').map(|(before, _)| before).unwrap_or_default();
    let before = before.rsplit('=').next().unwrap_or_default();
    let is_new = |field: &&str| !before.split(',').any(|named| named == *field);
    let fields = fields::of(path).into_iter().chain(marks).filter(is_new);
    let fields: Vec<String> = fields.map(str::to_owned).collect();
    plain(move || fields.clone())
}

/// Each field upwards and downwards.
fn signed(fields: &[&str]) -> Vec<String> {
    let down = fields.iter().map(|field| format!("-{field}"));
    fields.iter().map(|field| (*field).to_owned()).chain(down).collect()
}

/// The runs of this machine, the newest first.
fn runs() -> Vec<String> {
    let journals = journal::all().unwrap_or_default();
    let newest = journals.iter().rev().take(MOST_RUNS);
    let names = newest.filter_map(|path| journal::run_of(path)).map(str::to_owned);
    let last = (!journals.is_empty()).then(|| "last".to_owned());
    names.chain(last).collect()
}

fn names(kind: ResourceKind, known: &Known) -> ArgValueCompleter {
    let sign_in = known.sign_in.clone();
    ArgValueCompleter::new(move |begun: &OsStr| {
        let names = live_names::beginning_with(kind, begun.to_str(), &sign_in).into_iter();
        names.map(|(name, about)| CompletionCandidate::new(name).help(Some(about.into()))).collect()
    })
}

/// The kind of things whose names stand for a value.
fn kind_of(value: &str) -> Option<ResourceKind> {
    match value {
        "DEVICE" => Some(ResourceKind::Device),
        "DEVICE_GROUP" | "GROUP" => Some(ResourceKind::DeviceGroup),
        "PRODUCT" => Some(ResourceKind::Product),
        "BUILD" => Some(ResourceKind::Deployment),
        "WEBHOOK" => Some(ResourceKind::Webhook),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_in_file_of_the_line_counts() {
        let sign_in =
            |line: &str| TypedSignIn::on(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(sign_in("list --auth-file x --dg ").file, Some("x".into()));
        assert_eq!(sign_in("list --auth-file=y").file, Some("y".into()));
        assert_eq!(sign_in("list --account lab --dg ").account, Some("lab".into()));
        assert_eq!(sign_in("list --auth-files y"), TypedSignIn::default());
    }
}
