//! Stdout: the one place that opens it.
//!
//! It carries good records only. A closed pipe is no error: a reading verb looks at it before each
//! request ([`is_still_read`]) and stops; a writing verb finishes its rows.

use std::io::{IsTerminal, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fdatasync, fstat};
use simulated::here;

use super::environment;

/// Stdout for a sink, which buffers by itself.
#[expect(clippy::disallowed_methods, reason = "this is the one place for stdout")]
pub fn writer() -> Box<dyn Write + Send> {
    match here() {
        Some(run) => run.stdout(),
        None => Box::new(std::io::stdout()),
    }
}

/// True when a person looks at it.
#[expect(clippy::disallowed_methods, reason = "this is the one place for stdout")]
pub fn is_terminal() -> bool {
    here().is_none() && std::io::stdout().is_terminal()
}

/// True when another command reads it.
#[expect(clippy::disallowed_methods, reason = "this is the one place for stdout")]
pub fn is_pipe() -> bool {
    here().is_none()
        && fstat(std::io::stdout())
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo)
}

/// The regular file that stdout is: what tells it from others, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "their names say it")]
pub struct FileSoFar {
    pub device: u64,
    pub inode: u64,
    pub length: u64,
}

/// The file that stdout is, if it is one.
#[expect(clippy::disallowed_methods, reason = "this is the one place for stdout")]
pub fn file() -> Option<FileSoFar> {
    let stat = fstat(std::io::stdout()).ok().filter(|_| here().is_none())?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    let length = u64::try_from(stat.st_size).ok()?;
    is_file.then_some(FileSoFar { device: stat.st_dev, inode: stat.st_ino, length })
}

/// Waits until what was written into that file is on the disk, as far as it can be done.
#[expect(clippy::disallowed_methods, reason = "this is the one place for stdout")]
pub fn sync() {
    if here().is_none() {
        // Pipes and some file systems have nothing to sync.
        let _synced = fdatasync(std::io::stdout());
    }
}

/// The width of the terminal in columns; `COLUMNS` says it where somebody has set it.
pub fn width() -> Option<usize> {
    if !is_terminal() {
        return None;
    }
    let asked = environment::text("COLUMNS").and_then(|columns| columns.parse().ok());
    let size = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    // A terminal that says nothing of its size, as a serial line, has the usual one.
    let width = asked.or_else(size).filter(|width| *width > 0);
    Some(width.unwrap_or(80))
}

/// False when the reader at the other end of the pipe has gone.
#[expect(clippy::disallowed_methods, reason = "this is the one place for stdout")]
pub fn is_still_read() -> bool {
    if here().is_some() {
        return true;
    }
    let stdout = std::io::stdout();
    let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    match poll(&mut asked, Some(&at_once)) {
        Ok(_) => !asked[0].revents().intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL),
        Err(_) => true,
    }
}

/// Prints text that is no record: help and version.
pub fn print(text: &str) {
    let mut out = writer();
    // Who does not read the help does not need an error either.
    let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
