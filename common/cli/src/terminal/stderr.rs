//! Stderr: the one place that writes to it.
//!
//! Sentences for people go here and nothing else; records never do. Each line is written at once, so
//! that lines of parallel workers and of other commands in the pipeline do not mix. There are no
//! colours, so `NO_COLOR` has nothing to switch off.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::terminal::stdout;

/// The name in front of each line; set once by [`name_it`].
static NAME: OnceLock<String> = OnceLock::new();
/// The progress line, while there is one: other lines are printed above it.
static PROGRESS: Mutex<Option<Progress>> = Mutex::new(None);
/// The progress line is drawn no more often.
const DRAWN_EVERY: Duration = Duration::from_millis(100);
/// To the beginning of the line, and nothing on it.
const CLEAR: &str = "\r\x1b[2K";

struct Progress {
    began: Instant,
    drawn: Option<Instant>,
    line: String,
}

/// Sets the command's name, `imp-device`, and the verb if it has come so far.
pub fn name_it(name: &str) {
    let _already_named = NAME.set(name.to_owned());
}

/// A line with the command's name: `imp-device: …`.
pub fn say(text: &str) {
    match NAME.get() {
        Some(name) => plain(&format!("{name}: {text}")),
        None => plain(text),
    }
}

/// A line as it is.
pub fn plain(text: &str) {
    let text = text.trim_end_matches('\n');
    match lock_progress().as_ref() {
        Some(progress) => write(&format!("{CLEAR}{text}\n{}", progress.line)),
        None => write(&format!("{text}\n")),
    }
}

fn lock_progress() -> MutexGuard<'static, Option<Progress>> {
    PROGRESS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place for stderr")]
fn write(text: &str) {
    // Who closed stderr does not want to know.
    let _nobody_listens = std::io::stderr().lock().write_all(text.as_bytes());
}

/// True when a person looks at stderr.
#[expect(clippy::disallowed_methods, reason = "this is the one place for stderr")]
pub fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Shows a line of progress on a terminal: `done` of `total` (0 = not known yet). Not when stdout is a pipe:
/// whoever reads it may write to the same terminal, and knows nothing of the line.
pub fn progress(done: u64, total: u64, noun: &str) {
    if !is_terminal() || stdout::is_pipe() {
        return;
    }
    let now = api::send::clock::monotonic();
    let mut shown = lock_progress();
    let progress =
        shown.get_or_insert_with(|| Progress { began: now, drawn: None, line: String::new() });
    if progress.drawn.is_some_and(|drawn| now.duration_since(drawn) < DRAWN_EVERY) {
        return;
    }
    progress.drawn = Some(now);
    progress.line = progress_line(done, total, noun, now.duration_since(progress.began));
    write(&format!("{CLEAR}{}", progress.line));
}

fn progress_line(done: u64, total: u64, noun: &str, passed: Duration) -> String {
    let of_total = if total > 0 { format!(" of {total}") } else { String::new() };
    let seconds = passed.as_secs();
    let rate = done as f64 / passed.as_secs_f64().max(1.0);
    format!("{done}{of_total} {noun}s · {rate:.0}/s · {}:{:02}", seconds / 60, seconds % 60)
}

/// Writes to a terminal that may show the progress line: it goes, and comes again below.
pub fn beside_progress<T>(write_lines: impl FnOnce() -> T) -> T {
    let shown = lock_progress();
    let Some(progress) = shown.as_ref() else { return write_lines() };
    write(CLEAR);
    let written = write_lines();
    write(&progress.line);
    written
}

/// Takes the progress line away.
pub fn end_progress() {
    if lock_progress().take().is_some() {
        write(CLEAR);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_tells_how_far_how_fast_and_how_long() {
        let line = progress_line(2_600, 10_000, "device", Duration::from_secs(65));
        assert_eq!(line, "2600 of 10000 devices · 40/s · 1:05");
        // In the first second the rate is what was done in it.
        assert_eq!(progress_line(3, 0, "row", Duration::ZERO), "3 rows · 3/s · 0:00");
    }
}
