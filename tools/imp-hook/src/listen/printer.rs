//! From the journal to stdout: what is printed is what is on the disk, in its order.
//!
//! The printer reads the journal itself. So a slow reader of stdout holds up nobody but itself, and no
//! queue grows meanwhile: what it has not read yet waits in the file.

use std::fs::File;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use api::send::clock;
use cli::terminal::stderr;
use cli::{CommandError, Exit, Output};
use model::Record;

use super::POLL_INTERVAL;
use super::commit::{Progress, State};
use super::journal::lines_between;

/// How often the printer looks whether stdout is still read.
const READER_CHECK: Duration = Duration::from_millis(500);
/// A reader of stdout that takes nothing for so long is not waited for at the end.
const READER_TIMEOUT: Duration = Duration::from_secs(5);

/// The thread that prints.
pub struct Printer {
    progress: Arc<Progress>,
}

impl Printer {
    /// Starts to print what is in the journal behind `progress.printed`.
    #[expect(clippy::disallowed_methods, reason = "Printer::end waits for it")]
    pub fn start(journal: File, progress: Arc<Progress>, output: Output) -> Self {
        let printer = Printer { progress: progress.clone() };
        thread::spawn(move || {
            if let Err(error) = print(&journal, &progress, &output) {
                stderr::say(&error.to_string());
                progress.set(|state| state.broken = true);
            }
            progress.set(|state| state.printer_ended = true);
        });
        printer
    }

    /// Nobody reads any more, or the journal is broken.
    pub fn is_over(&self) -> bool {
        let state = self.progress.state();
        state.printer_ended || state.broken
    }

    /// Waits until everything is printed, as long as somebody takes it.
    pub fn end(&self) -> cli::Result {
        self.progress.set(|state| state.ended = true);
        let (mut since, mut printed) = (clock::monotonic(), 0);
        loop {
            let state = self.progress.state();
            if state.printer_ended {
                return Ok(if state.broken { Exit::CouldNotRun } else { Exit::Done });
            }
            if state.printed != printed {
                (since, printed) = (clock::monotonic(), state.printed);
            }
            if clock::monotonic().duration_since(since) > READER_TIMEOUT {
                stderr::say(
                    "the reader of stdout takes nothing; the rest of the events is in the journal",
                );
                return Ok(Exit::SomeFailed);
            }
            clock::wait(POLL_INTERVAL);
        }
    }
}

/// Prints until the end of all events, or until nobody reads.
fn print(journal: &File, progress: &Progress, output: &Output) -> Result<(), CommandError> {
    while output.is_read() {
        let is_news = |state: &State| state.committed > state.printed || state.ended;
        let state = progress.wait_for(READER_CHECK, is_news);
        if state.committed == state.printed {
            if state.ended {
                break;
            }
            continue;
        }
        let cannot = |error| CommandError::usage(format!("cannot read the journal: {error}"));
        let lines = lines_between(journal, state.printed, state.committed).map_err(cannot)?;
        for line in lines.split(|byte| *byte == b'\n') {
            // With --replay the file may hold lines from before that are no events.
            if let Ok(record) = serde_json::from_slice::<Record>(line) {
                output.print(&record)?;
            }
        }
        output.flush()?;
        progress.set(|state| state.printed += lines.len() as u64);
    }
    output.finish()
}
