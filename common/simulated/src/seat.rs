//! Which run a thread belongs to.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::run::{Killed, Run};

thread_local! {
    static SEAT: RefCell<Option<Seat>> = const { RefCell::new(None) };
}

/// A thread of a run.
#[derive(Clone)]
pub(crate) struct Seat {
    pub run: Arc<Run>,
    pub thread: u64,
}

/// The run that this thread belongs to; `None` outside tests.
pub fn here() -> Option<Arc<Run>> {
    seat().map(|seat| seat.run)
}

pub(crate) fn seat() -> Option<Seat> {
    // A thread that is about to end has nothing to ask any more.
    SEAT.try_with(|seat| seat.borrow().clone()).ok().flatten()
}

/// What a new thread is to do, so that it belongs to the run that this thread belongs to.
pub fn inherited<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let seat = seat().map(|seat| {
        let thread = seat.run.world().new_thread(&seat.run);
        Seat { thread, ..seat }
    });
    move || match seat {
        None => work(),
        Some(seat) => {
            let (run, thread) = (seat.run.clone(), seat.thread);
            let done = seat.sit(work);
            run.world().end_thread(&run, thread);
            done.unwrap_or_else(|panic| resume_unwind(panic))
        }
    }
}

impl Seat {
    /// Works as this thread, once it is its turn. A mistake is noted, and ends the run.
    pub(crate) fn sit<T>(self, work: impl FnOnce() -> T) -> Result<T, Box<dyn Any + Send>> {
        let (run, thread) = (self.run.clone(), self.thread);
        SEAT.set(Some(self));
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
        SEAT.set(None);
        done
    }
}
