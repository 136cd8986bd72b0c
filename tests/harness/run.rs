//! A pipeline that has ended, and what a test expects of it. What does not match is shown with
//! everything: the command, the files beside it, its status, stdout and stderr.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitStatus;

use serde_json::Value;

/// What a pipeline did.
#[derive(Clone)]
pub struct Run {
    pub(crate) script: String,
    pub(crate) directory: PathBuf,
    pub(crate) status: Option<ExitStatus>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// So much of an output is shown.
const SHOWN: usize = 4_000;

impl Run {
    /// The exit code; `None` if a signal ended the shell.
    pub fn exit_code(&self) -> Option<i32> {
        self.status?.code()
    }

    /// Expects this exit code.
    #[track_caller]
    pub fn code(self, code: i32) -> Run {
        assert_eq!(self.exit_code(), Some(code), "the exit code{self}");
        self
    }

    /// Expects exit code 0.
    #[track_caller]
    pub fn ok(self) -> Run {
        self.code(0)
    }

    /// Expects exit code 0 and nothing on stderr.
    #[track_caller]
    pub fn quiet(self) -> Run {
        let run = self.ok();
        assert!(run.stderr.is_empty(), "something was said{run}");
        run
    }

    /// Expects nothing on stdout.
    #[track_caller]
    pub fn no_stdout(self) -> Run {
        assert!(self.stdout.is_empty(), "something was printed{self}");
        self
    }

    /// Expects this on stderr.
    #[track_caller]
    pub fn says(self, text: &str) -> Run {
        assert!(self.stderr().contains(text), "stderr lacks `{text}`{self}");
        self
    }

    /// Expects all of these on stderr.
    #[track_caller]
    pub fn says_all(self, texts: &[&str]) -> Run {
        texts.iter().fold(self, |run, text| run.says(text))
    }

    /// Stdout as text.
    #[track_caller]
    pub fn stdout(&self) -> String {
        match String::from_utf8(self.stdout.clone()) {
            Ok(text) => text,
            Err(error) => panic!("{error}{self}"),
        }
    }

    /// Stderr as text.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// The lines of stdout.
    #[track_caller]
    pub fn lines(&self) -> Vec<String> {
        self.stdout().lines().map(str::to_owned).collect()
    }

    /// Stdout as NDJSON: one object a line, every line ended.
    #[track_caller]
    pub fn records(&self) -> Vec<Value> {
        let text = self.stdout();
        assert!(text.is_empty() || text.ends_with('\n'), "the last line is not ended{self}");
        let read = |line: &str| -> Value {
            let value = serde_json::from_str(line);
            value.unwrap_or_else(|error| panic!("{error}: {line}{self}"))
        };
        let records: Vec<Value> = text.lines().map(read).collect();
        assert!(records.iter().all(Value::is_object), "not all are objects{self}");
        records
    }

    /// Stdout as one record.
    #[track_caller]
    pub fn record(&self) -> Value {
        let mut records = self.records();
        assert_eq!(records.len(), 1, "one record is expected{self}");
        records.remove(0)
    }

    /// One field of each record; `null` is an empty text.
    #[track_caller]
    pub fn field(&self, name: &str) -> Vec<String> {
        let text = |record: Value| record[name].as_str().unwrap_or_default().to_owned();
        self.records().into_iter().map(text).collect()
    }

    /// Expects every record to have this outcome, and this number of records.
    #[track_caller]
    pub fn outcomes(self, outcome: &str, number: usize) -> Run {
        let outcomes = self.field("outcome");
        assert_eq!(outcomes.len(), number, "the number of records{self}");
        assert!(outcomes.iter().all(|one| one == outcome), "all should be {outcome}{self}");
        self
    }
}

impl fmt::Display for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "\n$ {}", self.script)?;
        writeln!(formatter, "in {} with", self.directory.display())?;
        let mut files: Vec<String> = std::fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| {
                let length = entry.metadata().map(|metadata| metadata.len()).unwrap_or_default();
                format!("  {length:>9}  {}", entry.file_name().to_string_lossy())
            })
            .collect();
        files.sort();
        writeln!(formatter, "{}", files.join("\n"))?;
        match self.status {
            Some(status) => writeln!(formatter, "{status}")?,
            None => writeln!(formatter, "still running")?,
        }
        writeln!(formatter, "--- stdout\n{}", shown(&self.stdout))?;
        writeln!(formatter, "--- stderr\n{}", shown(&self.stderr))
    }
}

fn shown(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} … ({} bytes)", &text[..end], output.len()),
        None => text.into_owned(),
    }
}
