//! The journal: every event that is acknowledged stands in it, whole, and on the disk.
//!
//! Careful about three ways to lose an event. Power cut: the data are synced before anybody is answered,
//! and so is the directory when the file is new. Torn writes: an unfinished line is cut off at the start;
//! only one group of events is ever being written, so nothing acknowledged stands behind it. A file that ends
//! in anything else is no journal, and left alone. Full disk: what was written of a group is taken back, so
//! that the next line does not follow half a line.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use api::send::clock;
use cli::CommandError;
use model::Record;

use super::event;

/// Bytes of the end that are read at the start: more than comes in the minute in which duplicates are marked.
const TAIL: u64 = 64 << 20;
/// Bytes that are read at once; a single event may be longer than that.
const READ_SIZE: usize = 256 << 10;
/// How long the lock is waited for: a listener that was killed just now may still be syncing.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// The file, locked: no other listener writes to it.
#[derive(Debug)]
pub struct Journal {
    file: File,
    length: u64,
}

/// What the journal held at the start.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Bytes of a line that had not been finished, cut off.
    pub cut: u64,
    /// The recent events at its end, oldest first.
    pub recent: Vec<Record>,
}

/// Why lines were not appended.
#[derive(Debug)]
pub enum AppendError {
    /// They could not be written and were taken back; the next ones can be tried.
    NotWritten(io::Error),
    /// It is not known what is on the disk: nothing may be acknowledged any more.
    Unknown(io::Error),
}

impl Journal {
    /// Opens or creates the journal, and cuts off what a crash left unfinished. Gives the events at its end
    /// that are `recent`.
    ///
    /// # Errors
    /// Exit 2 when it cannot be used, or another listener uses it.
    pub fn open(
        path: &Path,
        recent: &dyn Fn(&Record) -> bool,
    ) -> Result<(Self, Recovered), CommandError> {
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
        let (length, recovered) = repair(&file, recent).map_err(|error| cannot("read", &error))?;
        file.sync_all().map_err(|error| cannot("sync", &error))?;
        sync_directory(path).map_err(|error| cannot("sync the directory of", &error))?;
        Ok((Journal { file, length }, recovered))
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
    /// [`AppendError`]; none of the lines may be acknowledged then.
    pub fn append(&mut self, lines: &[u8]) -> Result<(), AppendError> {
        if let Err(error) = self.file.write_all_at(lines, self.length) {
            return Err(match self.file.set_len(self.length) {
                Ok(()) => AppendError::NotWritten(error),
                Err(error) => AppendError::Unknown(error),
            });
        }
        self.file.sync_data().map_err(AppendError::Unknown)?;
        self.length += lines.len() as u64;
        Ok(())
    }
}

/// Whole lines of a journal between two places at the end of a line: at least one, and not much more than are
/// read at once.
///
/// # Errors
/// Those of the system.
pub fn lines_between(journal: &File, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let mut size = READ_SIZE;
    loop {
        let mut bytes = vec![0; (to - from).min(size as u64) as usize];
        journal.read_exact_at(&mut bytes, from)?;
        if let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') {
            bytes.truncate(end + 1);
            return Ok(bytes);
        }
        size *= 2;
    }
}

fn lock(file: &File) -> io::Result<()> {
    let end = clock::monotonic() + LOCK_TIMEOUT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if clock::monotonic() < end => {
                clock::wait(LOCK_TIMEOUT / 100);
            }
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

/// Cuts off what follows the last whole event; gives the length that is left.
fn repair(file: &File, recent: &dyn Fn(&Record) -> bool) -> io::Result<(u64, Recovered)> {
    let length = file.metadata()?.len();
    let start = length.saturating_sub(TAIL);
    let mut tail = vec![0; (length - start) as usize];
    file.read_exact_at(&mut tail, start)?;
    let mut recovered = Recovered::default();
    let mut lines = tail.split_inclusive(|byte| *byte == b'\n').rev();
    let newest = lines.by_ref().find_map(|line| {
        let event = parse_event(line);
        recovered.cut += if event.is_none() { line.len() as u64 } else { 0 };
        event
    });
    if !is_torn(&tail[tail.len() - recovered.cut as usize..]) {
        return Err(io::Error::other("it holds something else than events; is it a journal?"));
    }
    let events = newest.into_iter().chain(lines.filter_map(parse_event));
    recovered.recent = events.take_while(recent).collect();
    recovered.recent.reverse();
    if recovered.cut > 0 {
        file.set_len(length - recovered.cut)?;
    }
    Ok((length - recovered.cut, recovered))
}

/// The event of a line that is whole.
pub fn parse_event(line: &[u8]) -> Option<Record> {
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
            let (mut journal, recovered) = Journal::open(&path, &|_| true).unwrap();
            assert_eq!((recovered.cut, recovered.recent.len()), (torn.len() as u64, 2), "{torn:?}");
            journal.append(events(4..=4).as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), [whole.clone(), events(4..=4)].concat());
        }
    }

    #[test]
    fn a_journal_that_never_had_a_whole_line_is_empty() {
        let (_directory, path) = with(b"{\"type\":");
        let (journal, recovered) = Journal::open(&path, &|_| true).unwrap();
        assert_eq!((recovered.cut, journal.length()), (8, 0));
    }

    #[test]
    fn only_recent_events_are_read_again() {
        let (_directory, path) = with([&events(1..=3), "{"].concat().as_bytes());
        let (_, recovered) = Journal::open(&path, &|event| event["a"] != 1).unwrap();
        let last: Vec<_> =
            recovered.recent.iter().map(|event| event["a"].as_u64().unwrap()).collect();
        assert_eq!((recovered.cut, last), (1, vec![2, 3]));
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
