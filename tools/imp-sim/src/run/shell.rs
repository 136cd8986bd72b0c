//! `imp-sim run -- bash`: a shell in which a person tries things out. It is told what there is, how to reach it
//! from a second terminal and how it ends, and its prompt is marked, so that nobody takes it for the real thing.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::state::State;

/// What is put in front of the prompt.
const MARK: &str = "PS1=\"(imp-sim) $PS1\"\n";
/// Products, and groups of each, that are listed.
const LISTED: usize = 6;

/// The name of the shell, if the command is one and nothing else: whatever ends with `sh`.
pub fn name(command: &[OsString]) -> Option<&str> {
    let [program] = command else { return None };
    let name = Path::new(program).file_name().and_then(OsStr::to_str)?;
    name.ends_with("sh").then_some(name)
}

/// Writes the file that a second terminal reads to be where the shell is.
///
/// # Errors
/// Those of the system.
pub fn write_environment(variables: &[(&str, OsString)], directory: &Path) -> io::Result<PathBuf> {
    let mut text = String::new();
    for (name, value) in variables {
        let value = value.to_string_lossy().replace('\'', "'\\''");
        text.push_str(&format!("export {name}='{value}'\n"));
    }
    text.push_str(MARK);
    let path = directory.join("env");
    fs::write(&path, text)?;
    Ok(path)
}

/// Lets the shell mark its prompt, after the person's own settings.
///
/// # Errors
/// Those of the system.
pub fn mark_prompt(name: &str, child: &mut Command, directory: &Path) -> io::Result<()> {
    let file = directory.join("rc");
    match name {
        "bash" => {
            fs::write(&file, format!("[ -f ~/.bashrc ] && . ~/.bashrc\n{MARK}"))?;
            child.arg("--rcfile").arg(&file);
        }
        "sh" | "dash" | "ksh" => {
            fs::write(&file, format!("[ -f \"$IMP_SIM_ENV\" ] && . \"$IMP_SIM_ENV\"\n{MARK}"))?;
            child.env("IMP_SIM_ENV", own_start_file().unwrap_or_default()).env("ENV", &file);
        }
        // The start-up files of others are not known well enough.
        _ => {}
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "what the person's own shell would read")]
fn own_start_file() -> Option<OsString> {
    std::env::var_os("ENV")
}

/// What a person has to know, in lines that fit a terminal where names are short.
pub fn greeting(
    state: &State,
    environment: &Path,
    files: &[&str],
    kept_in: Option<&Path>,
) -> String {
    let mut lines = what_there_is(state);
    if !files.is_empty() {
        lines.push(("Files", format!("{}, in this directory", files.join(", "))));
    }
    if let Some(account) = state.accounts.values().next() {
        let (name, password) = (&account.username, &account.password);
        lines.push(("You are", format!("{name}, password {password}; try: imp-device list")));
    }
    let elsewhere = format!("type in a second terminal:  . {}", environment.display());
    lines.push(("Elsewhere", elsewhere));
    let what = match kept_in {
        Some(file) => format!("kept in {}", file.display()),
        None => "forgotten".to_owned(),
    };
    let end = format!("exit or Ctrl-D ends shell and service; what was done is {what}");
    lines.push(("The end", end));
    let begin = "a local impCentral to rehearse on; nothing reaches the real service";
    lines
        .iter()
        .fold(begin.to_owned(), |text, (title, line)| format!("{text}\n  {title:<11} {line}"))
}

/// Products with their groups, and where the devices are.
fn what_there_is(state: &State) -> Vec<(&'static str, String)> {
    let Some(&main) = state.accounts.keys().next() else { return Vec::new() };
    let (all, free) = (state.devices.of_account(main), state.devices.unassigned_of(main));
    let products = state.products.values().filter(|product| product.owner == main);
    let products: Vec<String> = products
        .map(|product| {
            let groups = state.groups.values().filter(|group| group.product == product.id);
            let groups = groups.map(|group| match state.devices.of_group(group.id).len() {
                0 => group.name.clone(),
                number => format!("{} ({number})", group.name),
            });
            format!("{}: {}", product.name, listed(groups.collect()))
        })
        .collect();
    let mut titles = std::iter::once("Products").chain(std::iter::repeat(""));
    let mut lines: Vec<_> = titles.by_ref().zip(products).collect();
    if lines.len() > LISTED {
        let more = format!("and {} more", lines.len() - LISTED);
        lines.truncate(LISTED);
        lines.push(("", more));
    }
    lines.push(match (lines.len(), all.len()) {
        (0, 0) => {
            ("Nothing", "is there yet; --devices, --production and --example give some".into())
        }
        (_, all) => ("Devices", format!("{} in groups, {} in none", all - free.len(), free.len())),
    });
    lines
}

fn listed(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(LISTED);
    names.truncate(LISTED);
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    if names.is_empty() { "no groups".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::population::{Population, populate};

    #[test]
    fn only_a_shell_alone_is_for_a_person() {
        let name_of = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            name(&words).map(str::to_owned)
        };
        assert_eq!(name_of(&["/usr/bin/bash"]).as_deref(), Some("bash"));
        assert_eq!(name_of(&["zsh"]).as_deref(), Some("zsh"));
        assert_eq!(name_of(&["bash", "-c", "true"]), None);
        assert_eq!(name_of(&["imp-device"]), None);
    }

    #[test]
    fn a_person_is_told_what_there_is() {
        let example = populate(&Population { example: true, ..Population::default() });
        let text = greeting(&example, Path::new("/tmp/x/env"), &["devices.csv", "key.txt"], None);
        let expected = "\
a local impCentral to rehearse on; nothing reaches the real service
  Products    Ovens: Shipped (250), DUTs, Fixtures, Bench (100), Burn-in
  Devices     350 in groups, 100 in none
  Files       devices.csv, key.txt, in this directory
  You are     simuser, password simuser-password; try: imp-device list
  Elsewhere   type in a second terminal:  . /tmp/x/env
  The end     exit or Ctrl-D ends shell and service; what was done is forgotten";
        assert_eq!(text, expected);
        let empty = populate(&Population::default());
        let text = greeting(&empty, Path::new("e"), &[], Some(Path::new("s.json")));
        assert!(text.contains("Nothing     is there yet; --devices"), "{text}");
        assert!(text.ends_with("what was done is kept in s.json"), "{text}");
    }

    #[test]
    fn values_are_quoted_for_the_shell() {
        let directory = tempfile::tempdir().unwrap();
        let path = write_environment(&[("A", "it's".into())], directory.path()).unwrap();
        let text = fs::read_to_string(path).unwrap();
        assert!(text.starts_with("export A='it'\\''s'\n"), "{text}");
    }
}
