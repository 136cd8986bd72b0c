//! The directory of the journals: their names, which of them are not finished, and how long they are kept.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions, ReadDir, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use api::send::clock;
use jiff::Timestamp;
use serde_json::json;

use super::recorded::Recorded;
use crate::command_error::CommandError;
use crate::session::{directories, replay_home};
use crate::terminal::environment;

/// So much of a journal holds its first two lines, if they are there.
const BEGIN: u64 = 1 << 20;

/// Finished journals are kept so long,
const LONGEST: Duration = Duration::from_secs(90 * 86_400);
/// and as long as all of them together are no larger.
const LARGEST: u64 = 1 << 30;

/// The clocks of the service and of this machine differ by no more.
const CLOCKS_DIFFER: Duration = Duration::from_secs(5 * 60);

const TIME_STAMP: &str = "%Y-%m-%dT%H:%M:%S%.3fZ";
const JOURNAL: &str = "ndjson";
/// An empty file of this kind beside a journal says that it is not finished, so that thousands of others need
/// not be read to find it.
const UNFINISHED: &str = "unfinished";

/// What `IMP_JOURNAL` asks for.
pub(super) enum Wanted {
    No,
    /// In this directory; whether nothing is to be done without.
    In(PathBuf, bool),
}

/// Where a new journal goes.
///
/// # Errors
/// Exit 2 when one has to be written and there is no place for it.
pub(super) fn wanted(state_dir: Option<&Path>) -> Result<Wanted, CommandError> {
    let asked = asked();
    let word = asked.as_deref().and_then(Path::to_str).unwrap_or_default();
    match (word, state_dir) {
        ("off", _) | ("", None) => Ok(Wanted::No),
        ("require", None) => Err(CommandError::usage(
            "IMP_JOURNAL=require asks for a journal, and there is no state directory: set HOME or XDG_STATE_HOME",
        )),
        ("" | "require", Some(state)) => Ok(Wanted::In(state.join("changes"), word == "require")),
        _ => Ok(Wanted::In(asked.unwrap_or_default(), false)),
    }
}

/// `IMP_JOURNAL`; a command under replay has no other directory for journals than its home.
fn asked() -> Option<PathBuf> {
    let is_word =
        |path: &PathBuf| [Path::new("off"), Path::new("require")].contains(&path.as_path());
    let asked = environment::path("IMP_JOURNAL");
    asked.filter(|path| replay_home().is_none() || is_word(path))
}

/// Where the journals of this machine lie; `None` where there is no place for them.
fn place() -> Option<PathBuf> {
    match asked() {
        Some(path) if path != Path::new("off") && path != Path::new("require") => Some(path),
        _ => directories().state.map(|state| state.join("changes")),
    }
}

/// The journals of this machine, the oldest first.
///
/// # Errors
/// Exit 2 when their directory cannot be read; one that is not there has none.
pub fn all() -> Result<Vec<PathBuf>, CommandError> {
    let Some(directory) = place() else { return Ok(Vec::new()) };
    match fs::read_dir(&directory) {
        Ok(entries) => Ok(with_extension(entries, JOURNAL)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => {
            Err(CommandError::usage(format!("cannot read {}: {error}", directory.display())))
        }
    }
}

/// The journal of a run: its name or a part of it that no other has, `last`, or the path of the file.
///
/// # Errors
/// Exit 2 when there is none, or more than one.
pub fn find(run: &str) -> Result<PathBuf, CommandError> {
    if run.contains(['/', '.']) {
        let path = PathBuf::from(run);
        let name = path.file_name().filter(|_| replay_home().is_some());
        let replayed = place().zip(name).map(|(place, name)| place.join(name));
        return Ok(replayed.filter(|it| it.exists()).unwrap_or(path));
    }
    let all = all()?;
    if run == "last" {
        let last = all.into_iter().rev().find(|path| has_begun(path));
        return last.ok_or_else(|| CommandError::usage("there is no journal of any run"));
    }
    let exact = all.iter().find(|path| run_of(path) == Some(run));
    if let Some(path) = exact {
        return Ok(path.clone());
    }
    let is_meant = |path: &&PathBuf| run_of(path).is_some_and(|own| own.contains(run));
    let meant: Vec<&PathBuf> = all.iter().filter(is_meant).collect();
    match meant[..] {
        [one] => Ok(one.clone()),
        [] => Err(CommandError::usage(format!(
            "there is no journal of a run {run}; `imp-change list` lists them"
        ))),
        [first, .., last] => Err(CommandError::usage(format!(
            "{run} may be any of {} runs, from {} to {}: give more of the name",
            meant.len(),
            run_of(first).unwrap_or_default(),
            run_of(last).unwrap_or_default()
        ))),
    }
}

/// Whether more is in a journal than its first line, or will not be: a run that waits for its rows may get them
/// from who asks for the last run.
fn has_begun(path: &Path) -> bool {
    let mut begin = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BEGIN).read_to_end(&mut begin));
    let lines = begin.iter().filter(|byte| **byte == b'\n').count();
    read.is_ok() && (lines > 1 || (lines == 1 && !is_held(path)))
}

/// Makes the journal of a new run, and removes old ones. Gives the name of the run.
pub(super) fn create(directory: &Path, verb: &str) -> io::Result<(String, PathBuf, File)> {
    auth::make_directory(directory)?;
    prune(directory, clock::now());
    let now = clock::now();
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let begin = stamp(now, "%Y%m%dT%H%M%SZ");
    let verb = verb.replace(' ', "-");
    // The digits are the part of the second, so that names tell which run was first.
    let first = u64::from(since.subsec_nanos()) * 0x1_0000 / 1_000_000_000;
    for digits in first..=0xffff {
        let run = format!("{begin}-{verb}-{digits:04x}");
        let path = directory.join(format!("{run}.{JOURNAL}"));
        let mut options = OpenOptions::new();
        let file = match options.append(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            other => other?,
        };
        file.lock()?;
        if let Err(error) = options.open(path.with_extension(UNFINISHED)) {
            let _gone = fs::remove_file(&path);
            return Err(error);
        }
        // The file is on the disk only if its name is.
        File::open(directory)?.sync_all()?;
        return Ok((run, path, file));
    }
    Err(io::Error::other("there is no name left"))
}

/// Opens the journal of a run that goes on, of which the first `length` bytes are whole lines.
pub(super) fn reopen(path: &Path, length: u64) -> io::Result<File> {
    let file = OpenOptions::new().append(true).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(io::Error::other("the run is still under way"));
        }
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(path.with_extension(UNFINISHED))?;
    file.set_len(length)?;
    Ok(file)
}

/// Why what a run lacks is not to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It was done otherwise.
    DoneOtherwise,
    /// The run was undone.
    Undone,
}

/// Notes that the run of a journal, which was interrupted, is not to be finished.
///
/// # Errors
/// Exit 2 when it is still under way, or its journal cannot be written.
pub fn forget(path: &Path, why: Left) -> Result<(), CommandError> {
    let noted = || {
        let length = Recorded::read(path)?.length;
        let mut file = reopen(path, length)?;
        let mut line = json!({"type": "forgotten", "at": time_stamp()});
        if why == Left::Undone {
            line["undone"] = true.into();
        }
        writeln!(file, "{line}")?;
        file.sync_data()
    };
    noted().map_err(|error| {
        CommandError::usage(format!("cannot write {}: {error}", path.display()))
    })?;
    mark_finished(path);
    Ok(())
}

/// Notes that a journal is finished.
pub(super) fn mark_finished(path: &Path) {
    let _gone = fs::remove_file(path.with_extension(UNFINISHED));
}

/// The name of the run of a journal.
pub fn run_of(path: &Path) -> Option<&str> {
    path.file_stem()?.to_str()
}

/// Whether a run is under way: it holds its journal.
pub fn is_held(path: &Path) -> bool {
    let is_locked = |file: File| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
    File::open(path).is_ok_and(is_locked)
}

fn with_extension(entries: ReadDir, extension: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|own| own == extension));
    paths.sort_by_cached_key(|path| by_time(path));
    paths
}

/// The time in the name of a run: the second, and the part of it.
fn by_time(path: &Path) -> Option<(String, String)> {
    let name = run_of(path)?;
    let (second, _) = name.split_once('-')?;
    let (_, part) = name.rsplit_once('-')?;
    Some((second.to_owned(), part.to_owned()))
}

/// The journals of runs that have not finished and are not under way, the oldest first.
pub(super) fn interrupted(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let journals = with_extension(entries, UNFINISHED).into_iter();
    journals.map(|path| path.with_extension(JOURNAL)).filter(|path| !is_held(path)).collect()
}

/// The journals of this machine of runs that have not finished and are not under way.
pub fn left() -> Vec<PathBuf> {
    place().map(|directory| interrupted(&directory)).unwrap_or_default()
}

/// Now, as in records.
pub fn time_stamp() -> String {
    thread_local! {
        /// The last millisecond, and its stamp: hundreds of rows are told in one.
        static LAST: RefCell<(u128, String)> = RefCell::default();
    }
    let now = clock::now();
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    LAST.with_borrow_mut(|(millisecond, text)| {
        if *millisecond != since || text.is_empty() {
            (*millisecond, *text) = (since, stamp(now, TIME_STAMP));
        }
        text.clone()
    })
}

/// A time stamp, earlier by as much as clocks may differ.
pub(super) fn a_little_before(time: &str) -> Option<String> {
    let time: Timestamp = time.parse().ok()?;
    let earlier = time.checked_sub(CLOCKS_DIFFER).ok()?;
    Some(earlier.strftime(TIME_STAMP).to_string())
}

fn stamp(time: SystemTime, form: &str) -> String {
    Timestamp::try_from(time).unwrap_or_default().strftime(form).to_string()
}

/// Whether this is how runs are called: `20261127T131104Z-assign-1f3a`.
fn is_name_of_run(name: &str) -> bool {
    let is = |part: &str, shape: &str| {
        part.len() == shape.len()
            && part.bytes().zip(shape.bytes()).all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                b'f' => byte.is_ascii_hexdigit(),
                other => byte == other,
            })
    };
    let begin = name.split_once('-').map(|(begin, _)| begin);
    let end = name.rsplit_once('-').map(|(_, end)| end);
    begin.is_some_and(|begin| is(begin, "00000000T000000Z"))
        && end.is_some_and(|end| is(end, "ffff"))
}

/// Removes finished journals that are too old, and the oldest while all of them are too large.
fn prune(directory: &Path, now: SystemTime) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    let mut journals: Vec<(PathBuf, u64)> = entries
        .flatten()
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.len())))
        .filter(|(path, _)| path.extension().is_some_and(|own| own == JOURNAL))
        // The directory may be anybody's.
        .filter(|(path, _)| run_of(path).is_some_and(is_name_of_run))
        .collect();
    journals.sort();
    let oldest = now.checked_sub(LONGEST).unwrap_or(SystemTime::UNIX_EPOCH);
    let oldest = stamp(oldest, "%Y%m%dT%H%M%SZ");
    let mut all: u64 = journals.iter().map(|(_, size)| size).sum();
    for (path, size) in journals {
        let is_old = run_of(&path).is_some_and(|run| run < oldest.as_str());
        if !is_old && all <= LARGEST {
            break;
        }
        if !path.with_extension(UNFINISHED).exists() && fs::remove_file(&path).is_ok() {
            all -= size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_journals_go_and_unfinished_ones_stay() {
        let directory = tempfile::tempdir().unwrap();
        let write = |run: &str, size: u64| {
            let file = File::create(directory.path().join(format!("{run}.{JOURNAL}"))).unwrap();
            file.set_len(size).unwrap();
        };
        let left = || -> Vec<String> {
            let journals = with_extension(fs::read_dir(directory.path()).unwrap(), JOURNAL);
            journals.iter().map(|path| run_of(path).unwrap()[..9].to_owned()).collect()
        };
        for run in ["20260101T000000Z-a-0001", "20260102T000000Z-a-0002", "20260601T000000Z-a-0003"]
        {
            write(run, 10);
        }
        let unfinished = directory.path().join(format!("20260101T000000Z-a-0001.{UNFINISHED}"));
        File::create(unfinished).unwrap();
        let now: Timestamp = "2026-06-02T00:00:00Z".parse().unwrap();
        prune(directory.path(), now.into());
        assert_eq!(left(), ["20260101T", "20260601T"]);
        write("20260602T000000Z-a-0004", LARGEST - 10);
        prune(directory.path(), now.into());
        assert_eq!(left(), ["20260101T", "20260602T"], "the oldest that is finished goes first");
    }

    #[test]
    fn names_of_runs_sort_by_time_and_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let state = tempfile::tempdir().unwrap();
        let directory = state.path().join("imp-tools/changes");
        let (run, path, file) = create(&directory, "key create").unwrap();
        assert!(run.contains("Z-key-create-"), "{run}");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&path)), (0o700, 0o600));
        assert!(is_held(&path) && interrupted(&directory).is_empty(), "it is under way");
        drop(file);
        assert_eq!(interrupted(&directory), std::slice::from_ref(&path));
        mark_finished(&path);
        assert!(interrupted(&directory).is_empty());
    }
}
