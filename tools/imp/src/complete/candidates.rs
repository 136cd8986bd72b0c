//! From the description of a tool to what may be typed next: the engine of `clap_complete`, and names.

use std::ffi::OsString;
use std::sync::atomic::Ordering;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, Command};
use clap_complete::engine::complete;
use command_tree::Verb;

use super::values::{self, Known};

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
    let known = Known::of(words);
    let mut command = command(&tree.name, tree, &known);
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
    if known.wants_files.load(Ordering::Relaxed) && (!begins_option || begun.contains('=')) {
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

/// The verb as the engine knows it; `path` is it with all words before it.
fn command(path: &str, verb: &Verb, known: &Known) -> Command {
    let mut command = Command::new(verb.name.clone()).about(verb.about.clone());
    command = command.aliases(verb.aliases.clone()).disable_help_subcommand(true);
    // They stand among the others.
    command = command.disable_help_flag(true).disable_version_flag(true);
    let last_word = verb.options.iter().rposition(|option| option.long.is_none());
    for (index, option) in verb.options.iter().enumerate() {
        let mut arg = arg(path, verb, index, known);
        // The parser wants to know where the words that repeat end.
        if option.long.is_none() && Some(index) != last_word {
            arg = arg.num_args(1).action(ArgAction::Set);
        }
        command = command.arg(arg);
    }
    let within = |verb: &Verb| self::command(&format!("{path} {}", verb.name), verb, known);
    command.subcommands(verb.verbs.iter().map(within))
}

fn arg(path: &str, verb: &Verb, index: usize, known: &Known) -> Arg {
    let option = &verb.options[index];
    let id = option.long.clone().unwrap_or_else(|| format!("argument {index}"));
    let mut arg = Arg::new(id).help(option.help.clone()).display_order(index);
    if let Some(long) = &option.long {
        arg = arg.long(long.clone());
    }
    arg = arg.short(option.short);
    if option.value.is_none() {
        return arg.action(ArgAction::SetTrue);
    }
    arg = arg.action(ArgAction::Append).allow_hyphen_values(true).value_delimiter(option.delimiter);
    if !option.values.is_empty() {
        let values = option.values.iter();
        let values = values.map(|one| PossibleValue::new(one.name.clone()).help(one.help.clone()));
        return arg.value_parser(PossibleValuesParser::new(values.collect::<Vec<_>>()));
    }
    match values::completer(path, verb, option, known) {
        Some(completer) => arg.add(completer),
        None => arg,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use command_tree::{Opt, Value};

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
}
