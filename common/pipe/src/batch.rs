//! Items collected into batches.
//!
//! [`Batcher`] only decides what goes together and when a batch is full. [`chunks`] is for live
//! sources, whose next item may take a second or a day: items already read do not wait for it.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use simulated::{inherited, receive, receive_within, send};

/// Items that are read ahead of their use.
const READ_AHEAD: usize = 1024;

/// Collects items by key into batches of a given size. The same items in the same order give the
/// same batches, and items of a key stay in their order.
#[derive(Debug)]
pub struct Batcher<K, T> {
    size: usize,
    /// In the order in which the keys were first seen.
    batches: Vec<(K, Vec<T>)>,
    places: HashMap<K, usize>,
}

impl<K: Clone + Eq + Hash, T> Batcher<K, T> {
    /// Batches of `size` items; 0 counts as 1.
    pub fn new(size: usize) -> Batcher<K, T> {
        Batcher { size: size.max(1), batches: Vec::new(), places: HashMap::new() }
    }

    /// Adds an item; gives its batch if that is full now.
    pub fn push(&mut self, key: K, item: T) -> Option<(K, Vec<T>)> {
        let place = *self.places.entry(key.clone()).or_insert_with(|| {
            self.batches.push((key, Vec::new()));
            self.batches.len() - 1
        });
        let (key, batch) = &mut self.batches[place];
        batch.push(item);
        (batch.len() >= self.size).then(|| (key.clone(), std::mem::take(batch)))
    }

    /// Gives what is left, the key that was first seen first.
    pub fn flush(&mut self) -> Vec<(K, Vec<T>)> {
        self.places.clear();
        let left = std::mem::take(&mut self.batches).into_iter();
        left.filter(|(_, batch)| !batch.is_empty()).collect()
    }
}

/// Reads `source` in its own thread and passes items to `each`: as soon as there are `size`, when
/// no other item arrives for `idle`, and at the end. When `each` breaks, the rest is passed to `left`: until
/// the source ends, `left` breaks, or nothing comes for `idle`. True when the source has ended.
///
/// If the source still blocks then, the thread is detached; it takes no further item.
///
/// # Panics
/// If the source panics, with its message.
pub fn chunks<T, S>(
    source: S,
    size: usize,
    idle: Duration,
    mut each: impl FnMut(Vec<T>) -> ControlFlow<()>,
    left: impl FnMut(T) -> ControlFlow<()>,
) -> bool
where
    T: Send + 'static,
    S: Iterator<Item = T> + Send + 'static,
{
    let (give, items) = sync_channel(size.max(1));
    #[expect(clippy::disallowed_methods, reason = "it ends with the source, or is left behind")]
    let reader = std::thread::spawn(inherited(move || {
        // Sending fails once `each` has broken.
        source.map(|item| send(&give, item)).take_while(Result::is_ok).for_each(drop);
    }));
    let mut waiting = Vec::new();
    loop {
        let event = wait(&items, patience(waiting.len(), idle));
        let ended = matches!(event, Event::End);
        let due = is_due(&event, waiting.len(), size);
        if let Event::Item(item) = event {
            waiting.push(item);
        }
        if due && each(std::mem::take(&mut waiting)).is_break() {
            if !ended && !drain(&items, idle, left) {
                return false;
            }
            break;
        }
        if ended {
            break;
        }
    }
    simulated::join(reader.thread());
    reader.join().unwrap_or_else(|panic| resume_unwind(panic));
    true
}

/// Passes on what still comes; true when the source has ended.
fn drain<T>(
    items: &Receiver<T>,
    idle: Duration,
    mut left: impl FnMut(T) -> ControlFlow<()>,
) -> bool {
    loop {
        match wait(items, Some(idle)) {
            Event::Item(item) => {
                if left(item).is_break() {
                    return false;
                }
            }
            Event::Idle => return false,
            Event::End => return true,
        }
    }
}

/// A source that is read ahead in its own thread, and that may be left before its end: then the thread takes one
/// more item at most.
pub struct Ahead<T> {
    items: Receiver<T>,
    has_begun: bool,
    reader: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Ahead<T> {
    /// Begins to read.
    pub fn of(source: impl Iterator<Item = T> + Send + 'static) -> Ahead<T> {
        let (give, items) = sync_channel(READ_AHEAD);
        #[expect(clippy::disallowed_methods, reason = "it ends with the source, or is left behind")]
        let reader = std::thread::spawn(inherited(move || {
            source.map(|item| send(&give, item)).take_while(Result::is_ok).for_each(drop);
        }));
        Ahead { items, has_begun: false, reader: Some(reader) }
    }

    /// The next item, unless none comes for `idle`. The first is waited for.
    ///
    /// # Panics
    /// If the source panics, with its message.
    pub fn soon(&mut self, idle: Duration) -> Option<T> {
        match wait(&self.items, self.has_begun.then_some(idle)) {
            Event::Item(item) => {
                self.has_begun = true;
                Some(item)
            }
            Event::Idle => None,
            Event::End => self.end(),
        }
    }

    fn end(&mut self) -> Option<T> {
        let reader = self.reader.take()?;
        simulated::join(reader.thread());
        if let Err(panic) = reader.join() {
            resume_unwind(panic);
        }
        None
    }
}

impl<T: Send + 'static> Iterator for Ahead<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        receive(&self.items).ok().or_else(|| self.end())
    }
}

/// What happened while waiting for the source.
enum Event<T> {
    Item(T),
    /// Nothing arrived in time.
    Idle,
    End,
}

/// How long to wait for the next item; without a limit if no item is held back.
fn patience(waiting: usize, idle: Duration) -> Option<Duration> {
    (waiting > 0).then_some(idle)
}

/// Whether the waiting items, with that of the event, are to be passed on.
fn is_due<T>(event: &Event<T>, waiting: usize, size: usize) -> bool {
    match event {
        Event::Item(_) => waiting + 1 >= size,
        Event::Idle | Event::End => waiting > 0,
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place in this crate that waits")]
fn wait<T>(items: &Receiver<T>, patience: Option<Duration>) -> Event<T> {
    let received = match patience {
        Some(patience) => {
            receive_within(items, patience).unwrap_or_else(|| items.recv_timeout(patience))
        }
        None => receive(items).map_err(|_| RecvTimeoutError::Disconnected),
    };
    match received {
        Ok(item) => Event::Item(item),
        Err(RecvTimeoutError::Timeout) => Event::Idle,
        Err(RecvTimeoutError::Disconnected) => Event::End,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const FOR_EVER: Duration = Duration::from_secs(86_400);

    #[test]
    fn batches_are_by_key_and_in_order() {
        let mut batcher = Batcher::new(2);
        let mut full = Vec::new();
        for (item, key) in ["a", "b", "a", "c", "b", "b", "a"].into_iter().enumerate() {
            full.extend(batcher.push(key, item));
        }
        assert_eq!(full, [("a", vec![0, 2]), ("b", vec![1, 4])]);
        assert_eq!(batcher.flush(), [("a", vec![6]), ("b", vec![5]), ("c", vec![3])]);
        assert_eq!(batcher.flush(), []);
        assert_eq!(batcher.push("c", 7), None);
        assert_eq!(batcher.flush(), [("c", vec![7])]);
    }

    #[test]
    fn no_item_is_lost_or_doubled_whatever_the_size() {
        for size in 0..6 {
            let mut batcher = Batcher::new(size);
            let mut all = Vec::new();
            for item in 0..100_u32 {
                all.extend(batcher.push(item % 3, item));
            }
            all.extend(batcher.flush());
            assert!(all.iter().all(|(key, items)| items.len() <= size.max(1)
                && items.is_sorted()
                && items.iter().all(|item| item % 3 == *key)));
            let mut items: Vec<u32> = all.into_iter().flat_map(|(_, items)| items).collect();
            items.sort_unstable();
            assert_eq!(items, (0..100).collect::<Vec<_>>());
        }
    }

    #[test]
    fn nothing_waits_while_nothing_is_kept_waiting() {
        assert_eq!(patience(0, FOR_EVER), None);
        assert_eq!(patience(1, FOR_EVER), Some(FOR_EVER));
        assert!(!is_due(&Event::<()>::Idle, 0, 2) && is_due(&Event::<()>::Idle, 1, 2));
        assert!(!is_due(&Event::<()>::End, 0, 2) && is_due(&Event::<()>::End, 1, 2));
        assert!(!is_due(&Event::Item(()), 0, 2) && is_due(&Event::Item(()), 1, 2));
    }

    #[test]
    fn what_has_come_goes_out_when_full_when_idle_and_at_the_end() {
        for (idle, size, first) in [(FOR_EVER, 2, 2), (Duration::ZERO, 100, 1)] {
            // The source gives its last item only after the first ones were passed on.
            let (give, source) = channel();
            (0..first).for_each(|number| give.send(number).unwrap());
            let mut give = Some(give);
            let mut seen = Vec::new();
            let pass = |chunk| {
                seen.extend(chunk);
                if let Some(give) = give.take_if(|_| seen.len() == first) {
                    give.send(99).unwrap();
                }
                ControlFlow::Continue(())
            };
            assert!(chunks(source.into_iter(), size, idle, pass, |_| panic!("no break")));
            assert_eq!(seen, (0..first).chain([99]).collect::<Vec<_>>());
        }
    }

    #[test]
    fn after_a_break_the_rest_is_passed_on_also_from_a_source_that_waits() {
        for (ends, idle) in [(false, Duration::from_millis(100)), (true, FOR_EVER)] {
            let (give, source) = channel();
            (1..=500).for_each(|number| give.send(number).unwrap());
            let open = (!ends).then_some(give);
            let mut rest = Vec::new();
            let each = |chunk: Vec<i32>| {
                assert_eq!(chunk, [1]);
                ControlFlow::Break(())
            };
            let left = |number| {
                rest.push(number);
                ControlFlow::Continue(())
            };
            assert_eq!(chunks(source.into_iter(), 1, idle, each, left), ends);
            assert_eq!(rest, (2..=500).collect::<Vec<_>>());
            drop(open);
        }
        let source = std::iter::repeat(1);
        let stop = |_| ControlFlow::Break(());
        assert!(!chunks(source, 1, FOR_EVER, stop, |_| ControlFlow::Break(())), "it never ends");
    }

    #[test]
    fn a_live_source_is_read_until_it_is_idle_and_then_as_it_comes() {
        let (give, source) = channel();
        (0..5).for_each(|number| give.send(number).unwrap());
        let mut ahead = Ahead::of(source.into_iter());
        let first: Vec<i32> =
            std::iter::from_fn(|| ahead.soon(Duration::from_millis(50))).collect();
        assert_eq!(first, [0, 1, 2, 3, 4]);
        give.send(5).unwrap();
        assert_eq!(ahead.next(), Some(5));
        drop(give);
        assert_eq!((ahead.soon(FOR_EVER), ahead.next()), (None, None));
    }

    #[test]
    fn a_panic_in_the_source_is_no_end_of_input() {
        let source = (0..3).inspect(|number| assert_ne!(*number, 1, "a bad one"));
        let result = std::panic::catch_unwind(|| {
            let go_on = |_: Vec<i32>| ControlFlow::Continue(());
            chunks(source, 1, FOR_EVER, go_on, |_| ControlFlow::Continue(()))
        });
        assert!(result.is_err());
    }
}
