//! The file of `--report`: the summary of a run as JSON, also of one that could not begin.
//!
//! Careful about what is in the file already: it stays until the end, since the input may be made from it.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ArgMatches;
use model::Record;
use model::schema::Kind::Integer;
use model::schema::{Field, RecordType};
use pipe::Tally;
use simulated::PerRun;

use crate::args::Reports;
use crate::exit::Exit;
use crate::rows::files::written_to;
use crate::rows::source::{RowArgs, RowSource};

/// What the file holds.
pub static REPORT: RecordType = RecordType {
    name: "report",
    about: "The summary of a run, as --report writes it: rows = ok + unchanged + failed.",
    fields: &[
        Field::new("rows", Integer, "All rows that were read.").required(),
        Field::new("ok", Integer, "Those that were done.").required(),
        Field::new("unchanged", Integer, "Those that are as they were.").required(),
        Field::new("failed", Integer, "Those that failed, for whatever reason.").required(),
        Field::new("not_attempted", Integer, "Those of them that were not attempted.").required(),
        Field::new("taken_back", Integer, "Those of unchanged that were done and taken back."),
        Field::new("met", Integer, "imp-device wait: those of ok that are as they should be."),
        Field::new("present", Integer, "imp-device diff: those of ok that are present."),
        Field::new("not_present", Integer, "imp-device diff: the others of ok."),
        Field::new("requests", Integer, "The requests that were sent.").required(),
        Field::new("exit", Integer, "The exit code.").required(),
    ],
};

/// Set once the run has written its report, or must not.
static SETTLED: PerRun<AtomicBool> = PerRun::new(AtomicBool::default);

/// The open file.
pub(crate) struct Report {
    file: File,
}

impl Report {
    /// Opens the file, or creates it.
    ///
    /// # Errors
    /// Those of opening it for writing.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        pipe::open_as_it_is(path).map(|file| Report { file })
    }

    /// Writes the summary in place of what is in the file.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) fn write(
        mut self,
        tally: &Tally,
        done: &[(&'static str, u64)],
        requests: u64,
        exit: Exit,
    ) -> io::Result<()> {
        SETTLED.get().store(true, Ordering::Relaxed);
        let report = record(tally, done, requests, exit);
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
        }
        writeln!(self.file, "{report}")
    }
}

fn record(tally: &Tally, done: &[(&'static str, u64)], requests: u64, exit: Exit) -> Record {
    let mut report = tally.to_record();
    for (name, number) in done {
        report.insert(name, (*number).into());
    }
    report.insert("requests", requests.into());
    report.insert("exit", exit.code().into());
    report
}

/// What the command line says about files, for a run that may end before it opens them.
pub(crate) struct Asked {
    input: Vec<PathBuf>,
    reports: Reports,
}

impl Asked {
    /// Reads it from the arguments of the verb.
    pub(crate) fn by(matches: &ArgMatches) -> Self {
        let mut verb = matches;
        while let Some((_, of_verb)) = verb.subcommand() {
            verb = of_verb;
        }
        let paths = |name: &str| -> Vec<PathBuf> {
            let values = verb.try_get_many::<PathBuf>(name).ok().flatten();
            values.into_iter().flatten().cloned().collect()
        };
        let (failed, report) = (paths("failed").pop(), paths("report").pop());
        // What the verbs call the files that they read.
        let input = ["input", "expected", "events"].map(paths).concat();
        Asked { input, reports: Reports { failed, report } }
    }

    /// Writes the report of a run that ended with `exit` before it could write one itself.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) fn write_unless_written(&self, exit: Exit) -> io::Result<()> {
        let named = RowSource::identified("row", "", &[]);
        let source = RowSource { files: &self.input, ..named };
        let files = written_to(&RowArgs { source, reports: &self.reports });
        match files {
            Ok((_, Some(path))) if !SETTLED.get().load(Ordering::Relaxed) => {
                Report::open(path)?.write(&Tally::default(), &[], 0, exit)
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_a_report_is_described() {
        let done = [("met", 1), ("present", 1), ("not_present", 1)];
        let report = record(&Tally { taken_back: 1, ..Tally::default() }, &done, 0, Exit::Done);
        assert!(report.keys().eq(REPORT.fields.iter().map(|field| field.name)), "{report}");
    }
}
