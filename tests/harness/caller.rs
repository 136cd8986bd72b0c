//! A caller of webhooks, as the service is one: POSTs over a connection that is kept.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

use crate::wait;

/// A connection to a receiver.
pub struct Caller(BufReader<TcpStream>);

impl Caller {
    /// Connects to `ADDRESS:PORT`.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(address: &str) -> io::Result<Caller> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(wait::LIMIT))?;
        Ok(Caller(BufReader::new(stream)))
    }

    /// Makes a call and gives the status of its answer.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub fn call(&mut self, path: &str, content_type: &str, body: &[u8]) -> io::Result<u16> {
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n"
        );
        self.send(&[head.as_bytes(), body].concat())
    }

    /// Sends bytes as they are and gives the status of the answer.
    ///
    /// # Errors
    /// As [`Caller::call`].
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<u16> {
        self.0.get_mut().write_all(bytes)?;
        let mut status = None;
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 || !line.ends_with('\n') {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line.trim_end().is_empty() {
                // The answers of a receiver have no body.
                return status.ok_or_else(|| io::ErrorKind::InvalidData.into());
            }
            status = status.or_else(|| line.split(' ').nth(1)?.parse().ok());
        }
    }
}
