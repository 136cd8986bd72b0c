//! The files of `--load`, which are read twice: the devices are most of an export, and as JSON they would take
//! several times the memory that they take as devices.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::state::load::Record;

/// All files, in the order of the command line.
pub struct LoadFiles(Vec<LoadFile>);

struct LoadFile {
    path: PathBuf,
    /// What came through a pipe, which cannot be read twice.
    kept: Option<Vec<u8>>,
}

impl LoadFiles {
    /// Looks at each file, and reads those that are none on a disk.
    pub fn open(paths: &[PathBuf]) -> anyhow::Result<Self> {
        paths.iter().cloned().map(LoadFile::open).collect::<Result<_, _>>().map(Self)
    }

    /// The records that are wanted, one a line; empty lines are skipped.
    pub fn records(
        &self,
        wanted: impl Fn(&Record) -> bool,
    ) -> impl Iterator<Item = anyhow::Result<Record>> {
        let records = self.0.iter().flat_map(LoadFile::records);
        records.filter(move |record| record.as_ref().map_or(true, &wanted))
    }
}

impl LoadFile {
    fn open(path: PathBuf) -> anyhow::Result<Self> {
        let cannot_read = || format!("cannot read {}", path.display());
        let on_disk = fs::metadata(&path).with_context(cannot_read)?.is_file();
        let kept = if on_disk { None } else { Some(fs::read(&path).with_context(cannot_read)?) };
        Ok(Self { path, kept })
    }

    fn records(&self) -> impl Iterator<Item = anyhow::Result<Record>> {
        let (lines, failure) = match self.text() {
            Ok(text) => (Some(text.lines()), None),
            Err(error) => (None, Some(Err(error))),
        };
        let numbered = lines.into_iter().flatten().enumerate();
        let records = numbered.filter_map(|(at, line)| self.record(at + 1, line).transpose());
        failure.into_iter().chain(records)
    }

    fn text(&self) -> anyhow::Result<Box<dyn BufRead + '_>> {
        if let Some(kept) = &self.kept {
            return Ok(Box::new(kept.as_slice()));
        }
        let cannot_read = || format!("cannot read {}", self.path.display());
        Ok(Box::new(BufReader::new(File::open(&self.path).with_context(cannot_read)?)))
    }

    fn record(&self, number: usize, line: io::Result<String>) -> anyhow::Result<Option<Record>> {
        let source = format!("{}:{number}", self.path.display());
        let line = line.with_context(|| format!("cannot read {source}"))?;
        let marked = line.strip_prefix('\u{feff}').filter(|_| number == 1);
        let line = marked.unwrap_or(&line);
        if line.trim().is_empty() {
            return Ok(None);
        }
        if number == 1 && !line.trim_start().starts_with('{') {
            bail!("{source}: {}", self.other_form(line));
        }
        let value = serde_json::from_str(line).with_context(|| format!("{source}: not JSON"))?;
        let Value::Object(fields) = value else { bail!("{source}: not a record") };
        Ok(Some(Record { source, fields }))
    }

    /// What is said of a file that does not begin with a record.
    fn other_form(&self, first: &str) -> String {
        let wanted =
            "--load reads NDJSON, a record a line, as `imp-product export --all` prints it";
        if first.trim_start().starts_with('[') {
            let path = self.path.display();
            format!("it is one list; {wanted}: `jq -c '.[]' {path}` makes that of it")
        } else {
            format!("it does not begin with a record; {wanted}: give it --output ndjson")
        }
    }
}
