//! The file of `--changes`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::{NamedTempFile, TempPath};

use crate::console;

/// Where the records go, each as it comes: what was answered is in it, whatever ends the command or the simulator.
pub struct ChangesFile {
    /// As it was given, for messages.
    shown: PathBuf,
    file: File,
    /// The same file while it has another name, and the path where it is to be.
    beside: Option<(TempPath, PathBuf)>,
    /// Why nothing more could be written.
    failed: Option<io::Error>,
}

impl ChangesFile {
    /// Opens something else than a file, such as a pipe, as it is. A file is made beside the one of that name, which
    /// stays until [`Self::begin`]: a command that cannot be started costs nobody what was in it.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let cannot = || cannot_write(path);
        // A link is followed.
        let (file, beside) = match fs::metadata(path) {
            Ok(found) if found.is_dir() => anyhow::bail!("{}: it is a directory", cannot()),
            Ok(found) if !found.is_file() => {
                (File::options().write(true).open(path).with_context(cannot)?, None)
            }
            Ok(found) => match console::output_to(&found) {
                Some(output) => (output, None),
                None => {
                    beside(fs::canonicalize(path).with_context(cannot)?).with_context(cannot)?
                }
            },
            Err(_) => beside(path.to_owned()).with_context(cannot)?,
        };
        Ok(Self { shown: path.to_owned(), file, beside, failed: None })
    }

    /// The command has started: from now on nothing of an earlier run is there, which could be taken for what this one
    /// did.
    pub fn begin(&mut self) {
        if let Some((beside, path)) = self.beside.take() {
            self.failed = beside.persist(path).err().map(|failed| failed.error);
        }
    }

    /// Writes records, one a line. That it failed is told in the end.
    pub fn append(&mut self, lines: &str) {
        self.begin();
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

/// An empty file beside the one of this path. It is private: variables and urls may hold passwords.
fn beside(path: PathBuf) -> io::Result<(File, Option<(TempPath, PathBuf)>)> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let (file, beside) = NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?.into_parts();
    Ok((file, Some((beside, path))))
}

/// Whether two paths lead to the same file, which need not be there yet.
pub fn are_same_file(one: &Path, other: &Path) -> bool {
    let found = [one, other].map(fs::metadata);
    if let [Ok(one), Ok(other)] = &found {
        return one.is_file() && (one.dev(), one.ino()) == (other.dev(), other.ino());
    }
    let place = |path: &Path| {
        let path = std::path::absolute(path).ok()?;
        Some((fs::canonicalize(path.parent()?).ok()?, path.file_name()?.to_owned()))
    };
    found.iter().all(Result::is_err) && place(one).is_some_and(|one| Some(one) == place(other))
}
