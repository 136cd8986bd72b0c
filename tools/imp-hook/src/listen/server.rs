//! The server: a thread for each connection, a limit to their number, a deadline for each call.
//!
//! A connection may be kept for many calls. A call that is no good is answered 4xx and counted, and the
//! listener lives on; a slow or silent caller costs one of the connections for some seconds.

use cli::Secret;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cli::api::send::clock;
use cli::terminal::stderr;

use super::call::{Call, Connection, Incoming, Refusal};
use super::commit::Committer;
use super::counts::Counts;
use super::{event, secret};

/// Connections at once, at most.
const MOST_CONNECTIONS: usize = 512;
/// A call has to be there as a whole so long after it began.
const CALL: Duration = Duration::from_secs(10);
/// A connection without a call is closed after so long.
const IDLE: Duration = Duration::from_secs(30);
/// What a refused caller still sends is read for so long, and so much of it.
const PARTING: Duration = Duration::from_secs(1);
const PARTING_BYTES: usize = 4 << 20;

/// What the connections share.
pub struct Server {
    secret: Secret,
    committer: Committer,
    counts: Arc<Counts>,
    closing: AtomicBool,
    connections: AtomicUsize,
    /// Calls that are being answered.
    busy: AtomicUsize,
    /// Events so far: the end of their ids.
    number: AtomicU64,
    started: SystemTime,
}

/// A stream whose reads end at a deadline.
struct Timed {
    stream: TcpStream,
    deadline: Instant,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.deadline.saturating_duration_since(clock::monotonic());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(buffer)
    }
}

impl Timed {
    /// Ends the conversation so that the answer arrives: what is still being sent is read for a moment,
    /// because closing before would throw the answer away too.
    fn part(&mut self) {
        self.deadline = clock::monotonic() + PARTING;
        let mut left = PARTING_BYTES;
        let mut buffer = [0; 8 << 10];
        let _gone = self.stream.shutdown(Shutdown::Write);
        while let (true, Ok(length @ 1..)) = (left > 0, self.read(&mut buffer)) {
            left = left.saturating_sub(length);
        }
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Server {
    /// Starts to take calls.
    #[expect(clippy::disallowed_methods, reason = "it takes calls until the process ends")]
    pub fn start(
        listener: TcpListener,
        secret: Secret,
        committer: Committer,
        counts: Arc<Counts>,
    ) -> Arc<Self> {
        let server = Arc::new(Server {
            secret,
            committer,
            counts,
            closing: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            number: AtomicU64::new(0),
            started: clock::now(),
        });
        let accepting = server.clone();
        thread::spawn(move || accepting.accept(&listener));
        server
    }

    /// Takes no more calls, and waits a moment for those that are being answered.
    pub fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        let end = clock::monotonic() + CALL;
        while self.busy.load(Ordering::SeqCst) > 0 && clock::monotonic() < end {
            clock::wait(Duration::from_millis(5));
        }
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        loop {
            match listener.accept() {
                Ok(_) if self.closing.load(Ordering::SeqCst) => return,
                Ok((stream, _)) => self.take_in(stream),
                // Out of file descriptors, for example: it will pass when connections end.
                Err(_) => clock::wait(Duration::from_millis(50)),
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "it ends with its connection, at a deadline")]
    fn take_in(self: &Arc<Self>, stream: TcpStream) {
        let _slower = stream.set_nodelay(true);
        let _as_it_is = stream.set_write_timeout(Some(CALL));
        if self.connections.fetch_add(1, Ordering::SeqCst) >= MOST_CONNECTIONS {
            self.refuse(&mut &stream, Refusal(503));
            self.connections.fetch_sub(1, Ordering::SeqCst);
            return;
        }
        let server = self.clone();
        let named = thread::Builder::new().stack_size(256 << 10);
        let spawned = named.spawn(move || {
            server.converse(stream);
            server.connections.fetch_sub(1, Ordering::SeqCst);
        });
        if spawned.is_err() {
            self.connections.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// All calls of a connection.
    fn converse(&self, stream: TcpStream) {
        let mut connection = Connection::new(Timed { stream, deadline: clock::monotonic() + IDLE });
        while connection.wait() && !self.closing.load(Ordering::SeqCst) {
            self.busy.fetch_add(1, Ordering::SeqCst);
            connection.stream.deadline = clock::monotonic() + CALL;
            let goes_on = self.one_call(&mut connection);
            self.busy.fetch_sub(1, Ordering::SeqCst);
            if !goes_on {
                return;
            }
            connection.stream.deadline = clock::monotonic() + IDLE;
        }
    }

    /// One call; false when the connection is over.
    fn one_call(&self, connection: &mut Connection<Timed>) -> bool {
        let call = match connection.read() {
            Incoming::Call(call) => call,
            Incoming::Refused(refusal) => {
                self.refuse(&mut connection.stream, refusal);
                connection.stream.part();
                return false;
            }
            Incoming::Closed => return false,
        };
        let keep_alive = call.keep_alive && !self.closing.load(Ordering::SeqCst);
        let status = match self.event(&call) {
            Ok(()) => 200,
            Err(Refusal(status)) => {
                self.count(status);
                status
            }
        };
        answer(&mut connection.stream, status, keep_alive).is_ok() && keep_alive
    }

    /// Keeps the event that a call reports.
    fn event(&self, call: &Call) -> Result<(), Refusal> {
        let hook = secret::hook(&call.path, &self.secret).ok_or(Refusal(404))?;
        if call.method != "POST" {
            return Err(Refusal(405));
        }
        let body = event::body(call.content_type.as_deref(), &call.body)?;
        let digest = event::digest(hook, &call.body);
        let now = clock::now();
        let received_at = humantime::format_rfc3339_millis(now).to_string();
        let record = event::record(self.next_id(), received_at, hook, &digest, body);
        if self.committer.keep(record, digest) { Ok(()) } else { Err(Refusal(503)) }
    }

    /// An id that no other event of this machine has.
    fn next_id(&self) -> String {
        let start = self.started.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        format!("{start:x}-{}", self.number.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn refuse(&self, stream: &mut impl Write, refusal: Refusal) {
        self.count(refusal.0);
        let _gone = answer(stream, refusal.0, false);
    }

    fn count(&self, status: u16) {
        if self.counts.refused(status) {
            let why = reason(status);
            stderr::say(&format!(
                "a call was answered {status} ({why}); from now on they are only counted"
            ));
        }
    }
}

fn answer(stream: &mut impl Write, status: u16, keep_alive: bool) -> io::Result<()> {
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let allow = if status == 405 { "allow: POST\r\n" } else { "" };
    let text = format!(
        "HTTP/1.1 {status} {}\r\ncontent-length: 0\r\n{allow}connection: {connection}\r\n\r\n",
        reason(status)
    );
    stream.write_all(text.as_bytes())
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        431 => "Request Header Fields Too Large",
        _ => "Service Unavailable",
    }
}
