//! The help of every verb fits a screen, and its examples are commands that the tools take.

use super::pages;
use tests::Dir;

/// Every verb of a command, `key create` and its like included.
fn verbs_of(dir: &Dir, command: &str) -> Vec<String> {
    let help = dir.sh(&format!("{command} --help")).quiet().stdout();
    let verbs = pages::subcommands(&help);
    if verbs.is_empty() {
        return vec![command.to_owned()];
    }
    verbs.iter().flat_map(|verb| verbs_of(dir, &format!("{command} {verb}"))).collect()
}

/// The verbs of all commands that talk with the service.
fn verbs(dir: &Dir) -> Vec<String> {
    let commands = pages::of_clients();
    let commands = commands.iter().map(|name| name.trim_end_matches(".1"));
    commands.flat_map(|command| verbs_of(dir, command)).collect()
}

/// What stands under a heading of a help, up to the next empty line.
fn under<'a>(help: &'a str, heading: &str) -> Vec<&'a str> {
    let lines = help.lines().skip_while(|line| !line.starts_with(heading)).skip(1);
    lines.take_while(|line| !line.is_empty()).collect()
}

#[test]
fn the_help_of_every_verb_is_a_screen() {
    let dir = Dir::new();
    let verbs = verbs(&dir);
    assert!(verbs.len() > 40, "{verbs:?}");
    for verb in verbs {
        let help = dir.sh(&format!("COLUMNS=80 {verb} --help")).quiet().stdout();
        let lines = help.lines().count();
        assert!(lines <= 45, "{verb}: {lines} lines\n{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{verb}\n{help}");
        assert_eq!(help, dir.sh(&format!("COLUMNS=80 {verb} -h")).quiet().stdout());
        let common = under(&help, "Common options:");
        let is_option = |line: &&str| line.trim_start().starts_with('-');
        assert!(common.iter().all(is_option), "{verb}: a line for each\n{help}");
        // What is resumed has the options that it was begun with; scripts for the shell and schemas need none.
        let has_none = ["imp-change resume", "imp completion"].contains(&verb.as_str());
        assert!(common.len() >= 7 || has_none || verb.ends_with(" schema"), "{verb}\n{help}");
    }
}

#[test]
fn the_examples_of_every_verb_are_taken_by_the_commands() {
    let dir = Dir::new();
    for verb in verbs(&dir) {
        let help = dir.sh(&format!("COLUMNS=200 {verb} --help")).quiet().stdout();
        let command = verb.split(' ').next().unwrap_or_default();
        let examples = under(&help, &format!("Examples (more: man {command}):"));
        assert_eq!(examples.len(), 3, "{verb}\n{help}");
        for example in examples {
            assert!(example.contains(&verb), "{verb}: {example}");
            // Options and their values are parsed before the help that is asked for behind them.
            let commands =
                example.split('|').map(str::trim).filter(|part| part.starts_with("imp-"));
            for part in commands.filter_map(|part| part.split('>').next()) {
                let run = dir.sh(&format!("{part} --help")).quiet();
                assert!(run.stdout().contains("Usage: imp-"), "{part}{run}");
            }
        }
    }
}
