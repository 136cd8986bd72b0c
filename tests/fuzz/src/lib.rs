//! What several targets need.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use pipe::{Item, ReadError, Source};

/// Gives its bytes a few at a time.
struct Slowly(io::Cursor<Vec<u8>>, usize);

impl Read for Slowly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = buffer.len().min(self.1);
        self.0.read(&mut buffer[..size])
    }
}

/// The rows of these bytes, which come so many at a time.
pub fn rows(bytes: &[u8], at_a_time: usize) -> Vec<Result<Item, ReadError>> {
    let reader = Slowly(io::Cursor::new(bytes.to_vec()), at_a_time);
    Source::new("in", Box::new(reader)).rows().collect()
}

/// The rows of these bytes, after a look that they are the same however the bytes come.
///
/// # Panics
/// They are not.
pub fn rows_however_they_come(bytes: &[u8]) -> Vec<Result<Item, ReadError>> {
    let all = rows(bytes, usize::MAX);
    for size in [1, 7] {
        assert_eq!(all, rows(bytes, size), "{size} bytes at a time");
    }
    all
}

/// A file in memory, of this process and target.
pub fn scratch(name: &str) -> PathBuf {
    Path::new("/dev/shm").join(format!("imp-fuzz-{name}-{}", std::process::id()))
}

/// Removes the files that targets left there which were ended.
pub fn remove_old(name: &str) {
    let begin = format!("imp-fuzz-{name}-");
    for entry in fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
        let file = entry.file_name();
        let process = file.to_str().and_then(|file| file.strip_prefix(&begin));
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _gone = fs::remove_file(entry.path());
        }
    }
}
