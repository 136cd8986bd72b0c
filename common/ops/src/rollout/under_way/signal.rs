//! A signal that comes while an answer is awaited: that what was done goes back is noted at once, since another signal
//! ends the run before the answer comes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use api::send::clock;
use cli::journal;
use simulated::inherited;

use super::{INTERRUPTED, course};

/// How often it is looked whether one came.
const LOOKS: Duration = Duration::from_millis(25);

/// Whether it is noted that what was done is taken back; whoever notes it first, it is once.
#[derive(Clone, Default)]
pub(super) struct BackNoted(Arc<OnceLock<()>>);

impl BackNoted {
    /// Notes it, because a signal came, unless nothing can have been done yet. It is noted when this gives true.
    pub fn note(&self) -> bool {
        let has_started = journal::has_started();
        if has_started {
            self.0.get_or_init(|| course::note_turned_back(INTERRUPTED));
        }
        has_started
    }

    /// Whether it is.
    pub fn is_noted(&self) -> bool {
        self.0.get().is_some()
    }
}

/// Does what may wait for long. A signal that comes meanwhile is noted, if that is wanted.
pub(super) fn heeding(back_noted: Option<BackNoted>, stop: &AtomicBool, act: &mut dyn FnMut()) {
    let Some(back_noted) = back_noted else { return act() };
    let (goes_on, end) = mpsc::channel::<()>();
    let watch = inherited(move || {
        while clock::receive(&end, LOOKS) == Err(RecvTimeoutError::Timeout) {
            if stop.load(Ordering::Relaxed) && back_noted.note() {
                return;
            }
        }
    });
    thread::scope(|scope| {
        let watcher = scope.spawn(watch);
        act();
        drop(goes_on);
        simulated::join(watcher.thread());
    });
}
