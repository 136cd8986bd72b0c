//! Work on items in parallel, results in input order.
//!
//! Workers take the next item from the source under a lock, put its result into a place of its own, and tell the
//! calling thread its position; that one hands over what is next. So a result is delivered as soon as those before
//! it are, even while the source blocks; the look-ahead is bounded; and no item taken from the source is lost: it
//! is worked on, or comes back as [`Done::NotAttempted`].
//!
//! The channels carry positions only: those of results would be compiled again for each kind of item.

use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::scope;

use simulated::{inherited, lock, receive, send};

/// Maximum number of items per job that are taken ahead of the first missing result.
const LOOK_AHEAD: usize = 4;

/// What became of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done<T, R> {
    /// It was worked on.
    Worked(R),
    /// The run was stopped first.
    NotAttempted(T),
}

/// Calls `work` for every item of `source`, in `jobs` threads, and `each` for every result, in
/// the order of the items, on the calling thread.
///
/// Once `stop` is set, no work is begun; work in progress is finished; items that the source still
/// gives are passed to `each` as not attempted. A source that would block must end then. If `each`
/// breaks, no further item is taken and pending results are dropped; the caller must end a source
/// that blocks for this function to return.
///
/// # Panics
/// If `work` or the source panics, with the same message, after all threads have ended.
pub fn ordered<T, R, S, W, E>(jobs: usize, stop: &AtomicBool, source: S, work: W, mut each: E)
where
    T: Send,
    R: Send,
    S: Iterator<Item = T> + Send,
    W: Fn(T) -> R + Sync,
    E: FnMut(Done<T, R>) -> ControlFlow<()>,
{
    let jobs = jobs.max(1);
    let ahead = jobs * LOOK_AHEAD;
    let (room, taken) = sync_channel(ahead);
    let (told, ended) = sync_channel(ahead);
    let source = Mutex::new(source.enumerate());
    let places = Places((0..ahead).map(|_| Mutex::new(None)).collect());
    let worker = |room: SyncSender<()>, told: SyncSender<usize>| {
        while let Some((position, item)) = next(&source, &room) {
            let _told_at_the_end = AtTheEnd { position, told: &told };
            let done = if stop.load(Ordering::SeqCst) {
                Done::NotAttempted(item)
            } else {
                Done::Worked(work(item))
            };
            places.put(position, done);
        }
    };
    let worker = &worker;
    scope(|scope| {
        let spawn = |room, told| scope.spawn(inherited(move || worker(room, told)));
        let workers: Vec<_> = (0..jobs).map(|_| spawn(room.clone(), told.clone())).collect();
        // What is told ends with the last worker.
        drop((room, told));
        let mut in_order = InOrder { ended, has_ended: vec![false; ahead], next: 0 };
        while let Some(done) = in_order.position().and_then(|position| places.take(position)) {
            // Each item that was taken is in it.
            let _ = taken.try_recv();
            if each(done).is_break() {
                break;
            }
        }
        // No worker takes an item that nobody waits for.
        drop((taken, in_order));
        for worker in workers {
            simulated::join(worker.thread());
            if let Err(panic) = worker.join() {
                resume_unwind(panic);
            }
        }
    });
}

/// The next item and its position, once there is room for its result; nothing at the end, or once `each` has
/// broken.
fn next<T>(
    source: &Mutex<impl Iterator<Item = (usize, T)>>,
    room: &SyncSender<()>,
) -> Option<(usize, T)> {
    send(room, ()).ok()?;
    // Poisoned: the source has panicked.
    lock(source).ok()?.next()
}

/// Where the results are until they are delivered: at most as many items are taken, so each has a place of its own.
struct Places<T, R>(Vec<Mutex<Option<Done<T, R>>>>);

impl<T, R> Places<T, R> {
    fn put(&self, position: usize, done: Done<T, R>) {
        if let Ok(mut place) = self.0[position % self.0.len()].lock() {
            *place = Some(done);
        }
    }

    /// Nothing is there if the worker panicked.
    fn take(&self, position: usize) -> Option<Done<T, R>> {
        self.0[position % self.0.len()].lock().ok()?.take()
    }
}

/// Tells that the work on an item is over, also by a panic.
struct AtTheEnd<'a> {
    position: usize,
    told: &'a SyncSender<usize>,
}

impl Drop for AtTheEnd<'_> {
    fn drop(&mut self) {
        // There is room for all that are taken; nobody receives it once `each` has broken.
        let _ = self.told.try_send(self.position);
    }
}

/// The positions of the items in their order, each once the work on it is over.
struct InOrder {
    ended: Receiver<usize>,
    has_ended: Vec<bool>,
    next: usize,
}

impl InOrder {
    /// Waits for the next one; nothing at the end.
    fn position(&mut self) -> Option<usize> {
        let ahead = self.has_ended.len();
        while !self.has_ended[self.next % ahead] {
            let position = receive(&self.ended).ok()?;
            self.has_ended[position % ahead] = true;
        }
        self.has_ended[self.next % ahead] = false;
        self.next += 1;
        Some(self.next - 1)
    }
}

#[cfg(test)]
mod tests;
