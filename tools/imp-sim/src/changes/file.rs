//! The file of `--changes`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

/// Where the records go, each as it comes: what was answered is in it, whatever ends the command or the simulator.
pub struct ChangesFile {
    /// As it was given, for messages.
    shown: PathBuf,
    file: File,
    /// Why nothing more could be written.
    failed: Option<io::Error>,
}

impl ChangesFile {
    /// Opens the file of that name, or something else, such as a pipe. Nothing of an earlier run is left in it, which
    /// could be taken for what this one did.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let cannot = || cannot_write(path);
        // A link is followed.
        let file = match fs::metadata(path) {
            Ok(found) if found.is_dir() => anyhow::bail!("{}: it is a directory", cannot()),
            Ok(found) if !found.is_file() => File::options().write(true).open(path),
            Ok(_) => replaced(&fs::canonicalize(path).with_context(cannot)?),
            Err(_) => replaced(path),
        };
        Ok(Self { shown: path.to_owned(), file: file.with_context(cannot)?, failed: None })
    }

    /// Writes records, one a line. That it failed is told in the end.
    pub fn append(&mut self, lines: &str) {
        if self.failed.is_none() {
            self.failed = self.file.write_all(lines.as_bytes()).err();
        }
    }

    /// Whether all has been written, which is on the disk then.
    pub fn finish(&mut self) -> anyhow::Result<()> {
        let is_file = self.file.metadata().is_ok_and(|found| found.is_file());
        let written = match self.failed.take() {
            Some(error) => Err(error),
            None if is_file => self.file.sync_data(),
            None => Ok(()),
        };
        written.with_context(|| cannot_write(&self.shown))
    }

    /// What it is called.
    pub fn shown(&self) -> impl std::fmt::Display + '_ {
        self.shown.display()
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

/// An empty file in the place of the one there. It is private: variables and urls may hold passwords.
fn replaced(path: &Path) -> io::Result<File> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let file = NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    Ok(file.persist(path)?)
}
