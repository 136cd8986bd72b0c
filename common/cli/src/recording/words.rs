//! The command line as it stands in a recording: it can be given again, with what is replaced everywhere.

use std::collections::HashMap;
use std::ffi::OsString;

use api::Replacement;
use clap::builder::ValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use crate::journal;

/// Addresses of servers that are not the service.
const URLS: [&str; 2] = ["url", "forward_to"];
/// Variables of a group: what is behind the sign may be a secret.
const VARIABLES: &str = "env_variable";
/// A command line, which may hold anything.
const COMMAND: &str = "gate";
/// What options take, by the names of their values in the help, that is read as such before it gets here: numbers,
/// times, shares, encodings.
const COUNTS: [&str; 8] = ["N", "N|N%", "N|N%,…", "N%", "TIME", "HOURS", "WORD>N", "BOOL"];

/// Longer files hold no variables of a group, which may have a few thousand bytes.
const LONGEST_FILE: u64 = 1 << 20;

/// From now on what variables of a group are set to is replaced, wherever it stands.
pub(super) fn know_variables(verb: &ArgMatches, replacement: &Replacement) {
    let given = verb.try_get_raw(VARIABLES).ok().flatten().into_iter().flatten();
    for given in given.map(|given| given.to_string_lossy()) {
        match given.strip_prefix('@') {
            None => replacement.know_values(&given),
            // What cannot be read ends the command later. A pipe can be read only once.
            Some(path) => {
                let is_small =
                    |found: std::fs::Metadata| found.is_file() && found.len() < LONGEST_FILE;
                if std::fs::metadata(path).is_ok_and(is_small)
                    && let Ok(text) = std::fs::read_to_string(path)
                {
                    replacement.know_values(&text);
                }
            }
        }
    }
}

/// Whether a pattern was typed, which fits nothing that is replaced.
pub(super) fn has_pattern(command: &Command, matches: &ArgMatches) -> bool {
    let (verb, _, within) = verb_of(command, matches);
    given(verb, within).any(|arg| {
        arg.get_value_names().is_some_and(|names| names.iter().any(|name| *name == "PATTERN"))
    })
}

/// The verb of a command, behind how many words, and what was given to it.
fn verb_of<'a>(
    command: &'a Command,
    matches: &'a ArgMatches,
) -> (&'a Command, usize, &'a ArgMatches) {
    let (mut verb, mut words, mut within) = (command, 0, matches);
    while let Some((name, inner)) = within.subcommand() {
        verb = verb.find_subcommand(name).unwrap_or(verb);
        (words, within) = (words + 1, inner);
    }
    (verb, words, within)
}

/// What was typed of its arguments.
fn given<'a>(verb: &'a Command, within: &'a ArgMatches) -> impl Iterator<Item = &'a Arg> {
    let is_typed =
        |arg: &&Arg| within.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    verb.get_arguments().filter(is_typed)
}

/// The words that were typed, without those about the recording.
pub(super) fn replaced(
    command: &Command,
    typed: &[OsString],
    matches: &ArgMatches,
    replacement: &Replacement,
) -> Vec<String> {
    let secrets = journal::secrets(command.get_name(), matches);
    let mut values: HashMap<String, String> = HashMap::new();
    let (verb, verbs, within) = verb_of(command, matches);
    for arg in given(verb, within) {
        for value in within.get_raw(arg.get_id().as_str()).into_iter().flatten() {
            let value = value.to_string_lossy().into_owned();
            let other = replacement.hidden(&of_value(arg, &value, replacement));
            // What is a name somewhere is one everywhere, if it is a number elsewhere too.
            let earlier = values.get(&value).filter(|earlier| **earlier != value);
            let other = earlier.cloned().unwrap_or(other);
            values.insert(value, other);
        }
    }
    values.extend(secrets.into_iter().map(|it| (it.clone(), replacement.secret(&it))));
    let mut words = vec![command.get_name().to_owned()];
    let mut typed = typed.iter().map(|word| word.to_string_lossy().into_owned()).skip(1);
    words.extend(typed.by_ref().take(verbs));
    while let Some(word) = typed.next() {
        match word.as_str() {
            "--record" => drop(typed.next()),
            "--pseudonyms" => {}
            _ if word.starts_with("--record=") => {}
            _ => words.push(of_word(&word, &values)),
        }
    }
    words
}

/// What stands for a value of an option.
fn of_value(arg: &Arg, value: &str, replacement: &Replacement) -> String {
    let id = arg.get_id().as_str();
    match id {
        _ if URLS.contains(&id) => return replacement.url(value),
        "endpoint" => return replacement.endpoint(value),
        COMMAND => return replacement.secret(value),
        "fields" => return replacement.key(value),
        "sort" => {
            let field = value.trim_start_matches('-');
            return value[..value.len() - field.len()].to_owned() + &replacement.key(field);
        }
        _ => {}
    }
    if id == VARIABLES && !value.starts_with('@') {
        return replacement.variables(value);
    }
    match (value.split_once('='), arg.get_long()) {
        (Some((field, name)), Some("where")) => {
            return format!("{}={}", replacement.key(field), replacement.value(field, name));
        }
        (Some((field, column)), Some("column")) => {
            return format!("{}={}", replacement.key(field), replacement.key(column));
        }
        _ => {}
    }
    match value == "-" || says_nothing(arg, value) {
        true => value.to_owned(),
        false => replacement.value(id, value),
    }
}

/// Whether it is one of a few words, or something else than a text.
fn says_nothing(arg: &Arg, value: &str) -> bool {
    let parser = arg.get_value_parser();
    if let Some(mut words) = parser.possible_values() {
        return words.any(|word| word.matches(value, true));
    }
    let is_text = [ValueParser::string().type_id(), ValueParser::path_buf().type_id()]
        .contains(&parser.type_id());
    let names = arg.get_value_names().unwrap_or_default();
    let is_read =
        arg.get_id() == "encoding" || names.iter().any(|it| COUNTS.contains(&it.as_str()));
    !is_text && is_read
}

/// A word with its value replaced: `x`, `--dg=x`, `-gx`, `-qgx`, `a,b`.
fn of_word(word: &str, values: &HashMap<String, String>) -> String {
    let of_value = |value: &str| {
        let whole = values.get(value).cloned();
        let parts = || value.split(',').map(|part| values.get(part).map_or(part, |it| it));
        whole.unwrap_or_else(|| parts().collect::<Vec<_>>().join(","))
    };
    let is_known = |value: &str| {
        values.contains_key(value) || value.split(',').all(|part| values.contains_key(part))
    };
    let long = word.split_once('=').filter(|(option, _)| option.starts_with("--"));
    match long {
        _ if values.contains_key(word) => of_value(word),
        Some((option, value)) => format!("{option}={}", of_value(value)),
        None if word.starts_with('-') && !word.starts_with("--") => {
            // Options without a value may stand before the one that has it.
            let begins = word.char_indices().map(|(at, _)| at).skip(2);
            let mut parted = begins.map(|at| word.split_at(at));
            let found = parted.find(|(_, value)| is_known(value));
            found.map_or(word.to_owned(), |(options, value)| options.to_owned() + &of_value(value))
        }
        None => of_value(word),
    }
}

#[cfg(test)]
mod tests;
