//! Replacing a small file as a whole, so that whoever reads it finds the old or the new content.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Replaces a file, which is readable by its owner alone then; a symbolic link is followed. What a process that was
/// killed has left beside it is overwritten by the next, so that nothing piles up where that happens often.
///
/// # Errors
/// Those of the system; the file is as it was.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let path = cli::target_of(path)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    new.write_all(content)?;
    new.sync_data()?;
    fs::rename(beside, path)
}
