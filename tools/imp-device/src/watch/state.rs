//! The file of `--state`: how the devices were when they were looked at last, and changes that may not be printed yet.
//!
//! Careful about a kill at any moment. What is to be printed is in the file before it is printed, together with how
//! long the file is that it is printed into, and is taken out of it after that: so the next run prints what is lacking.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use cli::terminal::stdout::WrittenFile;
use cli::{CommandError, lock_beside, replace_often, text};
use model::Record;
use serde_json::{Value, json};

use super::fleet::Fleet;

/// The `type` of the first line.
const TYPE: &str = "watch_state";
/// The `type` of a line with a change.
const CHANGE: &str = "device_change";

/// What is known from looks before.
#[derive(Default)]
pub struct Known {
    pub fleet: Fleet,
    /// When that was; empty before the first look.
    pub seen_at: String,
    /// Changes that may not be printed yet.
    pub pending: Vec<Record>,
    /// The file that they were to be printed into, as it was before.
    pub printed_into: Option<WrittenFile>,
}

/// The file.
pub struct State {
    path: PathBuf,
    /// What is watched: the state of another watch is not taken for that of this one.
    scope: String,
    /// Held as long as this is open.
    _lock: File,
}

impl State {
    /// Opens the file at `path`, which need not be there, and reads it.
    ///
    /// # Errors
    /// Exit 2: another watch has it open, it is that of something else, or it cannot be read.
    pub fn open(path: &Path, scope: String) -> Result<(State, Known), CommandError> {
        let path = &cli::kept_file(path)?;
        let lock = lock_beside(path).map_err(|error| cannot("open", path, &error))?;
        let state = State { path: path.to_owned(), scope, _lock: lock };
        let known = match std::fs::read_to_string(path) {
            Ok(text) => state.read(&text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Known::default(),
            Err(error) => return Err(cannot("read", path, &error)),
        };
        Ok((state, known))
    }

    fn read(&self, content: &str) -> Result<Known, CommandError> {
        let no_state = || {
            let path = self.path.display();
            CommandError::usage(format!(
                "{path} is no state of `imp-device watch`, or damaged, and stays as it is: name another file, or remove it"
            ))
        };
        let mut lines = content.lines().map(|line| Record::read(line).map_err(|_| no_state()));
        let head = lines.next().ok_or_else(no_state)??;
        if text(&head, "type") != TYPE {
            return Err(no_state());
        }
        // A replay is of the account that was recorded, at another address.
        if text(&head, "scope") != self.scope && cli::replay_home().is_none() {
            return Err(CommandError::usage(format!(
                "{} is the state of a watch of {}, and not of {}: name another file",
                self.path.display(),
                text(&head, "scope"),
                self.scope
            )));
        }
        let mut known = Known {
            seen_at: text(&head, "seen_at").to_owned(),
            printed_into: printed_into(&head),
            ..Known::default()
        };
        for line in lines {
            let line = line?;
            if text(&line, "type") == CHANGE {
                known.pending.push(line);
            } else {
                known.fleet.see(&line);
            }
        }
        // A file that was cut would have devices appear that were there.
        let is_cut = |number| number != known.fleet.len() as u64;
        if head.get("devices").and_then(Value::as_u64).is_some_and(is_cut) {
            return Err(no_state());
        }
        Ok(known)
    }

    /// Puts what is known into the file, whole.
    ///
    /// # Errors
    /// Exit 2 when it cannot be written; it is as it was then.
    pub fn save(&self, known: &Known) -> Result<(), CommandError> {
        let into = known
            .printed_into
            .map(|file| json!({"device": file.device, "inode": file.inode, "length": file.length}));
        let mut head = Record::new();
        head.push_text("type", TYPE);
        head.push_text("scope", &self.scope);
        head.push_text("seen_at", &known.seen_at);
        head.insert("printed_into", into.unwrap_or(Value::Null));
        head.insert("devices", known.fleet.len().into());
        let mut text = String::with_capacity(256 * (known.fleet.len() + known.pending.len() + 1));
        for record in [&head].into_iter().chain(&known.pending) {
            record.write_json(&mut text);
            text.push('\n');
        }
        known.fleet.write(&mut text);
        replace_often(&self.path, text.as_bytes())
            .map_err(|error| cannot("write", &self.path, &error))
    }
}

fn printed_into(head: &Record) -> Option<WrittenFile> {
    let number = |name: &str| head.get("printed_into")?.get(name)?.as_u64();
    let (device, inode) = (number("device")?, number("inode")?);
    Some(WrittenFile { device, inode, length: number("length")? })
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> CommandError {
    CommandError::usage(format!("cannot {what} the state {}: {error}", path.display()))
}
