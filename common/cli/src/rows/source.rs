//! Where the rows of a verb come from: options, files, stdin; the same in every command.
//!
//! Identifiers given as options mean that stdin is never touched. A terminal or `/dev/null` on stdin is a
//! usage error, because nobody meant to send records; an empty pipe is nothing to do.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::ResourceKind;
use model::text::quoted;
use pipe::source::{ColumnName, Encoding};
use pipe::spool::Spool;
use pipe::{Item, ReadError, Reading, Row, Source};

use crate::args::Reports;
use crate::command_error::CommandError;
use crate::consent::count;
use crate::journal;
use crate::recording;
use crate::terminal::interruptible::{Inputs, InterruptibleReader};
use crate::terminal::stderr;
use crate::terminal::stdin::{self, Stdin};

/// The rows of a larger file are not counted in advance.
const MOST_COUNTED: u64 = 64 << 20;

/// What the command line gives a verb that works on rows.
#[derive(Clone, Copy, Debug)]
pub struct RowArgs<'a> {
    /// Where the rows come from.
    pub source: RowSource<'a>,
    /// Where failed rows and the summary go.
    pub reports: &'a Reports,
}

/// Where rows come from.
#[derive(Clone, Copy, Debug)]
pub struct RowSource<'a> {
    /// What a row is about, for messages: `device`.
    pub noun: &'static str,
    /// The option that names identifiers: `--device`.
    pub option: &'static str,
    /// Its values.
    pub identifiers: &'a [String],
    /// The files of `--input`.
    pub files: &'a [PathBuf],
    /// How they are to be read.
    pub reading: ReadingOptions<'a>,
    /// Fewer rows than this are an error.
    pub min_rows: usize,
}

/// How input is to be read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadingOptions<'a> {
    /// What columns are called.
    pub columns: &'a [ColumnName],
    /// The encoding, if it is not UTF-8.
    pub encoding: Option<Encoding>,
}

impl ReadingOptions<'_> {
    fn rows(self, source: Source) -> Rows {
        let reading = Reading { columns: self.columns.to_vec(), encoding: self.encoding };
        Box::new(source.reading(&reading).rows())
    }
}

/// Rows as they come; an `Err` is the last.
pub type Rows = Box<dyn Iterator<Item = Result<Item, ReadError>> + Send>;

impl<'a> RowSource<'a> {
    /// Only what `identifiers` names; `-` among them is stdin.
    pub fn identified(noun: &'static str, option: &'static str, identifiers: &'a [String]) -> Self {
        RowSource {
            noun,
            option,
            identifiers,
            files: &[],
            reading: ReadingOptions::default(),
            min_rows: 0,
        }
    }

    /// True when neither an option nor `--input` names anything: stdin would be read.
    pub fn is_default(&self) -> bool {
        self.identifiers.is_empty() && self.files.is_empty()
    }

    /// True when rows would be read from stdin: nothing is named, or `-` is.
    pub fn reads_stdin(&self) -> bool {
        self.is_default() || self.dashes() > 0
    }

    /// True when all that is worked on stands on the command line, so that no row can say more.
    pub fn is_typed(&self) -> bool {
        !self.identifiers.is_empty() && self.files.is_empty() && self.dashes() == 0
    }

    fn dashes(&self) -> usize {
        self.identifiers.iter().filter(|text| *text == "-").count()
            + self.files.iter().filter(|path| *path == Path::new("-")).count()
    }

    /// How many rows there are, counted for a person who waits; `None` if nobody looks, or it would take the
    /// reading of a pipe.
    pub(crate) fn number_of_rows(&self) -> Option<u64> {
        if self.is_default() || self.dashes() > 0 || !stderr::is_terminal() {
            return None;
        }
        let rows_of = |path: &PathBuf| {
            let metadata = fs::metadata(path).ok()?;
            let is_counted = metadata.is_file() && metadata.len() <= MOST_COUNTED;
            let file = is_counted.then(|| fs::File::open(path).ok())??;
            Some(Source::new("", Box::new(file)).rows().count() as u64)
        };
        let in_files: Option<u64> = self.files.iter().map(rows_of).sum();
        Some(in_files? + self.identifiers.len() as u64)
    }

    /// Opens the sources, all of them before the first row is read.
    ///
    /// # Errors
    /// Exit 2 when there is nothing to read from, or a file cannot be opened.
    pub fn rows(&self, inputs: &Arc<Inputs>) -> Result<Rows, CommandError> {
        match journal::rows_taken_up() {
            Some(rows) => Ok(self.noted(rows?, inputs)),
            None if journal::may_begin() => self.names(inputs),
            None => self.read(inputs),
        }
    }

    /// The same for what names something else than the rows, such as their groups.
    pub(crate) fn names(&self, inputs: &Arc<Inputs>) -> Result<Rows, CommandError> {
        match journal::given_before() {
            Some(rows) => rows,
            None => Ok(Box::new(self.read(inputs)?.inspect(|item| {
                if let Ok(item) = item {
                    journal::note_given(item);
                }
            }))),
        }
    }

    fn read(&self, inputs: &Arc<Inputs>) -> Result<Rows, CommandError> {
        let option = self.option;
        if self.dashes() > 1 {
            return Err(CommandError::usage("`-` stands for stdin, which can be read only once"));
        }
        if !self.identifiers.is_empty() && !self.files.is_empty() {
            return Err(CommandError::usage(format!(
                "give {}s either with {option} or with --input",
                self.noun
            )));
        }
        let mut sources: Vec<Rows> = Vec::new();
        for text in self.identifiers {
            if text == "-" {
                sources.push(recording::noted(self.stdin(inputs)?, self.noun));
            } else {
                let row = Item::Row(Row::bare(text, option));
                sources.push(Box::new(std::iter::once(Ok(row))));
            }
        }
        for path in self.files {
            let rows = if path == Path::new("-") {
                self.stdin(inputs)?
            } else {
                self.reading.rows(file(path, inputs)?)
            };
            sources.push(recording::noted(rows, self.noun));
        }
        if sources.is_empty() {
            sources.push(recording::noted(self.stdin(inputs)?, self.noun));
        }
        let read = inputs.clone();
        let note_unread = move |item: &Result<Item, ReadError>| {
            if item.is_err() {
                read.note_perhaps_unread();
            }
        };
        let rows = Box::new(sources.into_iter().flatten().inspect(note_unread));
        Ok(self.noted(self.enough(rows, inputs)?, inputs))
    }

    /// Reads as many rows as there have to be, before anything is done.
    fn enough(&self, mut rows: Rows, inputs: &Inputs) -> Result<Rows, CommandError> {
        let mut begin = Spool::new();
        for number in 0..self.min_rows {
            match rows.next() {
                Some(Ok(item)) => {
                    begin.push(&item).map_err(|error| CommandError::cannot_keep(&error))?;
                }
                Some(Err(error)) => return Err(error.into()),
                None if inputs.are_stopped() => break,
                None => {
                    return Err(CommandError::usage(format!(
                        "the input has {}, and --min-rows asks for {}; nothing was done",
                        count(number as u64, "row"),
                        self.min_rows
                    )));
                }
            }
        }
        if self.min_rows == 0 {
            return Ok(rows);
        }
        let kept = |error: std::io::Error| ReadError::new("rows that waited", &error);
        Ok(Box::new(begin.read().map(move |row| row.map_err(kept)).chain(rows)))
    }

    /// Notes what the rows have of their own, and says once when a value is not what its column says.
    fn noted(&self, rows: Rows, inputs: &Arc<Inputs>) -> Rows {
        let (inputs, kind) = (inputs.clone(), ResourceKind::called(self.noun));
        let mut said = false;
        Box::new(rows.inspect(move |item| {
            let Ok(Item::Row(row)) = item else { return };
            inputs.note_fields(row);
            if said {
                return;
            }
            if let Some((kind, (column, text))) = kind.and_then(|kind| Some((kind, row.misfit(kind)?))) {
                said = true;
                stderr::say(&format!(
                    "{}: {column} is {}, which is no {column} of a {}: where another column names it, \
                     that counts",
                    row.source,
                    quoted(&text),
                    kind.noun()
                ));
            }
        }))
    }

    fn stdin(&self, inputs: &Arc<Inputs>) -> Result<Rows, CommandError> {
        match stdin::kind() {
            Stdin::Source if !inputs.claim_stdin() => {
                Err(CommandError::usage("`-` stands for stdin, which can be read only once"))
            }
            Stdin::Source => Ok(self.reading.rows(Source::new("stdin", stdin::reader(inputs)))),
            // `--dg -` of a list, which has no --input.
            Stdin::Nothing if self.dashes() > 0 => Err(CommandError::usage(format!(
                "`-` stands for stdin, and nothing is piped in that could name {}s",
                self.noun
            ))),
            Stdin::Nothing => Err(CommandError::usage(format!(
                "no {noun}s given: name some with {option}, give a file with --input, or pipe records in",
                noun = self.noun,
                option = self.option
            ))),
        }
    }

    /// Refuses to write to a file that is also an input: the rows that are done would be gone.
    pub(crate) fn refuse_as_input(&self, written: &Path) -> Result<(), CommandError> {
        let Ok(metadata) = fs::metadata(written) else {
            return Ok(());
        };
        let is_input = self
            .files
            .iter()
            .any(|path| fs::metadata(path).is_ok_and(|input| pipe::same_file(&input, &metadata)));
        if is_input || (self.reads_stdin() && stdin::is_file(&metadata)) {
            return Err(CommandError::usage(format!(
                "{} is an input of this run and would be written over: name another file",
                written.display()
            )));
        }
        Ok(())
    }
}

fn file(path: &Path, inputs: &Arc<Inputs>) -> Result<Source, CommandError> {
    let cannot = |error: &dyn std::fmt::Display| {
        CommandError::usage(format!("cannot read {}: {error}", path.display()))
    };
    let file = InterruptibleReader::open(path, inputs.clone()).map_err(|error| cannot(&error))?;
    if file.is_directory() {
        return Err(cannot(&"it is a directory"));
    }
    let name = path
        .file_name()
        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into());
    // It is shown before each message about a row.
    let name = model::text::one_line(&name);
    Ok(Source::new(name, Box::new(file)))
}

/// An option of a `list` that takes identifiers, of which `-` means: from stdin.
#[derive(Clone, Copy, Debug)]
pub struct Identifiers<'a> {
    /// The option: `--dg`.
    pub option: &'static str,
    /// The kind of thing that it names.
    pub kind: ResourceKind,
    /// Its values.
    pub values: &'a [String],
}

impl Identifiers<'_> {
    /// The identifiers as texts, those of stdin included, each once.
    ///
    /// # Errors
    /// Exit 2 when stdin cannot give any, or a row of it names nothing.
    pub fn texts(&self, inputs: &Arc<Inputs>) -> Result<Vec<String>, CommandError> {
        if self.values.is_empty() {
            return Ok(Vec::new());
        }
        let source = RowSource::identified(self.kind.noun(), self.option, self.values);
        let mut texts = Vec::new();
        for item in source.names(inputs)? {
            let text = match item? {
                Item::Row(row) => {
                    row.identifier(self.kind, &[])
                        .map_err(|failure| {
                            CommandError::usage(format!("{}: {}", row.source, failure.sentence()))
                        })?
                        .text
                }
                Item::Bad(bad) => {
                    return Err(CommandError::usage(format!(
                        "{}: {}",
                        bad.source,
                        bad.failure.sentence()
                    )));
                }
            };
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        Ok(texts)
    }
}
