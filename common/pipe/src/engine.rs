//! Work on items in parallel, results in input order.
//!
//! Workers take the next item from the source under a lock, and under the same lock put a channel
//! for its result into a bounded queue. The calling thread empties that queue from the front. So a
//! result is delivered as soon as those before it are, even while the source blocks; the look-ahead
//! is bounded; and no item taken from the source is lost: it is worked on, or comes back as
//! [`Done::NotAttempted`].

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
    let (queue, results) = sync_channel(jobs * LOOK_AHEAD);
    let source = Mutex::new(source);
    let worker = |queue: Queue<T, R>| {
        while let Some((item, reply)) = next(&source, &queue) {
            let done = if stop.load(Ordering::SeqCst) {
                Done::NotAttempted(item)
            } else {
                Done::Worked(work(item))
            };
            // Nobody receives it once `each` has broken.
            let _ = send(&reply, done);
        }
    };
    let worker = &worker;
    scope(|scope| {
        let spawn = |queue: Queue<T, R>| scope.spawn(inherited(move || worker(queue)));
        let workers: Vec<_> = (0..jobs).map(|_| spawn(queue.clone())).collect();
        // The queue ends with the last worker.
        drop(queue);
        // A result that never comes is that of a worker that panicked.
        let results_ahead = std::iter::from_fn(|| receive(&results).ok());
        let mut in_order = results_ahead.map_while(|result| receive(&result).ok());
        let _ = in_order.try_for_each(&mut each);
        drop(in_order);
        drop(results);
        for worker in workers {
            simulated::join(worker.thread());
            if let Err(panic) = worker.join() {
                resume_unwind(panic);
            }
        }
    });
}

/// The channels of the results, in the order of the items.
type Queue<T, R> = SyncSender<Receiver<Done<T, R>>>;

/// The next item and where to send its result; nothing at the end, or once `each` has broken.
fn next<T, R, S>(source: &Mutex<S>, queue: &Queue<T, R>) -> Option<(T, SyncSender<Done<T, R>>)>
where
    S: Iterator<Item = T>,
{
    // Poisoned: the source has panicked.
    let mut source = lock(source).ok()?;
    let item = source.next()?;
    let (reply, result) = sync_channel(1);
    // Still under the lock, so that the channels are in the order of the items.
    send(queue, result).ok()?;
    Some((item, reply))
}

#[cfg(test)]
mod tests;
