//! The lines of a journal, and what the first one says.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use model::Record;
use serde::Deserialize;

/// The first line of a journal.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Header {
    /// The name of the run.
    pub run: String,
    /// The command as it was typed, secrets hidden.
    pub command: Vec<String>,
    /// Where it was typed.
    pub directory: PathBuf,
    /// The account, if it was known.
    pub account: Option<String>,
    /// The service.
    pub endpoint: String,
    /// The version of the tool.
    pub version: String,
    /// When the run began.
    pub at: String,
}

/// The first line of a journal.
///
/// # Errors
/// Those of reading; or it is none.
pub fn header(path: &Path) -> io::Result<Header> {
    let mut line = String::new();
    BufReader::new(File::open(path)?).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// Passes on each line within the first `length` bytes, nothing for one that cannot be read; gives how many bytes
/// whole lines have.
///
/// # Errors
/// Those of reading.
pub fn each_line(
    path: &Path,
    length: u64,
    mut each: impl FnMut(Option<Record>),
) -> io::Result<u64> {
    let mut file = BufReader::new(File::open(path)?.take(length));
    let (mut line, mut whole) = (Vec::new(), 0);
    while file.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
        whole += line.len() as u64;
        each(serde_json::from_slice(&line).ok());
        line.clear();
    }
    Ok(whole)
}
