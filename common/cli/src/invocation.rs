//! What was typed: the command and its verb, known once the command line has been parsed.

use std::sync::OnceLock;

use clap::ArgMatches;
use simulated::PerRun;

static VERB: PerRun<OnceLock<String>> = PerRun::new(OnceLock::new);
static COMMAND: PerRun<OnceLock<Vec<String>>> = PerRun::new(OnceLock::new);
static VERSION: PerRun<OnceLock<String>> = PerRun::new(OnceLock::new);

/// Notes the verb: `assign`, `key create`.
pub(crate) fn note(matches: &ArgMatches) {
    let mut words = Vec::new();
    let mut within = matches;
    while let Some((name, inner)) = within.subcommand() {
        words.push(name);
        within = inner;
    }
    VERB.get().get_or_init(|| words.join(" "));
}

/// The verb that was typed, in our own word for it; empty before the command line has been parsed.
pub fn verb() -> String {
    VERB.get().get().cloned().unwrap_or_default()
}

/// Notes the words of the command line, secrets hidden, and the version of the command.
pub(crate) fn note_command(words: Vec<String>, version: Option<&str>) {
    COMMAND.get().get_or_init(|| words);
    VERSION.get().get_or_init(|| version.unwrap_or_default().to_owned());
}

/// The version of the command.
pub(crate) fn version() -> String {
    VERSION.get().get().cloned().unwrap_or_default()
}

/// The words of the command line, secrets hidden.
pub fn command() -> Vec<String> {
    COMMAND.get().get().cloned().unwrap_or_default()
}
