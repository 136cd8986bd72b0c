//! A reader that counts lines, and to which bytes can be returned.
//!
//! It never waits for more than is asked for: what the operating system has is passed on.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

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
        while let Err(error) = self.reader.fill_buf() {
            if error.kind() != ErrorKind::Interrupted {
                return Err(error);
            }
        }
        Ok(self.reader.buffer())
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
        match taken.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => {
                self.line += taken.iter().filter(|byte| **byte == b'\n').count() as u64;
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
            let feed = chunk.iter().position(|byte| *byte == b'\n');
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
    fn a_limit_stops_inside_the_line() {
        let mut input = input("abcdef\ng");
        let mut taken = Vec::new();
        assert_eq!(input.line(&mut taken, 4).unwrap(), LineEnd::TooLong);
        assert_eq!(taken, b"abcd");
        input.skip_line().unwrap();
        assert_eq!(input.peek().unwrap(), Some(b'g'));
    }
}
