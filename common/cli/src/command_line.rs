//! The command line as people type it: other names of verbs, common options before the verb, and long
//! options with one dash, as `impt` takes them.
//!
//! Careful about what has a meaning already: a short option with its value (`-dX`), the value of the option
//! before, and an agent id that begins with a dash are left alone.

use std::ffi::OsString;

use clap::Command;

/// Other names of verbs, where a command has no verb of that name itself.
const OTHER_NAMES: [(&str, &[&str]); 5] = [
    ("list", &["ls"]),
    ("info", &["show", "get"]),
    ("delete", &["rm", "remove"]),
    ("remove", &["rm", "delete"]),
    ("stream", &["tail"]),
];

/// Common options that take a value, and those that do not.
const WITH_VALUE: [&str; 8] =
    ["--auth-file", "--account", "--output", "-z", "--fields", "--jobs", "--patience", "--record"];
const WITHOUT_VALUE: [&str; 4] = ["--trace", "--verbose", "-v", "--pseudonyms"];

/// The command with the other names of its verbs, those of `key` and its like included.
pub(crate) fn with_other_names(mut command: Command) -> Command {
    let taken: Vec<String> =
        command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    for (name, others) in OTHER_NAMES {
        if taken.iter().any(|verb| verb == name) {
            let free = others.iter().filter(|other| !taken.iter().any(|verb| verb == *other));
            command = command.mut_subcommand(name, |verb| verb.aliases(free));
        }
    }
    for group in
        ["key", "account"].into_iter().filter(|group| taken.iter().any(|verb| verb == group))
    {
        command = command.mut_subcommand(group, with_other_names);
    }
    command
}

/// The arguments in the form that the parser knows. `command` describes all options; it is built only when
/// an argument asks for it.
pub(crate) fn in_our_form(
    arguments: Vec<OsString>,
    command: impl FnOnce() -> Command,
) -> Vec<OsString> {
    let mut arguments = common_options_last(arguments);
    let may_be_long = |argument: &OsString| {
        let letters = argument.to_str().and_then(|text| text.strip_prefix('-')).unwrap_or_default();
        letters.len() > 1 && letters.starts_with(|first: char| first.is_ascii_lowercase())
    };
    if arguments.iter().skip(1).any(may_be_long) {
        double_dashes(&mut arguments, &with_other_names(command()));
    }
    arguments
}

/// Common options that stand before the verb, put after it.
fn common_options_last(arguments: Vec<OsString>) -> Vec<OsString> {
    let mut end = 1;
    while let Some(text) = arguments.get(end).and_then(|argument| argument.to_str()) {
        let name = text.split('=').next().unwrap_or_default();
        let is_attached = text.contains('=') || (text.starts_with("-z") && text.len() > 2);
        end += match () {
            () if WITHOUT_VALUE.contains(&text) => 1,
            () if is_attached && (WITH_VALUE.contains(&name) || text.starts_with("-z")) => 1,
            () if WITH_VALUE.contains(&text) => 2,
            () => break,
        };
    }
    let is_verb =
        |argument: &&OsString| argument.to_str().is_some_and(|text| !text.starts_with('-'));
    let verbs = arguments.iter().skip(end).take_while(is_verb);
    // `key` and `account` have verbs of their own.
    let depth = match arguments.get(end).and_then(|verb| verb.to_str()) {
        Some("key" | "account") => verbs.take(2).count(),
        _ => verbs.take(1).count(),
    };
    if end == 1 || depth == 0 {
        return arguments;
    }
    let [program, rest @ ..] = arguments.as_slice() else { return arguments };
    let (options, rest) = rest.split_at(end - 1);
    let (verb, rest) = rest.split_at(depth);
    [std::slice::from_ref(program), verb, options, rest].concat()
}

/// Gives a long option of the verb that was typed with one dash its second.
fn double_dashes(arguments: &mut [OsString], command: &Command) {
    let mut verb = command;
    for argument in arguments.iter().skip(1) {
        let Some(found) = argument.to_str().and_then(|name| verb.find_subcommand(name)) else {
            break;
        };
        verb = found;
    }
    let mut verb = verb.clone();
    verb.build();
    let mut is_value = false;
    for argument in arguments.iter_mut().skip(1) {
        let Some(text) = argument.to_str().map(str::to_owned) else { continue };
        if text == "--" {
            break;
        }
        let name = text.trim_start_matches('-').split('=').next().unwrap_or_default();
        let dashes = text.len() - text.trim_start_matches('-').len();
        let is_long = dashes > 0 && !is_value && name.len() > 1;
        let long = verb.get_opts().find(|option| is_long && option.get_long() == Some(name));
        let flag = verb.get_arguments().find(|flag| is_long && flag.get_long() == Some(name));
        let short = verb.get_opts().find(|option| {
            dashes == 1 && option.get_short().is_some_and(|short| text.ends_with(short))
        });
        let takes_value = if is_long { long.is_some() } else { short.is_some() };
        is_value = !is_value && takes_value && !text.contains('=');
        if dashes == 1 && flag.is_some() {
            *argument = format!("-{text}").into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, ArgAction};

    fn command() -> Command {
        let option = |short, long| Arg::new(long).short(short).long(long).action(ArgAction::Append);
        let info = Command::new("info")
            .arg(option('d', "device").value_parser(crate::args::identifier))
            .arg(option('z', "output"))
            .arg(Arg::new("full").long("full").action(ArgAction::SetTrue));
        let key = Command::new("key").subcommand(Command::new("list"));
        Command::new("imp").subcommands([info, Command::new("list"), key])
    }

    fn meant(line: &str) -> String {
        let typed = line.split(' ').map(OsString::from).collect();
        let words = in_our_form(typed, command);
        words.join(std::ffi::OsStr::new(" ")).into_string().unwrap()
    }

    #[test]
    fn common_options_may_come_first() {
        for (typed, expected) in [
            ("imp -z csv -v info x", "imp info -z csv -v x"),
            ("imp --jobs=3 list", "imp list --jobs=3"),
            ("imp -zcsv key list", "imp key list -zcsv"),
            ("imp --trace", "imp --trace"),
            ("imp --help", "imp --help"),
            ("imp info -z csv", "imp info -z csv"),
        ] {
            assert_eq!(meant(typed), expected);
        }
    }

    #[test]
    fn long_options_may_have_one_dash() {
        for (typed, expected) in [
            ("imp info -device x -full", "imp info --device x --full"),
            ("imp show -device=x", "imp show --device=x"),
            ("imp info -dX", "imp info -dX"),
            ("imp info --device -device", "imp info --device -device"),
            ("imp info -d -full", "imp info -d -full"),
            ("imp info -jXp_9QaLm2Z", "imp info -jXp_9QaLm2Z"),
            ("imp list -device x", "imp list -device x"),
        ] {
            assert_eq!(meant(typed), expected);
        }
    }

    #[test]
    fn verbs_have_other_names() {
        let named = |name: &str| {
            let command = with_other_names(command());
            command.find_subcommand(name).map(|verb| verb.get_name().to_owned())
        };
        assert_eq!(named("ls").as_deref(), Some("list"));
        assert_eq!(named("get").as_deref(), Some("info"));
        assert_eq!(named("rm"), None);
    }
}
