//! The help of a verb: one screen, the same for `-h` and `--help`, its own options first.
//!
//! What verbs share is told in a line each, ordered by use; everything else is in the manual page.

use clap::{Arg, ArgAction, Command};

/// The options that verbs share, ordered by use.
const SHARED: [&str; 23] = [
    "dry_run",
    "plan",
    "max_changes",
    "input",
    "failed",
    "report",
    "output",
    "fields",
    "column",
    "encoding",
    "min_rows",
    "read_back",
    "batch",
    "stream",
    "jobs",
    "patience",
    "auth_file",
    "account",
    "trace",
    "verbose",
    "record",
    "pseudonyms",
    "help",
];

/// Examples as they stand at the end of the help of a verb, and where there are more: the page `of`.
///
/// Those of all verbs are put together whenever a command starts, so nothing is formatted here.
pub fn examples(of: &str, lines: &[&str]) -> String {
    let length = lines.iter().map(|line| line.len() + 3).sum::<usize>();
    let mut text = String::with_capacity(length + of.len() + 24);
    text.extend(["Examples (more: man ", of, "):"]);
    for line in lines {
        text.extend(["\n  ", line]);
    }
    text
}

/// The same for a verb that lists records of `kind`: with the fields that can be asked for.
pub fn examples_of_list(of: &str, kind: &str, lines: &[&str]) -> String {
    let known = pipe::stated_columns(kind).unwrap_or_default();
    let names = known.iter().filter_map(|field| match *field {
        "devicegroup_id" => Some("devicegroup_name"),
        "product_id" => Some("product_name"),
        _ => None,
    });
    let mut text = examples(of, lines);
    let mut before = "\n\nFields: ";
    for field in known.iter().copied().chain(names) {
        text.extend([before, field]);
        before = ", ";
    }
    text
}

/// Gives the description of a verb the form of all of them.
pub(crate) fn one_screen(command: Command) -> Command {
    let whole = command.get_long_about().or(command.get_about()).cloned().unwrap_or_default();
    let flag = Arg::new("help").short('h').long("help").action(ArgAction::HelpShort);
    let placed = |arg: Arg| match SHARED.iter().position(|shared| arg.get_id() == shared) {
        Some(place) => arg.help_heading("Common options").display_order(place),
        None => arg.help_heading("Options"),
    };
    let command = command.about(whole).disable_help_flag(true);
    command.arg(flag.help("Print this help")).mut_args(placed)
}
