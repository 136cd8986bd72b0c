//! Group commit: while one sync is under way calls gather, and the next sync is for all of them.
//!
//! One thread writes. Whoever hands in an event waits for its word, and only then answers the call.

use cli::Record;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use cli::api::send::clock;
use cli::terminal::stderr;
use serde_json::Value;

use super::counts::Counts;
use super::event::Digest;
use super::journal::{Broken, Journal};
use super::repeats::Repeats;

/// Events in one write, at most.
const LARGEST_GROUP: usize = 4096;

/// An event on its way into the journal.
struct Entry {
    record: Record,
    digest: Digest,
    kept: SyncSender<bool>,
}

/// Takes events in. Clones share everything.
#[derive(Clone)]
pub struct Committer {
    entries: Sender<Entry>,
}

/// How far the journal is known to be on the disk, for whoever reads along.
#[derive(Debug, Default)]
pub struct Progress {
    state: Mutex<State>,
    changed: Condvar,
}

/// See [`Progress`].
#[derive(Clone, Copy, Debug, Default)]
pub struct State {
    /// Bytes on the disk.
    pub committed: u64,
    /// The journal is broken: nothing is taken in any more.
    pub broken: bool,
    /// Nothing more will come.
    pub ended: bool,
}

impl Progress {
    /// The present state.
    pub fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes the readers.
    pub fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// Waits until there is more than `read`, or the end.
    pub fn wait(&self, read: u64, how_long: Duration) -> State {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let nothing_new = |state: &mut State| state.committed <= read && !state.ended;
        *clock::wait_while(&self.changed, state, how_long, nothing_new)
    }
}

impl Committer {
    /// Starts the thread that writes.
    #[expect(clippy::disallowed_methods, reason = "it ends when nobody can hand in events")]
    pub fn start(
        journal: Journal,
        repeats: Repeats,
        progress: Arc<Progress>,
        counts: Arc<Counts>,
    ) -> Self {
        let (entries, waiting) = channel();
        let mut writer = Writer { journal, repeats, progress, counts, said: false };
        thread::spawn(move || writer.run(&waiting));
        Committer { entries }
    }

    /// Hands in an event and waits until it is on the disk. False when it is not, and must not be
    /// acknowledged.
    pub fn keep(&self, record: Record, digest: Digest) -> bool {
        let (kept, answer) = sync_channel(1);
        self.entries.send(Entry { record, digest, kept }).is_ok() && answer.recv().unwrap_or(false)
    }
}

struct Writer {
    journal: Journal,
    repeats: Repeats,
    progress: Arc<Progress>,
    counts: Arc<Counts>,
    said: bool,
}

impl Writer {
    fn run(&mut self, waiting: &Receiver<Entry>) {
        while let Ok(first) = waiting.recv() {
            let mut group = vec![first];
            group.extend(waiting.try_iter().take(LARGEST_GROUP - 1));
            let kept = !self.progress.state().broken && self.write(&mut group);
            for entry in group {
                // Whoever has gone away does not want to know.
                let _gone = entry.kept.send(kept);
            }
        }
    }

    fn write(&mut self, group: &mut [Entry]) -> bool {
        let mut lines = Vec::new();
        let mut repeated = 0;
        for entry in &mut *group {
            if self.repeats.note(entry.digest, clock::now()) {
                entry.record.insert("repeat".into(), Value::Bool(true));
                repeated += 1;
            }
            // The members of a record are what JSON can say, so this cannot fail.
            lines.extend(serde_json::to_vec(&entry.record).unwrap_or_default());
            lines.push(b'\n');
        }
        match self.journal.append(&lines) {
            Ok(()) => {
                self.said = false;
                self.counts.kept(group.len() as u64, repeated);
                self.progress.set(|state| state.committed = self.journal.length());
                true
            }
            Err(broken) => {
                group.iter().for_each(|entry| self.repeats.forget(&entry.digest));
                self.complain(broken);
                false
            }
        }
    }

    fn complain(&mut self, broken: Broken) {
        match broken {
            Broken::Write(error) if !self.said => {
                stderr::say(&format!(
                    "the journal cannot be written, calls are answered 503: {error}"
                ));
                self.said = true;
            }
            Broken::Write(_) => {}
            Broken::Sync(error) => {
                stderr::say(&format!(
                    "the journal cannot be synced, so nothing more is taken in: {error}"
                ));
                self.progress.set(|state| state.broken = true);
            }
        }
    }
}
