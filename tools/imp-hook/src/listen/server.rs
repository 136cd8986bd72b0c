//! The connections: hyper speaks HTTP on them, and keeps each for many calls.
//!
//! Careful about callers that are slow, silent, too many or send too much: the number of connections, the head
//! and the body have limits, and a call has a [`Deadline`]. A refused call costs its connection and nothing
//! else. An event is kept although its caller has hung up: it may be the only call for it.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, watch};

use super::call::Receiver;
use super::deadline::{self, CALL_TIMEOUT, Deadline, DeadlineStream};

/// Connections at once, at most.
const MAX_CONNECTIONS: usize = 512;
/// The longest head of a call, in bytes.
const MAX_HEAD: usize = 16 << 10;
/// The disk is the limit, so more threads would not be faster.
const THREADS: usize = 2;
/// The pause after an error of `accept`, as when there are no file descriptors left.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);
/// What a refused caller still sends is read for so long, and so much of it.
const LINGER_TIME: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 4 << 20;

/// A server that takes calls.
pub struct Server {
    runtime: Runtime,
    /// Each connection has a receiver of it until its last call is answered.
    closing: watch::Sender<()>,
}

impl Server {
    /// Starts to take calls.
    ///
    /// # Errors
    /// Those of the system.
    pub fn start(listener: std::net::TcpListener, receiver: Receiver) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
        listener.set_nonblocking(true)?;
        let (closing, is_closing) = watch::channel(());
        let listener = runtime.block_on(async { TcpListener::from_std(listener) })?;
        runtime.spawn(accept(listener, Arc::new(receiver), is_closing));
        Ok(Server { runtime, closing })
    }

    /// Takes no more calls, and waits for those that are being answered.
    pub fn close(self) {
        self.closing.send_replace(());
        self.runtime.block_on(deadline::at_most(CALL_TIMEOUT, self.closing.closed()));
    }
}

async fn accept(listener: TcpListener, receiver: Arc<Receiver>, mut closing: watch::Receiver<()>) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = closing.changed() => return,
        };
        let Ok((mut stream, _)) = accepted else {
            deadline::pause(ACCEPT_RETRY).await;
            continue;
        };
        let _slower = stream.set_nodelay(true);
        let (receiver, closing) = (receiver.clone(), closing.clone());
        match slots.clone().try_acquire_owned() {
            Ok(slot) => {
                tokio::spawn(async move {
                    serve(&receiver, stream, closing).await;
                    drop(slot);
                });
            }
            Err(_) => {
                receiver.count_refused(StatusCode::SERVICE_UNAVAILABLE);
                write_refusal(&mut stream, StatusCode::SERVICE_UNAVAILABLE).await;
            }
        }
    }
}

/// All calls of a connection.
async fn serve(
    receiver: &Receiver,
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    mut closing: watch::Receiver<()>,
) {
    let deadline = Deadline::new();
    let ended = serve_calls(receiver, &mut stream, &deadline, &mut closing).await;
    if let Err(error) = ended
        && (error.is_parse() || deadline.is_in_call())
    {
        let status = match () {
            () if error.is_parse_too_large() => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            () if deadline.has_passed() => StatusCode::REQUEST_TIMEOUT,
            () => StatusCode::BAD_REQUEST,
        };
        receiver.count_refused(status);
        // A head that cannot be parsed hyper answers by itself.
        if !error.is_parse() || error.is_parse_version_h2() {
            write_refusal(&mut stream, status).await;
        }
    }
    drop(closing);
    lingering_close(&mut stream).await;
}

async fn serve_calls(
    receiver: &Receiver,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    deadline: &Deadline,
    closing: &mut watch::Receiver<()>,
) -> hyper::Result<()> {
    let service = service_fn(|request| async {
        let response = receiver.answer(request, deadline).await;
        deadline.end_call();
        Ok::<_, Infallible>(response)
    });
    let stream = TokioIo::new(DeadlineStream { stream, deadline });
    let mut server = http1::Builder::new();
    server.half_close(true).max_buf_size(MAX_HEAD);
    let mut connection = pin!(server.serve_connection(stream, service));
    tokio::select! {
        ended = connection.as_mut() => return ended,
        _ = closing.changed() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

/// Answers a call that hyper has not read.
async fn write_refusal(stream: &mut (impl AsyncWrite + Unpin), status: StatusCode) {
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let _gone = stream.write_all(answer.as_bytes()).await;
}

/// Reads for a moment what is still being sent: closing before would reset the connection, and the answer
/// would be lost.
async fn lingering_close(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    let _gone = stream.shutdown().await;
    let mut rest = stream.take(LINGER_BYTES);
    deadline::at_most(LINGER_TIME, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
}

#[cfg(test)]
mod tests;
