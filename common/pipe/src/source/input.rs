//! A reader that counts lines, and to which bytes can be returned.
//!
//! It never waits for more than is asked for: what the operating system has is passed on.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

use memchr::{memchr, memchr_iter, memrchr};

const BUFFER: usize = 64 << 10;

/// How [`Input::line`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnd {
    /// At a line feed, which is part of the line.
    LineFeed,
    /// At the end of the input.
    End,
    /// At the limit, in the middle of the line.
    TooLong,
}

pub(super) struct Input {
    reader: BufReader<Box<dyn Read + Send>>,
    /// Bytes that were given back; those before `at` have been taken again.
    returned: Vec<u8>,
    at: usize,
    line: u64,
    column: usize,
}

impl Input {
    pub(super) fn new(reader: Box<dyn Read + Send>) -> Input {
        let reader = BufReader::with_capacity(BUFFER, reader);
        Input { reader, returned: Vec::new(), at: 0, line: 1, column: 0 }
    }

    /// The number of the line that the next byte is on, from 1.
    pub(super) fn line_number(&self) -> u64 {
        self.line
    }

    /// How many bytes of that line were taken.
    pub(super) fn column(&self) -> usize {
        self.column
    }

    /// What can be taken without waiting, at least one byte; nothing at the end of the input.
    pub(super) fn chunk(&mut self) -> io::Result<&[u8]> {
        if self.at < self.returned.len() {
            return Ok(&self.returned[self.at..]);
        }
        self.fill()?;
        Ok(self.reader.buffer())
    }

    /// The rest of the line without its line feed, which is not taken; nothing if that would have to be waited for
    /// and `may_wait`, which is given what has come of it, does not allow it.
    pub(super) fn rest_of_line(
        &mut self,
        may_wait: impl Fn(&[u8]) -> bool,
    ) -> io::Result<Option<&[u8]>> {
        loop {
            let chunk = self.chunk()?;
            if let Some(feed) = memchr(b'\n', chunk) {
                // Not the chunk itself, because the borrow would last.
                return Ok(Some(&self.chunk()?[..feed]));
            }
            if !may_wait(chunk) || !self.gather()? {
                return Ok(None);
            }
        }
    }

    /// Puts the line in the next chunk, or its begin, behind the present one; false at the end of the input.
    fn gather(&mut self) -> io::Result<bool> {
        if self.at == self.returned.len() {
            self.at = 0;
            self.returned.clear();
            self.returned.extend_from_slice(self.reader.buffer());
            self.reader.consume(self.returned.len());
        }
        self.fill()?;
        let next = self.reader.buffer();
        let count = memchr(b'\n', next).map_or(next.len(), |feed| feed + 1);
        self.returned.extend_from_slice(&next[..count]);
        self.reader.consume(count);
        Ok(count > 0)
    }

    fn fill(&mut self) -> io::Result<()> {
        while let Err(error) = self.reader.fill_buf() {
            if error.kind() != ErrorKind::Interrupted {
                return Err(error);
            }
        }
        Ok(())
    }

    /// The next byte, which is not taken.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.chunk()?.first().copied())
    }

    /// Takes bytes of the current chunk.
    pub(super) fn take(&mut self, count: usize) {
        let from_returned = self.at < self.returned.len();
        let source = if from_returned { &self.returned[self.at..] } else { self.reader.buffer() };
        let taken = &source[..count];
        match memrchr(b'\n', taken) {
            Some(last) => {
                self.line += memchr_iter(b'\n', taken).count() as u64;
                self.column = count - last - 1;
            }
            None => self.column += count,
        }
        if from_returned {
            self.at += count;
        } else {
            self.reader.consume(count);
        }
    }

    /// Gives back the bytes that were taken last. The column is exact only if they began at the
    /// start of a line, or are all on the current line.
    pub(super) fn give_back(&mut self, bytes: &[u8]) {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.line -= lines;
        self.column = if lines == 0 { self.column.saturating_sub(bytes.len()) } else { 0 };
        if self.at >= bytes.len() && self.returned[self.at - bytes.len()..self.at] == *bytes {
            self.at -= bytes.len();
        } else {
            self.returned.splice(..self.at, bytes.iter().copied());
            self.at = 0;
        }
    }

    /// Appends the rest of the line, with its line feed, until `into` has `limit` bytes.
    pub(super) fn line(&mut self, into: &mut Vec<u8>, limit: usize) -> io::Result<LineEnd> {
        loop {
            let chunk = self.chunk()?;
            let (at_end, room) = (chunk.is_empty(), limit.saturating_sub(into.len()));
            let count = (&chunk[..room.min(chunk.len())]).read_until(b'\n', into)?;
            let end = match count {
                0 if at_end => Some(LineEnd::End),
                0 => Some(LineEnd::TooLong),
                _ => into.ends_with(b"\n").then_some(LineEnd::LineFeed),
            };
            self.take(count);
            if let Some(end) = end {
                return Ok(end);
            }
        }
    }

    /// Takes the rest of the line, with its line feed.
    pub(super) fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let chunk = self.chunk()?;
            let feed = memchr(b'\n', chunk);
            let count = feed.map_or(chunk.len(), |feed| feed + 1);
            let ended = feed.is_some() || chunk.is_empty();
            self.take(count);
            if ended {
                return Ok(());
            }
        }
    }

    /// Takes bytes as long as they are among `bytes`.
    pub(super) fn skip(&mut self, bytes: &[u8]) -> io::Result<()> {
        loop {
            let chunk = self.chunk()?;
            let count = chunk.iter().take_while(|byte| bytes.contains(byte)).count();
            let more = count == chunk.len() && count > 0;
            self.take(count);
            if !more {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(text: &'static str) -> Input {
        Input::new(Box::new(text.as_bytes()))
    }

    #[test]
    fn bytes_given_back_are_read_again_at_their_place() {
        let mut input = input("one\ntwo\nthree");
        let mut taken = Vec::new();
        assert_eq!(input.line(&mut taken, 100).unwrap(), LineEnd::LineFeed);
        assert_eq!(input.line(&mut taken, 100).unwrap(), LineEnd::LineFeed);
        assert_eq!((taken.as_slice(), input.line_number()), (b"one\ntwo\n".as_slice(), 3));
        input.give_back(b"two\n");
        assert_eq!((input.line_number(), input.column()), (2, 0));
        let mut again = Vec::new();
        input.line(&mut again, 2).unwrap();
        assert_eq!((again.as_slice(), input.column()), (b"tw".as_slice(), 2));
        input.give_back(b"tw");
        assert_eq!((input.at, input.column()), (0, 0), "given back without copying");
        input.skip_line().unwrap();
        let mut rest = Vec::new();
        assert_eq!(input.line(&mut rest, 100).unwrap(), LineEnd::End);
        assert_eq!((rest.as_slice(), input.line_number()), (b"three".as_slice(), 3));
        assert_eq!(input.peek().unwrap(), None);
    }

    #[test]
    fn the_rest_of_a_line_comes_together_from_several_reads() {
        /// Gives three bytes at a time.
        struct Drops(&'static [u8]);
        impl Read for Drops {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let count = self.0.len().min(buffer.len()).min(3);
                (&mut self.0).read(&mut buffer[..count])
            }
        }
        let mut input = Input::new(Box::new(Drops(b"one two\nthree\nfour")));
        assert_eq!(input.rest_of_line(|_| false).unwrap(), None);
        assert_eq!(input.rest_of_line(|come| come.len() < 5).unwrap(), None);
        assert_eq!(input.rest_of_line(|_| true).unwrap(), Some(b"one two".as_slice()));
        input.take(4);
        assert_eq!(input.rest_of_line(|_| true).unwrap(), Some(b"two".as_slice()));
        input.take(4);
        assert_eq!((input.line_number(), input.column()), (2, 0));
        assert_eq!(input.rest_of_line(|_| true).unwrap(), Some(b"three".as_slice()));
        let mut taken = Vec::new();
        input.line(&mut taken, 100).unwrap();
        assert_eq!(input.rest_of_line(|_| true).unwrap(), None);
        input.line(&mut taken, 100).unwrap();
        assert_eq!(taken, b"three\nfour");
    }

    #[test]
    fn a_limit_stops_inside_the_line() {
        let mut input = input("abcdef\ng");
        let mut taken = Vec::new();
        assert_eq!(input.line(&mut taken, 4).unwrap(), LineEnd::TooLong);
        assert_eq!(taken, b"abcd");
        input.skip_line().unwrap();
        assert_eq!(input.peek().unwrap(), Some(b'g'));
    }
}
