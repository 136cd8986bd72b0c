//! Stderr: the one place that writes to it.
//!
//! Sentences for people go here and nothing else; records never do. Each line is written at once, so
//! that lines of parallel workers and of other commands in the pipeline do not mix.

use std::io::{IsTerminal, Write};
use std::sync::OnceLock;

use simulated::{PerRun, here};

use crate::terminal::{environment, progress};

/// The name in front of each line; set once by [`name_it`].
static NAME: PerRun<OnceLock<String>> = PerRun::new(OnceLock::new);

/// Sets the command's name, `imp-device`, and the verb if it has come so far.
pub fn name_it(name: &str) {
    let _already_named = NAME.get().set(name.to_owned());
}

/// A line with the command's name: `imp-device: …`.
pub fn say(text: &str) {
    match NAME.get().get() {
        Some(name) => plain(&format!("{name}: {text}")),
        None => plain(text),
    }
}

/// The same of something that failed: its first line in red, where there are colours.
pub fn say_failure(text: &str) {
    if is_terminal() && environment::wants_colour() {
        let end = text.find('\n').unwrap_or(text.len());
        say(&format!("\x1b[31m{}\x1b[0m{}", &text[..end], &text[end..]));
    } else {
        say(text);
    }
}

/// A line for a person only: nothing when nobody looks.
pub fn hint(text: &str) {
    if is_terminal() {
        say(text);
    }
}

/// A line as it is.
pub fn plain(text: &str) {
    let text = text.trim_end_matches('\n');
    progress::beside(|| write(&format!("{text}\n")));
}

#[expect(clippy::disallowed_methods, reason = "this is the one place for stderr")]
pub(super) fn write(text: &str) {
    if let Some(run) = here() {
        return run.say(text);
    }
    // Who closed stderr does not want to know.
    let _nobody_listens = std::io::stderr().lock().write_all(text.as_bytes());
}

/// True when a person looks at stderr.
#[expect(clippy::disallowed_methods, reason = "this is the one place for stderr")]
pub fn is_terminal() -> bool {
    here().is_none() && std::io::stderr().is_terminal()
}

/// The width of the terminal in columns.
#[expect(clippy::disallowed_methods, reason = "this is the one place for stderr")]
pub(super) fn width() -> usize {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    size.map_or(80, |(width, _)| if width.0 == 0 { 80 } else { usize::from(width.0) })
}
