//! The file of a journal: lines are appended by several threads, and one of them syncs for all.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::Record;
use serde_json::Value;

use crate::terminal::stderr;

/// So much is kept before it is written: rows, which nothing depends on yet.
const KEPT: usize = 64 * 1024;

/// What can be a line of a journal.
pub(super) trait Line {
    /// Appends it as JSON.
    fn write(&self, text: &mut String);
}

impl Line for Record {
    fn write(&self, text: &mut String) {
        self.write_json(text);
    }
}

impl Line for Value {
    fn write(&self, text: &mut String) {
        text.push_str(&self.to_string());
    }
}

pub(super) struct JournalFile {
    path: PathBuf,
    /// Without it nothing more is to be done.
    required: bool,
    state: Mutex<State>,
    /// The number of lines of which it is certain that they are on the disk.
    synced: Mutex<u64>,
}

/// Lines that are still to be written.
#[derive(Default)]
pub(super) struct Lines {
    text: String,
    /// All lines so far, also those that have been written.
    count: u64,
}

impl Lines {
    /// Adds a line, which `write` appends.
    pub fn add(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.text);
        self.text.push('\n');
        self.count += 1;
    }
}

struct State {
    /// Nothing once it could not be written.
    file: Option<Arc<File>>,
    kept: Lines,
    /// The number of lines that have to be on the disk before the next request leaves.
    to_sync: u64,
    failed: Option<String>,
}

impl JournalFile {
    pub fn new(path: PathBuf, file: File, required: bool) -> Self {
        let file = Some(Arc::new(file));
        let state = State { file, kept: Lines::default(), to_sync: 0, failed: None };
        JournalFile { path, required, state: Mutex::new(state), synced: Mutex::new(0) }
    }

    /// Adds lines, which are written together.
    pub fn append(&self, lines: impl IntoIterator<Item = impl Line>) {
        self.append_lines(|kept| {
            for line in lines {
                kept.add(|text| line.write(text));
            }
        });
    }

    /// Adds a line, which `write` appends.
    pub fn append_text(&self, write: impl FnOnce(&mut String)) {
        self.append_lines(|kept| kept.add(write));
    }

    /// Adds the lines of `add`, which are written together.
    pub fn append_lines(&self, add: impl FnOnce(&mut Lines)) {
        let mut state = self.state();
        if state.file.is_none() {
            return;
        }
        add(&mut state.kept);
        if state.kept.text.len() >= KEPT {
            self.write(&mut state);
        }
    }

    /// The lines so far have to be on the disk before the next request leaves.
    pub fn want_sync(&self) {
        let mut state = self.state();
        state.to_sync = state.kept.count;
    }

    /// Hands all lines to the system: they outlive the process.
    ///
    /// # Errors
    /// In words, when the journal is required.
    pub fn flush(&self) -> Result<(), String> {
        let mut state = self.state();
        self.write(&mut state);
        self.good(&state)
    }

    /// Returns when the lines that have to be on the disk are there. Those of several threads get there
    /// together.
    ///
    /// # Errors
    /// As [`JournalFile::flush`].
    pub fn sync(&self) -> Result<(), String> {
        let wanted = {
            let mut state = self.state();
            self.write(&mut state);
            self.good(&state)?;
            state.to_sync
        };
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if *synced >= wanted {
            return Ok(());
        }
        // While this thread waited others may have written: one sync is enough for all of them.
        let (file, lines) = {
            let mut state = self.state();
            // Also what they have added since, which would count as synced.
            self.write(&mut state);
            (state.file.clone(), state.kept.count)
        };
        let done = file.map_or(Ok(()), |file| file.sync_data());
        match done {
            Ok(()) => *synced = lines,
            Err(error) => self.fail(&mut self.state(), &error),
        }
        self.good(&self.state())
    }

    /// Takes the file away, and what says that it is not finished.
    pub fn remove(&self) {
        let _gone = fs::remove_file(&self.path);
        super::directory::mark_finished(&self.path);
    }

    /// All has been written. What cannot be written is not finished.
    pub fn finish(&self) {
        let mut state = self.state();
        self.write(&mut state);
        if state.failed.is_none() {
            super::directory::mark_finished(&self.path);
        }
    }

    fn write(&self, state: &mut State) {
        let Some(file) = state.file.clone().filter(|_| !state.kept.text.is_empty()) else { return };
        let written = (&*file).write_all(state.kept.text.as_bytes());
        state.kept.text.clear();
        // A row may have been very long.
        state.kept.text.shrink_to(2 * KEPT);
        if let Err(error) = written {
            self.fail(state, &error);
        }
    }

    fn fail(&self, state: &mut State, error: &std::io::Error) {
        if state.failed.is_some() {
            return;
        }
        state.failed = Some(format!("{}: {error}", self.path.display()));
        state.file = None;
        if !self.required {
            // What it says of rows that are done from now on would be wrong.
            self.remove();
            stderr::say(&format!(
                "the journal of this run cannot be written any more and is removed: {error}; the run goes \
                 on, but cannot be resumed or undone"
            ));
        }
    }

    fn good(&self, state: &State) -> Result<(), String> {
        match &state.failed {
            Some(error) if self.required => Err(error.clone()),
            _ => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
