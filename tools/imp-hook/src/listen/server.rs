//! The connections: hyper speaks HTTP on them, and keeps each for many calls.
//!
//! Careful about callers that are slow, silent, too many or send too much: [`Connections`] says who makes room,
//! the head and the body have limits, and a call has a [`Deadline`]. A refused call costs its connection and
//! nothing else. An event is kept although its caller has hung up: it may be the only call for it.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cli::terminal::stderr;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use nix::errno::Errno;
use nix::sys::socket::{Backlog, listen};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use super::call::Receiver;
use super::connections::{self, Connections, Place};
use super::deadline::{self, CALL_TIMEOUT, Deadline, DeadlineStream};
use super::seen::{Call, Seen};

/// The longest head of a call, in bytes.
const MAX_HEAD: usize = 16 << 10;
/// The disk is the limit, so more threads would not be faster.
const THREADS: usize = 2;
/// The pause after an error of `accept`, unless a connection is closed meanwhile.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);
/// What a refused caller still sends is read for so long, and so much of it.
const LINGER_TIME: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 4 << 20;

/// A server that takes calls.
pub struct Server {
    runtime: Runtime,
    /// Each connection has a receiver of it until its last call is answered.
    closing: watch::Sender<()>,
    /// See [`Server::answers`].
    has_answered: Arc<AtomicBool>,
}

impl Server {
    /// Starts to take calls.
    ///
    /// # Errors
    /// Those of the system.
    pub fn start(listener: std::net::TcpListener, receiver: Receiver) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
        // Who waits to be accepted must not be dropped because a thousand others wait too.
        listen(&listener, Backlog::MAXCONN)?;
        listener.set_nonblocking(true)?;
        let (closing, is_closing) = watch::channel(());
        let listener = runtime.block_on(async { TcpListener::from_std(listener) })?;
        let connections = Connections::new(connections::limit());
        runtime.spawn(accept(listener, Arc::new(receiver), connections, is_closing));
        Ok(Server { runtime, closing, has_answered: Arc::new(AtomicBool::new(true)) })
    }

    /// Lets something else answer at another address, as long as calls are taken.
    ///
    /// # Errors
    /// Those of the system.
    pub fn answer_also<F: Future<Output = ()> + Send + 'static>(
        &self,
        listener: std::net::TcpListener,
        serve: impl FnOnce(TcpListener) -> F,
    ) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let listener = self.runtime.block_on(async { TcpListener::from_std(listener) })?;
        self.runtime.spawn(serve(listener));
        Ok(())
    }

    /// Whether the threads of the connections have run what they were given when this was asked last.
    pub fn answers(&self) -> bool {
        let answers = self.has_answered.swap(false, Ordering::Relaxed);
        let has_answered = self.has_answered.clone();
        self.runtime.spawn(async move { has_answered.store(true, Ordering::Relaxed) });
        answers
    }

    /// Takes no more calls, and waits for those that are being answered.
    pub fn close(self) {
        self.closing.send_replace(());
        self.runtime.block_on(deadline::at_most(CALL_TIMEOUT, self.closing.closed()));
    }
}

async fn accept(
    listener: TcpListener,
    receiver: Arc<Receiver>,
    connections: Arc<Connections>,
    mut closing: watch::Receiver<()>,
) {
    let mut has_been_said = false;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = closing.changed() => return,
        };
        match accepted {
            Ok((stream, _)) => take(stream, &receiver, &connections, &closing).await,
            Err(error) => {
                if is_for_want_of_room(&error) {
                    connections.make_room();
                }
                deadline::at_most(ACCEPT_RETRY, connections.closed()).await;
            }
        }
        if connections.have_run_out() && !has_been_said {
            has_been_said = true;
            stderr::say(
                "no more connections fit: the oldest that have not sent the secret's path make room (said once)",
            );
        }
    }
}

/// File descriptors or memory have run out.
fn is_for_want_of_room(error: &io::Error) -> bool {
    let number = error.raw_os_error().map(Errno::from_raw);
    matches!(number, Some(Errno::EMFILE | Errno::ENFILE | Errno::ENOBUFS | Errno::ENOMEM))
}

/// Serves a new connection in a task of its own, if there is room for it.
async fn take(
    mut stream: TcpStream,
    receiver: &Arc<Receiver>,
    connections: &Arc<Connections>,
    closing: &watch::Receiver<()>,
) {
    let _slower = stream.set_nodelay(true);
    let Some(place) = connections.place() else {
        receiver.count_refused(StatusCode::SERVICE_UNAVAILABLE);
        write_refusal(&mut stream, StatusCode::SERVICE_UNAVAILABLE).await;
        return;
    };
    let (receiver, closing) = (receiver.clone(), closing.clone());
    tokio::spawn(async move { serve(&receiver, stream, place, closing).await });
}

/// What is known of a connection.
pub struct Connection {
    /// When its call has to be there.
    pub deadline: Deadline,
    /// What has come of its call.
    pub seen: Seen,
    /// Its place among the others.
    pub place: Place,
}

/// How the calls of a connection ended.
enum End {
    /// As the caller or the server wanted.
    Over,
    /// For somebody else.
    ForRoom,
    /// By an error; what hyper has read and not used.
    Failed(hyper::Error, Bytes),
}

/// All calls of a connection; `tests/fuzz` enters here too.
pub(super) async fn serve(
    receiver: &Receiver,
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    place: Place,
    mut closing: watch::Receiver<()>,
) {
    let connection = Connection { deadline: Deadline::new(), seen: Seen::default(), place };
    match serve_calls(receiver, &mut stream, &connection, &mut closing).await {
        End::Over => {}
        End::ForRoom => return leave(receiver, stream, connection).await,
        End::Failed(error, unused) if error.is_parse() || connection.deadline.is_in_call() => {
            let status = match () {
                () if error.is_parse_too_large() => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                () if connection.deadline.has_passed() => StatusCode::REQUEST_TIMEOUT,
                () => StatusCode::BAD_REQUEST,
            };
            receiver.refuse(status, call_of(&connection, &unused)).await;
            // A head that cannot be parsed hyper answers by itself.
            if !error.is_parse() || error.is_parse_version_h2() {
                write_refusal(&mut stream, status).await;
            }
        }
        End::Failed(..) => {}
    }
    drop(closing);
    tokio::select! {
        () = lingering_close(&mut stream) => {}
        () = connection.place.must_close() => {}
    }
}

/// Makes room for somebody else, at once.
async fn leave(
    receiver: &Receiver,
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    connection: Connection,
) {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let is_in_call = connection.deadline.is_in_call();
    if is_in_call {
        write_refusal(&mut stream, status).await;
    }
    drop(stream);
    let Connection { seen, place, .. } = connection;
    drop(place);
    if is_in_call {
        receiver.refuse(status, seen.take()).await;
    }
}

/// What has come of the call that a connection ended in; `unused` is a head that was not read to its end.
fn call_of(connection: &Connection, unused: &Bytes) -> Call {
    let mut call = connection.seen.take();
    if call.head.is_empty() {
        call.head = unused[..unused.len().min(MAX_HEAD)].to_vec();
    }
    call
}

async fn serve_calls(
    receiver: &Receiver,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    connection: &Connection,
    closing: &mut watch::Receiver<()>,
) -> End {
    let service = service_fn(|request| async {
        let response = receiver.answer(request, connection).await;
        connection.deadline.end_call();
        Ok::<_, Infallible>(response)
    });
    let stream = TokioIo::new(DeadlineStream { stream, deadline: &connection.deadline });
    let mut server = http1::Builder::new();
    server.half_close(true).max_buf_size(MAX_HEAD);
    let mut calls = server.serve_connection(stream, service);
    let ended = tokio::select! {
        ended = &mut calls => ended,
        () = connection.place.must_close() => return End::ForRoom,
        _ = closing.changed() => {
            std::pin::Pin::new(&mut calls).graceful_shutdown();
            (&mut calls).await
        }
    };
    match ended {
        Ok(()) => End::Over,
        Err(error) => End::Failed(error, calls.into_parts().read_buf),
    }
}

/// Answers a call that hyper has not read.
async fn write_refusal(stream: &mut (impl AsyncWrite + Unpin), status: StatusCode) {
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    // It fits into what the system keeps for the caller, unless they read no answers.
    deadline::at_most(Duration::ZERO, stream.write_all(answer.as_bytes())).await;
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
