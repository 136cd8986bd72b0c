//! Records on stdout, in the form that was asked for.
//!
//! A closed pipe is remembered, not reported: what it means depends on the verb.

use model::{Record, ResourceKind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api::resolve::Resolver;
use pipe::{Format, Screen, Sink, Spreadsheet, Wrote};
use rustix::io::Errno;
use serde_json::Value;

use crate::args::{Common, OutputFormat};
use crate::command_error::CommandError;
use crate::exit::Exit;
use crate::page::Page;
use crate::terminal::{environment, local_time, progress, stderr, stdout};

/// The output of a run.
pub struct Output {
    sink: Mutex<Sink>,
    closed: AtomicBool,
    /// What the verb makes goes into a file.
    is_unused: AtomicBool,
    is_table: bool,
    at_terminal: bool,
    /// Neither the form nor the fields were chosen.
    is_usual: bool,
    pages: AtomicU64,
}

impl Output {
    /// Opens stdout. Tables and logs look up names with `resolver`, if there is one.
    ///
    /// # Errors
    /// Exit 2 when it cannot be.
    pub fn open(common: &Common, resolver: Option<Arc<Resolver>>) -> Result<Self, CommandError> {
        let at_terminal = stdout::is_terminal();
        let format = match common.output {
            Some(OutputFormat::Ndjson | OutputFormat::Debug) => Format::Ndjson,
            Some(OutputFormat::Json) => Format::Json,
            Some(OutputFormat::Csv) => Format::Csv,
            Some(OutputFormat::Excel) => {
                Format::Excel(Spreadsheet::of_locale(environment::locale().as_deref()))
            }
            Some(OutputFormat::Table) => Format::Table,
            Some(OutputFormat::Wide) => Format::Wide,
            Some(OutputFormat::Minimal) => Format::Minimal,
            None if at_terminal => Format::Table,
            None => Format::Ndjson,
        };
        let screen = stdout::width().map(|width| Screen {
            width,
            now: api::send::clock::now,
            local_time: local_time::date_and_time,
            is_coloured: environment::wants_colour(),
        });
        let mut sink = Sink::new(format, common.fields.clone(), stdout::writer(), screen);
        if let Some(resolver) = resolver {
            sink.set_names(Box::new(move |kind, id| {
                let kind = match kind {
                    "product" => ResourceKind::Product,
                    "device" => ResourceKind::Device,
                    _ => ResourceKind::DeviceGroup,
                };
                resolver.name_of(kind, id)
            }));
        }
        Ok(Output {
            sink: Mutex::new(sink),
            closed: AtomicBool::new(false),
            is_unused: AtomicBool::new(false),
            is_table: matches!(format, Format::Table | Format::Wide),
            at_terminal,
            is_usual: common.output.is_none() && common.fields.is_none(),
            pages: AtomicU64::new(0),
        })
    }

    /// Says what the records will be about, so that CSV has its header even when none comes.
    pub fn expect(&self, target: ResourceKind) {
        let kind = target.types().first().copied().unwrap_or_default();
        self.sink().expect_type(kind);
    }

    /// The same for records that are about nothing of the service's own, as events.
    pub fn expect_type(&self, kind: &str) {
        self.sink().expect_type(kind);
    }

    /// Says that the records will be log entries, of several devices or of one: a person is told whose
    /// each is only where there are several.
    pub fn expect_log(&self, of_several: bool) {
        self.sink().expect_log(of_several);
    }

    /// Says that the records will tell what was done to them, or would have been.
    pub fn expect_marks(&self, dry_run: bool) {
        self.sink().expect_marks(dry_run);
    }

    /// Says which fields of the rows are the user's own; gives those that are not in the header of CSV.
    pub fn expect_own(&self, names: &[String]) -> Vec<String> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner).expect_own(names)
    }

    /// The value of a field that can be asked for, the name of a group among them.
    pub fn value(&self, record: &Record, field: &str) -> Value {
        self.sink().value(record, field)
    }

    /// Prints a record.
    ///
    /// # Errors
    /// When stdout fails for another reason than that nobody reads it, a full disk for example.
    pub fn print(&self, record: &Record) -> Result<(), CommandError> {
        self.print_all(std::slice::from_ref(record))
    }

    /// Prints records.
    ///
    /// # Errors
    /// As [`Output::print`].
    pub fn print_all(&self, records: &[Record]) -> Result<(), CommandError> {
        self.with_sink(|sink| records.iter().try_fold(Wrote::Done, |_, record| sink.write(record)))
    }

    /// Prints what the terminal shows instead of records, as wide as that is; pages are a blank line apart.
    ///
    /// # Errors
    /// As [`Output::print`].
    pub fn print_page(&self, page: &Page) -> Result<(), CommandError> {
        let is_first = self.pages.fetch_add(1, Ordering::Relaxed) == 0;
        let page = page.to_text(stdout::width());
        self.print_text(&if is_first { page } else { format!("\n{page}") })
    }

    /// Prints what is no record.
    ///
    /// # Errors
    /// As [`Output::print`].
    pub fn print_text(&self, text: &str) -> Result<(), CommandError> {
        self.with_sink(|sink| sink.write_text(text))
    }

    /// True when a person looks at it, who has not asked for records in a certain form.
    pub fn is_for_a_person(&self) -> bool {
        self.at_terminal && self.is_usual
    }

    /// Hands on what was printed.
    ///
    /// # Errors
    /// As [`Output::print`].
    pub fn flush(&self) -> Result<(), CommandError> {
        self.with_sink(Sink::flush)
    }

    /// Hands on what was printed, unless a table still collects rows to fit its columns to.
    ///
    /// # Errors
    /// As [`Output::print`].
    pub fn flush_rows(&self) -> Result<(), CommandError> {
        if self.is_table { Ok(()) } else { self.flush() }
    }

    /// Ends the output, and says which fields were asked for that no record had.
    ///
    /// # Errors
    /// As [`Output::print`]; exit 1 when such a field has been said.
    pub fn finish(&self) -> Result<(), CommandError> {
        self.with_sink(Sink::finish)?;
        let asked = std::mem::take(self.sink().asked_fields());
        let complaints = asked.complaints();
        // Whoever read a part only does not know what came after it.
        if complaints.is_empty() || self.closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        complaints.iter().for_each(|complaint| stderr::say_failure(complaint));
        Err(CommandError::silent(Exit::SomeFailed))
    }

    /// Ends this output and opens another one for the records of another kind that come now: a table of
    /// them has other columns. A field that was asked for may come in either.
    ///
    /// # Errors
    /// As [`Output::print`] and [`Output::open`].
    pub fn go_on(&self, common: &Common, resolver: Arc<Resolver>) -> Result<Self, CommandError> {
        self.with_sink(Sink::finish)?;
        let next = Output::open(common, Some(resolver))?;
        *next.sink().asked_fields() = std::mem::take(self.sink().asked_fields());
        Ok(next)
    }

    fn sink(&self) -> MutexGuard<'_, Sink> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that nothing will be printed: then nobody needs to read it.
    pub fn prints_nothing(&self) {
        self.is_unused.store(true, Ordering::Relaxed);
    }

    /// True as long as somebody reads stdout, or nobody has to.
    pub fn is_read(&self) -> bool {
        if self.is_unused.load(Ordering::Relaxed) {
            return true;
        }
        if !self.closed.load(Ordering::Relaxed) && !stdout::is_still_read() {
            self.closed.store(true, Ordering::Relaxed);
        }
        !self.closed.load(Ordering::Relaxed)
    }

    fn with_sink(
        &self,
        act: impl FnOnce(&mut Sink) -> std::io::Result<Wrote>,
    ) -> Result<(), CommandError> {
        let mut sink = self.sink();
        let act = || act(&mut sink);
        let wrote = if self.at_terminal { progress::beside(act) } else { act() };
        let wrote = match wrote {
            // A terminal that is gone is read as little as a closed pipe.
            Err(error) if self.at_terminal && Errno::from_io_error(&error) == Some(Errno::IO) => {
                Ok(Wrote::Closed)
            }
            wrote => wrote,
        };
        let wrote = wrote
            .map_err(|error| CommandError::usage(format!("cannot write to stdout: {error}")))?;
        if wrote == Wrote::Closed {
            self.closed.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}
