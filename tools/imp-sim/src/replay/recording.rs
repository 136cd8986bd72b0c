//! What is in the file: runs of commands, and their exchanges in the order in which they began.
//!
//! Answers are not kept but read when they are asked for: a recorded list may be long.

mod line;

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::{Map, Value};

pub use line::Line;
use line::{exchange_of, run_of, signed};

/// With what a command was signed in when it began.
#[derive(Default)]
pub struct Signed {
    /// With nothing.
    pub is_nothing: bool,
    /// A sign-in file, not a variable.
    pub from_file: bool,
    pub token: Option<String>,
    /// In how many milliseconds that ends, and how old it is.
    pub token_ends_in: Option<u64>,
    pub token_age: Option<u64>,
    /// Whose it is, if it was known.
    pub account: Option<Map<String, Value>>,
    /// What must not be changed with it.
    pub guards: Guards,
}

/// Guards of a sign-in file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guards {
    pub read_only: bool,
    pub max_changes: Option<String>,
    pub protect: Vec<String>,
}

/// A file that was there before, or was not.
pub struct KeptFile {
    pub path: String,
    /// Where it is to lie in the home of the command, and what is in it.
    pub content: Option<(PathBuf, String)>,
}

/// A command that was recorded.
pub struct Run {
    pub began: String,
    pub command: Vec<String>,
    pub version: String,
    pub variables: Map<String, Value>,
    pub pseudonyms: bool,
    /// The rows that it read.
    pub rows: Vec<Place>,
    /// How it ended; none if it was killed.
    pub exit: Option<u8>,
    /// Files in which it remembers something, as they were when it began.
    pub files: Vec<KeptFile>,
    /// With what it was signed in; none of a version that did not tell, or that had nothing to sign in for.
    pub sign_ins: Vec<Signed>,
    /// When it began, in milliseconds since 1970.
    at: u64,
}

/// What became of a request that has no whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    NotSent,
    Untrusted,
    Timeout,
    Cut,
    Lost,
}

/// An exchange, without its answer.
pub struct Exchange {
    /// The line of the file, from 1.
    pub line: u64,
    /// Where that is.
    pub place: Place,
    pub run: usize,
    /// Since the first run began, in milliseconds.
    pub at: u64,
    /// When its answer came, in milliseconds since 1970.
    pub clock: u64,
    pub took: u64,
    pub method: String,
    pub target: String,
    pub token: Option<String>,
    pub body: Option<Value>,
    pub status: Option<u16>,
    pub fault: Option<Fault>,
    pub is_stream: bool,
    /// What came of a stream: lines, by when they came after the request.
    pub events: Vec<(u64, Place)>,
}

/// Where a line is.
#[derive(Clone, Copy)]
pub struct Place {
    offset: u64,
    length: usize,
}

/// What was recorded.
pub struct Recording {
    file: File,
    pub runs: Vec<Run>,
    pub exchanges: Vec<Exchange>,
    /// So many lines are not whole.
    pub torn: u64,
}

/// Where the lines of one run go, by its name.
#[derive(Default)]
struct Known {
    runs: HashMap<String, usize>,
    streams: HashMap<(usize, u64), usize>,
}

impl Recording {
    /// Reads the file once.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let file = open(path).with_context(|| format!("cannot read {shown}"))?;
        let mut reader = BufReader::new(file.try_clone()?);
        let (runs, exchanges) = (Vec::new(), Vec::new());
        let mut recording = Self { file, runs, exchanges, torn: 0 };
        let mut known = Known::default();
        let (mut offset, mut number) = (0, 0);
        let mut text = Vec::new();
        loop {
            text.clear();
            let length = reader
                .read_until(b'\n', &mut text)
                .with_context(|| format!("cannot read {shown}"))?;
            if length == 0 {
                break;
            }
            number += 1;
            // Windows programs put a mark at the begin of a file.
            let line = text.strip_prefix(b"\xef\xbb\xbf").filter(|_| number == 1).unwrap_or(&text);
            let place = Place { offset: offset + (length - line.len()) as u64, length: line.len() };
            offset += length as u64;
            match serde_json::from_slice::<Line>(line) {
                Ok(line) => recording.add(line, number, place, &mut known)?,
                Err(_) if line.trim_ascii().is_empty() => {}
                // A process that was killed leaves half a line; others may have gone on after it.
                Err(_) if recording.runs.is_empty() && !is_begun(line) => {
                    bail!("{shown} is no recording")
                }
                Err(_) => recording.torn += 1,
            }
        }
        if recording.runs.is_empty() {
            let why = if recording.torn > 0 { "no command is whole in it" } else { "it is empty" };
            bail!("{shown} is no recording: {why}");
        }
        let first = recording.runs.iter().map(|run| run.at).min().unwrap_or_default();
        for exchange in &mut recording.exchanges {
            exchange.at += recording.runs[exchange.run].at - first;
            exchange.clock = first + exchange.at + exchange.took;
        }
        recording.exchanges.sort_by_key(|exchange| exchange.at);
        Ok(recording)
    }

    fn add(
        &mut self,
        line: Line,
        number: u64,
        place: Place,
        known: &mut Known,
    ) -> anyhow::Result<()> {
        if line.kind == "recorded_run" {
            known.runs.insert(line.run.clone(), self.runs.len());
            self.runs.push(run_of(line));
            return Ok(());
        }
        let Some(run) = known.runs.get(&line.run).copied() else {
            bail!("line {number} is of no run that was begun: this is no recording");
        };
        match line.kind.as_str() {
            "recorded_end" => self.runs[run].exit = line.exit,
            "recorded_sign_in" => self.runs[run].sign_ins.push(signed(line)),
            "recorded_file" => self.runs[run]
                .files
                .push(KeptFile { path: line.path, content: line.place.zip(line.content) }),
            "recorded_row" => self.runs[run].rows.push(place),
            "stream" => {
                let of = line.stream.and_then(|stream| known.streams.get(&(run, stream)));
                if let Some(exchange) = of.and_then(|at| self.exchanges.get_mut(*at)) {
                    exchange.events.push((line.at.saturating_sub(exchange.at), place));
                }
            }
            "exchange" => {
                if let Some(stream) = line.stream {
                    known.streams.insert((run, stream), self.exchanges.len());
                }
                self.exchanges.push(exchange_of(line, number, run, place)?);
            }
            // What later versions may add.
            _ => {}
        }
        Ok(())
    }

    /// A row as JSON.
    pub fn row(&self, place: Place) -> anyhow::Result<String> {
        let row = self.line(place)?.row;
        Ok(row.map_or_else(String::new, |row| row.get().to_owned()))
    }

    /// The whole line of an exchange or an event.
    pub fn line(&self, place: Place) -> anyhow::Result<Line> {
        let mut text = vec![0; place.length];
        self.file.read_exact_at(&mut text, place.offset)?;
        Ok(serde_json::from_slice(&text)?)
    }
}

impl Run {
    /// The words of the command without its options, as far as one can tell: what it is and what it does.
    pub fn is(&self, tool: &str, verb: &str) -> bool {
        self.command.first().is_some_and(|word| word == tool)
            && self.command.get(1).is_some_and(|word| word == verb)
    }
}

impl Exchange {
    /// `GET /devices (line 7)`.
    pub fn shown(&self) -> String {
        format!("{} {} (line {})", self.method, self.target, self.line)
    }
}

/// A file whose lines can be read again: what comes through a pipe is kept.
fn open(path: &Path) -> std::io::Result<File> {
    let mut file = File::open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    let mut kept = tempfile::tempfile()?;
    std::io::copy(&mut file, &mut kept)?;
    kept.rewind()?;
    Ok(kept)
}

/// Whether this may be a piece of the first line of a run.
fn is_begun(line: &[u8]) -> bool {
    const BEGIN: &[u8] = br#"{"type":"recorded_run""#;
    let line = line.trim_ascii_end();
    !line.is_empty() && (BEGIN.starts_with(line) || line.starts_with(BEGIN))
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use serde_json::json;

    /// A recording of these commands with these lines, of the first where they name none.
    pub fn recording(runs: &[&str], lines: &[Value]) -> Recording {
        let began = "2026-11-29T10:00:00.000Z";
        let run = |run: &&str| json!({"type": "recorded_run", "run": run, "began": began});
        let mut text: String = runs.iter().map(|name| format!("{}\n", run(name))).collect();
        for line in lines {
            let mut line = line.clone();
            if line.get("run").is_none() {
                line["run"] = runs[0].into();
            }
            text.push_str(&format!("{line}\n"));
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Recording::read(file.path()).unwrap()
    }
}
