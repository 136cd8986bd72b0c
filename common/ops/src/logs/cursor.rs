//! `--cursor FILE`: where the reading of logs ended, so that the next run goes on there.
//!
//! The file is replaced as a whole, after what it tells of has been written to stdout: a run that is killed leaves no
//! entry out. What it had printed since is found again where stdout is a file that the next run appends to: the file
//! remembers how long that was, and lines behind it count as printed, a half one is cut off.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use api::send::clock;
use cli::terminal::stdout::{self, WrittenFile};
use cli::{CommandError, Readers, text};
use model::Record;
use serde_json::{Map, Value, json};

use super::follow::PrintedLines;

/// How often it is replaced while a run goes on.
const EVERY: Duration = Duration::from_secs(1);
/// What a file of another kind does not begin with.
const VERSION: u64 = 1;

/// What is known of the logs of devices, by their ids.
#[derive(Clone, Debug, Default)]
pub struct Places {
    devices: Map<String, Value>,
    /// What a run has printed that was killed before it could note it.
    printed: HashMap<String, Vec<Record>>,
}

impl Places {
    /// What is known of the log of a device; none of one that is new.
    pub fn of(&self, id: &str) -> Option<PrintedLines> {
        let kept = self.devices.get(id).and_then(PrintedLines::of_kept);
        let printed = self.printed.get(id);
        if kept.is_none() && printed.is_none() {
            return None;
        }
        let mut lines = kept.unwrap_or_default();
        printed.into_iter().flatten().for_each(|entry| lines.was_printed(entry));
        Some(lines)
    }
}

/// The file, and what it is about to say.
pub struct Cursor {
    path: PathBuf,
    places: Places,
    /// What is in it, to see that no other run writes it.
    content: Option<Vec<u8>>,
    saved: Instant,
    /// Held as long as this is open: with two runs each would print what the other has.
    _lock: File,
}

impl Cursor {
    /// Reads the file, if there is one, and notes in it where stdout begins.
    ///
    /// # Errors
    /// Exit 2 when another run has it open, it cannot be read or replaced, or is something else.
    pub fn open(path: &Path) -> Result<Self, CommandError> {
        let path = &cli::kept_file(path)?;
        cli::replaceable(path, Readers::Owner).map_err(|error| cannot("write", path, &error))?;
        let lock = cli::lock_beside(path).map_err(|error| cannot("open", path, &error))?;
        let content = read(path)?;
        let mut places = Places::default();
        if let Some(content) = &content {
            let document = parse(content).ok_or_else(|| not_ours(path))?;
            places.devices = document.devices;
            places.printed = document.output.map(printed_behind).unwrap_or_default();
        }
        let saved = clock::monotonic();
        let mut cursor = Cursor { path: path.to_owned(), places, content, saved, _lock: lock };
        // What stands in stdout before this run is none of what it will have printed.
        cursor.save(saved)?;
        Ok(cursor)
    }

    /// What is known.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Whether it is time to replace the file.
    pub fn is_due(&self, now: Instant) -> bool {
        now.duration_since(self.saved) >= EVERY
    }

    /// Notes what is known of a log. What is printed of it has to be written before [`Cursor::save`].
    pub fn note(&mut self, id: &str, lines: &PrintedLines) {
        self.note_kept(id.to_owned(), lines.kept());
    }

    /// The same of what was known at some time.
    pub fn note_kept(&mut self, id: String, kept: Value) {
        self.places.printed.remove(&id);
        self.places.devices.insert(id, kept);
    }

    /// Replaces the file, if it would say anything else.
    ///
    /// # Errors
    /// Exit 2 when it cannot be replaced, or something else has done so.
    pub fn save(&mut self, now: Instant) -> Result<(), CommandError> {
        self.saved = now;
        let left: Vec<String> = self.places.printed.keys().cloned().collect();
        for id in left {
            if let Some(lines) = self.places.of(&id) {
                self.note(&id, &lines);
            }
        }
        let output = stdout::written_file()
            .map(|file| json!({"device": file.device, "inode": file.inode, "length": file.length}));
        let document = json!({"cursor": VERSION, "output": output, "devices": self.places.devices});
        let content = format!("{document}\n").into_bytes();
        if self.content.as_ref() == Some(&content) {
            return Ok(());
        }
        if read(&self.path)? != self.content {
            let path = self.path.display();
            return Err(CommandError::usage(format!(
                "{path} has been changed by something else meanwhile, and stays as it is"
            )));
        }
        cli::replace_file(&self.path, &content, Readers::Owner)
            .map_err(|error| cannot("write", &self.path, &error))?;
        self.content = Some(content);
        Ok(())
    }
}

struct Document {
    devices: Map<String, Value>,
    output: Option<WrittenFile>,
}

/// Takes the file apart; nothing if it is not ours, or damaged.
fn parse(content: &[u8]) -> Option<Document> {
    let mut document: Value = serde_json::from_slice(content).ok()?;
    if document.get("cursor")?.as_u64() != Some(VERSION) {
        return None;
    }
    let number = |name: &str| document["output"][name].as_u64();
    let output = match (number("device"), number("inode"), number("length")) {
        (Some(device), Some(inode), Some(length)) => Some(WrittenFile { device, inode, length }),
        _ => None,
    };
    let devices = document.get_mut("devices")?.as_object_mut().map(std::mem::take)?;
    let is_whole = |kept: &Value| PrintedLines::of_kept(kept).is_some();
    devices.values().all(is_whole).then_some(Document { devices, output })
}

/// The entries that stand in stdout behind what was noted.
fn printed_behind(noted: WrittenFile) -> HashMap<String, Vec<Record>> {
    let mut printed: HashMap<String, Vec<Record>> = HashMap::new();
    stdout::lines_behind(noted, |line| {
        let Ok(entry) = serde_json::from_slice::<Record>(line) else { return };
        let has = |name: &str| !text(&entry, name).is_empty();
        if has("device_id") && has("ts") && has("type") && entry.contains_key("msg") {
            printed.entry(text(&entry, "device_id").to_owned()).or_default().push(entry);
        }
    });
    printed
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, CommandError> {
    match std::fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot("read", path, &error)),
    }
}

fn cannot(act: &str, path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::usage(format!("cannot {act} the cursor {}: {error}", path.display()))
}

fn not_ours(path: &Path) -> CommandError {
    CommandError::usage(format!(
        "{} is no cursor, or is damaged: name another file, or remove this one and begin with --since",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_cursor_is_taken_for_one() {
        let lines = PrintedLines::default().kept();
        let ours = json!({"cursor": 1, "output": null, "devices": {"5": lines}});
        assert!(parse(ours.to_string().as_bytes()).is_some());
        for (name, value) in [
            ("cursor", json!(2)),
            ("devices", json!([])),
            ("devices", json!({"5": {"newest": 1}})),
            ("devices", Value::Null),
        ] {
            let mut other = ours.clone();
            other[name] = value;
            assert!(parse(other.to_string().as_bytes()).is_none(), "{other}");
        }
        assert!(parse(b"").is_none() && parse(b"[1]").is_none());
    }

    #[test]
    fn a_cursor_goes_on_and_one_run_at_a_time_has_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("cursor");
        let now = clock::monotonic();
        let mut first = Cursor::open(&path).unwrap();
        let why = || Cursor::open(&path).err().unwrap().message.unwrap();
        assert!(why().ends_with("another run has it open"), "{}", why());
        first.note("a", &PrintedLines::default());
        first.save(now).unwrap();
        drop(first);
        let mut second = Cursor::open(&path).unwrap();
        assert!(second.places().of("a").is_some() && second.places().of("b").is_none());
        std::fs::write(&path, "{}").unwrap();
        second.note("b", &PrintedLines::default());
        let why = second.save(now).unwrap_err().message.unwrap();
        assert!(why.contains("has been changed"), "{why}");
        drop(second);
        assert!(Cursor::open(&path).is_err());
    }
}
