//! `--textfile`: node_exporter reads the file at any moment, and as another user.

use std::io;
use std::path::{Path, PathBuf};

use cli::{CommandError, Readers, replace_file, replaceable};

/// A file that is replaced as a whole.
pub struct Textfile {
    path: PathBuf,
}

impl Textfile {
    /// The file at `path`, which a link may lead to; it need not exist.
    ///
    /// # Errors
    /// Exit 2 when it could not be written, before anything is asked for.
    pub fn open(path: &Path) -> Result<Self, CommandError> {
        replaceable(path, Readers::Everybody).map_err(|error| cannot(path, &error))?;
        Ok(Textfile { path: path.to_owned() })
    }

    /// Writes `text` in the place of what was there.
    ///
    /// # Errors
    /// Exit 2 when that fails; the file is as it was then.
    pub fn replace(&self, text: &str) -> Result<(), CommandError> {
        let replaced = replace_file(&self.path, text.as_bytes(), Readers::Everybody);
        replaced.map_err(|error| cannot(&self.path, &error))
    }
}

fn cannot(path: &Path, error: &io::Error) -> CommandError {
    CommandError::usage(format!("cannot write the metrics into {}: {error}", path.display()))
}
