//! Readers that a signal ends: a pipe, a socket or a named pipe may be silent for days.
//!
//! Careful about the end: what a signal cuts off is no end of the input. Half a line is no row, and the
//! summary says that there was more.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pipe::source::Stopped;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, fstat, open};
use rustix::io::Errno;

use crate::terminal::stdout;

/// How often the stop flag is looked at while nothing comes.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

static CUT_SHORT: AtomicBool = AtomicBool::new(false);
static ENDS_WITH_READER: AtomicBool = AtomicBool::new(false);

/// For verbs that only read: input ends in silence, too, as soon as nobody reads stdout any more. A live source
/// may have nothing to say for days.
pub fn end_with_the_reader_of_stdout() {
    ENDS_WITH_READER.store(true, Ordering::Relaxed);
}

fn nobody_reads() -> bool {
    ENDS_WITH_READER.load(Ordering::Relaxed) && !stdout::is_still_read()
}

/// True when a signal ended an input before its end.
pub fn input_was_cut_short() -> bool {
    CUT_SHORT.load(Ordering::Relaxed)
}

/// Reads `source` until it ends or `stop` is set; a regular file, which never keeps anybody waiting, is
/// read to its end.
pub struct Stoppable<Source> {
    source: Source,
    stop: Arc<AtomicBool>,
    never_waits: bool,
}

impl<Source: AsFd> Stoppable<Source> {
    /// A reader of something that is open.
    pub fn new(source: Source, stop: Arc<AtomicBool>) -> Self {
        let never_waits = fstat(&source).is_ok_and(|stat| {
            rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::RegularFile
        });
        Stoppable { source, stop, never_waits }
    }
}

impl Stoppable<File> {
    /// Opens a file. A named pipe is not waited for here, but when it is read.
    ///
    /// # Errors
    /// Those of opening.
    pub fn open(path: &Path, stop: Arc<AtomicBool>) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        Ok(Stoppable::new(File::from(open(path, flags, Mode::empty())?), stop))
    }

    /// True for a directory, which can be opened but not read.
    pub fn is_directory(&self) -> bool {
        self.source.metadata().is_ok_and(|metadata| metadata.is_dir())
    }
}

impl<Source: AsFd> Read for Stoppable<Source> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that waits for input")]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.never_waits {
                return Ok(rustix::io::read(&self.source, &mut *buffer)?);
            }
            if self.stop.load(Ordering::Relaxed) {
                CUT_SHORT.store(true, Ordering::Relaxed);
                return Err(io::Error::other(Stopped));
            }
            if nobody_reads() {
                return Err(io::Error::other(Stopped));
            }
            let mut asked = [PollFd::new(&self.source, PollFlags::IN)];
            match poll(&mut asked, Some(&LOOK)) {
                Ok(0) | Err(Errno::INTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            match rustix::io::read(&self.source, &mut *buffer) {
                // Another process that reads the same pipe was faster.
                Err(Errno::AGAIN | Errno::INTR) => {}
                read => return Ok(read?),
            }
        }
    }
}
