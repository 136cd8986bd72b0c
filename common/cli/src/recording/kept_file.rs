//! Files in which a command remembers something from run to run, other than its sign-in: they count as what it read.
//!
//! Under replay they lie in the home of the replay, so that those of the person are neither read nor written.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::current;
use crate::command_error::CommandError;
use crate::session::replay_home;

/// Below the home of a replay.
const DIRECTORY: &str = "files";

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

fn note(path: &Path) -> Result<(), CommandError> {
    let Some(recording) = current() else { return Ok(()) };
    let replacement = recording.replacement();
    let shown = path.display();
    let content = match std::fs::read_to_string(path) {
        Ok(content) => Some(content),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(CommandError::usage(format!("{shown} cannot be recorded: {error}")));
        }
    };
    if content.is_some() && replacement.has_pseudonyms() {
        return Err(CommandError::usage(format!(
            "{shown} is of earlier runs and cannot be recorded with --pseudonyms: name a new file"
        )));
    }
    let mut line = recording.line("recorded_file");
    line.insert("path".into(), replacement.hidden(&replacement.name(&shown.to_string())).into());
    if let Some(content) = content {
        line.insert("place".into(), place_of(path).display().to_string().into());
        line.insert("content".into(), replacement.hidden(&content).into());
    }
    recording.write(line);
    Ok(())
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
