//! Readers that a signal ends: a pipe, a socket or a named pipe may be silent for days.
//!
//! Careful about the end: what a signal cuts off is no end of the input. Half a line is no row, and the
//! summary says that there was more.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pipe::Row;
use pipe::source::Stopped;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, fstat, open};
use rustix::io::Errno;

use crate::terminal::stdout;

/// How often the stop flag is looked at while nothing comes.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// How the inputs of one run end, shared by all its readers.
#[derive(Debug)]
pub struct Inputs {
    /// Set by a signal.
    stop: Arc<AtomicBool>,
    cut_short: AtomicBool,
    perhaps_unread: AtomicBool,
    is_live: AtomicBool,
    end_with_stdout: AtomicBool,
    stdin_is_taken: AtomicBool,
    own_fields: Mutex<OwnFields>,
}

/// The fields that the user gives the rows.
#[derive(Debug, Default)]
struct OwnFields {
    names: Vec<String>,
    /// The type and the fields of the last row, as they stand there: most rows have the same ones.
    last: (Option<String>, Vec<String>),
}

impl Inputs {
    /// Inputs that are read until `stop` is set.
    pub fn until(stop: Arc<AtomicBool>) -> Arc<Self> {
        let no = || AtomicBool::new(false);
        Arc::new(Inputs {
            stop,
            cut_short: no(),
            perhaps_unread: no(),
            is_live: no(),
            end_with_stdout: no(),
            stdin_is_taken: no(),
            own_fields: Mutex::default(),
        })
    }

    /// For verbs that only read: input ends in silence, too, as soon as nobody reads stdout any more. A
    /// live source may have nothing to say for days.
    pub fn end_with_the_reader_of_stdout(&self) {
        self.end_with_stdout.store(true, Ordering::Relaxed);
    }

    /// For verbs whose end says something of all rows: input is read to its end though nobody reads stdout.
    pub fn go_on_without_a_reader(&self) {
        self.end_with_stdout.store(false, Ordering::Relaxed);
    }

    fn nobody_reads(&self) -> bool {
        self.end_with_stdout.load(Ordering::Relaxed) && !stdout::is_still_read()
    }

    /// True when an input was left before its end.
    pub fn were_cut_short(&self) -> bool {
        self.cut_short.load(Ordering::Relaxed)
    }

    /// Notes that an input is left before its end.
    pub fn cut_short(&self) {
        self.cut_short.store(true, Ordering::Relaxed);
    }

    /// True when there may have been rows that this run knows nothing of: an input was left, could not be
    /// read, or ended after a signal, which ends the command that writes into it as well. A regular file
    /// still has its rows.
    pub fn may_have_more(&self) -> bool {
        self.are_live() && (self.were_cut_short() || self.perhaps_unread.load(Ordering::Relaxed))
    }

    /// Notes that there may be rows that this run knows nothing of.
    pub fn note_perhaps_unread(&self) {
        self.perhaps_unread.store(true, Ordering::Relaxed);
    }

    /// True when an input is no regular file, so that it may never end.
    pub fn are_live(&self) -> bool {
        self.is_live.load(Ordering::Relaxed)
    }

    /// True when a signal has come.
    pub fn are_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Notes which fields the user gives a row.
    pub fn note_fields(&self, row: &Row) {
        let mut own = self.own_fields.lock().unwrap_or_else(PoisonError::into_inner);
        let OwnFields { names, last: (kind, fields) } = &mut *own;
        let own_kind = row.record.json("type");
        if kind.as_deref() == own_kind && row.record.keys().eq(fields.iter()) {
            return;
        }
        for name in row.own_fields() {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        *kind = own_kind.map(str::to_owned);
        *fields = row.record.keys().map(str::to_owned).collect();
    }

    /// The fields that the user gave the rows so far, in their order.
    pub fn own_fields(&self) -> Vec<String> {
        self.own_fields.lock().unwrap_or_else(PoisonError::into_inner).names.clone()
    }

    /// Claims stdin; false when it has been claimed already, since it can be read only once.
    pub fn claim_stdin(&self) -> bool {
        !self.stdin_is_taken.swap(true, Ordering::Relaxed)
    }
}

/// Reads `source` until it ends or a signal comes; a regular file, which never keeps anybody waiting, is
/// read to its end.
pub struct InterruptibleReader<Source> {
    source: Source,
    inputs: Arc<Inputs>,
    never_waits: bool,
}

impl<Source: AsFd> InterruptibleReader<Source> {
    /// A reader of something that is open.
    pub fn new(source: Source, inputs: Arc<Inputs>) -> Self {
        let never_waits = fstat(&source).is_ok_and(|stat| {
            rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::RegularFile
        });
        inputs.is_live.fetch_or(!never_waits, Ordering::Relaxed);
        InterruptibleReader { source, inputs, never_waits }
    }
}

impl InterruptibleReader<File> {
    /// Opens a file. A named pipe is not waited for here, but when it is read.
    ///
    /// # Errors
    /// Those of opening.
    pub fn open(path: &Path, inputs: Arc<Inputs>) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        Ok(InterruptibleReader::new(File::from(open(path, flags, Mode::empty())?), inputs))
    }

    /// True for a directory, which can be opened but not read.
    pub fn is_directory(&self) -> bool {
        self.source.metadata().is_ok_and(|metadata| metadata.is_dir())
    }
}

impl<Source: AsFd> Read for InterruptibleReader<Source> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that waits for input")]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.never_waits {
                return Ok(rustix::io::read(&self.source, &mut *buffer)?);
            }
            if self.inputs.stop.load(Ordering::Relaxed) {
                self.inputs.cut_short();
                return Err(io::Error::other(Stopped));
            }
            if self.inputs.nobody_reads() {
                self.inputs.note_perhaps_unread();
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
                read => {
                    if read == Ok(0) && self.inputs.stop.load(Ordering::Relaxed) {
                        self.inputs.note_perhaps_unread();
                    }
                    return Ok(read?);
                }
            }
        }
    }
}
