//! A queue of rows: in memory while they are few, then in an unlinked temporary file.
//!
//! A verb that reads its input to the end before it writes must not need memory for 100,000
//! records. At most 1 MiB of them are in memory, in a form that is read back without parsing. The file has no
//! name, so nothing is left behind even after a crash.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use model::Record;

use crate::{Item, Row};

/// Maximum number of bytes in memory.
const IN_MEMORY: usize = 1 << 20;

/// The first byte of a row, and of one that could not be read.
const ROW: u8 = b'r';
const BAD: u8 = b'b';

/// Rows in the order in which they were pushed.
pub struct Spool {
    file: Option<Arc<File>>,
    in_file: u64,
    memory: Arc<Vec<u8>>,
    limit: usize,
}

impl Default for Spool {
    fn default() -> Self {
        Spool::with_limit(IN_MEMORY)
    }
}

impl Spool {
    /// An empty spool; no file is made yet.
    pub fn new() -> Spool {
        Spool::default()
    }

    fn with_limit(limit: usize) -> Spool {
        Spool { file: None, in_file: 0, memory: Arc::default(), limit }
    }

    /// Appends a row.
    ///
    /// # Errors
    /// Those of making and writing the temporary file, a full disk for example. The row is kept
    /// all the same, but no more should follow.
    pub fn push(&mut self, item: &Item) -> io::Result<()> {
        let memory = Arc::make_mut(&mut self.memory);
        keep(item, memory)?;
        if memory.len() < self.limit {
            return Ok(());
        }
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(Arc::new(tempfile::tempfile()?)),
        };
        (&**file).write_all(memory)?;
        self.in_file += memory.len() as u64;
        memory.clear();
        Ok(())
    }

    /// Where the next row will begin, for [`Spool::read_from`].
    pub fn end(&self) -> u64 {
        self.in_file + self.memory.len() as u64
    }

    /// The rows pushed so far, from the first. There may be any number of readers, and they
    /// outlive the spool.
    pub fn read(&self) -> Reader {
        self.read_from(0)
    }

    /// The same from the row that begins there.
    pub fn read_from(&self, begin: u64) -> Reader {
        let taken = usize::try_from(begin.saturating_sub(self.in_file)).unwrap_or(usize::MAX);
        let bytes = Bytes {
            file: self.file.clone(),
            at: begin,
            in_file: self.in_file,
            memory: Arc::clone(&self.memory),
            taken: taken.min(self.memory.len()),
        };
        Reader { bytes: BufReader::with_capacity(64 << 10, bytes), one: Vec::new() }
    }
}

/// Appends an item behind its length.
fn keep(item: &Item, into: &mut Vec<u8>) -> io::Result<()> {
    const LENGTH: usize = size_of::<u32>();
    let begin = into.len();
    into.extend_from_slice(&[0; LENGTH]);
    match item {
        Item::Row(row) => {
            into.push(ROW);
            row.record.keep(into);
            into.extend_from_slice(row.source.as_bytes());
        }
        Item::Bad(bad) => {
            into.push(BAD);
            serde_json::to_writer(&mut *into, bad)?;
        }
    }
    let length = u32::try_from(into.len() - begin - LENGTH).map_err(io::Error::other)?;
    into[begin..begin + LENGTH].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

fn kept(bytes: &[u8]) -> io::Result<Item> {
    let damaged = || io::Error::from(io::ErrorKind::InvalidData);
    match bytes.split_first() {
        Some((&ROW, mut rest)) => {
            let record = Record::kept(&mut rest).ok_or_else(damaged)?;
            let source = str::from_utf8(rest).map_err(io::Error::other)?.to_owned();
            Ok(Item::Row(Row { record, source }))
        }
        Some((&BAD, rest)) => Ok(Item::Bad(serde_json::from_slice(rest)?)),
        _ => Err(damaged()),
    }
}

/// Reads the rows of a [`Spool`].
pub struct Reader {
    bytes: BufReader<Bytes>,
    /// The bytes of the last one.
    one: Vec<u8>,
}

impl Iterator for Reader {
    /// An error means that the temporary file cannot be read.
    type Item = io::Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut length = [0; size_of::<u32>()];
        match self.bytes.read(&mut length[..1]) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => return Some(Err(error)),
        }
        Some(self.rest(&mut length))
    }
}

impl Reader {
    /// The item of whose length the first byte has been read.
    fn rest(&mut self, length: &mut [u8; 4]) -> io::Result<Item> {
        self.bytes.read_exact(&mut length[1..])?;
        self.one.resize(u32::from_le_bytes(*length) as usize, 0);
        self.bytes.read_exact(&mut self.one)?;
        kept(&self.one)
    }
}

/// The bytes of a spool: those in the file, then those in memory. Each reader has its own
/// position in the file.
struct Bytes {
    file: Option<Arc<File>>,
    at: u64,
    in_file: u64,
    memory: Arc<Vec<u8>>,
    taken: usize,
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(file) = self.file.as_ref().filter(|_| self.at < self.in_file) {
            let left = usize::try_from(self.in_file - self.at).unwrap_or(usize::MAX);
            let room = buffer.len().min(left);
            let count = file.read_at(&mut buffer[..room], self.at)?;
            if count == 0 && room > 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            self.at += count as u64;
            return Ok(count);
        }
        let count = (&self.memory[self.taken..]).read(buffer)?;
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Failure;
    use crate::source::BadRow;
    use model::ErrorKind;

    fn rows(numbers: std::ops::Range<usize>) -> impl Iterator<Item = Item> {
        numbers.map(|number| match number % 10 {
            0 => Item::Bad(BadRow {
                failure: Failure::new(ErrorKind::BadInput, "Not JSON"),
                input: Record::from_iter([("unparsed", format!("{{\n{number}").into())]),
                source: format!("in:{number}"),
            }),
            _ => Item::Row(Row::bare(&format!("row\n{number}"), format!("in:{number}"))),
        })
    }

    #[test]
    fn rows_come_out_in_order_any_number_of_times() {
        for limit in [1, 50, 1000, usize::MAX] {
            let mut spool = Spool::with_limit(limit);
            rows(0..200).for_each(|row| spool.push(&row).unwrap());
            let early = spool.read();
            rows(200..300).for_each(|row| spool.push(&row).unwrap());
            let expected: Vec<Item> = rows(0..300).collect();
            for _ in 0..2 {
                assert_eq!(spool.read().collect::<io::Result<Vec<_>>>().unwrap(), expected);
            }
            drop(spool);
            assert_eq!(early.collect::<io::Result<Vec<_>>>().unwrap(), expected[..200]);
        }
    }

    #[test]
    fn reading_begins_at_any_row() {
        for limit in [1, 50, 1000, usize::MAX] {
            let mut spool = Spool::with_limit(limit);
            let mut begins = Vec::new();
            for row in rows(0..50) {
                begins.push(spool.end());
                spool.push(&row).unwrap();
            }
            for (number, begin) in begins.iter().enumerate().rev() {
                let item = spool.read_from(*begin).next().unwrap().unwrap();
                assert_eq!(Some(item), rows(0..50).nth(number));
            }
            assert!(spool.read_from(spool.end()).next().is_none());
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut spool = Spool::new();
        let row = Row::bare(&"x".repeat(800), "devices.csv:1");
        for _ in 0..20_000 {
            spool.push(&Item::Row(row.clone())).unwrap();
            assert!(spool.memory.capacity() <= 2 * IN_MEMORY);
        }
        assert!(spool.in_file > 16_000_000 - IN_MEMORY as u64);
        assert_eq!(spool.read().count(), 20_000);
    }

    #[test]
    fn nothing_comes_out_of_nothing() {
        assert!(Spool::new().read().next().is_none());
    }

    #[test]
    fn a_file_that_was_cut_is_an_error_and_not_the_end() {
        for left in [0, 3, 20] {
            let mut spool = Spool::with_limit(1);
            spool.push(&Item::Row(Row::bare("a", "devices.csv:1"))).unwrap();
            spool.file.as_ref().unwrap().set_len(left).unwrap();
            assert!(spool.read().next().unwrap().is_err(), "{left}");
        }
    }
}
