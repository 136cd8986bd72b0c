//! Stdin: the one place that opens it, and the question whether there is anything to read.

use std::io::{self, IsTerminal, Read};
use std::sync::Arc;

use rustix::fs::{FileType, fstat, major, minor};
use simulated::here;

use crate::terminal::interruptible::{Inputs, InterruptibleReader};

/// What stdin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdin {
    /// A pipe, a file or a socket: records may come.
    Source,
    /// A terminal, `/dev/null`, or nothing at all: nobody meant to send records.
    Nothing,
}

/// Looks at stdin without reading.
#[expect(clippy::disallowed_methods, reason = "this is the one place for stdin")]
pub fn kind() -> Stdin {
    if let Some(run) = here() {
        return if run.stdin().is_some() { Stdin::Source } else { Stdin::Nothing };
    }
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Stdin::Nothing;
    }
    let Ok(stat) = fstat(&stdin) else {
        return Stdin::Nothing;
    };
    let is_null = (major(stat.st_rdev), minor(stat.st_rdev)) == (1, 3);
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Fifo | FileType::Socket | FileType::RegularFile => Stdin::Source,
        // A directory gives its own error when it is read.
        FileType::Directory => Stdin::Source,
        FileType::CharacterDevice if !is_null => Stdin::Source,
        _ => Stdin::Nothing,
    }
}

/// Stdin as a reader that a signal ends.
#[expect(clippy::disallowed_methods, reason = "this is the one place for stdin")]
pub fn reader(inputs: &Arc<Inputs>) -> Box<dyn Read + Send> {
    match here() {
        Some(run) => Box::new(io::Cursor::new(run.stdin().unwrap_or_default().to_vec())),
        None => Box::new(InterruptibleReader::new(io::stdin(), inputs.clone())),
    }
}

/// True when stdin is the regular file that `metadata` describes.
#[expect(clippy::disallowed_methods, reason = "this is the one place for stdin")]
pub fn is_file(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    here().is_none()
        && fstat(io::stdin()).is_ok_and(|stat| {
            FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
                && (stat.st_dev, stat.st_ino) == (metadata.dev(), metadata.ino())
        })
}
