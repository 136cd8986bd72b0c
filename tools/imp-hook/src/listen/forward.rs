//! `--forward-to`: every event of the journal is also delivered to somebody else, in order.
//!
//! Careful about a receiver that is slow or down: it is asked by a thread of its own that reads the journal, so
//! that it holds up no call, and nothing gathers in memory. An event is sent again until it is taken, and those
//! behind it wait. What the receiver has taken is written down, so a restart goes on from there; after a kill or
//! a power cut it may get the last one again.

mod position;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use api::http::delivery::Delivery;
use api::send::clock;
use cli::CommandError;
use cli::terminal::{environment, stderr};

use super::POLL_INTERVAL;
use super::commit::{Progress, State};
use super::counts::Counts;
use super::journal::{lines_between, parse_event};
use position::Position;

/// One exchange takes no longer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The pause after the first failure, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A connection that the receiver has closed just now is no news, nor is one event that it did not take.
const FAILURES_TO_SAY: u32 = 2;
/// So long is delivered at the end; the next start goes on.
const END_TIME: Duration = Duration::from_secs(5);

/// The thread that delivers.
pub struct Forwarder {
    progress: Arc<Progress>,
}

/// What is to be delivered, and to whom.
struct Work {
    journal: File,
    progress: Arc<Progress>,
    counts: Arc<Counts>,
    delivery: Delivery,
    /// Where the next line begins that has not been looked at.
    at: u64,
    position: Position,
    save_error_reported: bool,
}

/// Prepares to deliver to `url`.
///
/// # Errors
/// Exit 2 when it cannot be used.
pub fn delivery(url: &str) -> Result<Delivery, CommandError> {
    Delivery::new(url, &environment::proxy(), TIMEOUT).map_err(|why| unusable(&why))
}

fn unusable(why: &str) -> CommandError {
    CommandError::usage(format!("--forward-to: {why}"))
}

impl Forwarder {
    /// Starts to deliver what is in the journal at `path` behind the position of its file. `listener` is our
    /// own origin.
    ///
    /// # Errors
    /// Exit 2 when the file of the position cannot be used.
    #[expect(clippy::disallowed_methods, reason = "Forwarder::end waits for it")]
    pub fn start(
        delivery: Delivery,
        listener: &str,
        path: &Path,
        journal: File,
        progress: &Arc<Progress>,
        counts: &Arc<Counts>,
    ) -> Result<Self, CommandError> {
        if delivery.origin() == listener {
            return Err(unusable("this is the listener itself; each event would make another"));
        }
        let committed = progress.state().committed;
        let (position, is_other) = Position::read(position::path_of(path), &journal, committed)?;
        if is_other {
            stderr::say(
                "the journal is another than that of --forward-to before: all of it is delivered",
            );
        }
        progress.set(|state| state.forwarded = position.bytes());
        let progress = progress.clone();
        let forwarder = Forwarder { progress: progress.clone() };
        let at = position.bytes();
        let mut work = Work {
            journal,
            progress: progress.clone(),
            counts: counts.clone(),
            delivery,
            at,
            position,
            save_error_reported: false,
        };
        thread::spawn(move || {
            if let Err(error) = work.run() {
                stderr::say(&format!("--forward-to: cannot read the journal: {error}"));
            }
            progress.set(|state| state.forwarder_ended = true);
        });
        Ok(forwarder)
    }

    /// Waits until all is delivered, for a moment; the next start delivers the rest.
    pub fn end(&self) {
        self.progress.set(|state| state.ended = true);
        let begin = clock::monotonic();
        while !self.progress.state().forwarder_ended
            && clock::monotonic().duration_since(begin) < END_TIME
        {
            clock::wait(POLL_INTERVAL);
        }
        let state = self.progress.state();
        if state.forwarded < state.committed {
            stderr::say(
                "not all events have been delivered to --forward-to; the next start goes on",
            );
        }
    }
}

impl Work {
    /// Delivers until the end of all events, or until the end comes while the receiver takes none.
    fn run(&mut self) -> io::Result<()> {
        loop {
            let is_news = |state: &State| state.committed > self.at || state.ended;
            let state = self.progress.wait_for(TIMEOUT, is_news);
            if state.committed > self.at {
                let lines = lines_between(&self.journal, self.at, state.committed)?;
                for line in lines.split_inclusive(|byte| *byte == b'\n') {
                    if !self.pass_on(line) {
                        return Ok(());
                    }
                }
            } else if state.ended {
                return Ok(());
            }
        }
    }

    /// Delivers a line of the journal; false when the end came first.
    fn pass_on(&mut self, line: &[u8]) -> bool {
        let end = self.at + line.len() as u64;
        // The file may hold lines from before that are no events.
        if let Some(event) = parse_event(line) {
            if !self.deliver(line.trim_ascii_end()) {
                return false;
            }
            self.counts.forwarded();
            self.position.set(end, line, &event);
            self.save();
        }
        self.at = end;
        self.progress.set_silently(|state| state.forwarded = end);
        true
    }

    /// Sends an event until it is taken; false when the end came first.
    fn deliver(&mut self, event: &[u8]) -> bool {
        let mut failures = 0;
        while let Err(why) = self.delivery.post(event) {
            failures += 1;
            let origin = self.delivery.origin();
            if failures == FAILURES_TO_SAY {
                stderr::say(&format!(
                    "{origin} does not take an event ({why}); it is sent again until it does, and calls are taken meanwhile"
                ));
            }
            if self.progress.wait_for(pause_after(failures), |state| state.ended).ended {
                return false;
            }
        }
        if failures >= FAILURES_TO_SAY {
            stderr::say(&format!("{} takes events again", self.delivery.origin()));
        }
        true
    }

    /// Writes down how far the receiver has got.
    fn save(&mut self) {
        if let Err(error) = self.position.save()
            && !self.save_error_reported
        {
            self.save_error_reported = true;
            stderr::say(&format!(
                "the position of --forward-to cannot be written, so a restart delivers events again: {error}"
            ));
        }
    }
}

/// How long is waited after so many failures in a row: twice as long each time, up to a minute.
fn pause_after(failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute() {
        let pauses: Vec<u64> =
            (1..=11).map(|failures| pause_after(failures).as_millis() as u64).collect();
        let doubling = [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200];
        assert_eq!(pauses[..9], doubling);
        assert_eq!(pauses[9..], [60_000, 60_000]);
        assert_eq!(pause_after(u32::MAX), LONGEST_PAUSE);
    }
}
