//! The tools that are here: beside this one and on the PATH.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use cli::{CommandError, terminal::environment};
use model::text::one_line;

/// Our own tools with the first line of their help, so that a list of them starts nothing. A test compares.
pub const OURS: [(&str, &str); 9] = [
    ("auth", "Sign in to impCentral; accounts and login keys"),
    ("product", "Products of impCentral"),
    ("dg", "Device groups of impCentral"),
    ("device", "Devices of impCentral, one or many thousands at once"),
    ("build", "Builds of impCentral: code that is deployed to device groups"),
    ("hook", "Webhooks of impCentral, and a receiver for their calls"),
    ("change", "Changes as records: carry them out, turn them round, undo a run"),
    ("log", "Logs of devices, stored and live"),
    ("sim", "A local impCentral to rehearse on"),
];

/// Names that differ more than this are no misspelling of each other, as the parser of verbs has it.
const ALIKE: f64 = 0.7;

/// A tool that is here.
pub struct Tool {
    /// Without `imp-`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What it is for, if it is ours.
    pub about: Option<&'static str>,
}

/// The program of the tool `name`.
pub fn program_of(name: &str) -> String {
    format!("imp-{name}")
}

/// Whether a word can be the name of a tool: no option, no path.
pub fn may_be_named(word: &str) -> bool {
    let allowed = |letter: char| letter.is_alphanumeric() || "-_.".contains(letter);
    word.starts_with(char::is_alphanumeric) && word.chars().all(allowed)
}

/// All tools: ours in their order, then those of others. What is beside this one counts before the PATH.
pub fn found() -> Vec<Tool> {
    let beside = environment::command("imp").parent().map(Path::to_owned);
    let beside = beside.filter(|directory| directory.is_absolute());
    let search = environment::path("PATH").unwrap_or_default();
    let mut paths = BTreeMap::new();
    for directory in beside.into_iter().chain(std::env::split_paths(&search)) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_str().and_then(|name| name.strip_prefix("imp-"));
            if let Some(name) = name.filter(|name| may_be_named(name) && !name.contains('.'))
                && is_program(&entry.path())
            {
                paths.entry(name.to_owned()).or_insert_with(|| entry.path());
            }
        }
    }
    let ours = OURS.iter().filter_map(|(name, about)| {
        let path = paths.remove(*name)?;
        Some(Tool { name: (*name).to_owned(), path, about: Some(about) })
    });
    let mut tools: Vec<Tool> = ours.collect();
    tools.extend(paths.into_iter().map(|(name, path)| Tool { name, path, about: None }));
    tools
}

/// A tool of ours that is here.
pub fn ours(name: &str) -> Option<Tool> {
    let (name, about) = OURS.iter().find(|(own, _)| *own == name)?;
    let path = environment::command(&program_of(name));
    Some(Tool { name: (*name).to_owned(), path, about: Some(about) })
}

fn is_program(path: &Path) -> bool {
    let metadata = fs::metadata(path);
    metadata.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// The error about a tool that is not there, as the parser says it of a verb.
pub fn unknown(name: &str) -> CommandError {
    let names = found().into_iter().map(|tool| tool.name);
    let names = names.chain(crate::OWN.map(str::to_owned));
    let mut alike: Vec<(f64, String)> = names
        .map(|other| (strsim::jaro(name, &other), other))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .collect();
    alike.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut command = crate::description();
    let mut error = clap::Error::new(ErrorKind::InvalidSubcommand).with_cmd(&command);
    error.insert(ContextKind::InvalidSubcommand, ContextValue::String(one_line(name)));
    if !alike.is_empty() {
        let alike = alike.into_iter().map(|(_, other)| other).collect();
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(alike));
    }
    error.insert(ContextKind::Usage, ContextValue::StyledStr(command.render_usage()));
    let text = error.render().to_string();
    CommandError::usage(text.trim_start_matches("error: ").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_paths_are_no_tools() {
        for word in ["device", "my-tool", "x2", "büro"] {
            assert!(may_be_named(word), "{word}");
        }
        for word in ["--help", "-v", "", "../x", "a/b", ".hidden", "a b"] {
            assert!(!may_be_named(word), "{word}");
        }
    }
}
