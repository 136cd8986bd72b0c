//! Group commit: while one sync is under way events gather, and the next sync is for all of them.
//!
//! One thread writes. Whoever hands in an event waits for its word, and only then answers the call.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use api::send::clock;
use cli::terminal::stderr;
use model::Record;
use serde_json::Value;
use tokio::sync::oneshot;

use super::counts::Counts;
use super::duplicates::Duplicates;
use super::event::Digest;
use super::journal::{AppendError, Journal};

/// Events in one write, at most.
const MAX_GROUP: usize = 4096;

/// An event on its way into the journal.
struct Entry {
    record: Record,
    digest: Digest,
    committed: oneshot::Sender<bool>,
}

/// Takes events in.
pub struct Committer {
    entries: Sender<Entry>,
}

/// How far the journal is on the disk, and how far it is printed and delivered.
#[derive(Debug, Default)]
pub struct Progress {
    state: Mutex<State>,
    changed: Condvar,
}

/// See [`Progress`].
#[derive(Clone, Copy, Debug, Default)]
pub struct State {
    /// Bytes of the journal that are on the disk.
    pub committed: u64,
    /// Bytes of the journal that are printed.
    pub printed: u64,
    /// Bytes of the journal that are delivered to --forward-to.
    pub forwarded: u64,
    /// The journal is broken: nothing is taken in any more.
    pub broken: bool,
    /// Nothing more will come.
    pub ended: bool,
    /// All is printed that will be.
    pub printer_ended: bool,
    /// Nothing more will be delivered.
    pub forwarder_ended: bool,
    /// When the write began that is under way.
    pub writing_since: Option<Instant>,
}

impl Progress {
    /// The present state.
    pub fn state(&self) -> State {
        *self.lock()
    }

    /// Changes the state and wakes whoever waits for that.
    pub fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Changes the state in a way that nobody waits for.
    pub fn set_silently(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
    }

    /// Whether a write has been under way for longer than this: the disk is stuck.
    pub fn is_stuck(&self, limit: Duration) -> bool {
        let since = self.state().writing_since;
        since.is_some_and(|since| clock::monotonic().duration_since(since) > limit)
    }

    /// Waits until `is_news` holds, but no longer than this.
    pub fn wait_for(&self, how_long: Duration, is_news: impl Fn(&State) -> bool) -> State {
        *clock::wait_while(&self.changed, self.lock(), how_long, |state| !is_news(state))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Committer {
    /// Starts the thread that writes.
    #[expect(clippy::disallowed_methods, reason = "it ends when nobody can hand in events")]
    pub fn start(
        journal: Journal,
        duplicates: Duplicates,
        progress: Arc<Progress>,
        counts: Arc<Counts>,
    ) -> Self {
        let (entries, waiting) = channel();
        let mut writer =
            Writer { journal, duplicates, progress, counts, write_error_reported: false };
        thread::spawn(move || writer.run(&waiting));
        Committer { entries }
    }

    /// Hands in an event and waits until it is on the disk. False when it is not, and must not be
    /// acknowledged.
    pub async fn commit(&self, record: Record, digest: Digest) -> bool {
        let (committed, answer) = oneshot::channel();
        self.entries.send(Entry { record, digest, committed }).is_ok()
            && answer.await.unwrap_or(false)
    }
}

struct Writer {
    journal: Journal,
    duplicates: Duplicates,
    progress: Arc<Progress>,
    counts: Arc<Counts>,
    write_error_reported: bool,
}

impl Writer {
    fn run(&mut self, waiting: &Receiver<Entry>) {
        while let Ok(first) = waiting.recv() {
            let mut group = vec![first];
            group.extend(waiting.try_iter().take(MAX_GROUP - 1));
            self.progress.set_silently(|state| state.writing_since = Some(clock::monotonic()));
            let committed = !self.progress.state().broken && self.write(&mut group);
            self.progress.set_silently(|state| state.writing_since = None);
            for entry in group {
                let _connection_gone = entry.committed.send(committed);
            }
        }
    }

    fn write(&mut self, group: &mut [Entry]) -> bool {
        let mut lines = Vec::new();
        let mut repeats = 0;
        for entry in &mut *group {
            if self.duplicates.insert(entry.digest, clock::now()) {
                entry.record.insert("repeat", Value::Bool(true));
                repeats += 1;
            }
            // The members of a record are what JSON can say, so this cannot fail.
            lines.extend(serde_json::to_vec(&entry.record).unwrap_or_default());
            lines.push(b'\n');
        }
        if let Err(error) = self.journal.append(&lines) {
            group.iter().for_each(|entry| self.duplicates.remove(entry.digest));
            self.report(error);
            return false;
        }
        self.write_error_reported = false;
        self.counts.kept(group.len() as u64, repeats, clock::now());
        self.progress.set(|state| state.committed = self.journal.length());
        true
    }

    fn report(&mut self, error: AppendError) {
        match error {
            AppendError::NotWritten(_) if self.write_error_reported => {}
            AppendError::NotWritten(error) => {
                stderr::say(&format!(
                    "the journal cannot be written, calls are answered 503: {error}"
                ));
                self.write_error_reported = true;
            }
            AppendError::Unknown(error) => {
                stderr::say(&format!(
                    "the journal cannot be synced, so nothing more is taken in: {error}"
                ));
                self.progress.set(|state| state.broken = true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_does_not_end_is_seen() {
        let progress = Progress::default();
        let minute = Duration::from_secs(60);
        assert!(!progress.is_stuck(Duration::ZERO), "nothing is being written");
        let earlier = clock::monotonic().checked_sub(minute);
        progress.set_silently(|state| state.writing_since = earlier);
        assert!(progress.is_stuck(minute / 2) && !progress.is_stuck(2 * minute));
    }
}
