//! `--ready-fd`: tells the program that started the listener that it listens.
//!
//! Careful about the number: it is taken over before anything else is opened, so that it is never that of a
//! file of our own, and it is closed, so that a program that reads to the end of the file goes on.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::RawFd;
use std::os::unix::fs::OpenOptionsExt;

use cli::CommandError;
use nix::fcntl::OFlag;
use serde_json::Value;

/// Stdin, stdout and stderr stay open.
const LAST_STANDARD: RawFd = 2;

/// Where the line goes.
pub struct Ready {
    number: RawFd,
    file: File,
}

impl Ready {
    /// Takes the file descriptor over.
    ///
    /// # Errors
    /// Exit 2 when it is not open, or cannot be written to.
    pub fn open(number: RawFd) -> Result<Self, CommandError> {
        let mut options = OpenOptions::new();
        // Opening a pipe without a reader would block for ever.
        options.write(true).custom_flags(OFlag::O_NONBLOCK.bits());
        let opened = options.open(format!("/dev/fd/{number}"));
        let file = opened.map_err(|error| cannot(number, &error))?;
        if number > LAST_STANDARD {
            nix::unistd::close(number).map_err(|error| cannot(number, &error.into()))?;
        }
        Ok(Ready { number, file })
    }

    /// Writes the line and closes.
    ///
    /// # Errors
    /// Exit 2 when it cannot be written.
    pub fn write(mut self, line: &Value) -> Result<(), CommandError> {
        let written = self.file.write_all(format!("{line}\n").as_bytes());
        written.map_err(|error| cannot(self.number, &error))
    }
}

fn cannot(number: RawFd, error: &io::Error) -> CommandError {
    CommandError::usage(format!("cannot write to the file descriptor {number}: {error}"))
}
