//! The time limits of a connection; the only place of the receiver that waits on tokio's clock.
//!
//! Careful about callers that send a byte now and then: the limit is one for the whole call, from its first
//! byte to its last. It does not hold for the journal: while an event is written, hyper does not read.

#![expect(
    clippy::disallowed_methods,
    reason = "cli's clock would hold the thread that all connections share"
)]

use std::io;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, timeout};

/// A call has to be there as a whole so long after its first byte.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection without a call is closed after so long.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// When the present call has to be there, or the next one has to begin.
pub struct Deadline(Mutex<State>);

struct State {
    timer: Pin<Box<Sleep>>,
    in_call: bool,
}

impl Deadline {
    /// The deadline of a new connection.
    pub fn new() -> Self {
        Deadline(Mutex::new(State { timer: Box::pin(sleep(IDLE_TIMEOUT)), in_call: false }))
    }

    /// The call has been dealt with; the next one may take its time to come.
    pub fn end_call(&self) {
        self.set(false, IDLE_TIMEOUT);
    }

    /// True from the first byte of a call until [`Deadline::end_call`].
    pub fn is_in_call(&self) -> bool {
        self.state().in_call
    }

    /// True when the call did not come in time.
    pub fn has_passed(&self) -> bool {
        self.state().timer.is_elapsed()
    }

    fn set(&self, in_call: bool, how_long: Duration) {
        let mut state = self.state();
        state.in_call = in_call;
        state.timer.as_mut().reset(Instant::now() + how_long);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The result of reading or writing; an error when it is still to come after the deadline.
    fn limit<T>(
        &self,
        result: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if result.is_pending() && self.state().timer.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        result
    }
}

/// A stream whose reads and writes fail when the deadline has passed.
pub struct DeadlineStream<'a, S> {
    /// The stream.
    pub stream: &'a mut S,
    /// Restarted by the first byte of a call.
    pub deadline: &'a Deadline,
}

impl<S: AsyncRead + Unpin> AsyncRead for DeadlineStream<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before && !self.deadline.is_in_call() {
            self.deadline.set(true, CALL_TIMEOUT);
        }
        self.deadline.limit(result, context)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for DeadlineStream<'_, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.deadline.limit(result, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Waits for something, but no longer than this.
pub async fn at_most<T>(how_long: Duration, what: impl Future<Output = T>) {
    let _late = timeout(how_long, what).await;
}

/// Lets time pass.
#[cfg(test)]
pub async fn pause(how_long: Duration) {
    sleep(how_long).await;
}
