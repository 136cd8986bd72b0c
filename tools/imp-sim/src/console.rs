//! What people and scripts read from the simulator. The only place of imp-sim that writes to stdout
//! and stderr. A closed stdout or stderr is no reason to stop serving, so failures are ignored.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

/// Writes one line to stdout.
#[expect(clippy::disallowed_methods, reason = "the one place that opens stdout")]
pub fn line(text: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
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
