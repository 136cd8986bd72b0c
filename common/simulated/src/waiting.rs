//! The clock, and the places where a thread waits for time or for another thread: in a world others have their
//! turn meanwhile, elsewhere it is as always.

use std::sync::mpsc::{
    Receiver, RecvError, RecvTimeoutError, SendError, SyncSender, TryRecvError, TrySendError,
};
use std::sync::{LockResult, Mutex, MutexGuard, OnceLock, TryLockError};
use std::thread::Thread;
use std::time::{Duration, Instant, SystemTime};

use crate::run_thread::{RunThread, current, here};

impl RunThread {
    fn block<T>(&self, until: Option<Duration>, attempt: impl FnMut() -> Option<T>) -> Option<T> {
        self.run.world().block(&self.run, self.thread, until, true, attempt)
    }

    fn after(&self, how_long: Duration) -> Duration {
        self.run.world().elapsed().saturating_add(how_long)
    }
}

/// The time of day in this world; `None` in the real one.
pub fn now() -> Option<SystemTime> {
    here().map(|run| run.world().time_of_day())
}

/// The time that never goes back; `None` in the real world.
pub fn monotonic() -> Option<Instant> {
    here().map(|run| run.world().instant())
}

/// Lets time pass; false in the real world, where it has to be waited for.
pub fn wait(how_long: Duration) -> bool {
    let Some(own) = current() else { return false };
    let until = Some(own.after(how_long));
    own.run.world().block(&own.run, own.thread, until, false, || None::<()>);
    true
}

/// As [`Mutex::lock`], for one that may be held while its holder waits.
///
/// # Errors
/// As [`Mutex::lock`].
pub fn lock<T>(mutex: &Mutex<T>) -> LockResult<MutexGuard<'_, T>> {
    let Some(own) = current() else { return mutex.lock() };
    let locked = own.block(None, || match mutex.try_lock() {
        Ok(guard) => Some(Ok(guard)),
        Err(TryLockError::Poisoned(error)) => Some(Err(error)),
        Err(TryLockError::WouldBlock) => None,
    });
    locked.unwrap_or_else(|| mutex.lock())
}

/// As [`OnceLock::get_or_init`], for what may take time to make.
pub fn once<T>(cell: &OnceLock<T>, make: impl FnOnce() -> T) -> &T {
    if let (Some(own), None) = (current(), cell.get()) {
        let address = std::ptr::from_ref(cell).addr();
        let is_free = || (!own.run.makes().contains(&address)).then_some(());
        own.block(None, is_free);
        if cell.get().is_none() {
            own.run.makes().push(address);
            let _making = Making { own: &own, address };
            return cell.get_or_init(make);
        }
    }
    cell.get_or_init(make)
}

struct Making<'a> {
    own: &'a RunThread,
    address: usize,
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        self.own.run.makes().retain(|other| *other != self.address);
    }
}

/// As [`Receiver::recv`].
///
/// # Errors
/// As [`Receiver::recv`].
pub fn receive<T>(messages: &Receiver<T>) -> Result<T, RecvError> {
    let Some(own) = current() else { return messages.recv() };
    let received = own.block(None, || match messages.try_recv() {
        Ok(message) => Some(Ok(message)),
        Err(TryRecvError::Disconnected) => Some(Err(RecvError)),
        Err(TryRecvError::Empty) => None,
    });
    received.unwrap_or(Err(RecvError))
}

/// As `Receiver::recv_timeout`; `None` in the real world.
pub fn receive_within<T>(
    messages: &Receiver<T>,
    how_long: Duration,
) -> Option<Result<T, RecvTimeoutError>> {
    let own = current()?;
    let received = own.block(Some(own.after(how_long)), || match messages.try_recv() {
        Ok(message) => Some(Ok(message)),
        Err(TryRecvError::Disconnected) => Some(Err(RecvTimeoutError::Disconnected)),
        Err(TryRecvError::Empty) => None,
    });
    Some(received.unwrap_or(Err(RecvTimeoutError::Timeout)))
}

/// As [`SyncSender::send`].
///
/// # Errors
/// As [`SyncSender::send`].
pub fn send<T>(messages: &SyncSender<T>, message: T) -> Result<(), SendError<T>> {
    let Some(own) = current() else { return messages.send(message) };
    let mut message = Some(message);
    let sent =
        own.block(None, || match message.take().map(|message| messages.try_send(message))? {
            Ok(()) => Some(Ok(())),
            Err(TrySendError::Disconnected(message)) => Some(Err(SendError(message))),
            Err(TrySendError::Full(back)) => {
                message = Some(back);
                None
            }
        });
    match (sent, message) {
        (Some(sent), _) => sent,
        (None, Some(message)) => Err(SendError(message)),
        (None, None) => Ok(()),
    }
}

/// Waits until a thread is at its end, so that joining it waits for nothing.
pub fn join(thread: &Thread) {
    if let Some(own) = current() {
        let ended = || own.run.world().has_ended(thread.id()).then_some(());
        own.block(None, ended);
    }
}
