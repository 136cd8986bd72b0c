//! The command line as it is kept: what is a secret in it is hidden.

use std::ffi::OsString;

use clap::ArgMatches;

/// What stands in the place of a secret.
pub(crate) const HIDDEN: &str = "(hidden)";

/// The options that hold secrets, in all commands, by their ids.
const SECRET: [&str; 5] = ["pwd", "otp", "lk", "unbond", "token"];

/// The identifiers without an option, where the things themselves are secrets: login keys and tokens.
const NAMED: (&str, &str) = ("imp-auth", "named");

/// The words of the command line, the secrets among them hidden.
pub(crate) fn without_secrets(
    program: &str,
    typed: &[OsString],
    matches: &ArgMatches,
) -> Vec<String> {
    let secrets = secrets(program, matches);
    let words = typed.iter().enumerate().map(|(place, word)| (place, word.to_string_lossy()));
    words
        .map(|(place, word)| match secrets.iter().find_map(|secret| word.strip_suffix(&**secret)) {
            _ if place == 0 => program.to_owned(),
            Some(before) if before.is_empty() || before.starts_with('-') => {
                format!("{before}{HIDDEN}")
            }
            _ => word.into_owned(),
        })
        .collect()
}

/// The secrets on a command line.
pub(crate) fn secrets(program: &str, matches: &ArgMatches) -> Vec<String> {
    let named = (program == NAMED.0).then(|| given(matches, NAMED.1));
    credentials(matches).chain(named.into_iter().flatten()).collect()
}

/// Those of them that are nothing else for sure: passwords, keys, tokens.
pub(crate) fn credentials(matches: &ArgMatches) -> impl Iterator<Item = String> {
    SECRET.into_iter().flat_map(|id| given(matches, id))
}

fn given(matches: &ArgMatches, id: &str) -> impl Iterator<Item = String> {
    let given = of_verb(matches).try_get_raw(id).ok().flatten().into_iter().flatten();
    let words = given.map(|secret| secret.to_string_lossy().into_owned());
    words.filter(|secret| !secret.is_empty() && secret != "-")
}

/// What was typed for the verb itself.
pub(crate) fn of_verb(matches: &ArgMatches) -> &ArgMatches {
    let mut verb = matches;
    while let Some((_, of_verb)) = verb.subcommand() {
        verb = of_verb;
    }
    verb
}

/// The words of a command that is given again, without the options whose values are not kept; and these
/// options.
pub(super) fn to_give_again(command: &[String]) -> (Vec<String>, Vec<String>) {
    let (mut words, mut left_out): (Vec<String>, Vec<String>) = Default::default();
    for word in command {
        match word.strip_suffix(HIDDEN) {
            None => words.push(word.clone()),
            Some("") => left_out.extend(words.pop()),
            Some(option) => left_out.push(option.trim_end_matches('=').to_owned()),
        }
    }
    (words, left_out)
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ArgAction, Command};

    use super::*;

    #[test]
    fn secrets_are_hidden_in_whatever_form_they_are_typed() {
        let option = Arg::new("unbond").long("unbond").short('u');
        let rows = Arg::new("named").action(ArgAction::Append);
        let verb = Command::new("unassign").args([option, rows]);
        let command = Command::new("imp-x").subcommand(verb);
        for (typed, kept, again) in [
            ("imp-x unassign --unbond k3y d1", "imp-x unassign --unbond (hidden) d1", "--unbond"),
            ("imp-x unassign --unbond=k3y d1", "imp-x unassign --unbond=(hidden) d1", "--unbond"),
            ("imp-x unassign -uk3y d1", "imp-x unassign -u(hidden) d1", "-u"),
        ] {
            let words: Vec<OsString> = typed.split(' ').map(OsString::from).collect();
            let matches = command.clone().get_matches_from(&words);
            let hidden = without_secrets("imp-x", &words, &matches);
            assert_eq!(hidden.join(" "), kept);
            let (words, left_out) = to_give_again(&hidden);
            assert_eq!(
                (words.join(" ").as_str(), left_out.join(" ").as_str()),
                ("imp-x unassign d1", again)
            );
        }
    }

    #[test]
    fn things_that_are_secrets_are_hidden_too() {
        let verb = Command::new("delete").arg(Arg::new("named").action(ArgAction::Append));
        let command = Command::new("imp-auth").subcommand(verb);
        let words: Vec<OsString> =
            ["/bin/imp-auth", "delete", "a1", "-"].map(OsString::from).into();
        let matches = command.get_matches_from(&words);
        assert_eq!(
            without_secrets("imp-auth", &words, &matches),
            ["imp-auth", "delete", HIDDEN, "-"]
        );
    }
}
