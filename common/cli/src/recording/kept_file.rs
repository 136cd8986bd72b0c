//! Files in which a command remembers something from run to run, other than its sign-in: they count as what it read.
//!
//! Under replay they lie in the home of the replay, so that those of the person are neither read nor written.

use std::io;
use std::path::{Component, Path, PathBuf};

use api::{Recording, Replacement};
use serde_json::Value;

use super::current;
use crate::command_error::CommandError;
use crate::session::replay_home;

/// Below the home of a replay.
const DIRECTORY: &str = "files";
const JOURNALS: &str = ".local/state/imp-tools/changes";

/// Where the file at `path` is to be read and written. What is in it now goes to the recording, if there is one.
///
/// # Errors
/// Exit 2 when it cannot be recorded what is in it, or no place can be made for it.
pub fn kept_file(path: &Path) -> Result<PathBuf, CommandError> {
    note(path)?;
    let Some(home) = replay_home() else { return Ok(path.to_owned()) };
    let place = home.join(place_of(path));
    let made = place.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.map_err(|error| CommandError::usage(format!("cannot make {}: {error}", place.display())))?;
    Ok(place)
}

/// The journal at `path` goes to the recording, if there is one, since the command goes by it; the replay lays it among
/// its journals. With pseudonyms it does not: it tells times and numbers that have to stay.
///
/// # Errors
/// Exit 2 when it cannot be read.
pub fn keep_journal(path: &Path) -> Result<(), CommandError> {
    let named = |recording: &Recording| !recording.replacement().has_pseudonyms();
    let Some(recording) = current().filter(named) else { return Ok(()) };
    let (Some(text), Some(name)) = (content(path)?, path.file_name()) else { return Ok(()) };
    let replacement = recording.replacement();
    let parsed = text.lines().filter_map(|line| serde_json::from_str(line).ok());
    let lines: Vec<Value> = parsed.collect();
    lines.iter().for_each(|line| replacement.know_variables_of(line));
    let lines = lines.into_iter().map(|line| format!("{}\n", line_of_journal(line, replacement)));
    let place = Path::new(JOURNALS).join(name);
    write(&recording, path, Some((place, lines.collect())));
    Ok(())
}

/// A line without secrets, and without what was said of failures, in which any may be. Where the run was made is where
/// it is replayed, and of what was typed is told what it was.
fn line_of_journal(mut line: Value, replacement: &Replacement) -> Value {
    line.get_mut("input").into_iter().for_each(|row| replacement.in_record(row));
    replacement.in_record(&mut line);
    line.pointer_mut("/error/detail").into_iter().for_each(|detail| *detail = Value::Null);
    if line["type"] == "run" {
        line["endpoint"] = "{endpoint}".into();
        line["command"].as_array_mut().into_iter().for_each(|words| words.truncate(2));
    }
    line
}

fn content(path: &Path) -> Result<Option<String>, CommandError> {
    match std::fs::read_to_string(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let shown = path.display();
            Err(CommandError::usage(format!("{shown} cannot be recorded: {error}")))
        }
    }
}

fn note(path: &Path) -> Result<(), CommandError> {
    let Some(recording) = current() else { return Ok(()) };
    let replacement = recording.replacement();
    let content = content(path)?;
    if content.is_some() && replacement.has_pseudonyms() {
        let shown = path.display();
        return Err(CommandError::usage(format!(
            "{shown} is of earlier runs and cannot be recorded with --pseudonyms: name a new file"
        )));
    }
    let content = content.map(|content| (place_of(path), replacement.hidden(&content)));
    write(&recording, path, content);
    Ok(())
}

fn write(recording: &Recording, path: &Path, content: Option<(PathBuf, String)>) {
    let replacement = recording.replacement();
    let shown = path.display().to_string();
    let mut line = recording.line("recorded_file");
    line.insert("path".into(), replacement.hidden(&replacement.name(&shown)).into());
    if let Some((place, content)) = content {
        line.insert("place".into(), place.display().to_string().into());
        line.insert("content".into(), content.into());
    }
    recording.write(line);
}

/// Where it lies in the home of a replay; it leads out of there by no name.
fn place_of(path: &Path) -> PathBuf {
    let inner = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("parent".into()),
        Component::RootDir => Some("root".into()),
        Component::CurDir | Component::Prefix(_) => None,
    });
    Path::new(DIRECTORY).join(inner.collect::<PathBuf>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_home() {
        for (path, place) in [
            ("a.state", "files/a.state"),
            ("./a/b", "files/a/b"),
            ("../a", "files/parent/a"),
            ("/a", "files/root/a"),
        ] {
            assert_eq!(place_of(Path::new(path)), Path::new(place));
        }
    }
}
