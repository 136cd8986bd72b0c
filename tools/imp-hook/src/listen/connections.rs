//! Who is connected, and who has to go when there is no room for somebody new. Decides; closing is the task's.
//!
//! Careful about callers that connect and say nothing, or a byte now and then: as soon as connections or file
//! descriptors run out, the oldest one that has not shown the secret makes room. So they can hold up no call,
//! however many they are, and somebody who has shown it is never closed for anybody else.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::sys::resource::{Resource, getrlimit};
use tokio::sync::Notify;

/// Connections at once, at most.
const MOST: usize = 512;
/// File descriptors that are left for anything else: the service, files that are opened later.
const SPARE: u64 = 16;
/// Descriptors that are taken for open where that cannot be found out.
const USUALLY_OPEN: u64 = 16;

/// All connections.
pub struct Connections {
    limit: usize,
    table: Mutex<Table>,
    closed: Notify,
    has_run_out: AtomicBool,
}

#[derive(Default)]
struct Table {
    next: u64,
    /// By number, so the oldest is the first.
    open: BTreeMap<u64, Arc<State>>,
}

#[derive(Default)]
struct State {
    has_shown_secret: AtomicBool,
    close: Notify,
}

/// The place of one connection, which is free again when it is dropped.
pub struct Place {
    all: Arc<Connections>,
    number: u64,
    state: Arc<State>,
}

impl Connections {
    /// No connections so far, and at most so many at once.
    pub fn new(limit: usize) -> Arc<Self> {
        let (table, closed) = (Mutex::default(), Notify::new());
        Arc::new(Connections { limit, table, closed, has_run_out: AtomicBool::new(false) })
    }

    /// A place for a new connection; `None` when there are as many as may be, and all have shown the secret.
    pub fn place(self: &Arc<Self>) -> Option<Place> {
        let mut table = self.table();
        if table.open.len() >= self.limit {
            self.has_run_out.store(true, Ordering::Relaxed);
            if !table.close_oldest() {
                return None;
            }
        }
        let (number, state) = (table.next, Arc::<State>::default());
        table.next += 1;
        table.open.insert(number, state.clone());
        Some(Place { all: self.clone(), number, state })
    }

    /// Lets the oldest connection that has not shown the secret be closed; [`Connections::closed`] tells when
    /// it is. False when there is none.
    pub fn make_room(&self) -> bool {
        self.has_run_out.store(true, Ordering::Relaxed);
        self.table().close_oldest()
    }

    /// Waits until a connection is closed.
    pub async fn closed(&self) {
        self.closed.notified().await;
    }

    /// True as soon as there has been no room.
    pub fn have_run_out(&self) -> bool {
        self.has_run_out.load(Ordering::Relaxed)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn close_oldest(&mut self) -> bool {
        let is_unknown = |state: &Arc<State>| !state.has_shown_secret.load(Ordering::Relaxed);
        let oldest = self.open.iter().find(|(_, state)| is_unknown(state));
        let Some((&number, state)) = oldest else { return false };
        state.close.notify_one();
        self.open.remove(&number);
        true
    }
}

impl Place {
    /// The connection has shown the secret: it makes room for nobody any more.
    pub fn show_secret(&self) {
        self.state.has_shown_secret.store(true, Ordering::Relaxed);
    }

    /// Waits until the connection has to make room.
    pub async fn must_close(&self) {
        self.state.close.notified().await;
        // It may have shown the secret just then, and its call is not to be lost.
        if self.state.has_shown_secret.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.table().open.remove(&self.number);
        self.all.closed.notify_one();
    }
}

/// How many connections there may be, by the file descriptors of this process.
pub fn limit() -> usize {
    let descriptors = getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft);
    let open = fs::read_dir("/dev/fd").map_or(USUALLY_OPEN, |entries| entries.count() as u64);
    limit_for(descriptors, open)
}

fn limit_for(descriptors: u64, open: u64) -> usize {
    let free = descriptors.saturating_sub(open).saturating_sub(SPARE);
    free.clamp(1, MOST as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the connection has been told to close.
    async fn has_to_go(place: &Place) -> bool {
        tokio::select! {
            biased;
            () = place.must_close() => true,
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test]
    async fn the_oldest_that_has_not_shown_the_secret_makes_room() {
        let all = Connections::new(3);
        let known = all.place().unwrap();
        known.show_secret();
        let (old, young) = (all.place().unwrap(), all.place().unwrap());
        assert!(!all.have_run_out());
        let new = all.place().unwrap();
        assert!(all.have_run_out());
        assert!(has_to_go(&old).await);
        for place in [&known, &young, &new] {
            assert!(!has_to_go(place).await);
        }
        // Its place is the other's already.
        drop(old);
        new.show_secret();
        assert!(all.make_room());
        assert!(has_to_go(&young).await && !all.make_room());
        drop(young);
        let last = all.place().unwrap();
        last.show_secret();
        assert!(all.place().is_none(), "all three have shown it");
        drop(last);
        assert!(all.place().is_some());
        all.closed().await;
    }

    #[test]
    fn there_is_room_for_other_files() {
        assert_eq!(limit_for(1024, 12), MOST);
        assert_eq!(limit_for(u64::MAX, 12), MOST);
        assert_eq!(limit_for(40, 12), 12);
        assert_eq!(limit_for(16, 12), 1, "one is tried in any case");
    }
}
