//! What people and scripts read from the simulator. The only place of imp-sim that writes to stdout
//! and stderr. Who cannot be told what is asked for ends; that nobody reads stderr is no reason to stop serving.

use std::fmt::{self, Display};
use std::fs::{File, Metadata};
use std::io::{ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

/// Nobody reads stdout any more, so that nothing is to be said either.
#[derive(Debug)]
pub struct NobodyReads;

impl std::error::Error for NobodyReads {}

impl Display for NobodyReads {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("nobody reads stdout")
    }
}

/// Writes one line to stdout.
#[expect(clippy::disallowed_methods, reason = "the one place that opens stdout")]
pub fn line(text: impl Display) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    written(writeln!(out, "{text}").and_then(|()| out.flush()))
}

/// What became of writing to stdout.
pub fn written(result: std::io::Result<()>) -> anyhow::Result<()> {
    result.map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => NobodyReads.into(),
        _ => anyhow::anyhow!("cannot write to stdout: {error}"),
    })
}

/// Writes a message for a person to stderr.
#[expect(clippy::disallowed_methods, reason = "the one place that writes to stderr")]
pub fn message(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "imp-sim: {text}");
}

/// Whether stdout is a terminal.
#[expect(clippy::disallowed_methods, reason = "the one place that opens stdout")]
pub fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether a person types and reads here.
#[expect(clippy::disallowed_methods, reason = "the one place that looks at stdin and stderr")]
pub fn is_conversation() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Stdout or stderr, if one of them goes to this file: opened anew, each would write over what the other has written.
#[expect(clippy::disallowed_methods, reason = "the one place that opens stdout and stderr")]
pub fn output_to(found: &Metadata) -> Option<File> {
    let (out, error) = (std::io::stdout(), std::io::stderr());
    let both = [out.as_fd(), error.as_fd()].map(|output| output.try_clone_to_owned());
    let is_it = |output: &File| {
        let own = output.metadata();
        own.is_ok_and(|own| (own.dev(), own.ino()) == (found.dev(), found.ino()))
    };
    both.into_iter().flatten().map(File::from).find(is_it)
}
