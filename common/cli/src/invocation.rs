//! What was typed: the command and its verb, known once the command line has been parsed.

use std::sync::OnceLock;

use clap::ArgMatches;

static VERB: OnceLock<String> = OnceLock::new();
static COMMAND: OnceLock<Vec<String>> = OnceLock::new();
static VERSION: OnceLock<String> = OnceLock::new();

/// Notes the verb: `assign`, `key create`.
pub(crate) fn note(matches: &ArgMatches) {
    let mut words = Vec::new();
    let mut within = matches;
    while let Some((name, inner)) = within.subcommand() {
        words.push(name);
        within = inner;
    }
    VERB.get_or_init(|| words.join(" "));
}

/// The verb that was typed, in our own word for it; empty before the command line has been parsed.
pub fn verb() -> &'static str {
    VERB.get().map_or("", String::as_str)
}

/// Notes the words of the command line, secrets hidden, and the version of the command.
pub(crate) fn note_command(words: Vec<String>, version: Option<&str>) {
    COMMAND.get_or_init(|| words);
    VERSION.get_or_init(|| version.unwrap_or_default().to_owned());
}

/// The version of the command.
pub(crate) fn version() -> &'static str {
    VERSION.get().map_or("", String::as_str)
}

/// The words of the command line, secrets hidden.
pub fn command() -> &'static [String] {
    COMMAND.get().map_or(&[], Vec::as_slice)
}
