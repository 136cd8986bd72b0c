//! The file of `--changes`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

/// Where the records go: a file that is written whole at the end, or something else, such as a pipe.
pub struct ChangesFile {
    /// As it was given, for messages.
    shown: PathBuf,
    /// A link is followed; None is what is no file, and is written to.
    file: Option<PathBuf>,
}

impl ChangesFile {
    /// The file of that name. It is found out beforehand whether it can be written.
    pub fn at(path: &Path) -> anyhow::Result<Self> {
        let cannot = || cannot_write(path);
        let file = match fs::metadata(path) {
            Ok(found) if found.is_dir() => anyhow::bail!("{}: it is a directory", cannot()),
            Ok(found) if !found.is_file() => None,
            Ok(_) => Some(fs::canonicalize(path).with_context(cannot)?),
            Err(_) => Some(path.to_owned()),
        };
        let changes = Self { shown: path.to_owned(), file };
        if let Some(file) = &changes.file {
            beside(file).with_context(cannot)?;
        }
        Ok(changes)
    }

    /// Leaves nothing of an earlier run, which could be taken for what this one did.
    pub fn clear(&self) -> anyhow::Result<()> {
        if self.file.is_some() { self.write("") } else { Ok(()) }
    }

    /// Writes it, in the place of the old one if there is one.
    pub fn write(&self, document: &str) -> anyhow::Result<()> {
        let written = match &self.file {
            None => fs::write(&self.shown, document),
            Some(file) => replace(file, document),
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

fn replace(path: &Path, document: &str) -> std::io::Result<()> {
    let mut file = beside(path)?;
    file.write_all(document.as_bytes())?;
    file.as_file().sync_data()?;
    file.persist(path)?;
    Ok(())
}

/// A file that can take the place of the one there. It is private: variables and urls may hold passwords.
fn beside(path: &Path) -> std::io::Result<NamedTempFile> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))
}
