//! Stderr: the one place that writes to it.
//!
//! Sentences for people go here and nothing else; records never do. Each line is written at once, so
//! that lines of parallel workers and of other commands in the pipeline do not mix. There are no
//! colours, so `NO_COLOR` has nothing to switch off.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The name in front of each line; set once by [`name_it`].
static NAME: OnceLock<String> = OnceLock::new();
/// The progress line, while there is one: other lines are printed above it.
static PROGRESS: Mutex<Option<ProgressBar>> = Mutex::new(None);

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
    let progress = PROGRESS.lock().unwrap_or_else(PoisonError::into_inner);
    match progress.as_ref() {
        Some(bar) => bar.suspend(|| write(text)),
        None => write(text),
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place for stderr")]
fn write(text: &str) {
    // Who closed stderr does not want to know.
    let _nobody_listens =
        std::io::stderr().lock().write_all(format!("{}\n", text.trim_end_matches('\n')).as_bytes());
}

/// True when a person looks at stderr.
#[expect(clippy::disallowed_methods, reason = "this is the one place for stderr")]
pub fn is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Shows a line of progress on a terminal, unless records are printed there as well: `done` of `total`
/// (0 = not known).
pub fn progress(done: u64, total: u64, noun: &str) {
    if !is_terminal() || crate::stdout::is_terminal() {
        return;
    }
    let mut shown = PROGRESS.lock().unwrap_or_else(PoisonError::into_inner);
    let bar = shown.get_or_insert_with(|| {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template("{pos}{msg} · {per_sec} · {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        bar
    });
    bar.set_message(if total > 0 { format!(" of {total} {noun}s") } else { format!(" {noun}s") });
    bar.set_position(done);
}

/// Takes the progress line away.
pub fn end_progress() {
    if let Some(bar) = PROGRESS.lock().unwrap_or_else(PoisonError::into_inner).take() {
        bar.finish_and_clear();
    }
}
