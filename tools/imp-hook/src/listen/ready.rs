//! `--ready-fd` and `--ready-file`: tell the program that started the listener, or any other, that it listens.
//!
//! Careful about the number: it is taken over before anything else is opened, so that it is never that of a
//! file of our own, and it is closed, so that a program that reads to the end of the file goes on. Careful about
//! the file: it is there, whole, only as long as somebody listens; but for a listener that was killed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::RawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use cli::{CommandError, replace_often};
use model::schema::Kind::Text;
use model::schema::{Field, RecordType};
use nix::fcntl::OFlag;
use serde_json::Value;

/// Stdin, stdout and stderr stay open.
const LAST_STANDARD: RawFd = 2;

/// What the line says.
pub static LISTENER: RecordType = RecordType {
    name: "listener",
    about: "Where calls are received, for --ready-fd and --ready-file.",
    fields: &[
        Field::new("address", Text, "The address and the port.").required(),
        Field::new("url", Text, "What the path of a hook begins with, the secret in it.")
            .required(),
        Field::new("metrics", Text, "Where metrics are, with --metrics."),
    ],
};

/// Where the line goes.
pub struct Ready {
    descriptor: Option<Descriptor>,
    file: Option<ReadyFile>,
}

impl Ready {
    /// Takes the file descriptor over, if there is one.
    ///
    /// # Errors
    /// Exit 2 when it is not open, or cannot be written to.
    pub fn open(descriptor: Option<RawFd>) -> Result<Self, CommandError> {
        let descriptor = descriptor.map(Descriptor::open).transpose()?;
        Ok(Ready { descriptor, file: None })
    }

    /// The line will go into this file too. Called when no other listener can be the one of the journal.
    ///
    /// # Errors
    /// Exit 2 when it cannot be written.
    pub fn prepare(&mut self, file: &Path) -> Result<(), CommandError> {
        self.file = Some(ReadyFile::prepare(file)?);
        Ok(())
    }

    /// Writes the line, and closes the file descriptor.
    ///
    /// # Errors
    /// Exit 2 when it cannot be written.
    pub fn write(&mut self, line: &Value) -> Result<(), CommandError> {
        self.file.as_ref().map_or(Ok(()), |file| file.write(line))?;
        self.descriptor.take().map_or(Ok(()), |descriptor| descriptor.write(line))
    }
}

struct Descriptor {
    number: RawFd,
    file: File,
}

impl Descriptor {
    fn open(number: RawFd) -> Result<Self, CommandError> {
        let mut options = OpenOptions::new();
        // Opening a pipe without a reader would block for ever.
        options.write(true).custom_flags(OFlag::O_NONBLOCK.bits());
        let opened = options.open(format!("/dev/fd/{number}"));
        let file = opened.map_err(|error| cannot(number, &error))?;
        if number > LAST_STANDARD {
            nix::unistd::close(number).map_err(|error| cannot(number, &error.into()))?;
        }
        Ok(Descriptor { number, file })
    }

    fn write(mut self, line: &Value) -> Result<(), CommandError> {
        let written = self.file.write_all(format!("{line}\n").as_bytes());
        written.map_err(|error| cannot(self.number, &error))
    }
}

/// The file that is there while the listener listens.
struct ReadyFile(PathBuf);

impl ReadyFile {
    /// Removes a file that an earlier listener has left.
    fn prepare(path: &Path) -> Result<Self, CommandError> {
        // A link stays, and leads nowhere while nothing listens.
        let target = cli::target_of(path).map_err(|error| cannot_write(path, &error))?;
        let removed = match fs::symlink_metadata(&target) {
            Ok(present) if !present.is_file() => Err(io::Error::other("it is no regular file")),
            Ok(_) => fs::remove_file(&target),
            // Whether one can be made is found out before anything else is done.
            Err(_) => replace_often(&target, b"").and_then(|()| fs::remove_file(&target)),
        };
        removed.map_err(|error| cannot_write(path, &error))?;
        Ok(ReadyFile(target))
    }

    fn write(&self, line: &Value) -> Result<(), CommandError> {
        let written = replace_often(&self.0, format!("{line}\n").as_bytes());
        written.map_err(|error| cannot_write(&self.0, &error))
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        let _not_written = fs::remove_file(&self.0);
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> CommandError {
    CommandError::usage(format!("cannot write the file {}: {error}", path.display()))
}

fn cannot(number: RawFd, error: &io::Error) -> CommandError {
    CommandError::usage(format!("cannot write to the file descriptor {number}: {error}"))
}
