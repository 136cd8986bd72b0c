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

/// The words that were typed, without those about the recording.
pub(super) fn replaced(
    command: &Command,
    typed: &[OsString],
    matches: &ArgMatches,
    replacement: &Replacement,
) -> Vec<String> {
    let secrets = journal::secrets(command.get_name(), matches);
    let mut values: HashMap<String, String> = HashMap::new();
    let (mut verb, mut verbs, mut within) = (command, 0, matches);
    while let Some((name, inner)) = within.subcommand() {
        verb = verb.find_subcommand(name).unwrap_or(verb);
        (verbs, within) = (verbs + 1, inner);
    }
    for arg in verb.get_arguments() {
        let id = arg.get_id().as_str();
        if within.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        for value in within.get_raw(id).into_iter().flatten() {
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
        return match value.split_once('=').filter(|(name, _)| !name.starts_with(['{', '['])) {
            Some((name, secret)) => {
                format!("{}={}", replacement.own_key(name), replacement.secret(secret))
            }
            // JSON
            None => replacement.secret(value),
        };
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
mod tests {
    use super::*;
    use clap::ArgAction;

    fn command() -> Command {
        let text = |id| Arg::new(id).long(id).action(ArgAction::Append);
        let jobs = Arg::new("jobs").long("jobs").value_name("N");
        let jobs = jobs.value_parser(clap::value_parser!(u16));
        let pattern = Arg::new("pattern")
            .long("pattern")
            .value_parser(|text: &str| Ok::<_, String>(text.len()));
        let record = Arg::new("record").long("record");
        let verb = Command::new("assign")
            .args([
                text("dg").short('g'),
                text("fields").value_delimiter(','),
                text("env_variable"),
                text("gate"),
            ])
            .args([text("unbond").short('u'), text("endpoint")])
            .arg(Arg::new("confirmed").short('q').action(ArgAction::SetTrue))
            .args([text("url"), text("product").value_delimiter(','), jobs, pattern, record])
            .args([text("column"), text("where"), text("sort")])
            .arg(Arg::new("named").action(ArgAction::Append));
        Command::new("imp-x").subcommand(verb)
    }

    fn words(line: &str, pseudonyms: bool) -> Vec<String> {
        let typed: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let matches = command().get_matches_from(&typed);
        let replacement = Replacement::new([3; 32], pseudonyms);
        replaced(&command(), &typed, &matches, &replacement)
    }

    #[test]
    fn secrets_are_replaced_and_names_stay() {
        let line = "imp-x assign --record f --dg Bench --unbond=k3y --env_variable A=k3y --env_variable {\"B\":\"k3y=\"} \
            --url https://a:k3y@h/k3y --jobs 3 d1";
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = words(&line, false).join(" ");
        assert!(words.starts_with("imp-x assign --dg Bench --unbond=secret-"), "{words}");
        assert!(words.ends_with(" --jobs 3 d1") && !words.contains("k3y"), "{words}");
        assert!(words.contains("A=secret-") && words.contains("@h/secret-"), "{words}");
    }

    #[test]
    fn a_secret_that_is_known_is_replaced_in_other_words() {
        let replacement = Replacement::new([3; 32], false);
        replacement.know("k3y");
        let typed: Vec<OsString> =
            ["imp-x", "assign", "--dg", "it is k3y", "k3ys"].map(OsString::from).into();
        let matches = command().get_matches_from(&typed);
        let words = replaced(&command(), &typed, &matches, &replacement);
        assert_eq!(words[3], format!("it is {}", replacement.secret("k3y")));
        assert_eq!(words[4], "k3ys");
    }

    #[test]
    fn a_secret_is_replaced_behind_options_in_one_word_and_in_the_command_of_a_gate() {
        for (typed, begin) in [
            ("imp-x assign -quk3y", "imp-x assign -qusecret-"),
            ("imp-x assign -u=k3y", "imp-x assign -u=secret-"),
            ("imp-x assign --gate k3y", "imp-x assign --gate secret-"),
            ("imp-x assign --url me:k3y@h/k3y", "imp-x assign --url secret-"),
            (
                "imp-x assign --endpoint https://me:k3y@h/v5",
                "imp-x assign --endpoint https://secret-",
            ),
        ] {
            let words = words(typed, false).join(" ");
            assert!(words.starts_with(begin) && !words.contains("k3y"), "{words}");
        }
    }

    #[test]
    fn with_pseudonyms_names_are_replaced_however_they_are_typed() {
        let all = Replacement::new([3; 32], true);
        let [bench, oven, a] = ["Bench", "Oven", "a"].map(|name| all.name(name));
        for (typed, expected) in [
            ("imp-x assign --dg Bench", format!("imp-x assign --dg {bench}")),
            ("imp-x assign -gBench -g Oven", format!("imp-x assign -g{bench} -g {oven}")),
            ("imp-x assign --dg=Bench Oven", format!("imp-x assign --dg={bench} {oven}")),
            ("imp-x assign --product Oven,a", format!("imp-x assign --product {oven},{a}")),
            (
                "imp-x assign --fields id,name --jobs 3 -",
                "imp-x assign --fields id,name --jobs 3 -".into(),
            ),
            ("imp-x assign --pattern Oven", format!("imp-x assign --pattern {oven}")),
            ("imp-x assign assign", format!("imp-x assign {}", all.name("assign"))),
        ] {
            assert_eq!(words(typed, true).join(" "), expected);
        }
    }

    #[test]
    fn with_pseudonyms_no_number_and_no_column_is_taken_for_nothing() {
        let all = Replacement::new([3; 32], true);
        let oven = all.name("Oven");
        for (typed, expected) in [
            (
                "imp-x assign --pattern 40000c2a69000001",
                "imp-x assign --pattern ".to_owned() + &all.name("40000c2a69000001"),
            ),
            (
                "imp-x assign --jobs 3 --dg 3",
                format!("imp-x assign --jobs {0} --dg {0}", all.name("3")),
            ),
            (
                "imp-x assign --fields name,Oven",
                format!("imp-x assign --fields name,{}", all.key("Oven")),
            ),
            ("imp-x assign --sort=-Oven", format!("imp-x assign --sort=-{}", all.key("Oven"))),
            (
                "imp-x assign --column mac=Oven",
                format!("imp-x assign --column mac={}", all.key("Oven")),
            ),
            (
                "imp-x assign --where device_online=true",
                "imp-x assign --where device_online=true".into(),
            ),
            ("imp-x assign --where name=Oven", format!("imp-x assign --where name={oven}")),
            (
                "imp-x assign --env_variable OVEN=k3y",
                format!(
                    "imp-x assign --env_variable {}={}",
                    all.own_key("OVEN"),
                    all.secret("k3y")
                ),
            ),
        ] {
            assert_eq!(words(typed, true).join(" "), expected);
        }
    }
}
