//! `--textfile`: node_exporter reads the file at any moment, and as another user.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use cli::CommandError;
use tempfile::NamedTempFile;

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
        let file = Textfile { path: fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()) };
        file.beside().map(|_unused| file).map_err(|error| cannot(path, &error))
    }

    /// Writes `text` in the place of what was there.
    ///
    /// # Errors
    /// Exit 2 when that fails; the file is as it was then.
    pub fn replace(&self, text: &str) -> Result<(), CommandError> {
        let replace = || {
            let mut new = self.beside()?;
            new.write_all(text.as_bytes())?;
            // Whatever the mask of the user says.
            new.as_file().set_permissions(Permissions::from_mode(0o644))?;
            new.as_file().sync_all()?;
            new.persist(&self.path).map(drop).map_err(|error| error.error)
        };
        replace().map_err(|error| cannot(&self.path, &error))
    }

    /// An empty file next to it, gone again unless it takes its place. node_exporter reads `*.prom` only.
    fn beside(&self) -> io::Result<NamedTempFile> {
        if self.path.metadata().is_ok_and(|present| !present.is_file()) {
            return Err(io::Error::other("it is not a regular file"));
        }
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        NamedTempFile::with_prefix_in(".imp-tools.", directory.unwrap_or(Path::new(".")))
    }
}

fn cannot(path: &Path, error: &io::Error) -> CommandError {
    CommandError::usage(format!("cannot write the metrics into {}: {error}", path.display()))
}
