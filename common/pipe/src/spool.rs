//! A queue of values: in memory while they are few, then in an unlinked temporary file.
//!
//! A verb that reads its input to the end before it writes must not need memory for 100,000
//! records. Values are kept as JSON lines, at most 4 MiB of them in memory. The file has no name,
//! so nothing is left behind even after a crash.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::marker::PhantomData;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Maximum number of bytes in memory.
const IN_MEMORY: usize = 4 << 20;

/// Values in the order in which they were pushed.
pub struct Spool<T> {
    file: Option<Arc<File>>,
    in_file: u64,
    memory: Arc<Vec<u8>>,
    limit: usize,
    values: PhantomData<fn(T) -> T>,
}

impl<T> Default for Spool<T> {
    fn default() -> Self {
        Spool::with_limit(IN_MEMORY)
    }
}

impl<T> Spool<T> {
    /// An empty spool; no file is made yet.
    pub fn new() -> Spool<T> {
        Spool::default()
    }

    fn with_limit(limit: usize) -> Spool<T> {
        Spool { file: None, in_file: 0, memory: Arc::default(), limit, values: PhantomData }
    }
}

impl<T: Serialize> Spool<T> {
    /// Appends a value.
    ///
    /// # Errors
    /// Those of making and writing the temporary file, a full disk for example. The value is kept
    /// all the same, but no more should follow.
    pub fn push(&mut self, value: &T) -> io::Result<()> {
        let memory = Arc::make_mut(&mut self.memory);
        serde_json::to_writer(&mut *memory, value)?;
        memory.push(b'\n');
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
}

impl<T: DeserializeOwned> Spool<T> {
    /// The values pushed so far, from the first. There may be any number of readers, and they
    /// outlive the spool.
    pub fn read(&self) -> Reader<T> {
        let bytes = Bytes {
            file: self.file.clone(),
            at: 0,
            in_file: self.in_file,
            memory: Arc::clone(&self.memory),
            taken: 0,
        };
        Reader { bytes: BufReader::with_capacity(64 << 10, bytes), values: PhantomData }
    }
}

/// Reads the values of a [`Spool`].
pub struct Reader<T> {
    bytes: BufReader<Bytes>,
    values: PhantomData<fn(T) -> T>,
}

impl<T: DeserializeOwned> Iterator for Reader<T> {
    /// An error means that the temporary file cannot be read.
    type Item = io::Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        match self.bytes.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_slice(&line).map_err(io::Error::from)),
            Err(error) => Some(Err(error)),
        }
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
    use crate::{Item, Row};

    #[test]
    fn values_come_out_in_order_any_number_of_times() {
        for limit in [1, 50, 1000, usize::MAX] {
            let mut spool = Spool::with_limit(limit);
            for number in 0..200 {
                spool.push(&format!("value\n{number}")).unwrap();
            }
            let early = spool.read();
            for number in 200..300 {
                spool.push(&format!("value\n{number}")).unwrap();
            }
            let expected: Vec<String> = (0..300).map(|number| format!("value\n{number}")).collect();
            for _ in 0..2 {
                assert_eq!(spool.read().collect::<io::Result<Vec<_>>>().unwrap(), expected);
            }
            drop(spool);
            assert_eq!(early.collect::<io::Result<Vec<_>>>().unwrap(), expected[..200]);
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
        assert!(Spool::<String>::new().read().next().is_none());
    }

    #[test]
    fn a_file_that_was_cut_is_an_error_and_not_the_end() {
        let mut spool = Spool::with_limit(1);
        spool.push(&1).unwrap();
        spool.file.as_ref().unwrap().set_len(0).unwrap();
        assert!(spool.read().next().unwrap().is_err());
    }
}
