//! Stdout: the one place that opens it.
//!
//! It carries good records only. A closed pipe is no error: a reading verb looks at it before each
//! request ([`is_still_read`]) and stops; a writing verb finishes its rows.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Seek, SeekFrom, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fdatasync, fstat, ftruncate};
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

/// A file that stdout is, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrittenFile {
    /// The file system that it is on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// Its bytes.
    pub length: u64,
}

/// The file that stdout is now, if it is one.
#[expect(clippy::disallowed_methods, reason = "this is the one place for stdout")]
pub fn written_file() -> Option<WrittenFile> {
    let stat = fstat(std::io::stdout()).ok().filter(|_| here().is_none())?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    let length = u64::try_from(stat.st_size).ok()?;
    is_file.then_some(WrittenFile { device: stat.st_dev, inode: stat.st_ino, length })
}

/// Gives each whole line that stands behind the length that stdout had once, if it is that file still; a line without
/// an end is cut off. Nothing where the file cannot be read.
#[expect(clippy::disallowed_methods, reason = "this is the one place for stdout")]
pub fn lines_behind(once: WrittenFile, mut each: impl FnMut(&[u8])) {
    let is_same = |now: &WrittenFile| (now.device, now.inode) == (once.device, once.inode);
    let Some(now) = written_file().filter(is_same) else { return };
    let Ok(mut file) = File::open("/dev/stdout") else { return };
    if now.length <= once.length || file.seek(SeekFrom::Start(once.length)).is_err() {
        return;
    }
    let (mut lines, mut line, mut end) = (BufReader::new(file), Vec::new(), once.length);
    while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        if !line.ends_with(b"\n") {
            // What is printed next would continue it; if it cannot be cut, it is whole with what comes.
            let _cut = ftruncate(std::io::stdout(), end);
            return;
        }
        each(&line);
        end += line.len() as u64;
        line.clear();
    }
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
