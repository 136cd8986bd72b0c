//! Which run a thread belongs to.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::run::{Killed, Run};

thread_local! {
    static CURRENT: RefCell<Option<RunThread>> = const { RefCell::new(None) };
}

/// A thread of a run.
#[derive(Clone)]
pub(crate) struct RunThread {
    pub run: Arc<Run>,
    pub thread: u64,
}

/// The run that this thread belongs to; `None` outside tests.
pub fn here() -> Option<Arc<Run>> {
    current().map(|own| own.run)
}

pub(crate) fn current() -> Option<RunThread> {
    // A thread that is about to end has nothing to ask any more.
    CURRENT.try_with(|own| own.borrow().clone()).ok().flatten()
}

/// What a new thread is to do, so that it belongs to the run that this thread belongs to.
pub fn inherited<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let own = current().map(|own| {
        let thread = own.run.world().new_thread(&own.run);
        RunThread { thread, ..own }
    });
    move || match own {
        None => work(),
        Some(own) => {
            let (run, thread) = (own.run.clone(), own.thread);
            let done = own.work(work);
            run.world().end_thread(&run, thread);
            done.unwrap_or_else(|panic| resume_unwind(panic))
        }
    }
}

impl RunThread {
    /// Works as this thread, once it is its turn. A mistake is noted, and ends the run.
    pub(crate) fn work<T>(self, work: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
        let (run, thread) = (self.run.clone(), self.thread);
        CURRENT.set(Some(self));
        fastrand::seed(run.world().seed() ^ thread.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let done = catch_unwind(AssertUnwindSafe(|| {
            run.world().first_turn(&run, thread);
            work()
        }));
        if let Err(panic) = &done
            && !panic.is::<Killed>()
        {
            run.note_mistake(&**panic);
        }
        CURRENT.set(None);
        done
    }
}
