//! One call: a bounded HTTP/1.1 request, read from whatever carries it.
//!
//! Careful about size and shape: head and body have limits that are looked at before memory is taken, a
//! length is said once and in one way, and what does not fit is a [`Refusal`] with its status, never a
//! panic and never a wait without end (the stream has a deadline).

mod head;

use std::io::{self, Read, Write};

use head::{Head, Length, MOST_HEADERS};

/// The longest body, in bytes; the events that are known have less than one thousandth of it.
pub const LONGEST_BODY: usize = 1 << 20;
/// The longest line before a chunk.
const LONGEST_CHUNK_LINE: usize = 1 << 10;

/// A whole request.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    /// The method, `POST` for all that the service sends.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The content type, if it says one.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// Another call may follow on the same connection.
    pub keep_alive: bool,
}

/// Why a call is not taken: the status to answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal(pub u16);

/// What reading gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A call.
    Call(Call),
    /// Something else; the connection cannot be used any more.
    Refused(Refusal),
    /// The other side is done.
    Closed,
}

/// A connection: the stream and what has been read from it too early.
pub struct Connection<S> {
    /// The stream.
    pub stream: S,
    ahead: Vec<u8>,
}

/// Either a refusal or a broken connection.
enum Trouble {
    Refused(u16),
    Broken,
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Trouble::Refused(408),
            _ => Trouble::Broken,
        }
    }
}

impl<S: Read + Write> Connection<S> {
    /// A connection of which nothing has been read.
    pub fn new(stream: S) -> Self {
        Connection { stream, ahead: Vec::new() }
    }

    /// True when the next call has begun to arrive.
    pub fn has_begun(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// Waits for the first bytes of a call. False when none come: closed, or idle for too long.
    pub fn wait(&mut self) -> bool {
        self.has_begun() || self.more().is_ok()
    }

    /// Reads one call.
    pub fn read(&mut self) -> Incoming {
        match self.whole_call() {
            Ok(call) => Incoming::Call(call),
            Err(Trouble::Refused(status)) => Incoming::Refused(Refusal(status)),
            Err(Trouble::Broken) if self.ahead.is_empty() => Incoming::Closed,
            Err(Trouble::Broken) => Incoming::Refused(Refusal(400)),
        }
    }

    fn whole_call(&mut self) -> Result<Call, Trouble> {
        let Head { mut call, length, continues } = self.head()?;
        if let Length::Known(length) = length
            && length > LONGEST_BODY
        {
            return Err(Trouble::Refused(413));
        }
        if continues {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        call.body = match length {
            Length::Known(length) => self.take(length)?,
            Length::Chunked => self.chunks()?,
        };
        Ok(call)
    }

    fn head(&mut self) -> Result<Head, Trouble> {
        loop {
            if let Some((head, length)) = head::parse(&self.ahead)? {
                self.ahead.drain(..length);
                return Ok(head);
            }
            if self.ahead.len() >= head::LONGEST {
                return Err(Trouble::Refused(431));
            }
            self.more()?;
        }
    }

    fn chunks(&mut self) -> Result<Vec<u8>, Trouble> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let size = match httparse::parse_chunk_size(&line) {
                Ok(httparse::Status::Complete((_, size))) => size,
                _ => return Err(Trouble::Refused(400)),
            };
            if size > (LONGEST_BODY - body.len()) as u64 {
                return Err(Trouble::Refused(413));
            }
            if size == 0 {
                break;
            }
            body.extend(self.take(size as usize)?);
            if self.take(2)? != b"\r\n" {
                return Err(Trouble::Refused(400));
            }
        }
        for _ in 0..MOST_HEADERS {
            if self.line()? == b"\r\n" {
                return Ok(body);
            }
        }
        Err(Trouble::Refused(431))
    }

    /// A line with its end.
    fn line(&mut self) -> Result<Vec<u8>, Trouble> {
        loop {
            if let Some(end) = self.ahead.iter().position(|byte| *byte == b'\n') {
                return Ok(self.ahead.drain(..=end).collect());
            }
            if self.ahead.len() > LONGEST_CHUNK_LINE {
                return Err(Trouble::Refused(400));
            }
            self.more()?;
        }
    }

    fn take(&mut self, length: usize) -> Result<Vec<u8>, Trouble> {
        while self.ahead.len() < length {
            self.more()?;
        }
        Ok(self.ahead.drain(..length).collect())
    }

    fn more(&mut self) -> Result<(), Trouble> {
        let mut buffer = [0; 8 << 10];
        match self.stream.read(&mut buffer)? {
            0 => Err(Trouble::Broken),
            length => {
                self.ahead.extend_from_slice(&buffer[..length]);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream of which each read gives one piece.
    struct Pieces(Vec<Vec<u8>>, Vec<u8>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(piece) = self.0.first_mut() else { return Ok(0) };
            let length = piece.len().min(buffer.len());
            buffer[..length].copy_from_slice(&piece[..length]);
            piece.drain(..length);
            if piece.is_empty() {
                self.0.remove(0);
            }
            Ok(length)
        }
    }

    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn connection(pieces: &[&[u8]]) -> Connection<Pieces> {
        let pieces = pieces.iter().map(|piece| piece.to_vec()).collect();
        Connection::new(Pieces(pieces, Vec::new()))
    }

    fn status(text: &[u8]) -> Incoming {
        connection(&[text]).read()
    }

    fn refused(status: u16) -> Incoming {
        Incoming::Refused(Refusal(status))
    }

    #[test]
    fn calls_follow_each_other_however_they_are_cut() {
        let text = b"POST /s/blessing?x=1 HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}\
            POST /s/b HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nT: 1\r\n\r\n";
        for size in [1, 2, 3, 7, 1000] {
            let pieces: Vec<&[u8]> = text.chunks(size).collect();
            let mut calls = connection(&pieces);
            let Incoming::Call(first) = calls.read() else { panic!("{size}") };
            assert_eq!((first.path.as_str(), first.body.as_slice()), ("/s/blessing", &b"{}"[..]));
            assert_eq!(first.content_type.as_deref(), Some("application/json"));
            assert!(first.keep_alive);
            let Incoming::Call(second) = calls.read() else { panic!("{size}") };
            assert_eq!((second.path.as_str(), second.body.as_slice()), ("/s/b", &b"abcd"[..]));
            assert!(!second.keep_alive);
            assert_eq!(calls.read(), Incoming::Closed);
        }
    }

    #[test]
    fn what_is_too_large_is_refused_before_it_is_read() {
        let long = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", LONGEST_BODY + 1);
        assert_eq!(status(long.as_bytes()), refused(413));
        assert_eq!(
            status(b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"),
            refused(413)
        );
        assert_eq!(
            status(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n"),
            refused(413)
        );
        let head = format!("POST / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(head::LONGEST));
        assert_eq!(status(head.as_bytes()), refused(431));
        let many = format!("POST / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(MOST_HEADERS + 1));
        assert_eq!(status(many.as_bytes()), refused(431));
    }

    #[test]
    fn what_is_malformed_or_ambiguous_is_refused() {
        for text in [
            &b"GARBAGE\r\n\r\n"[..],
            b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: \r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n2",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
            b"POST / HT",
            b"\x16\x03\x01\x02\x00\x01\x00",
        ] {
            assert_eq!(status(text), refused(400), "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(status(b""), Incoming::Closed);
    }

    #[test]
    fn who_asks_whether_to_go_on_is_told() {
        let mut calls = connection(&[
            b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
            b"x",
        ]);
        assert!(matches!(calls.read(), Incoming::Call(_)));
        assert_eq!(calls.stream.1, b"HTTP/1.1 100 Continue\r\n\r\n");
    }
}
