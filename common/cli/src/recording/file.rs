//! The file of a recording, to which several processes may add lines.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::terminal::stderr;

use super::{KEPT, RUN};

/// A file that is open for adding, until that fails.
pub(super) struct RecordingFile(Mutex<Option<File>>);

/// What the replacements follow from, and what runs are told apart by.
pub(super) struct Key {
    pub(super) bytes: [u8; 32],
    run: [u8; 4],
}

impl Key {
    /// A name for this run.
    pub(super) fn of_run(&self) -> String {
        self.run.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Opens or makes the file, which only its owner may read, and finds or makes its key. It stays locked until the
/// first line is in it: until then another command would take it for new, and make another key.
///
/// # Errors
/// Those of the system; it is no recording, or has real names where others are wanted.
pub(super) fn open(
    path: &Path,
    pseudonyms: bool,
    cache: Option<&Path>,
) -> io::Result<(RecordingFile, Key)> {
    let mut options = OpenOptions::new();
    let file = options.read(true).append(true).create(true).mode(0o600).open(path)?;
    file.lock()?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut key = Key { bytes: [0; 32], run: [0; 4] };
    fill(&mut key.run)?;
    let kept = cache.map(|cache| cache.join("recordings").join(name_of(&found)));
    let known = || std::fs::read(kept.as_ref()?).ok()?.try_into().ok();
    let is_new = found.len() == 0;
    if !is_new {
        check_first_line(&file, pseudonyms)?;
    }
    match known().filter(|_| !is_new) {
        Some(bytes) => key.bytes = bytes,
        None => {
            fill(&mut key.bytes)?;
            let keep = |kept| auth::keep_in_cache(kept, &key.bytes, KEPT);
            // Without it only this command replaces as it does.
            let _unwritable = kept.as_deref().map(keep);
            if !is_new {
                stderr::say(&format!(
                    "it is not known here any more how the commands before this one were recorded in {}: from \
                     here on others stand for the same secrets and names; a new file would not mix them",
                    path.display()
                ));
            }
        }
    }
    Ok((RecordingFile(Mutex::new(Some(file))), key))
}

fn fill(bytes: &mut [u8]) -> io::Result<()> {
    getrandom::fill(bytes).map_err(|error| io::Error::other(error.to_string()))
}

/// A file of another name may be the same; one that was removed is another.
fn name_of(found: &Metadata) -> String {
    format!("{:x}-{:x}", found.dev(), found.ino())
}

/// Whether it begins as a recording does, with names as they are to be now: side by side, one would tell the other. Of
/// the first line a kill or a full disk may have left a piece only.
fn check_first_line(file: &File, pseudonyms: bool) -> io::Result<()> {
    let begin = format!("{{\"type\":\"{RUN}\"");
    let mut first = Vec::new();
    let mut reader = BufReader::new(file);
    reader.seek(io::SeekFrom::Start(0))?;
    (&mut reader).take(begin.len() as u64).read_until(b'\n', &mut first)?;
    let known = first.trim_ascii_end();
    if known.is_empty() || !begin.as_bytes().starts_with(known) {
        return Err(io::Error::other("it has something else in it; give a new file"));
    }
    reader.read_until(b'\n', &mut first)?;
    let line: Value = serde_json::from_slice(&first).unwrap_or_default();
    match (line["pseudonyms"].as_bool(), pseudonyms) {
        (Some(false), true) => Err("it has real names in it, and others are to be in their place"),
        (Some(true), false) => Err("other names are in it in the place of real ones"),
        _ => Ok(()),
    }
    .map_err(|why| {
        io::Error::other(format!("{why}: give a new file, or --pseudonyms to all or none"))
    })
}

impl RecordingFile {
    /// Adds the first line of this command, and lets others have the file.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn add_first(&self, line: &str) -> io::Result<()> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = state.as_ref() else { return Ok(()) };
        let added = add_whole(file, line);
        file.unlock().and(added)
    }

    /// Adds a line. After the first error nothing is added any more.
    ///
    /// # Errors
    /// Those of the system, once.
    pub(super) fn add(&self, line: &str) -> io::Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = state.as_ref() else { return Ok(()) };
        let added = file.lock().and_then(|()| {
            let added = add_whole(file, line);
            file.unlock().and(added)
        });
        if added.is_err() {
            *state = None;
        }
        added
    }
}

/// A process that was killed, or a full disk, may have left half a line.
fn add_whole(mut file: &File, line: &str) -> io::Result<()> {
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length > 0 {
        file.read_exact_at(&mut last, length - 1)?;
    }
    let before = if last == [b'\n'] { "" } else { "\n" };
    file.write_all(format!("{before}{line}\n").as_bytes())
}
