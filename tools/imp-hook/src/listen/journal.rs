//! The journal: every event that is acknowledged stands in it, whole, and on the disk.
//!
//! Careful about three ways to lose an event. Power cut: the data are synced before anybody is answered,
//! and so is the directory when the file is new. Torn writes: a line that was not finished is cut off at
//! the start; only one group of events is ever under way, so nothing acknowledged stands behind it. What
//! does not look like the rest of an event is no journal's, and left alone. Full disk: what was written of a group is taken back, so that the next line does not follow half a line.

use cli::Record;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use cli::CommandError;
use cli::api::send::clock;

use super::event;

/// So much of the end is looked at: more than comes in the minute in which repeats are marked.
const TAIL: u64 = 64 << 20;
/// So long may the end of another listener take.
const ENDING: Duration = Duration::from_secs(2);

/// The file, locked: no other listener writes to it.
#[derive(Debug)]
pub struct Journal {
    file: File,
    length: u64,
}

/// What was found at the start.
#[derive(Debug, Default)]
pub struct Found {
    /// Bytes of a line that had not been finished, cut off.
    pub cut: u64,
    /// The last events that are young, oldest first.
    pub last: Vec<Record>,
}

/// Why a group was not kept.
#[derive(Debug)]
pub enum Broken {
    /// It could not be written and was taken back; the next may fare better.
    Write(io::Error),
    /// It is not known what is on the disk: nothing may be acknowledged any more.
    Sync(io::Error),
}

impl Journal {
    /// Opens or makes the journal, and cuts off what a crash left unfinished. Its last events are given as
    /// long as they are `young`.
    ///
    /// # Errors
    /// Exit 2 when it cannot be used, or another listener uses it.
    pub fn open(
        path: &Path,
        young: &dyn Fn(&Record) -> bool,
    ) -> Result<(Self, Found), CommandError> {
        let cannot = |what: &str, error: &dyn std::fmt::Display| {
            CommandError::usage(format!("cannot {what} the journal {}: {error}", path.display()))
        };
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = file.open(path).map_err(|error| cannot("open", &error))?;
        if !file.metadata().map_err(|error| cannot("open", &error))?.is_file() {
            return Err(cannot("use", &"it is no regular file"));
        }
        lock(&file).map_err(|error| cannot("use", &error))?;
        let (length, found) = repair(&file, young).map_err(|error| cannot("read", &error))?;
        file.sync_all().map_err(|error| cannot("sync", &error))?;
        sync_directory(path).map_err(|error| cannot("sync the directory of", &error))?;
        Ok((Journal { file, length }, found))
    }

    /// A handle to read from.
    ///
    /// # Errors
    /// Those of the system.
    pub fn reader(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// How long it is, in bytes; always at the end of a line.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Writes whole lines and waits until they are on the disk.
    ///
    /// # Errors
    /// [`Broken`]; nothing of the group may be acknowledged then.
    pub fn append(&mut self, lines: &[u8]) -> Result<(), Broken> {
        if let Err(error) = self.file.write_all_at(lines, self.length) {
            return Err(match self.file.set_len(self.length) {
                Ok(()) => Broken::Write(error),
                Err(error) => Broken::Sync(error),
            });
        }
        self.file.sync_data().map_err(Broken::Sync)?;
        self.length += lines.len() as u64;
        Ok(())
    }
}

/// Waits a moment for a listener that is being ended just now: killed, it may still be syncing.
fn lock(file: &File) -> io::Result<()> {
    let end = clock::monotonic() + ENDING;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if clock::monotonic() < end => clock::wait(ENDING / 100),
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other("another `imp-hook listen` writes to it"));
            }
        }
    }
}

/// Makes the name of a file as durable as the file.
///
/// # Errors
/// Those of the system.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// Cuts off what follows the last whole event; gives the length that is left. The last events are read
/// as long as they are `young`.
fn repair(file: &File, young: &dyn Fn(&Record) -> bool) -> io::Result<(u64, Found)> {
    let length = file.metadata()?.len();
    let start = length.saturating_sub(TAIL);
    let mut tail = vec![0; (length - start) as usize];
    file.read_exact_at(&mut tail, start)?;
    let mut found = Found::default();
    let mut lines = tail.split_inclusive(|byte| *byte == b'\n').rev();
    let newest = lines.by_ref().find_map(|line| {
        let event = whole(line);
        found.cut += if event.is_none() { line.len() as u64 } else { 0 };
        event
    });
    if !is_torn(&tail[tail.len() - found.cut as usize..]) {
        return Err(io::Error::other("it holds something else than events; is it a journal?"));
    }
    let events = newest.into_iter().chain(lines.filter_map(whole));
    found.last = events.take_while(young).collect();
    found.last.reverse();
    if found.cut > 0 {
        file.set_len(length - found.cut)?;
    }
    Ok((length - found.cut, found))
}

/// The event of a line that is whole.
fn whole(line: &[u8]) -> Option<Record> {
    let record: Record = serde_json::from_slice(line.strip_suffix(b"\n")?).ok()?;
    (cli::text(&record, "type") == event::TYPE).then_some(record)
}

/// Whether these bytes can be what a crash left of events: as much as there is of their beginning, or
/// nothing but zeros, where the file system had made room.
fn is_torn(bytes: &[u8]) -> bool {
    let begin = format!("{{\"type\":\"{}\"", event::TYPE).into_bytes();
    let length = bytes.len().min(begin.len());
    bytes[..length] == begin[..length] || bytes.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "{\"type\":\"webhook_event\"";

    fn events(numbers: std::ops::RangeInclusive<u32>) -> String {
        numbers.map(|number| format!("{BEGIN},\"a\":{number}}}\n")).collect()
    }

    fn with(content: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        fs::write(&path, content).unwrap();
        (directory, path)
    }

    #[test]
    fn what_a_crash_left_is_cut_off_and_nothing_else() {
        let whole = events(1..=2);
        for torn in [
            "",
            "{",
            "{\"type\":\"web",
            BEGIN,
            &format!("{BEGIN},\"a\":3}}"),
            &format!("{BEGIN},\"a\":\n"),
            "\0\0\0\0",
            &format!("{BEGIN},\"a\":\0\0\0}}\n\0\0"),
        ] {
            let (_directory, path) = with([&whole, torn].concat().as_bytes());
            let (mut journal, found) = Journal::open(&path, &|_| true).unwrap();
            assert_eq!((found.cut, found.last.len()), (torn.len() as u64, 2), "{torn:?}");
            journal.append(events(4..=4).as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), [whole.clone(), events(4..=4)].concat());
        }
    }

    #[test]
    fn a_journal_that_never_had_a_whole_line_is_empty() {
        let (_directory, path) = with(b"{\"type\":");
        let (journal, found) = Journal::open(&path, &|_| true).unwrap();
        assert_eq!((found.cut, journal.length()), (8, 0));
    }

    #[test]
    fn only_young_events_are_read_again() {
        let (_directory, path) = with([&events(1..=3), "{"].concat().as_bytes());
        let (_, found) = Journal::open(&path, &|event| event["a"] != 1).unwrap();
        let last: Vec<_> = found.last.iter().map(|event| event["a"].as_u64().unwrap()).collect();
        assert_eq!((found.cut, last), (1, vec![2, 3]));
    }

    #[test]
    fn some_other_file_is_left_alone() {
        for content in [
            "dear diary\ntoday\n",
            "{\"endpoint\":\"https://x.test\",\"accessToken\":\"secret\"}",
            "{\"type\":\"device\",\"id\":\"1\"}\n{\"type\":\"device\",\"id\":\"2\"}\n",
            "{\"type\":\"device\",\"id\":\"1\"}\n{\"type\":\"device\",\"id\":\"2\"}",
            "x",
            &[&events(1..=1), "dear diary"].concat(),
            &[&events(1..=1), "{\"type\":\"device\"}\n"].concat(),
        ] {
            let (directory, path) = with(content.as_bytes());
            assert!(Journal::open(&path, &|_| true).is_err(), "{content}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            assert!(Journal::open(directory.path(), &|_| true).is_err());
        }
    }

    #[test]
    fn one_listener_a_journal() {
        let (_directory, path) = with(b"");
        let first = Journal::open(&path, &|_| true).unwrap();
        assert!(Journal::open(&path, &|_| true).is_err());
        drop(first);
        assert!(Journal::open(&path, &|_| true).is_ok());
    }
}
