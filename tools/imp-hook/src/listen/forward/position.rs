//! How far the events of a journal have been delivered: a file beside it, replaced as a whole.
//!
//! Careful about another journal under the same name, which somebody has begun after moving the old one away:
//! the position counts only if the event that ends there is the one that was delivered last.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use cli::{CommandError, replace_often};
use model::Record;
use serde_json::{Value, json};

use crate::listen::journal::parse_event;

/// A place in a journal, always its beginning or the end of an event.
pub struct Position {
    path: PathBuf,
    bytes: u64,
    /// Of the event before it: the length of its line, and its id.
    last: (u64, Value),
}

impl Position {
    /// Reads the position from the file of a journal. The second value is true when the file is about another
    /// journal, so that this one is delivered from its beginning.
    ///
    /// # Errors
    /// Exit 2 when the file cannot be read, or is something else.
    pub fn read(path: PathBuf, journal: &File, length: u64) -> Result<(Self, bool), CommandError> {
        let begin = Position { path, bytes: 0, last: (0, Value::Null) };
        let saved = match begin.saved() {
            Ok(None) => return Ok((begin, false)),
            Ok(Some(saved)) => saved,
            Err(error) => return Err(begin.cannot_read(&error)),
        };
        match saved.is_in(journal, length) {
            Ok(true) => Ok((saved, false)),
            Ok(false) => Ok((begin, true)),
            Err(error) => Err(begin.cannot_read(&error)),
        }
    }

    /// What is in the file, if it is there.
    fn saved(&self) -> io::Result<Option<Self>> {
        let text = match fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let mut saved: Value = serde_json::from_slice(&text)?;
        let (Some(bytes), Some(line)) = (saved["position"].as_u64(), saved["line"].as_u64()) else {
            return Err(io::Error::other("it holds something else"));
        };
        Ok(Some(Position { path: self.path.clone(), bytes, last: (line, saved["id"].take()) }))
    }

    fn cannot_read(&self, error: &io::Error) -> CommandError {
        let path = self.path.display();
        CommandError::usage(format!(
            "cannot read the position of --forward-to from {path}: {error}; without this file all events of the journal are delivered again"
        ))
    }

    /// Whether the event before it is in the journal, and ends there.
    fn is_in(&self, journal: &File, length: u64) -> io::Result<bool> {
        let (line, id) = &self.last;
        if self.bytes > length || *line > self.bytes {
            return Ok(false);
        }
        let mut bytes = vec![0; *line as usize];
        journal.read_exact_at(&mut bytes, self.bytes - line)?;
        Ok(parse_event(&bytes).is_some_and(|event| event.get("id") == Some(id)))
    }

    /// The end of the event that was delivered last.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The event was delivered whose line ends at `end`.
    pub fn set(&mut self, end: u64, line: &[u8], event: &Record) {
        self.bytes = end;
        self.last = (line.len() as u64, event.get("id").cloned().unwrap_or_default());
    }

    /// Writes the position into its file.
    ///
    /// # Errors
    /// Those of the system; the file is as it was.
    pub fn save(&self) -> io::Result<()> {
        let (line, id) = &self.last;
        let saved = json!({"position": self.bytes, "line": line, "id": id});
        replace_often(&self.path, format!("{saved}\n").as_bytes())
    }
}

/// The file of a journal's position.
pub fn path_of(journal: &Path) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(".forwarded");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_for_its_own_journal() {
        let directory = tempfile::tempdir().unwrap();
        let journal = directory.path().join("journal");
        let lines =
            ["a", "b", "c"].map(|id| format!("{{\"type\":\"webhook_event\",\"id\":\"{id}\"}}\n"));
        let read = |content: &str| {
            fs::write(&journal, content).unwrap();
            let file = File::open(&journal).unwrap();
            let (position, is_other) =
                Position::read(path_of(&journal), &file, content.len() as u64).unwrap();
            (position.bytes, is_other)
        };
        assert_eq!(read(&lines.concat()), (0, false), "nothing delivered yet");
        let file = File::open(&journal).unwrap();
        let (mut position, _) = Position::read(path_of(&journal), &file, 0).unwrap();
        let end = lines[..2].concat().len() as u64;
        position.set(end, lines[1].as_bytes(), &parse_event(lines[1].as_bytes()).unwrap());
        position.save().unwrap();
        assert_eq!(read(&lines.concat()), (end, false));
        assert_eq!(read(&lines[..2].concat()), (end, false));
        let others = [lines[1].clone(), lines[0].repeat(3), lines[1].repeat(3), "x".repeat(200)];
        assert_eq!(read(""), (0, true));
        for (other, is_other) in others.iter().zip([true, true, false, true]) {
            assert_eq!(read(other).1, is_other, "{other}");
        }
        fs::write(path_of(&journal), "{\"position\":\"x\"}").unwrap();
        let file = File::open(&journal).unwrap();
        assert!(Position::read(path_of(&journal), &file, 0).is_err());
    }
}
