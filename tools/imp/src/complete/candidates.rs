//! From the description of a tool to what may be typed next: the engine of `clap_complete`, and names.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};
use command_tree::{Opt, Verb};
use model::ResourceKind;

use super::live_names::{self, TypedSignIn};

/// What the shell may offer.
#[derive(Debug, PartialEq, Eq)]
pub enum Offer {
    /// Its own: files.
    Files,
    /// These.
    These(Vec<Candidate>),
}

/// Something that may be typed.
#[derive(Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The whole word.
    pub value: String,
    /// What it is; may be empty.
    pub about: String,
}

/// What can stand in place of the last of `words`, which come after the name of the tool.
pub fn offer(tree: &Verb, words: &[String]) -> Offer {
    let wants_files = Arc::new(AtomicBool::new(false));
    let known = Known { sign_in: TypedSignIn::on(words), wants_files: wants_files.clone() };
    let mut command = command(tree, &known);
    let begun = words.last().map(String::as_str).unwrap_or_default();
    // The engine would give the short form of an option that has both; the long one is enough.
    let last = if begun == "-" { "--" } else { begun };
    let before = words[..words.len().saturating_sub(1)].iter().map(String::as_str);
    let arguments = std::iter::once(tree.name.as_str()).chain(before).chain([last]);
    let arguments = arguments.map(OsString::from).collect();
    let found = complete(&mut command, arguments, words.len(), None).unwrap_or_default();
    let candidates = found.iter().filter_map(|found| {
        Some(Candidate {
            value: found.get_value().to_str().filter(|it| !it.contains(['\n', '\t']))?.to_owned(),
            about: found.get_help().map(ToString::to_string).unwrap_or_default(),
        })
    });
    let mut candidates: Vec<Candidate> = candidates.collect();
    let is_option = |candidate: &Candidate| candidate.value.starts_with('-');
    let begins_option = begun.starts_with('-');
    if wants_files.load(Ordering::Relaxed) && (!begins_option || begun.contains('=')) {
        return Offer::Files;
    }
    // Who has begun no option is offered them when there is nothing else.
    if !begins_option && !candidates.iter().all(is_option) {
        candidates.retain(|candidate| !is_option(candidate));
    }
    if !begins_option || begun == "-" || begun.starts_with("--") {
        candidates.retain(|it| !is_option(it) || it.value.starts_with("--"));
    }
    Offer::These(candidates)
}

/// What completing a value depends on.
struct Known {
    sign_in: TypedSignIn,
    wants_files: Arc<AtomicBool>,
}

/// The value of an option that stands on the line.
fn typed(option: &str, words: &[String]) -> Option<String> {
    words.iter().enumerate().find_map(|(index, word)| match word.strip_prefix(option)? {
        "" => words.get(index + 1).cloned(),
        value => value.strip_prefix('=').map(str::to_owned),
    })
}

impl TypedSignIn {
    /// What the words of a line say.
    fn on(words: &[String]) -> Self {
        TypedSignIn {
            file: typed("--auth-file", words).map(PathBuf::from),
            account: typed("--account", words),
        }
    }
}

fn command(verb: &Verb, known: &Known) -> Command {
    let mut command = Command::new(verb.name.clone()).about(verb.about.clone());
    command = command.aliases(verb.aliases.clone()).disable_help_subcommand(true);
    // They stand among the others.
    command = command.disable_help_flag(true).disable_version_flag(true);
    let last_word = verb.options.iter().rposition(|option| option.long.is_none());
    for (index, option) in verb.options.iter().enumerate() {
        let mut arg = arg(index, option, known);
        // The parser wants to know where the words that repeat end.
        if option.long.is_none() && Some(index) != last_word {
            arg = arg.num_args(1).action(ArgAction::Set);
        }
        command = command.arg(arg);
    }
    command.subcommands(verb.verbs.iter().map(|verb| self::command(verb, known)))
}

fn arg(index: usize, option: &Opt, known: &Known) -> Arg {
    let id = option.long.clone().unwrap_or_else(|| format!("argument {index}"));
    let mut arg = Arg::new(id).help(option.help.clone()).display_order(index);
    if let Some(long) = &option.long {
        arg = arg.long(long.clone());
    }
    arg = arg.short(option.short);
    let Some(value) = &option.value else { return arg.action(ArgAction::SetTrue) };
    arg = arg.action(ArgAction::Append).allow_hyphen_values(true).value_delimiter(option.delimiter);
    if !option.values.is_empty() {
        let values = option.values.iter();
        let values = values.map(|one| PossibleValue::new(one.name.clone()).help(one.help.clone()));
        return arg.value_parser(PossibleValuesParser::new(values.collect::<Vec<_>>()));
    }
    // Some are read as text, because a dash or a name may stand there too.
    if option.path || ["FILE", "CODE", "PLAN"].contains(&value.as_str()) {
        let wants_files = known.wants_files.clone();
        return arg.add(ArgValueCompleter::new(move |_: &OsStr| {
            wants_files.store(true, Ordering::Relaxed);
            Vec::new()
        }));
    }
    if option.long.as_deref() == Some("account") {
        return arg.add(ArgValueCompleter::new(|begun: &OsStr| {
            let names = live_names::accounts(begun.to_str()).into_iter();
            names.map(CompletionCandidate::new).collect()
        }));
    }
    match kind_of(value) {
        Some(kind) => {
            let sign_in = known.sign_in.clone();
            arg.add(ArgValueCompleter::new(move |begun: &OsStr| {
                let names = live_names::beginning_with(kind, begun.to_str(), &sign_in);
                let names = names.into_iter();
                names
                    .map(|(name, about)| CompletionCandidate::new(name).help(Some(about.into())))
                    .collect()
            }))
        }
        None => arg,
    }
}

/// The kind of things whose names stand for a value.
fn kind_of(value: &str) -> Option<ResourceKind> {
    match value {
        "DEVICE" => Some(ResourceKind::Device),
        "DEVICE_GROUP" => Some(ResourceKind::DeviceGroup),
        "PRODUCT" => Some(ResourceKind::Product),
        "BUILD" => Some(ResourceKind::Deployment),
        "WEBHOOK" => Some(ResourceKind::Webhook),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use command_tree::Value;

    fn tree() -> Verb {
        let option = |long: &str, value: Option<&str>| Opt {
            long: Some(long.to_owned()),
            value: value.map(str::to_owned),
            ..Opt::default()
        };
        let form = Opt {
            short: Some('z'),
            values: ["csv", "json"]
                .map(|name| Value { name: name.into(), help: String::new() })
                .into(),
            ..option("output", Some("FORM"))
        };
        let input = Opt { path: true, repeatable: true, ..option("input", Some("FILE")) };
        let word = Opt { value: Some("WORD".into()), repeatable: true, ..Opt::default() };
        let list = Verb {
            name: "list".into(),
            aliases: vec!["ls".into()],
            options: vec![form, input, option("full", None), word],
            ..Verb::default()
        };
        let info = Verb { name: "info".into(), ..Verb::default() };
        Verb { name: "imp-x".into(), verbs: vec![list, info], ..Verb::default() }
    }

    fn offered(line: &str) -> String {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        match offer(&tree(), &words) {
            Offer::Files => "files".into(),
            Offer::These(these) => {
                these.into_iter().map(|it| it.value).collect::<Vec<_>>().join(" ")
            }
        }
    }

    #[test]
    fn verbs_options_values_and_files() {
        for (typed, expected) in [
            ("", "list info"),
            ("l", "list"),
            ("list --o", "--output"),
            ("list ", "--output --input --full"),
            ("list --", "--output --input --full"),
            ("ls -", "--output --input --full"),
            ("list --output ", "csv json"),
            ("list -z j", "json"),
            ("list -zj", "-zjson"),
            ("list --output=c", "--output=csv"),
            ("list --input ", "files"),
            ("list --input=a", "files"),
            ("list --input x --fu", "--full"),
            ("nonsense --o", ""),
        ] {
            assert_eq!(offered(typed), expected, "{typed}");
        }
    }

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
