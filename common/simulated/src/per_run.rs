//! What a run has once: a static of the process, or of its run in a world.

use std::sync::{Arc, OnceLock};

use crate::run_thread::here;

/// A static that every run has for itself.
pub struct PerRun<T> {
    of_process: OnceLock<Arc<T>>,
    make: fn() -> T,
}

impl<T: Send + Sync + 'static> PerRun<T> {
    /// One that begins as what `make` gives.
    pub const fn new(make: fn() -> T) -> Self {
        PerRun { of_process: OnceLock::new(), make }
    }

    /// That of this run.
    pub fn get(&'static self) -> Arc<T> {
        match here() {
            Some(run) => run.own(std::ptr::from_ref(self).addr(), self.make),
            None => self.of_process.get_or_init(|| Arc::new((self.make)())).clone(),
        }
    }
}
